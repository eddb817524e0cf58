// Command cases compiles OPA's own test cases to WebAssembly, as OPA's own test of its host does: each query with its modules
// to a module of its own.
//
// The arguments are the list of offered builtins and folders of cases; each line of output is one case, as JSON. A case that
// needs another builtin is not compiled.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/test/cases"
)

type line struct {
	Note    string           `json:"note"`
	Folder  string           `json:"folder"`
	Builtin string           `json:"builtin,omitempty"` // not offered: nothing else is set
	Error   string           `json:"error,omitempty"`   // OPA's compiler refuses it
	Wasm    []byte           `json:"wasm,omitempty"`
	Data    any              `json:"data"`
	Input   any              `json:"input,omitempty"` // values by their type
	Want    []map[string]any `json:"want"`
	Sorted  bool             `json:"sorted"`          // arrays are compared without their order
	Defined *bool            `json:"defined"`
	Code    string           `json:"code,omitempty"`  // the error that is expected
	Strict  bool             `json:"strict,omitempty"` // an error only where errors are strict, which WebAssembly's never are
}

func main() {
	offered := map[string]bool{"eq": true, "assign": true, "print": true, "internal.print": true}
	list, err := os.ReadFile(os.Args[1])
	check(err)
	for entry := range strings.Lines(string(list)) {
		name, _, _ := strings.Cut(entry, " ")
		offered[name] = true
	}
	out := bufio.NewWriterSize(os.Stdout, 1<<20)
	defer out.Flush()
	lines := make(chan chan line, runtime.NumCPU())
	go func() {
		for _, folder := range os.Args[2:] {
			set, err := cases.Load(folder)
			check(err)
			for _, c := range set.Sorted().Cases {
				done := make(chan line, 1)
				lines <- done
				go func() { done <- compiled(c, offered) }()
			}
		}
		close(lines)
	}()
	enc := json.NewEncoder(out)
	for done := range lines {
		check(enc.Encode(<-done))
	}
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func compiled(c cases.TestCase, offered map[string]bool) line {
	l := line{Note: c.Note, Folder: filepath.Base(filepath.Dir(c.Filename)), Data: map[string]any{}, Sorted: c.SortBindings, Defined: c.WantDefined, Strict: c.StrictError}
	if l.Builtin = otherBuiltin(c, offered); l.Builtin != "" {
		return l
	}
	wasm, err := compile(c)
	if err != nil {
		l.Error = err.Error()
		return l
	}
	l.Wasm = wasm
	if c.Data != nil {
		l.Data = *c.Data
	}
	if c.InputTerm != nil {
		l.Input = typed(ast.MustParseTerm(*c.InputTerm).Value)
	} else if c.Input != nil {
		l.Input = typed(ast.MustInterfaceToValue(*c.Input))
	}
	if c.WantResult != nil {
		l.Want = *c.WantResult
	}
	if c.WantErrorCode != nil {
		l.Code = *c.WantErrorCode
	} else if c.WantError != nil {
		l.Code = "unknown"
	}
	return l
}

// otherBuiltin names a builtin that the case calls or replaces and that is not offered.
func otherBuiltin(c cases.TestCase, offered map[string]bool) (found string) {
	look := func(x any) {
		ast.WalkTerms(x, func(term *ast.Term) bool {
			if ref, ok := term.Value.(ast.Ref); ok {
				if _, known := ast.BuiltinMap[ref.String()]; known && !offered[ref.String()] {
					found = ref.String()
				}
			}
			return false
		})
	}
	for _, text := range c.Modules {
		if module, err := ast.ParseModuleWithOpts("", text, options(c)); err == nil {
			look(module)
		}
	}
	if query, err := ast.ParseBodyWithOpts(c.Query, options(c)); err == nil {
		look(query)
	}
	if strings.Contains(c.Query+strings.Join(c.Modules, ""), "test.sleep") {
		return "test.sleep"
	}
	return found
}

func capabilities(c cases.TestCase) *ast.Capabilities {
	return ast.CapabilitiesForThisVersion(ast.CapabilitiesExperimentalKeywords(c.ExperimentalKeywords))
}

func options(c cases.TestCase) ast.ParserOptions {
	return ast.ParserOptions{RegoVersion: ast.RegoV1, Capabilities: capabilities(c)}
}

func compile(c cases.TestCase) ([]byte, error) {
	options := []func(*rego.Rego){rego.Query(c.Query), rego.SetRegoVersion(ast.RegoV1), rego.Capabilities(capabilities(c))}
	for i, module := range c.Modules {
		options = append(options, rego.Module(fmt.Sprintf("module-%d.rego", i), module))
	}
	result, err := rego.New(options...).Compile(context.Background())
	if err != nil {
		return nil, err
	}
	return result.Bytes, nil
}

// typed is a value that JSON has no notation for, sets above all, as an array of its type and what it holds.
func typed(value ast.Value) any {
	all := []any{ast.ValueName(value)}
	switch v := value.(type) {
	case *ast.Array:
		v.Foreach(func(t *ast.Term) { all = append(all, typed(t.Value)) })
	case ast.Set:
		v.Foreach(func(t *ast.Term) { all = append(all, typed(t.Value)) })
	case ast.Object:
		v.Foreach(func(key, t *ast.Term) { all = append(all, typed(key.Value), typed(t.Value)) })
	case ast.Null:
	default:
		plain, err := ast.JSON(value)
		check(err)
		all = append(all, plain)
	}
	return all
}
