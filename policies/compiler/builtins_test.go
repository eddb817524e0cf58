package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/util"
)

// The list says where each builtin runs; OPA's compiler decides it.
func TestBuiltinsRunWhereTheListSays(t *testing.T) {
	for name, place := range offered {
		if strings.HasPrefix(name, "internal.") { // made by the parser, with what they stand for
			continue
		}
		var operands []string
		for i := range ast.BuiltinMap[name].Decl.Arity() {
			operands = append(operands, fmt.Sprintf("input.a%d", i))
		}
		query := fmt.Sprintf("x = %s(%s)", name, strings.Join(operands, ", "))
		if name == "walk" {
			query = "walk(input.a0, x)"
		}
		result, err := rego.New(rego.Query(query)).Compile(context.Background())
		if err != nil {
			t.Fatal(name, err)
		}
		// The module holds the names of the builtins that it wants of its host, as constants.
		imported := bytes.Contains(result.Bytes, []byte("\x00"+name+"\x00"))
		if imported != (place != "module") {
			t.Errorf("%s is listed as %s, but imported by the module: %v", name, place, imported)
		}
	}
}

// All of OPA's builtins are offered, or refused with their line.
func TestOtherBuiltinsAreRefused(t *testing.T) {
	refused := 0
	for _, builtin := range ast.Builtins {
		if offered[builtin.Name] != "" || builtin.IsDeprecated() || strings.HasPrefix(builtin.Name, "internal.") ||
			slices.Contains([]string{"print", "assign", "eq"}, builtin.Name) {
			continue
		}
		arguments := strings.Repeat("input.hook, ", builtin.Decl.Arity())
		req := request(t, fmt.Sprintf("\ndeny contains \"x\" if {\n\t%s(%s)\n}", builtin.Name, strings.TrimSuffix(arguments, ", ")))
		_, found, err := check(req)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.ContainsFunc(found, func(d Diagnostic) bool {
			return d.Code == "policy.forbidden-builtin" && d.File == "p.rego" && d.Line == 4 && d.Column == 2 && strings.HasPrefix(d.Message, builtin.Name)
		}) {
			t.Errorf("%s: %v", builtin.Name, found)
		}
		refused++
	}
	if refused < 20 {
		t.Errorf("only %d builtins are refused", refused)
	}
}

func TestPerishableDecisionsAreKnown(t *testing.T) {
	for _, c := range []struct {
		body string
		want bool
	}{
		{`deny contains "x" if time.now_ns() > input.process.uid`, true},
		{`deny contains "x" if late` + "\nlate if time.clock(time.now_ns())[0] > 20", true},
		{`deny contains "x" if count([n | n := rand.intn("x", 2); n == 1]) > 0`, true},
		{`deny contains uuid.rfc4122("x") if input.process.uid == 0`, true},
		{"deny contains \"x\" if input.process.uid == 0\nunused if time.now_ns() > 1", false},
		{`deny contains "x" if time.clock(input.process.uid)[0] > 20`, false},
	} {
		req := request(t, c.body)
		if got := slices.Contains(readsFor(t, req), momentReads); got != c.want {
			t.Errorf("%s: %v", c.body, got)
		}
		_, found, _ := check(req)
		warned := slices.ContainsFunc(found, func(d Diagnostic) bool { return d.Severity == "warning" && d.Code == "policy.perishable" && d.Line > 0 })
		if c.want && !warned {
			t.Errorf("%s: %v", c.body, found)
		}
	}
}

// The authors' page names exactly what is offered; operators have signs there.
func TestThePageListsTheBuiltins(t *testing.T) {
	page, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(page), "\n## Builtins\n")
	section, _, _ = strings.Cut(section, "\n`*_test.rego` runs on ")
	listed := map[string]bool{}
	for _, name := range regexp.MustCompile("`([a-z0-9_.]+)`").FindAllStringSubmatch(section, -1) {
		listed[name[1]] = true
	}
	for _, name := range util.KeysSorted(offered) {
		operator := ast.BuiltinMap[name].Infix != "" || strings.HasPrefix(name, "internal.")
		if !operator && !listed[name] {
			t.Errorf("%s is offered and not on the page", name)
		}
	}
	for name := range listed {
		if offered[name] == "" {
			t.Errorf("%s is on the page and not offered", name)
		}
	}
}
