package main

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

// One builtin a line, and where it runs: "module" inside the WebAssembly module, "host" in the engine, "moment" in the
// engine with another answer each time.
//
//go:embed builtins.txt
var builtinsList string

var offered = parseBuiltins(builtinsList)

// Why a policy may not use them: the answer would depend on something that is not in the event.
var impure = map[string]string{
	"http.send": "asks the network", "net.lookup_ip_addr": "asks the network", "opa.runtime": "reads the engine's surroundings",
	"trace": "has a side effect",
}

func parseBuiltins(text string) map[string]string {
	where := map[string]string{}
	for line := range strings.Lines(text) {
		if name, place, ok := strings.Cut(strings.TrimSpace(line), " "); ok && name != "#" {
			where[name] = place
		}
	}
	return where
}

// forbidden finds references to builtins of OPA that policies may not use; as calls or as replacements in with.
func forbidden(module *ast.Module) []Diagnostic {
	var found []Diagnostic
	ast.WalkTerms(module, func(term *ast.Term) bool {
		ref, ok := term.Value.(ast.Ref)
		if !ok {
			return false
		}
		name := ref.String()
		builtin, known := ast.BuiltinMap[name]
		if !known || builtin.IsDeprecated() || offered[name] != "" || slices.Contains([]string{"print", "assign", "eq"}, name) {
			return false
		}
		why := "is not offered by the engine"
		if reason, known := impure[name]; known {
			why = reason + ", and a decision must rest on the event"
		}
		found = append(found, at(term.Location, "", "policy.forbidden-builtin", fmt.Sprintf("%s cannot be used in a policy: it %s", name, why)))
		return false
	})
	return found
}

// momentReads is what the read set has where a decision also rests on the moment it is made in. It is no field of input.
const momentReads = "now()"

// momentary warns of builtins that make decisions perishable. The engine's test knows these numbers.
func momentary(module *ast.Module) []Diagnostic {
	var found []Diagnostic
	ast.WalkTerms(module, func(term *ast.Term) bool {
		if ref, ok := term.Value.(ast.Ref); ok && offered[ref.String()] == "moment" {
			d := at(term.Location, "", "policy.perishable", fmt.Sprintf("%s answers differently each time: a decision of this policy holds for "+
				"one process and at most 100 ms, and at most 1000 are made a second; above that the fallback answers", ref))
			d.Severity = "warning"
			found = append(found, d)
		}
		return false
	})
	return found
}

// hostBuiltins lists what the compiled policy wants of the engine.
func hostBuiltins(compiler *ast.Compiler) []string {
	var names []string
	for _, builtin := range compiler.Required.Builtins {
		if offered[builtin.Name] == "host" || offered[builtin.Name] == "moment" {
			names = append(names, builtin.Name)
		}
	}
	return names
}
