package main

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

// One builtin a line, and where it runs: "module" inside the WebAssembly module, "host" in the engine.
//
//go:embed builtins.txt
var builtinsList string

var offered = parseBuiltins(builtinsList)

// Why a policy may not use them: the answer would depend on something that is not in the event.
var impure = map[string]string{
	"http.send": "asks the network", "net.lookup_ip_addr": "asks the network", "opa.runtime": "reads the engine's surroundings",
	"rand.intn": "is random", "uuid.rfc4122": "is random", "time.now_ns": "reads the clock", "trace": "has a side effect",
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
			why = reason + ", and the kernel caches decisions"
		}
		found = append(found, at(term.Location, "", "policy.forbidden-builtin", fmt.Sprintf("%s cannot be used in a policy: it %s", name, why)))
		return false
	})
	return found
}

// hostBuiltins lists what the compiled policy wants of the engine.
func hostBuiltins(compiler *ast.Compiler) []string {
	var names []string
	for _, builtin := range compiler.Required.Builtins {
		if offered[builtin.Name] == "host" {
			names = append(names, builtin.Name)
		}
	}
	return names
}
