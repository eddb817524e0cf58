// Command compiler is Interdict's Rego compiler: OPA's own packages behind one JSON document in, one JSON document out.
//
// It is built for WASI and carried inside Interdict, so it opens no file, reads no environment, knows no time and
// calls nobody: the request on standard input is all it depends on, and equal requests give equal answers.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/open-policy-agent/opa/v1/util"
)

// Request is what arrives on standard input.
type Request struct {
	Verb    string                     `json:"verb"`    // compile, test, lint, format, eval or why
	Name    string                     `json:"name"`    // the policy's name, with dashes
	Sources map[string]string          `json:"sources"` // Rego by file name
	Data    json.RawMessage            `json:"data"`    // the document data, an object, or its text as one string; absent: {}
	Hooks   []string                   `json:"hooks"`   // where the policy is asked
	Schemas map[string]json.RawMessage `json:"schemas"` // JSON Schema of input, of every hook there is
	Inputs  []json.RawMessage          `json:"inputs"`  // eval: one decision for each; why: one event, as it is shown
	Time    int64                      `json:"time"`    // why: when it was decided, in ns since 1970
}

// Response is what leaves on standard output. With an error among the diagnostics nothing else is set.
type Response struct {
	Diagnostics []Diagnostic      `json:"diagnostics"`
	Wasm        []byte            `json:"wasm,omitempty"`     // compile: the module
	Tables      string            `json:"tables,omitempty"`   // compile: constants, one object in the syntax of opa_value_parse
	Concerns    []Concern         `json:"concerns"`           // compile: what any rule needs one of; null: cannot be told
	Reads       []string          `json:"reads,omitempty"`    // compile: dotted paths below input; "" is all of it
	Literals    []string          `json:"literals,omitempty"` // compile: absolute path constants
	Builtins    []string          `json:"builtins,omitempty"` // compile: builtins that the host must offer
	Sources     map[string]string `json:"sources,omitempty"`  // format: the formatted sources
	Tests       []TestResult      `json:"tests,omitempty"`    // test
	Coverage    *Coverage         `json:"coverage,omitempty"` // test
	Decisions   []json.RawMessage `json:"decisions,omitempty"`
	Labels      []string          `json:"labels,omitempty"`  // compile: all that the rules can set
	Names       []Name            `json:"names,omitempty"`   // lint: what paths are compared with
	Held        []Held            `json:"held,omitempty"`    // why
	Failure     string            `json:"failure,omitempty"` // why: there is no decision
}

// Diagnostic is one finding. Lines and columns count from 1; 0 is unknown.
type Diagnostic struct {
	Severity string `json:"severity"` // error or warning
	File     string `json:"file"`
	Line     int    `json:"line"`
	Column   int    `json:"column"`
	Code     string `json:"code"`
	Message  string `json:"message"`
}

func main() {
	if err := serve(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
}

func serve(in io.Reader, out io.Writer) error {
	raw, err := io.ReadAll(in)
	if err != nil {
		return fmt.Errorf("reading the request: %w", err)
	}
	var req Request
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&req); err != nil {
		return fmt.Errorf("request is not the JSON document expected: %w", err)
	}
	res, err := answer(&req)
	if err != nil {
		return err
	}
	if res.Diagnostics == nil {
		res.Diagnostics = []Diagnostic{}
	}
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	return enc.Encode(res)
}

func answer(req *Request) (*Response, error) {
	switch req.Verb {
	case "compile":
		return compilePolicy(req)
	case "test":
		return testPolicy(req)
	case "lint":
		return lintPolicy(req)
	case "format":
		return formatSources(req), nil
	case "eval":
		return evalPolicy(req)
	case "why":
		return whyPolicy(req)
	}
	return nil, fmt.Errorf("unknown verb %q: use compile, test, lint, format, eval or why", req.Verb)
}

// document parses the request's data. A finding instead of an error: people write it.
func document(req *Request) (map[string]any, []Diagnostic) {
	if len(req.Data) == 0 {
		return map[string]any{}, nil
	}
	text := []byte(req.Data)
	var quoted string
	if json.Unmarshal(text, &quoted) == nil { // the text, which may be no JSON at all
		text = []byte(quoted)
	}
	var data any
	if err := util.UnmarshalJSON(text, &data); err != nil {
		return nil, []Diagnostic{{"error", "data.json", 0, 0, "data.syntax", err.Error()}}
	}
	object, ok := data.(map[string]any)
	if !ok {
		return nil, []Diagnostic{{"error", "data.json", 0, 0, "data.not-an-object", "data must be a JSON object"}}
	}
	if _, taken := object["interdict"]; taken {
		return nil, []Diagnostic{{"error", "data.json", 0, 0, "data.reserved",
			"data.interdict is where policies and libraries live: give this key another name"}}
	}
	for _, key := range util.KeysSorted(object) {
		if strings.HasPrefix(key, tablePrefix) {
			return nil, []Diagnostic{{"error", "data.json", 0, 0, "data.reserved",
				fmt.Sprintf("data[%q] is a name for what compiling makes of constants: give this key another name", key)}}
		}
	}
	return object, nil
}
