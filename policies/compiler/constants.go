package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/util"
)

// OPA's WebAssembly builds every set, array and object that a rule names anew in each evaluation, one statement an
// element, and looks for a member of a set one by one. Here they become data, which is built once: in what is compiled, a
// constant stands in a table of its own, and membership is one look-up in it. What is checked, tested, linted and shown is
// always what was written; what is compiled must only mean the same.

// tablePrefix begins the names of the tables in data. Policies' own data cannot have such a name.
const tablePrefix = "interdict."

// tables are constants by name.
type tables struct {
	names  map[string]string // by text
	values []string
}

// put returns a reference to a table that holds the constant.
func (t *tables) put(constant *ast.Term) *ast.Term {
	var text strings.Builder
	writeValue(&text, constant)
	name, known := t.names[text.String()]
	if !known {
		name = fmt.Sprint(tablePrefix, len(t.values))
		t.names[text.String()] = name
		t.values = append(t.values, text.String())
	}
	return ast.RefTerm(ast.DefaultRootDocument, ast.StringTerm(name))
}

// String is one object in the syntax of OPA's opa_value_parse: JSON, with any keys in objects, and with sets.
func (t *tables) String() string {
	var b strings.Builder
	b.WriteByte('{')
	for i, value := range t.values {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, "\"%s%d\":%s", tablePrefix, i, value)
	}
	b.WriteByte('}')
	return b.String()
}

func writeValue(b *strings.Builder, term *ast.Term) {
	separator := ""
	each := func(write func()) {
		b.WriteString(separator)
		separator = ","
		write()
	}
	switch v := term.Value.(type) {
	case ast.String:
		b.WriteString(quote(string(v)))
	case *ast.Array:
		b.WriteByte('[')
		v.Foreach(func(item *ast.Term) { each(func() { writeValue(b, item) }) })
		b.WriteByte(']')
	case ast.Set:
		if v.Len() == 0 {
			b.WriteString("set()")
			return
		}
		b.WriteByte('{')
		v.Foreach(func(item *ast.Term) { each(func() { writeValue(b, item) }) })
		b.WriteByte('}')
	case ast.Object:
		b.WriteByte('{')
		v.Foreach(func(key, value *ast.Term) {
			each(func() {
				writeValue(b, key)
				b.WriteByte(':')
				writeValue(b, value)
			})
		})
		b.WriteByte('}')
	default: // numbers, booleans, null
		b.WriteString(v.String())
	}
}

