package main

import (
	"encoding/json"
	"fmt"
	"math/rand"
	"strings"
	"testing"
)

// generator makes policies that type-check and inputs they care about. Few values, so that comparisons often hold.
type generator struct {
	r      *rand.Rand
	leaves map[string][]any
	funcs  int
}

// leaves are the fields of input that hold a scalar, with values for each.
func leaves(t testing.TB) map[string][]any {
	schema, err := mergeSchemas(&Request{Hooks: hooks, Schemas: schemas(t)})
	if err != nil {
		t.Fatal(err)
	}
	all := map[string][]any{}
	for _, path := range fields(schema.merged, "") {
		described := field(schema.merged, strings.Split(path, "."))
		if values, ok := described["enum"].([]any); ok {
			all[path] = values[:min(2, len(values))]
			continue
		}
		switch described["type"] {
		case "string":
			all[path] = []any{"/opt/a", "/opt/b"}
		case "integer":
			all[path] = []any{0, 1}
		case "boolean":
			all[path] = []any{true, false}
		}
	}
	return all
}

func pick[T any](g *generator, from []T) T { return from[g.r.Intn(len(from))] }

func (g *generator) leaf() string {
	names := []string{"hook", "file.path", "file.uid", "file.created", "process.uid", "process.exe.path", "process.exe.inode", "process.cgroup.path",
		"socket.address", "socket.port", "packet.source.address", "packet.interface.name"}
	return pick(g, names)
}

func (g *generator) literal(leaf string) string {
	raw, _ := json.Marshal(pick(g, g.leaves[leaf]))
	return string(raw)
}

// condition is one line of a rule's body; it reads a field in one of the ways people do.
func (g *generator) condition(defs *strings.Builder, depth int) string {
	leaf := g.leaf()
	value := g.literal(leaf)
	top, rest, nested := strings.Cut(leaf, ".")
	g.funcs++
	n := g.funcs
	if !nested {
		return pick(g, []string{
			fmt.Sprintf("input.%s == %s", leaf, value),
			fmt.Sprintf("object.get(input, %q, 0) == %s", leaf, value),
			fmt.Sprintf("{ i | i := input; i.%s == %s } != set()", leaf, value),
		})
	}
	switch g.r.Intn(15) {
	case 0:
		return fmt.Sprintf("not input.%s == %s", leaf, value)
	case 1:
		return fmt.Sprintf("a%d := input.%s; a%d.%s == %s", n, top, n, rest, value)
	case 2:
		fmt.Fprintf(defs, "f%d(x) := x.%s\n", n, rest)
		return fmt.Sprintf("f%d(input.%s) == %s", n, top, value)
	case 3:
		fmt.Fprintf(defs, "f%d(x) if x.%s == %s\n", n, leaf, value)
		return fmt.Sprintf("f%d(input)", n)
	case 4:
		path, _ := json.Marshal(strings.Split(rest, "."))
		return fmt.Sprintf("object.get(input.%s, %s, null) == %s", top, path, value)
	case 5:
		return fmt.Sprintf("count([1 | walk(input.%s, [_, v%d]); v%d == %s]) > 0", top, n, n, value)
	case 6:
		return fmt.Sprintf("some k%d; input.%s[k%d] == %s", n, top, n, value)
	case 7:
		return fmt.Sprintf("count({v | some v in input.%s; v == %s}) == 1", top, value)
	case 8:
		fmt.Fprintf(defs, "r%d if input.%s == %s\n", n, leaf, value)
		return pick(g, []string{fmt.Sprintf("r%d", n), fmt.Sprintf("not r%d", n)})
	case 9:
		other := pick(g, []string{"process.uid", "file.uid"})
		fmt.Fprintf(defs, "w%d if input.%s == %s\n", n, leaf, value)
		return fmt.Sprintf("w%d with input.%s as object.get(input, %q, {})", n, top, strings.Split(other, ".")[0])
	case 10:
		fmt.Fprintf(defs, "e%d := 1 if input.%s == %s else := 2 if input.%s == %s\n", n, leaf, value, "file.uid", g.literal("file.uid"))
		return fmt.Sprintf("e%d == %d", n, 1+g.r.Intn(2))
	case 11:
		return fmt.Sprintf("every x in [input.%s] { x == %s }", leaf, value)
	case 12:
		fmt.Fprintf(defs, "o%d[k] := v if some k, v in input.%s\n", n, top)
		return fmt.Sprintf("o%d.%s == %s", n, rest, value)
	case 13:
		if depth > 0 {
			return fmt.Sprintf("count([1 | %s]) == %d", g.condition(defs, depth-1), g.r.Intn(2))
		}
	}
	return fmt.Sprintf("input.%s == %s", leaf, value)
}

func (g *generator) policy() string {
	var defs, rules strings.Builder
	for i := range 1 + g.r.Intn(3) {
		reason := fmt.Sprintf("%q", fmt.Sprint("reason ", i))
		if g.r.Intn(4) == 0 {
			reason = fmt.Sprintf("sprintf(\"%%v\", [input.%s])", g.leaf())
		}
		fmt.Fprintf(&rules, "%s contains %s if {\n", pick(g, reasonSets[:3]), reason) // labels are constants
		for range 1 + g.r.Intn(2) {
			fmt.Fprintf(&rules, "\t%s\n", g.condition(&defs, 2))
		}
		rules.WriteString("}\n")
	}
	return rules.String() + defs.String()
}

// disagree looks for two inputs that agree on reads and get different decisions.
func (g *generator) disagree(t testing.TB, req *Request, reads []string, pairs int) (string, string) {
	eval := *req
	eval.Inputs = nil
	for range pairs {
		first, second := map[string]any{}, map[string]any{}
		for leaf, values := range g.leaves {
			value, present := pick(g, values), g.r.Intn(5) > 0
			if present {
				put(first, leaf, value)
			}
			if !mayRead(reads, leaf) {
				value, present = pick(g, values), g.r.Intn(5) > 0
			}
			if present {
				put(second, leaf, value)
			}
		}
		for _, input := range []any{first, second} {
			raw, _ := json.Marshal(input)
			eval.Inputs = append(eval.Inputs, raw)
		}
	}
	res, err := evalPolicy(&eval)
	if err != nil {
		t.Fatal(err, req.Sources["p.rego"])
	}
	for i := 0; i < len(res.Decisions); i += 2 {
		if string(res.Decisions[i]) != string(res.Decisions[i+1]) {
			return fmt.Sprintf("%s -> %s", eval.Inputs[i], res.Decisions[i]), fmt.Sprintf("%s -> %s", eval.Inputs[i+1], res.Decisions[i+1])
		}
	}
	return "", ""
}

// mayRead is ReadSet.mayRead.
func mayRead(reads []string, leaf string) bool {
	for _, path := range reads {
		if path == "" || path == leaf || strings.HasPrefix(leaf, path+".") || strings.HasPrefix(path, leaf+".") {
			return true
		}
	}
	return false
}

func put(doc map[string]any, path string, value any) {
	names := strings.Split(path, ".")
	for _, name := range names[:len(names)-1] {
		if doc[name] == nil {
			doc[name] = map[string]any{}
		}
		doc = doc[name].(map[string]any)
	}
	doc[names[len(names)-1]] = value
}
