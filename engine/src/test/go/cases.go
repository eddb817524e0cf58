// Command cases compiles OPA's own test cases to WebAssembly: each query with its modules to a module of its own.
//
// The arguments are folders of cases; each line of output is one of them, as JSON.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/test/cases"
)

type compiled struct {
	Note      string           `json:"note"`
	Wasm      []byte           `json:"wasm"`
	Data      any              `json:"data"`
	Input     any              `json:"input,omitempty"`
	Want      []map[string]any `json:"want"`
	Fails     bool             `json:"fails"`     // an error, or undefined where errors are not strict
	Undefined bool             `json:"undefined"`
}

func main() {
	out := json.NewEncoder(os.Stdout)
	for _, folder := range os.Args[1:] {
		set, err := cases.Load(folder)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		for _, c := range set.Sorted().Cases {
			if c.InputTerm != nil || len(c.Env) > 0 || c.SortBindings {
				continue
			}
			wasm, err := compile(c)
			if err != nil {
				continue // a case about the compiler: it is meant not to compile, or not to WebAssembly
			}
			line := compiled{Note: c.Note, Wasm: wasm, Data: map[string]any{}, Fails: c.WantErrorCode != nil || c.WantError != nil}
			if c.Data != nil {
				line.Data = *c.Data
			}
			if c.Input != nil {
				line.Input = *c.Input
			}
			if c.WantResult != nil {
				line.Want = *c.WantResult
			}
			line.Undefined = c.WantDefined != nil && !*c.WantDefined
			if err := out.Encode(line); err != nil {
				panic(err)
			}
		}
	}
}

func compile(c cases.TestCase) ([]byte, error) {
	options := []func(*rego.Rego){rego.Query(c.Query), rego.SetRegoVersion(ast.RegoV1)}
	for i, module := range c.Modules {
		options = append(options, rego.Module(fmt.Sprintf("module%d.rego", i), module))
	}
	result, err := rego.New(options...).Compile(context.Background())
	if err != nil {
		return nil, err
	}
	return result.Bytes, nil
}
