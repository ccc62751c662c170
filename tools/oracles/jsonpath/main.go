// The JSONPath oracle: what Kubernetes' own library prints.
//
// Reads one case a line, {"json": <any document>, "template": "<text>", "missing": <allow missing keys>,
// "form": "text" | "json" | "column"}, and answers one line each: {"text": "<printed>"} or
// {"error": "<why not>"}. Numbers are read as kubectl reads them: whole ones that fit are int64.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"os"
	"strings"

	"k8s.io/client-go/util/jsonpath"
)

type question struct {
	JSON     json.RawMessage `json:"json"`
	Template string          `json:"template"`
	Missing  bool            `json:"missing"`
	Form     string          `json:"form"`
}

type answer struct {
	Text  string `json:"text"`
	Error string `json:"error"`
}

// read gives a document as kubectl has it: map[string]interface{} with int64 and float64.
func read(raw json.RawMessage) interface{} {
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	var value interface{}
	if err := decoder.Decode(&value); err != nil {
		log.Fatal(err)
	}
	return numbers(value)
}

func numbers(value interface{}) interface{} {
	switch typed := value.(type) {
	case map[string]interface{}:
		for key, inner := range typed {
			typed[key] = numbers(inner)
		}
	case []interface{}:
		for index, inner := range typed {
			typed[index] = numbers(inner)
		}
	case json.Number:
		if whole, err := typed.Int64(); err == nil {
			return whole
		}
		float, err := typed.Float64()
		if err != nil {
			log.Fatal(err)
		}
		return float
	}
	return value
}

// column is a cell of -o custom-columns, as kubectl's printer makes it of what was found.
func column(path *jsonpath.JSONPath, value interface{}) (string, error) {
	found, err := path.FindResults(value)
	if err != nil {
		return "", err
	}
	texts := []string{}
	if len(found) == 0 || len(found[0]) == 0 {
		texts = append(texts, "<none>")
	}
	for _, values := range found {
		for _, one := range values {
			texts = append(texts, fmt.Sprint(one.Interface()))
		}
	}
	return strings.Join(texts, ","), nil
}

func solve(asked question) (out answer) {
	defer func() {
		if broken := recover(); broken != nil {
			out = answer{"", fmt.Sprint("panic: ", broken)}
		}
	}()
	path := jsonpath.New("case").AllowMissingKeys(asked.Missing)
	if err := path.Parse(asked.Template); err != nil {
		return answer{"", err.Error()}
	}
	var text string
	var err error
	if asked.Form == "column" {
		text, err = column(path, read(asked.JSON))
	} else {
		path.EnableJSONOutput(asked.Form == "json")
		var printed strings.Builder
		err = path.Execute(&printed, read(asked.JSON))
		text = printed.String()
	}
	if err != nil {
		return answer{"", err.Error()}
	}
	return answer{text, ""}
}

func main() {
	in := json.NewDecoder(bufio.NewReaderSize(os.Stdin, 1<<20))
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	answers := json.NewEncoder(out)
	for {
		var asked question
		if err := in.Decode(&asked); err == io.EOF {
			return
		} else if err != nil {
			log.Fatal(err)
		}
		if err := answers.Encode(solve(asked)); err != nil {
			log.Fatal(err)
		}
	}
}