func quote(text string) string {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(text); err != nil {
		panic(err) // a string has JSON
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// constant tells whether the term is a value that rests on nothing.
func constant(term *ast.Term) bool { return scalar(term) || composite(term) }

func scalar(term *ast.Term) bool {
	switch term.Value.(type) {
	case ast.String, ast.Number, ast.Boolean, ast.Null:
		return true
	}
	return false
}

func composite(term *ast.Term) bool {
	all := true
	each := func(item *ast.Term) { all = all && constant(item) }
	switch v := term.Value.(type) {
	case *ast.Array:
		v.Foreach(each)
	case ast.Set:
		v.Foreach(each)
	case ast.Object:
		v.Foreach(func(key, value *ast.Term) {
			each(key)
			each(value)
		})
	default:
		return false
	}
	return all
}

// elements are the members of a constant collection, as `in` has them; nil if it is none.
func elements(term *ast.Term) []*ast.Term {
	var items []*ast.Term
	each := func(item *ast.Term) { items = append(items, item) }
	switch v := term.Value.(type) {
	case *ast.Array:
		v.Foreach(each)
	case ast.Set:
		v.Foreach(each)
	case ast.Object:
		v.Foreach(func(_, value *ast.Term) { each(value) })
	}
	return items
}

// membership is the object in which every element of the collection leads to true: a look-up in a set would give the
// element, which may be false.
func membership(collection *ast.Term) *ast.Term {
	var pairs [][2]*ast.Term
	for _, item := range elements(collection) {
		pairs = append(pairs, [2]*ast.Term{item, ast.BooleanTerm(true)})
	}
	return ast.ObjectTerm(pairs...)
}

// names knows what the names in one module stand for.
type names struct {
	data  map[string]any
	known map[string]*ast.Term // constants by the reference to them
	rules map[string][]*ast.Rule
	used  map[string]int  // how often a name stands somewhere, in all modules
	other map[string]bool // names that mean something else here, or more: variables, imports, rules of other files too
}

func newNames(module *ast.Module, modules map[string]*ast.Module, data map[string]any) *names {
	n := &names{data, map[string]*ast.Term{}, map[string][]*ast.Rule{}, map[string]int{}, map[string]bool{}}
	for _, rule := range module.Rules {
		n.rules[ruleName(rule)] = append(n.rules[ruleName(rule)], rule)
	}
	for _, imported := range module.Imports {
		n.other[string(imported.Name())] = true
	}
	ast.WalkRules(module, func(rule *ast.Rule) bool {
		for _, arg := range rule.Head.Args {
			n.hide(arg)
		}
		return false
	})
	ast.WalkExprs(module, func(e *ast.Expr) bool {
		switch terms := e.Terms.(type) {
		case *ast.SomeDecl:
			for _, symbol := range terms.Symbols {
				n.hide(symbol)
			}
		case *ast.Every:
			n.hide(terms.Key)
			n.hide(terms.Value)
		case []*ast.Term:
			if e.IsAssignment() {
				n.hide(terms[1])
			}
		}
		return false
	})
	for _, other := range modules {
		for _, rule := range other.Rules {
			if other != module && other.Package.Path.Equal(module.Package.Path) {
				n.other[ruleName(rule)] = true
			}
		}
		ast.WalkRules(other, func(rule *ast.Rule) bool {
			n.count(rule.Body)
			for _, term := range []*ast.Term{rule.Head.Key, rule.Head.Value} {
				if term != nil {
					n.count(term)
				}
			}
			return false
		})
	}
	return n
}

func ruleName(rule *ast.Rule) string { return string(rule.Head.Ref()[0].Value.(ast.Var)) }

func (n *names) count(x any) {
	ast.NewGenericVisitor(func(x any) bool {
		switch x := x.(type) {
		case ast.Var:
			n.used[string(x)]++
		case ast.Ref:
			for _, part := range x[1:] {
				if name, ok := part.Value.(ast.String); ok && x.HasPrefix(ast.DefaultRootRef) {
					n.used[string(name)]++
				}
			}
		}
		return false
	}).Walk(x)
}

func (n *names) hide(x *ast.Term) {
	if x != nil {
		ast.WalkVars(x, func(v ast.Var) bool {
			n.other[string(v)] = true
			return false
		})
	}
}

// rule returns the definitions of a rule without arguments that a term names; nil if it names something else.
func (n *names) rule(term *ast.Term) []*ast.Rule {
	name, ok := term.Value.(ast.Var)
	if !ok || n.other[string(name)] {
		return nil
	}
	rules := n.rules[string(name)]
	for _, r := range rules {
		if r.Head.RuleKind() != ast.SingleValue || len(r.Head.Ref()) != 1 || len(r.Head.Args) > 0 || r.Default || r.Else != nil || hasWith(r) {
			return nil
		}
	}
	return rules
}

// condition returns the definitions of a rule that is true or undefined.
func (n *names) condition(term *ast.Term) []*ast.Rule {
	rules := n.rule(term)
	for _, r := range rules {
		if r.Head.Value == nil || !r.Head.Value.Equal(ast.BooleanTerm(true)) {
			return nil
		}
	}
	return rules
}

// resolve follows a name to the constant that it always stands for: one of data, or of a rule that only names it.
func (n *names) resolve(term *ast.Term) *ast.Term {
	if constant(term) {
		return term
	}
	if rules := n.rule(term); len(rules) == 1 && constant(rules[0].Head.Value) && trivial(rules[0].Body) {
		return rules[0].Head.Value
	}
	ref, ok := term.Value.(ast.Ref)
	if !ok || len(ref) < 2 || !ref.HasPrefix(ast.DefaultRootRef) || ref[1].Equal(ast.StringTerm("interdict")) {
		return nil
	}
	text := ref.String()
	if known, ok := n.known[text]; ok {
		return known
	}
	n.known[text] = n.below(ref)
	return n.known[text]
}

func (n *names) below(ref ast.Ref) *ast.Term {
	var node any = n.data
	for _, part := range ref[1:] {
		name, isName := part.Value.(ast.String)
		object, isObject := node.(map[string]any)
		if !isName || !isObject || object[string(name)] == nil {
			return nil
		}
		node = object[string(name)]
	}
	return ast.NewTerm(ast.MustInterfaceToValue(node))
}

func trivial(body ast.Body) bool {
	return len(body) == 1 && body[0].Equal(ast.NewExpr(ast.BooleanTerm(true)))
}

func hasWith(x any) bool {
	found := false
	ast.WalkExprs(x, func(e *ast.Expr) bool {
		found = found || len(e.With) > 0
		return found
	})
	return found
}

// rewriter offers each constant of a rule to what decides about it. It changes the rule: give it a copy.
type rewriter struct {
	names  *names
	take   func(constant *ast.Term) *ast.Term                // what stands in its place
	lookup func(collection *ast.Term) *ast.Term              // where its members lead to true
	helper func(name ast.Var, rules []*ast.Rule) []*ast.Term // the call that stands in the place of a condition's name; nil: it stays
}

func (w *rewriter) rule(rule *ast.Rule) {
	for ; rule != nil; rule = rule.Else {
		if rule.Default {
			continue
		}
		w.body(rule.Body, rule.Head.Key, rule.Head.Value, ast.NewTerm(rule.Head.Reference))
		if rule.Head.RuleKind() == ast.MultiValue {
			rule.Head.Key = w.term(rule.Head.Key)
		} else if rule.Head.Value != nil && !scalar(rule.Head.Value) {
			rule.Head.Value = w.term(rule.Head.Value)
		}
	}
}

// body rewrites expressions; outside of them are the terms beside them that can see their variables.
func (w *rewriter) body(body ast.Body, outside ...*ast.Term) {
	done := map[*ast.Expr]bool{}
	for i, e := range body {
		if !e.IsCall() || e.Operator().String() != ast.StartsWith.Name {
			continue
		}
		for _, other := range body[:i] {
			if w.beginning(other, e, append(slices.Clone(outside), whole(body))) {
				done[e], done[other] = true, true
			}
		}
	}
	w.exprs(body, done)
}

func (w *rewriter) exprs(body ast.Body, done map[*ast.Expr]bool) {
	for _, e := range body {
		if !done[e] {
			w.expr(e)
		}
	}
}

// whole is a body as a term.
func whole(body ast.Body) *ast.Term {
	return ast.NewTerm(&ast.SetComprehension{Term: ast.NullTerm(), Body: body})
}

// A short list is tried one by one as fast.
const beginningsMin = 8

// beginning makes look-ups of "some x in list" and "startswith(field, x)": one for each length that occurs in the list. x,
// which nothing else may use, becomes the length.
func (w *rewriter) beginning(some, starts *ast.Expr, scope []*ast.Term) bool {
	decl, ok := some.Terms.(*ast.SomeDecl)
	if !ok || len(decl.Symbols) != 1 || len(some.With)+len(starts.With) > 0 || starts.Negated || len(starts.Operands()) != 2 {
		return false
	}
	call, ok := decl.Symbols[0].Value.(ast.Call)
	if !ok || len(call) != 3 {
		return false
	}
	name, slash := folder(starts.Operand(1))
	x, ok := call[1].Value.(ast.Var)
	if _, isField := inputField(starts.Operand(0)); !ok || !isField || !call[1].Equal(name) || uses(x, scope) != 2 {
		return false
	}
	values := w.names.values(call[2])
	if len(values) < beginningsMin || !allTexts(values) {
		return false
	}
	values = longer(values, slash)
	lengths := map[int]bool{}
	for _, value := range values {
		lengths[utf8.RuneCountInString(string(value.Value.(ast.String)))] = true
	}
	if len(lengths)*2 > len(values) {
		return false
	}
	var each []*ast.Term
	for _, length := range util.KeysSorted(lengths) {
		each = append(each, ast.IntNumberTerm(length))
	}
	call[2] = w.take(ast.ArrayTerm(each...))
	starts.Terms = append2(w.lookup(ast.ArrayTerm(values...)), ast.Substring.Call(starts.Operand(0), ast.IntNumberTerm(0), call[1]))
	return true
}

// uses counts where a variable stands.
func uses(x ast.Var, scope []*ast.Term) (count int) {
	for _, term := range scope {
		if term != nil {
			ast.WalkVars(term, func(v ast.Var) bool {
				if v.Equal(x) {
					count++
				}
				return false
			})
		}
	}
	return count
}

func (w *rewriter) expr(e *ast.Expr) {
	for _, with := range e.With {
		with.Value = w.term(with.Value)
	}
	switch terms := e.Terms.(type) {
	case *ast.Term:
		if rules := w.names.condition(terms); w.helper != nil && rules != nil {
			// Not as one term: that would be evaluated outside of a `not` before it.
			if call := w.helper(terms.Value.(ast.Var), rules); call != nil {
				e.Terms = call
			}
		} else if !scalar(terms) {
			e.Terms = w.term(terms)
		}
	case []*ast.Term:
		if collection := w.member(e); collection != nil {
			e.Terms = append2(w.lookup(collection), w.term(terms[1]))
			return
		}
		for i := 1; i < len(terms); i++ {
			terms[i] = w.term(terms[i])
		}
	case *ast.SomeDecl:
		for _, symbol := range terms.Symbols {
			if call, ok := symbol.Value.(ast.Call); ok {
				call[len(call)-1] = w.term(call[len(call)-1])
			}
		}
	case *ast.Every:
		terms.Domain = w.term(terms.Domain)
		w.body(terms.Body)
	}
}

// append2 is the reference one step further.
func append2(ref, key *ast.Term) *ast.Term {
	return ast.NewTerm(append(slices.Clone(ref.Value.(ast.Ref)), key))
}

// member returns the constant collection that an expression asks for a member of; nil if it does something else.
func (w *rewriter) member(e *ast.Expr) *ast.Term {
	operands := e.Operands()
	if !e.IsCall() || len(operands) != 2 || e.Operator().String() != ast.Member.Name {
		return nil
	}
	switch operands[0].Value.(type) {
	case ast.Var, ast.Ref, ast.Call:
		if found := w.names.resolve(operands[1]); found != nil && composite(found) {
			return found
		}
	}
	return nil
}

func (w *rewriter) term(term *ast.Term) *ast.Term {
	if constant(term) {
		return w.take(term)
	}
	switch v := term.Value.(type) {
	case ast.Call:
		for i := 1; i < len(v); i++ {
			v[i] = w.term(v[i])
		}
	case ast.Ref:
		if head, ok := v[0], composite(v[0]); ok {
			if table, is := w.take(head).Value.(ast.Ref); is {
				return ast.NewTerm(append(slices.Clone(table), v[1:]...))
			}
		}
	case *ast.ArrayComprehension:
		v.Term = w.term(v.Term)
		w.exprs(v.Body, nil) // it has an element for each way in which the body holds
	case *ast.SetComprehension:
		v.Term = w.term(v.Term)
		w.body(v.Body, v.Term)
	case *ast.ObjectComprehension:
		v.Key, v.Value = w.term(v.Key), w.term(v.Value)
		w.body(v.Body, v.Key, v.Value)
	case *ast.TemplateString:
		for i, part := range v.Parts {
			switch part := part.(type) {
			case *ast.Expr:
				w.expr(part)
			case *ast.Term:
				if taken := w.take(part); taken != part {
					v.Parts[i] = ast.NewExpr(taken)
				}
			}
		}
	}
	return term
}
