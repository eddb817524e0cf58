package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"net/netip"
	"path"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/storage"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
	"github.com/open-policy-agent/opa/v1/topdown"
	"github.com/open-policy-agent/opa/v1/util"
)

// A rule is reachable if some event meets it. What its body says about one field is tried alone, by OPA's own evaluator, on
// the values that can make a difference: the constants it is compared with, their neighbours, and values that are like none
// of them. If they all fail at every hook, no event meets the rule. What cannot be told counts as reachable.

const (
	trialsMax = 2000       // of one field in one rule; more constants than that are not judged
	wordsMax  = 10         // of a set, of which every part is tried
	stepsMax  = 100_000    // of one evaluation: what takes longer is not judged
	stepsAll  = 10_000_000 // of all evaluations of one policy
	unlike    = "~"        // in no constant anybody writes at an end of a name
)

// group is what a body says about one field (or about none): expressions that share no variable with others.
type group struct {
	field     string
	constant  bool // about no field at all
	body      ast.Body
	parts     []ast.Body // the same, by shared variables
	switched  bool       // by data: somebody may turn it on
	unfilled  bool       // compares with data that is empty: somebody may fill it
	operators map[string]bool
	texts     []string
	numbers   []int64
}

// steps ends an evaluation after so many expressions: it is counted, not timed, so that equal requests get equal answers.
type steps struct{ left int }

func (s *steps) Cancel() { s.left = 0 }

func (s *steps) Cancelled() bool {
	s.left--
	return s.left < 0
}

type reacher struct {
	steps  int
	policy *checked
	schema *inputSchema
	store  storage.Store
	txn    storage.Transaction
}

func (l *linter) unreachable(policy *checked) ([]Diagnostic, error) {
	ctx := context.Background()
	r := &reacher{steps: stepsAll, policy: policy, schema: l.schema, store: inmem.NewFromObject(policy.data)}
	txn, err := r.store.NewTransaction(ctx)
	if err != nil {
		return nil, err
	}
	defer r.store.Abort(ctx, txn)
	r.txn = txn
	var found []Diagnostic
	for _, file := range util.KeysSorted(policy.compiler.Modules) {
		if file == wrapperFile || isTest(file) {
			continue
		}
		ast.WalkRules(policy.compiler.Modules[file], func(rule *ast.Rule) bool {
			if loc, why := r.impossible(rule); why != "" {
				d := at(l.expression(file, loc), file, "lint.unreachable", why)
				d.Severity = "warning"
				found = append(found, d)
			}
			return false
		})
	}
	return found, nil
}

// expression is where the expression begins that OPA's compiler has taken loc from.
func (l *linter) expression(file string, loc *ast.Location) *ast.Location {
	found := loc
	for _, rule := range l.modules[file].Rules {
		ast.WalkExprs(rule, func(expr *ast.Expr) bool {
			if e := expr.Location; e != nil && e.Row == loc.Row && e.Col <= loc.Col && (found == loc || e.Col > found.Col) {
				found = e
			}
			return false
		})
	}
	return found
}

// impossible says why no event meets the rule, and where; nothing if one may.
func (r *reacher) impossible(rule *ast.Rule) (*ast.Location, string) {
	groups := r.groups(rule)
	notAt := map[string]string{} // hook: a field that rules it out
	for _, g := range groups {
		if g.constant {
			if !g.switched && !r.holds(g.body, "", nil) {
				return last(g.body), "no event can meet this: it compares constants, and they never agree"
			}
			continue
		}
		if g.unfilled && !slices.Contains(reasonSets, string(rule.Head.Name)) {
			continue // an exception, or what a rule asks that is judged with it
		}
		failed := 0
		for _, hook := range r.schema.hooks {
			if !r.possible(g, hook) {
				failed++
				notAt[hook] = g.field
			}
		}
		if failed == len(r.schema.hooks) {
			return last(g.body), fmt.Sprintf("no event can meet this: no value of %s satisfies all that is said about it here", g.field)
		}
	}
	if len(notAt) < len(r.schema.hooks) {
		return nil, ""
	}
	var each []string
	for _, hook := range r.schema.hooks {
		each = append(each, fmt.Sprintf("not at %s, because of %s", hook, notAt[hook]))
	}
	return rule.Location, "no event can meet this: " + strings.Join(each, "; ")
}

// last is the place of the last expression, as people read.
func last(body ast.Body) *ast.Location {
	loc := body[0].Location
	for _, expr := range body {
		if l := expr.Location; l != nil && (loc == nil || l.Row > loc.Row || l.Row == loc.Row && l.Col > loc.Col) {
			loc = l
		}
	}
	return loc
}

