package main

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/util"
)

// Concern is a condition on one field; an event that meets none of a policy's concerns meets none of its rules.
type Concern struct {
	Field    string            `json:"field"`
	Operator string            `json:"operator"` // in, prefix, suffix, cidr, contains
	Values   []json.RawMessage `json:"values"`
}

const (
	opIn       = "in"
	opPrefix   = "prefix"
	opSuffix   = "suffix"
	opCidr     = "cidr"
	opContains = "contains"
)

// condition is what an expression needs: that a field of input has some relation to one of some constants.
type condition struct {
	ref      ast.Ref
	operator string
	values   []*ast.Term
}

// concerns lists what events must have one of so that any rule can hold; nil: nothing that can be told.
func concerns(policy *checked, name string) []Concern {
	modules := policy.written()
	if canFail(modules) || changesData(modules) {
		return nil
	}
	all := map[[2]string]map[string]bool{}
	for file, module := range modules {
		if file == wrapperFile || module.Package.Path.String() != "data."+packageName(name) {
			continue
		}
		n := newNames(module, modules, policy.data)
		for _, rule := range module.Rules {
			if !slices.Contains(reasonSets, ruleName(rule)) {
				continue
			}
			needs := n.needs(rule.Body)
			if needs == nil {
				return nil
			}
			for _, c := range needs {
				key := [2]string{inputPath(c.ref), c.operator}
				if all[key] == nil {
					all[key] = map[string]bool{}
				}
				for _, value := range c.values {
					var text strings.Builder
					writeValue(&text, value)
					all[key][text.String()] = true
				}
			}
		}
	}
	result := []Concern{}
	for key, values := range all {
		c := Concern{Field: key[0], Operator: key[1]}
		for _, text := range util.KeysSorted(values) {
			c.Values = append(c.Values, json.RawMessage(text))
		}
		result = append(result, c)
	}
	slices.SortFunc(result, func(a, b Concern) int {
		return strings.Compare(a.Field+" "+a.Operator, b.Field+" "+b.Operator)
	})
	return result
}

// canFail tells whether an evaluation could end in a conflict of two values. Such an end is no answer, and must not depend
// on whether the policy is asked.
func canFail(modules map[string]*ast.Module) bool {
	defined := map[string][]*ast.Rule{}
	found := false
	for file, module := range modules {
		if file == wrapperFile {
			continue
		}
		for _, rule := range module.Rules {
			found = found || rule.Head.RuleKind() == ast.SingleValue && len(rule.Head.Ref()) != 1
			if rule.Head.RuleKind() == ast.SingleValue && !rule.Default {
				path := module.Package.Path.String() + "." + ruleName(rule)
				defined[path] = append(defined[path], rule)
			}
		}
		ast.WalkTerms(module, func(term *ast.Term) bool {
			_, object := term.Value.(*ast.ObjectComprehension)
			found = found || object
			return found
		})
	}
	for _, rules := range defined {
		found = found || !oneValue(rules)
	}
	return found
}

// oneValue tells whether these definitions of one rule or function cannot give two values.
func oneValue(rules []*ast.Rule) bool {
	same := !slices.ContainsFunc(rules, func(r *ast.Rule) bool {
		return r.Else != nil || !constant(r.Head.Value) || !r.Head.Value.Equal(rules[0].Head.Value)
	})
	return same || len(rules) == 1 && rules[0].Else == nil && !iterates(rules[0])
}

// iterates tells whether a rule may try several values of a variable.
func iterates(rule *ast.Rule) bool {
	found := false
	ast.NewGenericVisitor(func(x any) bool {
		switch x := x.(type) {
		case *ast.SomeDecl:
			found = true
		case ast.Ref:
			for _, part := range x[1:] {
				found = found || !scalar(part)
			}
			found = found || x.String() == ast.WalkBuiltin.Name
		}
		return found
	}).Walk(rule)
	return found
}

// needs are conditions of which a body needs one; nil if it cannot be told.
func (n *names) needs(body ast.Body) []condition {
	var best []condition
	better := func(other []condition) {
		if other != nil && (best == nil || n.weight(other) > n.weight(best)) {
			best = other
		}
	}
	for _, c := range n.conditions(body) {
		better([]condition{c})
	}
	for _, e := range body {
		term, ok := e.Terms.(*ast.Term)
		if !ok || e.Negated || len(e.With) > 0 {
			continue
		}
		var any []condition
		for _, rule := range n.condition(term) {
			needs := n.needs(rule.Body)
			if needs == nil {
				any = nil
				break
			}
			any = append(any, needs...)
		}
		better(any)
	}
	return best
}

// weight is how few events a condition lets through, roughly.
func (n *names) weight(conditions []condition) int {
	least := 100
	for _, c := range conditions {
		field := inputPath(c.ref)
		weight := 3
		switch {
		case c.operator == opContains || field == "hook" || field == "file.type" || strings.HasSuffix(field, "family") || strings.HasSuffix(field, "protocol"):
			weight = 1
		case strings.HasSuffix(field, ".path") || strings.HasSuffix(field, ".address") || strings.HasSuffix(field, ".port"):
			weight = 5
		}
		if c.operator != opIn {
			weight--
		}
		least = min(least, weight)
	}
	return least
}

