// Go's own text/template, asked over pipes: what Katib v1alpha3 would have made of a trial template.
//
// One JSON case a line on standard input, one answer a line on standard output, in order:
//
//	{"template": "...", "data": {"Experiment": "...", "Trial": "...", "NameSpace": "...",
//	                             "HyperParameters": [{"Name": "...", "Value": "..."}]}}
//	{"out": "..."}    or    {"error": "..."}
//
// The data is a struct, as in Katib's own generator: unknown fields are errors, not "<no value>".
package main

import (
	"bufio"
	"encoding/json"
	"log"
	"os"
	"strings"
	"text/template"
)

type assignment struct{ Name, Value string }

type trialData struct {
	Experiment, Trial, NameSpace string
	HyperParameters              []assignment
}

type question struct {
	Template string
	Data     trialData
}

type answer struct {
	Out   *string `json:"out,omitempty"`
	Error string  `json:"error,omitempty"`
}

func render(q question) answer {
	parsed, err := template.New("Trial").Parse(q.Template)
	if err != nil {
		return answer{Error: err.Error()}
	}
	var out strings.Builder
	if err := parsed.Execute(&out, q.Data); err != nil {
		return answer{Error: err.Error()}
	}
	text := out.String()
	return answer{Out: &text}
}

func main() {
	questions := bufio.NewScanner(os.Stdin)
	questions.Buffer(nil, 64<<20)
	answers := bufio.NewWriter(os.Stdout)
	encoder := json.NewEncoder(answers)
	encoder.SetEscapeHTML(false)
	for questions.Scan() {
		var q question
		if err := json.Unmarshal(questions.Bytes(), &q); err != nil {
			log.Fatal(err)
		}
		if err := encoder.Encode(render(q)); err != nil {
			log.Fatal(err)
		}
	}
	if err := questions.Err(); err != nil {
		log.Fatal(err)
	}
	if err := answers.Flush(); err != nil {
		log.Fatal(err)
	}
}