// groups splits a body by field. Expressions that rest on several fields are left out: they may hold.
func (r *reacher) groups(rule *ast.Rule) []*group {
	byField := map[string]*group{}
	var groups []*group
	for _, part := range connected(rule) {
		fields, rules := r.rests(part)
		if len(fields) > 1 {
			continue
		}
		g := &group{constant: true, operators: map[string]bool{}}
		if len(fields) == 1 {
			if have := byField[fields[0]]; have != nil {
				g = have
			} else {
				g.field, g.constant = fields[0], false
				byField[g.field] = g
			}
		}
		if len(g.parts) == 0 {
			groups = append(groups, g)
		}
		g.parts = append(g.parts, part)
		g.body = append(g.body, part...)
		r.constants(g, part)
		for _, below := range rules {
			r.constants(g, below)
		}
	}
	return groups
}

// connected splits a body into the parts that share no variable; without those that use the rule's arguments, or with.
func connected(rule *ast.Rule) []ast.Body {
	type part struct {
		vars map[ast.Var]bool
		body ast.Body
		skip bool
	}
	args := map[ast.Var]bool{}
	for _, arg := range rule.Head.Args {
		variables(arg, args)
	}
	var parts []*part
	for _, expr := range rule.Body {
		joined := &part{vars: map[ast.Var]bool{}, skip: len(expr.With) > 0}
		variables(expr, joined.vars)
		for v := range joined.vars {
			joined.skip = joined.skip || args[v]
		}
		var rest []*part
		for _, p := range parts {
			if shares(p.vars, joined.vars) {
				joined.body = append(joined.body, p.body...)
				joined.skip = joined.skip || p.skip
				for v := range p.vars {
					joined.vars[v] = true
				}
			} else {
				rest = append(rest, p)
			}
		}
		joined.body = append(joined.body, expr)
		parts = append(rest, joined)
	}
	var bodies []ast.Body
	for _, p := range parts {
		if !p.skip {
			bodies = append(bodies, p.body)
		}
	}
	return bodies
}

func shares(a, b map[ast.Var]bool) bool {
	for v := range a {
		if b[v] {
			return true
		}
	}
	return false
}

// variables collects the variables in x, those of bodies below too; not operators, input and data.
func variables(x any, into map[ast.Var]bool) {
	ast.NewGenericVisitor(func(node any) bool {
		switch node := node.(type) {
		case *ast.Expr:
			if node.IsCall() {
				for _, operand := range node.Operands() {
					variables(operand, into)
				}
				return true
			}
		case ast.Call:
			for _, operand := range node[1:] {
				variables(operand, into)
			}
			return true
		case ast.Var:
			if !node.Equal(ast.InputRootDocument.Value) && !node.Equal(ast.DefaultRootDocument.Value) {
				into[node] = true
			}
		}
		return false
	}).Walk(x)
}

// rests lists the fields that body rests on, and the rules it asks.
func (r *reacher) rests(body ast.Body) (fields []string, rules []*ast.Rule) {
	reads := newReads()
	reads.walk(body)
	seen := map[*ast.Rule]bool{}
	var visit func(rule *ast.Rule)
	visit = func(rule *ast.Rule) {
		if seen[rule] {
			return
		}
		seen[rule] = true
		rules = append(rules, rule)
		reads.walk(rule)
		for dependency := range r.policy.compiler.Graph.Dependencies(rule) {
			visit(dependency.(*ast.Rule))
		}
	}
	ast.WalkRefs(body, func(ref ast.Ref) bool {
		if ref.HasPrefix(ast.DefaultRootRef) {
			for _, rule := range r.policy.compiler.GetRulesDynamic(ref) {
				visit(rule)
			}
		}
		return false
	})
	return util.KeysSorted(reads.fields), rules
}

// constants notes what a field can be compared with in x, and how.
func (r *reacher) constants(g *group, x any) {
	ast.NewGenericVisitor(func(node any) bool {
		switch node := node.(type) {
		case *ast.Expr:
			if node.IsCall() {
				g.operators[node.Operator().String()] = true
			}
		case ast.Call:
			g.operators[node[0].String()] = true
		case ast.Ref:
			if node.HasPrefix(ast.DefaultRootRef) {
				g.switched = true
				document := below(r.policy.data, node[1:])
				g.unfilled = g.unfilled || isEmpty(document)
				g.document(document)
			}
		case ast.String:
			g.texts = append(g.texts, string(node))
		case ast.Number:
			if n, ok := node.Int64(); ok {
				g.numbers = append(g.numbers, n)
			}
		}
		return false
	}).Walk(x)
}