// conditions are those that a body states itself, one for each of its expressions that does.
func (n *names) conditions(body ast.Body) []condition {
	var found []condition
	for i, e := range body {
		if e.Negated || len(e.With) > 0 || !e.IsCall() || len(e.Operands()) != 2 {
			continue
		}
		a, b := e.Operand(0), e.Operand(1)
		switch e.Operator().String() {
		case ast.Equality.Name, ast.Equal.Name:
			if _, ok := inputField(a); !ok {
				a, b = b, a
			}
			if ref, ok := inputField(a); ok && scalar(b) {
				found = append(found, condition{ref, opIn, []*ast.Term{b}})
			}
		case ast.Member.Name:
			if ref, ok := inputField(a); ok {
				if values := n.values(b); values != nil {
					found = append(found, condition{ref, opIn, values})
				}
			} else if ref, ok := inputField(b); ok && scalar(a) {
				found = append(found, condition{ref, opContains, []*ast.Term{a}})
			}
		case ast.StartsWith.Name:
			found = n.against(found, body[:i], a, b, opPrefix)
		case ast.EndsWith.Name:
			found = n.against(found, body[:i], a, b, opSuffix)
		case ast.NetCIDRContains.Name:
			found = n.against(found, body[:i], b, a, opCidr)
		}
	}
	return found
}

// either are conditions that hold whichever of the alternatives does: of one field, that it is one of some values or
// begins so. A value begins with itself, so a folder or what is below it (under) becomes one beginning, the folder's name.
func (n *names) either(alternatives []*ast.Rule) []condition {
	var found []condition
	if len(alternatives) == 0 {
		return nil
	}
	for _, first := range n.conditions(alternatives[0].Body) {
		joined := condition{ref: first.ref, operator: opIn}
		for _, rule := range alternatives {
			conditions := n.conditions(rule.Body)
			i := slices.IndexFunc(conditions, func(c condition) bool {
				return c.ref.Equal(first.ref) && (c.operator == opIn || c.operator == opPrefix)
			})
			if i < 0 {
				joined.values = nil
				break
			}
			if conditions[i].operator == opPrefix {
				joined.operator = opPrefix
			}
			joined.values = append(joined.values, conditions[i].values...)
		}
		if len(joined.values) == 0 || joined.operator == opPrefix && !allTexts(joined.values) {
			continue
		}
		if joined.operator == opPrefix {
			joined.values = shortest(joined.values)
		}
		found = append(found, joined)
	}
	return found
}

// shortest leaves out the texts that begin with another one.
func shortest(texts []*ast.Term) []*ast.Term {
	sorted := slices.SortedFunc(slices.Values(texts), func(a, b *ast.Term) int { return a.Value.Compare(b.Value) })
	var kept []*ast.Term
	for _, text := range sorted {
		if len(kept) == 0 || !strings.HasPrefix(string(text.Value.(ast.String)), string(kept[len(kept)-1].Value.(ast.String))) {
			kept = append(kept, text)
		}
	}
	return kept
}

// against adds what compares a field with a text, or with one of a list of texts that stands before.
func (n *names) against(found []condition, before ast.Body, field, with *ast.Term, operator string) []condition {
	ref, ok := inputField(field)
	if !ok {
		return found
	}
	if _, text := with.Value.(ast.String); text {
		return append(found, condition{ref, operator, []*ast.Term{with}})
	}
	with, slash := folder(with)
	for _, e := range before {
		decl, ok := e.Terms.(*ast.SomeDecl)
		if !ok || len(decl.Symbols) != 1 || len(e.With) > 0 {
			continue
		}
		call, ok := decl.Symbols[0].Value.(ast.Call)
		if ok && len(call) == 3 && call[1].Equal(with) {
			if values := n.values(call[2]); values != nil && allTexts(values) {
				return append(found, condition{ref, operator, longer(values, slash)})
			}
		}
	}
	return found
}

// folder takes concat("", [x, "/"]) apart, which is how the beginning of what lies below a folder x of a list is written.
func folder(term *ast.Term) (name *ast.Term, slash string) {
	call, ok := term.Value.(ast.Call)
	if !ok || len(call) != 3 || call[0].String() != ast.Concat.Name || !call[1].Equal(ast.StringTerm("")) {
		return term, ""
	}
	parts, ok := call[2].Value.(*ast.Array)
	if !ok || parts.Len() != 2 || !parts.Elem(1).Equal(ast.StringTerm("/")) {
		return term, ""
	}
	return parts.Elem(0), "/"
}

// longer are the texts with another behind each.
func longer(texts []*ast.Term, end string) []*ast.Term {
	var all []*ast.Term
	for _, text := range texts {
		all = append(all, ast.StringTerm(string(text.Value.(ast.String))+end))
	}
	return all
}

func allTexts(values []*ast.Term) bool {
	return !slices.ContainsFunc(values, func(v *ast.Term) bool {
		_, ok := v.Value.(ast.String)
		return !ok
	})
}

// values are the scalars of a constant collection; nil if it is none, or has others.
func (n *names) values(collection *ast.Term) []*ast.Term {
	found := n.resolve(collection)
	if found == nil || !composite(found) {
		return nil
	}
	items := elements(found)
	if slices.ContainsFunc(items, func(v *ast.Term) bool { return !scalar(v) }) {
		return nil
	}
	return append([]*ast.Term{}, items...)
}

// inputField is a reference to one field of input, by constant names.
func inputField(term *ast.Term) (ast.Ref, bool) {
	ref, ok := term.Value.(ast.Ref)
	if !ok || len(ref) < 2 || !ref.HasPrefix(ast.InputRootRef) {
		return nil, false
	}
	for _, part := range ref[1:] {
		if name, ok := part.Value.(ast.String); !ok || strings.Contains(string(name), ".") {
			return nil, false
		}
	}
	return ref, true
}
