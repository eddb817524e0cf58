package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/agnivade/levenshtein"
	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/util"
)

// inputSchema describes input for one policy: the fields of any of its hooks, as one object. Rules tell hooks apart by
// input.hook, and one merged object gives one message for a field that none of the hooks has.
type inputSchema struct {
	hooks  []string
	merged map[string]any
	own    map[string]map[string]any // schemas of the policy's hooks, each as it is
	other  map[string]map[string]any // schemas of the hooks the policy is not asked at
}

func mergeSchemas(req *Request) (*inputSchema, error) {
	s := &inputSchema{util.Sorted(slices.Clone(req.Hooks)), map[string]any{}, map[string]map[string]any{}, map[string]map[string]any{}}
	if len(s.hooks) == 0 {
		return nil, fmt.Errorf("request names no hooks")
	}
	for _, hook := range s.hooks {
		if _, known := req.Schemas[hook]; !known {
			return nil, fmt.Errorf("request has no schema of the hook %q", hook)
		}
	}
	for _, hook := range util.KeysSorted(req.Schemas) {
		var schema map[string]any
		if err := json.Unmarshal(req.Schemas[hook], &schema); err != nil {
			return nil, fmt.Errorf("schema of the hook %q: %w", hook, err)
		}
		// OPA's own draft differs in keywords that are not used here; it must not look for ours.
		delete(schema, "$schema")
		delete(schema, "$id")
		if slices.Contains(s.hooks, hook) {
			merge(s.merged, schema)
			s.own[hook] = schema
		} else {
			s.other[hook] = schema
		}
	}
	return s, nil
}

// merge widens into by what from allows: properties and enumerations are united, nothing is required, the rest agrees.
func merge(into, from map[string]any) {
	for key, value := range from {
		have, both := into[key]
		if _, list := value.([]any); key == "required" && list { // not a property of this name
			continue
		}
		switch value := value.(type) {
		case map[string]any:
			if !both {
				have = map[string]any{}
				into[key] = have
			}
			merge(have.(map[string]any), value)
		case []any:
			united, _ := have.([]any)
			for _, v := range value {
				if !slices.Contains(united, v) {
					united = append(united, v)
				}
			}
			into[key] = united
		default:
			if !both {
				into[key] = value
			}
		}
	}
}

// field returns the schema at a dotted path; nil if there is none.
func field(schema map[string]any, path []string) map[string]any {
	for _, name := range path {
		properties, _ := schema["properties"].(map[string]any)
		if schema, _ = properties[name].(map[string]any); schema == nil {
			return nil
		}
	}
	return schema
}

// fields lists all dotted paths, those of objects too.
func fields(schema map[string]any, prefix string) []string {
	var all []string
	properties, _ := schema["properties"].(map[string]any)
	for _, name := range util.KeysSorted(properties) {
		all = append(all, prefix+name)
		all = append(all, fields(properties[name].(map[string]any), prefix+name+".")...)
	}
	return all
}

// noSuchField words the error for a reference whose element pos does not exist: the nearest field, or the hook that has it.
func (s *inputSchema) noSuchField(ref ast.Ref, pos int) string {
	wrong, ok := ref[pos].Value.(ast.String)
	if !ok {
		return fmt.Sprintf("%v: no such field", ref)
	}
	parent := constants(ref[1:pos])
	path := append(slices.Clone(parent), string(wrong))
	dotted := strings.Join(path, ".")
	message := fmt.Sprintf("input.%s: no such field in %s", dotted, strings.Join(s.hooks, ", "))
	for _, hook := range util.KeysSorted(s.other) {
		if field(s.other[hook], path) != nil {
			return fmt.Sprintf("%s; %s has it: add that hook to the policy, or remove the rule", message, hook)
		}
	}
	if best := nearest(dotted, fields(s.merged, "")); best != "" {
		return fmt.Sprintf("%s; did you mean input.%s?", message, best)
	}
	properties, _ := field(s.merged, parent)["properties"].(map[string]any)
	return fmt.Sprintf("%s; there are: %s", message, strings.Join(util.KeysSorted(properties), ", "))
}

func constants(ref ast.Ref) []string {
	var names []string
	for _, term := range ref {
		if name, ok := term.Value.(ast.String); ok {
			names = append(names, string(name))
		}
	}
	return names
}

