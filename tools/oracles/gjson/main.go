// The GJSON oracle: what Go's own library finds.
//
// Reads one case a line, {"json": <any document>, "path": "<text>"}, and answers one line each:
// {"exists": true, "raw": "<JSON text>"}. The document goes to the library as it was sent, byte for byte.
package main

import (
	"bufio"
	"encoding/json"
	"io"
	"log"
	"os"

	"github.com/tidwall/gjson"
)

type question struct {
	JSON json.RawMessage `json:"json"`
	Path string          `json:"path"`
}

type answer struct {
	Exists bool   `json:"exists"`
	Raw    string `json:"raw"`
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
		found := gjson.GetBytes(asked.JSON, asked.Path)
		if err := answers.Encode(answer{found.Exists(), found.Raw}); err != nil {
			log.Fatal(err)
		}
	}
}