// below is the part of the document that a reference can lead to.
func below(node any, ref ast.Ref) any {
	for _, term := range ref {
		name, ok := term.Value.(ast.String)
		object, is := node.(map[string]any)
		if !ok || !is {
			break
		}
		node = object[string(name)]
	}
	return node
}

func isEmpty(node any) bool {
	switch node := node.(type) {
	case []any:
		return len(node) == 0
	case map[string]any:
		return len(node) == 0
	}
	return false
}

func (g *group) document(node any) {
	switch node := node.(type) {
	case string:
		g.texts = append(g.texts, node)
	case json.Number:
		if n, err := node.Int64(); err == nil {
			g.numbers = append(g.numbers, n)
		}
	case []any:
		for _, item := range node {
			g.document(item)
		}
	case map[string]any:
		for key, item := range node {
			g.texts = append(g.texts, key)
			g.document(item)
		}
	}
}

var understood = map[string]bool{"equal": true, "eq": true, "assign": true, "neq": true, "internal.member_2": true, "startswith": true, "endswith": true,
	"net.cidr_contains": true, "lt": true, "lte": true, "gt": true, "gte": true}

func (g *group) understood() bool {
	for operator := range g.operators {
		if !understood[operator] && !strings.HasPrefix(operator, "data.") {
			return false
		}
	}
	return true
}

// textual tells whether the group looks at parts of a text.
func (g *group) textual() bool {
	for operator := range g.operators {
		if operator != "net.cidr_contains" && !slices.Contains([]string{"equal", "eq", "assign", "neq", "internal.member_2"}, operator) &&
			!strings.HasPrefix(operator, "data.") {
			return true
		}
	}
	return false
}

// trial is a value to try; exact if it stands for itself and not for all that are like it.
type trial struct {
	value any
	exact bool
}

// possible tells whether some value of the field at this hook satisfies the group.
func (r *reacher) possible(g *group, hook string) bool {
	path := strings.Split(g.field, ".")
	schema := field(r.schema.own[hook], path)
	if schema == nil && field(r.schema.merged, path) != nil { // another hook's
		return r.holds(g.body, g.field, nil)
	}
	if schema == nil || schema["type"] == "object" {
		return true
	}
	if optionalAt(r.schema.own[hook], path) && r.holds(g.body, g.field, nil) {
		return true
	}
	if strings.HasSuffix(g.field, ".address") && g.textual() {
		return true // an address by its text: which texts are addresses is not worked out
	}
	trials, all := g.trials(schema)
	if len(trials) > trialsMax {
		return true
	}
	open := false // a value that stands for many passes all that is understood
	for _, t := range trials {
		if r.holds(g.body, g.field, t.value) {
			return true
		}
		open = open || !all && !t.exact && r.holds(r.understoodParts(g), g.field, t.value)
	}
	return !all && !g.understood() && open
}

// understoodParts is the body without what an operator judges that is not understood.
func (r *reacher) understoodParts(g *group) ast.Body {
	var body ast.Body
	for _, part := range g.parts {
		alone := &group{operators: map[string]bool{}}
		r.constants(alone, part)
		_, rules := r.rests(part)
		for _, rule := range rules {
			r.constants(alone, rule)
		}
		if alone.understood() {
			body = append(body, part...)
		}
	}
	return body
}

func optionalAt(schema map[string]any, path []string) bool {
	for _, name := range path {
		required, _ := schema["required"].([]any)
		if !slices.Contains(required, any(name)) {
			return true
		}
		schema = field(schema, []string{name})
	}
	return false
}

// trials are the values that can make a difference, and whether they are all there are.
func (g *group) trials(schema map[string]any) (trials []trial, all bool) {
	switch schema["type"] {
	case "boolean":
		return []trial{{true, true}, {false, true}}, true
	case "array":
		items, _ := schema["items"].(map[string]any)
		known, closed := items["enum"].([]any)
		words := g.named()
		if closed {
			words = g.telling(known)
		}
		if len(words) > wordsMax {
			return make([]trial, trialsMax+1), false // as if they had been made
		}
		all := closed && len(words) == len(known)
		for set := int(bound(schema["minItems"], 0)); set < 1<<len(words); set++ { // 0: none at all
			value := []any{}
			for i, word := range words {
				if set>>i&1 == 1 {
					value = append(value, word)
				}
			}
			trials = append(trials, trial{value, all})
		}
		if closed {
			trials = append(trials, trial{known, true})
		}
		return trials, all
	case "integer":
		return g.numberTrials(schema)
	}
	if words, ok := schema["enum"].([]any); ok {
		for _, word := range words {
			trials = append(trials, trial{word, true})
		}
		return trials, true
	}
	return g.textTrials(), false
}

