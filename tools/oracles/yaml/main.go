// The yaml oracle: how kubectl's own library reads a text.
//
// One JSON string a line comes in, one JSON object a line goes out, in order:
// {"value": ...} for a text that the strict reader takes, {"error": "..."} for one it refuses. "lenient" is
// what the forgiving reader made of it (kubectl's client side uses that one), null when it too refused.
package main

import (
	"bufio"
	"encoding/json"
	"os"

	"sigs.k8s.io/yaml"
)

type answer struct {
	Value   json.RawMessage `json:"value,omitempty"`
	Lenient json.RawMessage `json:"lenient,omitempty"`
	Error   string          `json:"error,omitempty"`
}

func read(text string) answer {
	var got answer
	if lenient, err := yaml.YAMLToJSON([]byte(text)); err == nil {
		got.Lenient = lenient
	}
	strict, err := yaml.YAMLToJSONStrict([]byte(text))
	if err != nil {
		got.Error = err.Error()
		return got
	}
	got.Value = strict
	return got
}

func main() {
	in := bufio.NewReaderSize(os.Stdin, 1<<20)
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	cases := json.NewDecoder(in)
	answers := json.NewEncoder(out)
	for cases.More() {
		var text string
		if err := cases.Decode(&text); err != nil {
			panic(err)
		}
		if err := answers.Encode(read(text)); err != nil {
			panic(err)
		}
	}
}
