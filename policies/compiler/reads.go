package main

import (
	"path"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/util"
)

// readCollector finds what the rules read of input and which paths they name. It looks at each rule once its references
// are resolved (imports gone) and before calls are taken apart, where object.get still shows its constant key. Every
// occurrence of input counts, wherever it goes from there (a local name, an argument, a comprehension), with as much of
// its path as is constant: too much is allowed, too little would let the kernel's cache confuse two events.
type readCollector struct {
	byRule map[*ast.Rule]*reads
}

type reads struct {
	fields   map[string]struct{}
	literals map[string]struct{}
}

func newReads() *reads { return &reads{map[string]struct{}{}, map[string]struct{}{}} }

func newReadCollector() *readCollector { return &readCollector{map[*ast.Rule]*reads{}} }

func (c *readCollector) stage() ast.CompilerStageDefinition {
	return ast.CompilerStageDefinition{Name: "CollectReads", MetricName: "collect_reads", Stage: func(compiler *ast.Compiler) *ast.Error {
		for _, module := range compiler.Modules {
			ast.WalkRules(module, func(rule *ast.Rule) bool {
				c.byRule[rule] = readsOf(rule)
				return false
			})
		}
		return nil
	}}
}

func readsOf(rule *ast.Rule) *reads {
	r := newReads()
	r.walk(rule)
	return r
}

// decisionRules are the rules that the decision can evaluate.
func decisionRules(compiler *ast.Compiler) map[*ast.Rule]bool {
	return rulesBelow(compiler, compiler.GetRulesExact(ast.MustParseRef("data.interdict.decision"))...)
}

// rulesBelow are these rules and all that they can evaluate.
func rulesBelow(compiler *ast.Compiler, rules ...*ast.Rule) map[*ast.Rule]bool {
	seen := map[*ast.Rule]bool{}
	var visit func(rule *ast.Rule)
	visit = func(rule *ast.Rule) {
		if seen[rule] {
			return
		}
		seen[rule] = true
		for dependency := range compiler.Graph.Dependencies(rule) {
			visit(dependency.(*ast.Rule))
		}
	}
	for _, rule := range rules {
		visit(rule)
	}
	return seen
}

// reachable unites the reads of all rules that the decision can evaluate, and adds the paths in data.
func (c *readCollector) reachable(compiler *ast.Compiler, data map[string]any) (fields, literals []string) {
	all := c.union(decisionRules(compiler))
	all.document(data)
	return util.KeysSorted(all.fields), util.KeysSorted(all.literals)
}

// of is what a rule can read of input, by the rules that it uses, too.
func (c *readCollector) of(compiler *ast.Compiler, rule *ast.Rule) []string {
	return util.KeysSorted(c.union(rulesBelow(compiler, rule)).fields)
}

func (c *readCollector) union(rules map[*ast.Rule]bool) *reads {
	all := newReads()
	for rule := range rules {
		r, known := c.byRule[rule]
		if !known { // made by a later stage: its compiled form reads the same or more
			r = readsOf(rule)
		}
		all.add(r)
	}
	return all
}

func (r *reads) add(other *reads) {
	for f := range other.fields {
		r.fields[f] = struct{}{}
	}
	for l := range other.literals {
		r.literals[l] = struct{}{}
	}
}

func (r *reads) walk(x any) { ast.NewGenericVisitor(r.visit).Walk(x) }

// visit returns true where nothing below x is left to look at.
func (r *reads) visit(x any) bool {
	switch x := x.(type) {
	case *ast.With: // the target is replaced, not read
		r.walk(x.Value)
		return true
	case *ast.Expr:
		if x.IsCall() {
			r.compared(x.Operator(), x.Operands())
		}
		if x.IsCall() && r.objectGet(x.Operator(), x.Operands()) {
			for _, with := range x.With {
				r.walk(with)
			}
			return true
		}
	case ast.Call:
		operator, ok := x[0].Value.(ast.Ref)
		if ok {
			r.compared(operator, x[1:])
		}
		return ok && r.objectGet(operator, x[1:])
	case ast.Ref:
		if x.HasPrefix(ast.InputRootRef) {
			r.fields[inputPath(x)] = struct{}{}
			for _, term := range x[1:] {
				r.walk(term)
			}
			return true
		}
		if offered[x.String()] == "moment" {
			r.fields[momentReads] = struct{}{}
		}
	case ast.Var:
		if x.Equal(ast.InputRootDocument.Value) {
			r.fields[""] = struct{}{}
		}
	case ast.String:
		r.literal(string(x))
	}
	return false
}

// objectGet takes object.get(input.a, "b", default) for what it is, a read of input.a.b.
func (r *reads) objectGet(operator ast.Ref, operands []*ast.Term) bool {
	if operator.String() != ast.ObjectGet.Name || len(operands) < 3 {
		return false
	}
	ref, ok := operands[0].Value.(ast.Ref)
	if !ok || !ref.HasPrefix(ast.InputRootRef) {
		return false
	}
	keys := []*ast.Term{operands[1]}
	if array, ok := operands[1].Value.(*ast.Array); ok {
		keys = nil
		array.Foreach(func(key *ast.Term) { keys = append(keys, key) })
	}
	whole := append(append(ast.Ref{}, ref...), keys...)
	r.fields[inputPath(whole)] = struct{}{}
	for _, term := range append(whole[1:], operands[2:]...) {
		r.walk(term)
	}
	return true
}

// inputPath is the constant beginning of a reference to input, dotted. A name with a dot in it ends it: it is no field,
// and must not be taken for a path.
func inputPath(ref ast.Ref) string {
	var names []string
	for _, term := range ref[1:] {
		name, ok := term.Value.(ast.String)
		if !ok || name == "" || strings.Contains(string(name), ".") {
			break
		}
		names = append(names, string(name))
	}
	return strings.Join(names, ".")
}

// literal notes absolute names of files. A directory's prefix ("/usr/lib/") and a pattern are no names: what has no star
// is taken for a name, which costs a look-up where it is a pattern after all. So is a prefix without a slash at its end: what a
// text is compared with cannot be told where it stands in data or comes by a variable.
func (r *reads) literal(text string) {
	if !strings.Contains(text, "*") {
		r.name(text)
	}
}

func (r *reads) name(text string) {
	if strings.HasPrefix(text, "/") && text != "/" && path.Clean(text) == text && !strings.Contains(text, "\x00") {
		r.literals[text] = struct{}{}
	}
}

// compared notes what stands in an equality or a membership: there, a star is a star.
func (r *reads) compared(operator ast.Ref, operands []*ast.Term) {
	switch operator.String() {
	case ast.Equality.Name, ast.Equal.Name, ast.Member.Name:
		for _, operand := range operands {
			if text, ok := operand.Value.(ast.String); ok {
				r.name(string(text))
			}
			for _, element := range elements(operand) {
				if text, ok := element.Value.(ast.String); ok {
					r.name(string(text))
				}
			}
		}
	}
}

func (r *reads) document(x any) {
	switch x := x.(type) {
	case string:
		r.literal(x)
	case []any:
		for _, v := range x {
			r.document(v)
		}
	case map[string]any:
		for k, v := range x {
			r.literal(k)
			r.document(v)
		}
	}
}