// telling are the words that sets are tried of: those that the group names, and others up to ten.
func (g *group) telling(all []any) []any {
	named := func(word any) bool { return slices.Contains(g.texts, fmt.Sprint(word)) }
	words := slices.DeleteFunc(slices.Clone(all), func(word any) bool { return !named(word) })
	for _, word := range all {
		if len(words) < wordsMax && !named(word) {
			words = append(words, word)
		}
	}
	return words
}

// named are words of sets that may hold any: those that the group names, and one that it does not.
func (g *group) named() []any {
	words := []any{unlike}
	for _, text := range slices.Compact(util.Sorted(slices.Clone(g.texts))) {
		words = append(words, text)
	}
	return words
}

func (g *group) numberTrials(schema map[string]any) (trials []trial, all bool) {
	least, most := bound(schema["minimum"], 0), bound(schema["maximum"], math.MaxInt64-1)
	if most-least < 256 {
		for n := least; n <= most; n++ {
			trials = append(trials, trial{n, true})
		}
		return trials, true
	}
	values := []trial{{least, true}, {most, true}}
	for _, n := range g.numbers {
		values = append(values, trial{n, true}, trial{n - 1, false}, trial{n + 1, false})
	}
	for _, t := range values {
		if n := t.value.(int64); n >= least && n <= most {
			trials = append(trials, t)
		}
	}
	return trials, false
}

func bound(value any, otherwise int64) int64 {
	if f, ok := value.(float64); ok {
		return int64(f)
	}
	return otherwise
}

func (g *group) textTrials() []trial {
	if strings.HasSuffix(g.field, ".address") {
		return g.addressTrials()
	}
	texts := util.Sorted(slices.Clone(g.texts))
	texts = slices.Compact(texts)
	trials := []trial{{unlike, false}}
	for _, text := range texts {
		trials = append(trials, trial{text, true}, trial{text + unlike, false}, trial{unlike + text, false})
	}
	if g.operators["startswith"] && g.operators["endswith"] {
		for _, begin := range texts {
			for _, end := range texts {
				trials = append(trials, trial{begin + unlike + end, false})
			}
		}
	}
	if strings.HasSuffix(g.field, ".path") {
		return paths(trials)
	}
	return trials
}

// paths are the trials that a path can be: absolute, and in its shortest form. One that stands for all like it gets a root.
func paths(trials []trial) []trial {
	var possible []trial
	for _, t := range trials {
		text := t.value.(string)
		if !t.exact && strings.HasPrefix(text, unlike) {
			text = "/" + text
		}
		if path.Clean(text) == text && path.IsAbs(text) {
			possible = append(possible, trial{text, t.exact})
		}
	}
	return possible
}

// addressTrials: networks are intervals, so that whatever they leave over begins at 0, at one, or behind one.
func (g *group) addressTrials() []trial {
	trials := []trial{{"0.0.0.0", false}, {"::", false}}
	add := func(a netip.Addr) {
		if a.IsValid() {
			trials = append(trials, trial{a.String(), false})
		}
	}
	for _, text := range slices.Compact(util.Sorted(slices.Clone(g.texts))) {
		if a, err := netip.ParseAddr(text); err == nil {
			trials = append(trials, trial{text, true})
			add(a.Next())
		} else if p, err := netip.ParsePrefix(text); err == nil {
			add(p.Masked().Addr())
			add(behind(p))
		}
	}
	return trials
}

// behind is the first address after the network; not valid if there is none.
func behind(p netip.Prefix) netip.Addr {
	bytes := p.Masked().Addr().AsSlice()
	for bit := p.Bits(); bit < len(bytes)*8; bit++ {
		bytes[bit/8] |= 1 << (7 - bit%8)
	}
	a, _ := netip.AddrFromSlice(bytes)
	return a.Next()
}

// holds evaluates a body where the input has this one field, or none if value is nil.
func (r *reacher) holds(body ast.Body, path string, value any) bool {
	if len(body) == 0 {
		return true
	}
	input := map[string]any{}
	if value != nil {
		names := strings.Split(path, ".")
		node := input
		for _, name := range names[:len(names)-1] {
			next := map[string]any{}
			node[name] = next
			node = next
		}
		node[names[len(names)-1]] = value
	}
	limit := min(stepsMax, r.steps)
	patience := &steps{limit}
	results, err := topdown.NewQuery(body).WithCompiler(r.policy.compiler).WithStore(r.store).WithTransaction(r.txn).WithCancel(patience).
		WithInput(ast.NewTerm(ast.MustInterfaceToValue(input))).Run(context.Background())
	r.steps -= limit - max(0, patience.left)
	return err != nil || len(results) > 0
}