// nearest returns the candidate that a typing error, or a forgotten level, turns into word; "" if none is near.
func nearest(word string, candidates []string) string {
	best, bestDistance := "", 1+max(1, len(word)/4)
	for _, c := range candidates {
		distance := levenshtein.ComputeDistance(word, c)
		if strings.HasSuffix(c, "."+word) {
			distance = 1
		}
		if distance < bestDistance {
			best, bestDistance = c, distance
		}
	}
	return best
}

// impossible finds comparisons of an enumerated field with a constant it never has: legal Rego that silently never holds.
func (s *inputSchema) impossible(module *ast.Module) []Diagnostic {
	var found []Diagnostic
	check := func(fieldTerm, constants *ast.Term, collection bool, loc *ast.Location) {
		ref, ok := fieldTerm.Value.(ast.Ref)
		if !ok || !ref.HasPrefix(ast.InputRootRef) || !ref.IsGround() {
			return
		}
		schema := field(s.merged, stringsOf(ref[1:]))
		if collection {
			schema, _ = schema["items"].(map[string]any)
		}
		allowed, _ := schema["enum"].([]any)
		names, _ := schema["names"].(map[string]any)
		for _, value := range stringConstants(constants) {
			if why := unnamed(names, value); why != "" {
				found = append(found, at(loc, "", "policy.impossible-value", fmt.Sprintf("%v is never %q here; %s", ref, value, why)))
			}
			if allowed != nil && !slices.Contains(allowed, any(value)) {
				found = append(found, at(loc, "", "policy.impossible-value",
					fmt.Sprintf("%v is never %q here; it is one of: %s", ref, value, list(allowed, value))))
			}
		}
	}
	ast.WalkExprs(module, func(expr *ast.Expr) bool {
		inspect(expr.Operator(), expr.Operands(), expr.Location, check)
		return false
	})
	ast.WalkTerms(module, func(term *ast.Term) bool {
		if call, ok := term.Value.(ast.Call); ok {
			inspect(call[0].Value.(ast.Ref), call[1:], term.Location, check)
		}
		return false
	})
	return found
}

// unnamed says why a field whose numbers have names is never this value: it is a name, or a number that has none.
func unnamed(names map[string]any, value string) string {
	// Where names go by the family ("netlink:12"), the number may have none in another.
	ambiguous := slices.ContainsFunc(util.KeysSorted(names), func(n string) bool { return strings.Contains(n, ":") })
	if name, named := names[value]; named && !ambiguous {
		return fmt.Sprintf("this number has a name: write %q", name)
	}
	if _, err := strconv.ParseUint(value, 10, 16); names == nil || err == nil {
		return ""
	}
	var known []any
	for _, number := range util.KeysSorted(names) {
		if names[number] == value {
			return ""
		}
		known = append(known, names[number])
	}
	return "it is one of: " + list(known, value) + "; or a number"
}

func inspect(operator ast.Ref, operands []*ast.Term, loc *ast.Location, check func(f, c *ast.Term, collection bool, loc *ast.Location)) {
	if len(operands) != 2 {
		return
	}
	a, b := operands[0], operands[1]
	switch operator.String() {
	case "equal", "eq", "neq":
		check(a, b, false, loc)
		check(b, a, false, loc)
	case "internal.member_2": // a in b
		check(a, b, false, loc)
		check(b, a, true, loc)
	}
}

// stringsOf is constants of a ground reference; its other elements make it name no field.
func stringsOf(ref ast.Ref) []string {
	names := constants(ref)
	if len(names) != len(ref) {
		return []string{""}
	}
	return names
}

// stringConstants are the strings a term stands for: itself, or the members of a constant collection.
func stringConstants(term *ast.Term) []string {
	var values []string
	add := func(t *ast.Term) {
		if s, ok := t.Value.(ast.String); ok {
			values = append(values, string(s))
		}
	}
	switch v := term.Value.(type) {
	case ast.String:
		add(term)
	case ast.Set:
		v.Foreach(add)
	case *ast.Array:
		v.Foreach(add)
	}
	return values
}

func list(allowed []any, wrong string) string {
	names := make([]string, len(allowed))
	for i, a := range allowed {
		names[i] = fmt.Sprint(a)
	}
	text := strings.Join(names, ", ")
	if best := nearest(wrong, names); best != "" {
		text += fmt.Sprintf(" (did you mean %q?)", best)
	}
	return text
}
