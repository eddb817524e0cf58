package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/util"
)

// Rules that differ in their constants alone become one rule and a table of constants. An index over the table is asked
// first: it leads from the value of one field to the rules that can hold. It only narrows: what is left is evaluated as it
// was written. Rules that stand alone are split over several functions, since a function of thousands of lines is
// interpreted.

const (
	groupMin = 4  // fewer alike are not worth an index
	partMax  = 16 // rules in one function
	entryVar = "_interdict_entry"
)

// built is what is compiled instead of what was written.
type built struct {
	modules map[string]*ast.Module
	tables  tables
}

// rebuild makes it; the modules that are given stay as they are.
func rebuild(policy *checked, name string) *built {
	modules := policy.written()
	b := &built{modules: map[string]*ast.Module{}, tables: tables{names: map[string]string{}}}
	for _, file := range util.KeysSorted(modules) {
		b.modules[file] = modules[file]
		if file != wrapperFile && !changesData(modules) {
			b.modules[file] = b.module(modules[file], modules, policy.data, name)
		}
	}
	return b
}

// changesData tells whether a rule looks at other data than there is, or gives a builtin another meaning: then what is known of
// data and of builtins is not known.
func changesData(modules map[string]*ast.Module) bool {
	found := false
	for _, module := range modules {
		ast.WalkWiths(module, func(with *ast.With) bool {
			ref, ok := with.Target.Value.(ast.Ref)
			found = found || ok && ref.HasPrefix(ast.DefaultRootRef) || ast.BuiltinMap[with.Target.String()] != nil
			return found
		})
	}
	return found
}

func (b *built) module(module *ast.Module, modules map[string]*ast.Module, data map[string]any, policy string) *ast.Module {
	n := newNames(module, modules, data)
	result := module.Copy()
	var rest, generated []*ast.Rule
	done := map[*ast.Rule]bool{}
	if module.Package.Path.String() == "data."+packageName(policy) {
		for _, set := range reasonSets {
			for _, g := range groupsOf(n, set, module.Rules) {
				generated = append(generated, b.group(n, g, fmt.Sprintf("_interdict_%s%d_", set, len(generated)))...)
				for _, m := range g {
					for _, rule := range m.rules {
						done[rule] = true
					}
				}
			}
		}
	}
	for i, rule := range module.Rules {
		if !done[rule] {
			b.plain(n).rule(result.Rules[i])
			rest = append(rest, result.Rules[i])
		}
	}
	result.Rules = parts(append(rest, generated...))
	for _, rule := range result.Rules {
		rule.Module = result
	}
	return result
}

// plain is how constants stand where nothing else is to be said: those that would have to be built, in a table.
func (b *built) plain(n *names) *rewriter {
	return &rewriter{names: n, take: b.constant, lookup: func(c *ast.Term) *ast.Term { return b.tables.put(membership(c)) }}
}

func (b *built) constant(term *ast.Term) *ast.Term {
	if scalar(term) || len(elements(term)) == 0 {
		return term
	}
	return b.tables.put(term)
}

// member is one rule of a group.
type member struct {
	rules     []*ast.Rule // the rule, and those that only it refers to
	constants []*ast.Term
}

// form is a rule with its constants taken out: equal text, equal meaning but for the constants.
type form struct {
	names     *names
	prefix    string
	constants []*ast.Term
	sources   []*ast.Rule
	rule      *ast.Rule
	helpers   []*ast.Rule
	place     func(n int, constant *ast.Term) *ast.Term // what stands where the n-th constant stood
}

func entry(n int) *ast.Term { return ast.RefTerm(ast.VarTerm(entryVar), ast.IntNumberTerm(n)) }

func (f *form) read(rule *ast.Rule) {
	w := &rewriter{names: f.names}
	put := func(c *ast.Term) *ast.Term {
		f.constants = append(f.constants, c)
		return f.place(len(f.constants)-1, c)
	}
	w.take = put
	w.lookup = func(c *ast.Term) *ast.Term { return put(membership(c)) }
	w.helper = func(name ast.Var, rules []*ast.Rule) []*ast.Term {
		if f.names.used[string(name)] != 1 {
			return nil // others need it, too
		}
		called := fmt.Sprint(f.prefix, len(f.helpers))
		at := len(f.helpers)
		f.helpers = append(f.helpers, make([]*ast.Rule, len(rules))...)
		for i, r := range rules {
			f.sources = append(f.sources, r)
			alternative := r.Copy()
			alternative.Head = &ast.Head{Name: ast.Var(called), Reference: ast.Ref{ast.VarTerm(called)}, Args: ast.Args{ast.VarTerm(entryVar)},
				Value: ast.BooleanTerm(true), Location: r.Head.Location}
			f.helpers[at+i] = alternative
			w.body(alternative.Body)
		}
		return []*ast.Term{ast.RefTerm(ast.VarTerm(called)), ast.VarTerm(entryVar)}
	}
	f.sources = append(f.sources, rule)
	f.rule = rule.Copy()
	w.rule(f.rule)
}

func (f *form) String() string {
	var b strings.Builder
	b.WriteString(f.rule.String())
	for _, helper := range f.helpers {
		b.WriteString("\n" + helper.String())
	}
	return b.String()
}

// groupsOf finds the rules of a set that are alike, in the order in which they stand.
func groupsOf(n *names, set string, rules []*ast.Rule) [][]*member {
	byForm := map[string][]*member{}
	var order []string
	for _, rule := range rules {
		if ruleName(rule) != set || rule.Else != nil || rule.Head.RuleKind() != ast.MultiValue || hasWith(rule) {
			continue
		}
		f := &form{names: n, prefix: "h", place: func(i int, _ *ast.Term) *ast.Term { return entry(i) }}
		f.read(rule)
		text := f.String()
		if byForm[text] == nil {
			order = append(order, text)
		}
		byForm[text] = append(byForm[text], &member{f.sources, f.constants})
	}
	var groups [][]*member
	for _, text := range order {
		if len(byForm[text]) >= groupMin {
			groups = append(groups, byForm[text])
		}
	}
	return groups
}

// group makes one rule of all members, and what it refers to.
func (b *built) group(n *names, members []*member, prefix string) []*ast.Rule {
	first := members[0]
	var varying []int // constants that are not the same everywhere
	for i, c := range first.constants {
		if slices.ContainsFunc(members, func(m *member) bool { return !m.constants[i].Equal(c) }) {
			varying = append(varying, i)
		}
	}
	f := &form{names: n, prefix: prefix, place: func(i int, c *ast.Term) *ast.Term {
		if at := slices.Index(varying, i); at >= 0 {
			return entry(at)
		}
		return b.constant(c)
	}}
	whole := ruleOf(first)
	f.read(whole)
	entries := make([]*ast.Term, len(members))
	for i, m := range members {
		var values []*ast.Term
		for _, at := range varying {
			values = append(values, m.constants[at])
		}
		entries[i] = ast.ArrayTerm(values...)
	}
	lines := append(b.index(n, members), ast.Equality.Expr(ast.VarTerm(entryVar),
		append2(b.tables.put(ast.ArrayTerm(entries...)), ast.VarTerm("_interdict_number"))))
	for i, e := range append(lines, f.rule.Body...) {
		e.Index = i
		if e.Location == nil {
			e.Location = whole.Location
		}
	}
	f.rule.Body = append(lines, f.rule.Body...)
	return append([]*ast.Rule{f.rule}, f.helpers...)
}

// index are the lines that find the numbers of the members that can hold; none: all of them are tried.
func (b *built) index(n *names, members []*member) ast.Body {
	all := make([][]condition, len(members))
	for i, m := range members {
		all[i] = n.conditions(ruleOf(m).Body)
		for _, e := range ruleOf(m).Body {
			if term, ok := e.Terms.(*ast.Term); ok && !e.Negated && len(e.With) == 0 {
				all[i] = append(all[i], n.either(n.condition(term))...)
			}
		}
	}
	var best condition
	var keys [][]*ast.Term
	most := 0
	for at, c := range all[0] {
		of := keysOf(all, at)
		distinct := map[string]bool{}
		for _, values := range of {
			for _, key := range values {
				distinct[key.String()] = true
			}
		}
		weight := len(distinct)
		if c.operator == opIn {
			weight *= 8 // a prefix costs a look-up for each length
		}
		if len(distinct) > 1 && weight > most {
			best, keys, most = c, of, weight
		}
	}
	if most == 0 {
		return nil
	}
	return b.lookup(best, keys)
}

// keysOf are the constants of the same condition in all members; nil if it cannot be looked up, or is not in all of them.
func keysOf(all [][]condition, at int) (keys [][]*ast.Term) {
	like := all[0][at]
	if like.operator != opIn && like.operator != opPrefix {
		return nil
	}
	for _, conditions := range all {
		if len(conditions) != len(all[0]) || conditions[at].operator != like.operator || !conditions[at].ref.Equal(like.ref) {
			return nil
		}
		if slices.ContainsFunc(conditions[at].values, isOddNumber) {
			return nil
		}
		keys = append(keys, conditions[at].values)
	}
	return keys
}

// isOddNumber tells whether a number is written as another could be that is equal, such as 1.0: keys are texts.
func isOddNumber(term *ast.Term) bool {
	number, ok := term.Value.(ast.Number)
	if !ok {
		return false
	}
	n, err := strconv.ParseInt(string(number), 10, 64)
	return err != nil || strconv.FormatInt(n, 10) != string(number)
}

func ruleOf(m *member) *ast.Rule {
	return m.rules[slices.IndexFunc(m.rules, func(r *ast.Rule) bool { return r.Head.RuleKind() == ast.MultiValue })]
}

func (b *built) lookup(c condition, keys [][]*ast.Term) ast.Body {
	numbers := map[string][]*ast.Term{}
	terms := map[string]*ast.Term{}
	lengths := map[int]bool{}
	for i, of := range keys {
		for _, key := range of {
			text := key.String()
			terms[text] = key
			if last := len(numbers[text]) - 1; last < 0 || !numbers[text][last].Equal(ast.IntNumberTerm(i)) {
				numbers[text] = append(numbers[text], ast.IntNumberTerm(i))
			}
			if s, ok := key.Value.(ast.String); ok {
				lengths[utf8.RuneCountInString(string(s))] = true
			}
		}
	}
	var pairs [][2]*ast.Term
	for _, text := range util.KeysSorted(terms) {
		pairs = append(pairs, [2]*ast.Term{terms[text], ast.ArrayTerm(numbers[text]...)})
	}
	asked := ast.NewTerm(c.ref)
	var body ast.Body
	if c.operator == opPrefix {
		var of []*ast.Term
		for _, length := range util.KeysSorted(lengths) {
			of = append(of, ast.IntNumberTerm(length))
		}
		body = append(body,
			ast.Equality.Expr(ast.VarTerm("_interdict_length"), append2(b.tables.put(ast.ArrayTerm(of...)), ast.VarTerm("_interdict_nth"))),
			ast.Substring.Expr(asked, ast.IntNumberTerm(0), ast.VarTerm("_interdict_length"), ast.VarTerm("_interdict_start")))
		asked = ast.VarTerm("_interdict_start")
	}
	found := append2(append2(b.tables.put(ast.ObjectTerm(pairs...)), asked), ast.VarTerm("_interdict_place"))
	return append(body, ast.Equality.Expr(ast.VarTerm("_interdict_number"), found))
}

// parts splits sets of many rules over several rules, each of which becomes a function.
func parts(rules []*ast.Rule) []*ast.Rule {
	count := map[string]int{}
	for _, rule := range rules {
		count[ruleName(rule)]++
	}
	var heads []*ast.Rule
	seen := map[string]int{}
	for _, rule := range rules {
		set := ruleName(rule)
		if count[set] <= 2*partMax || !slices.Contains(reasonSets, set) || rule.Head.RuleKind() != ast.MultiValue {
			continue
		}
		part := fmt.Sprintf("_interdict_%s_part%d", set, seen[set]/partMax)
		if seen[set]%partMax == 0 {
			head := ast.MustParseRule(fmt.Sprintf("%s contains _interdict_reason if _interdict_reason = %s[_]", set, part))
			head.Location, head.Head.Location = rule.Location, rule.Head.Location
			heads = append(heads, head)
		}
		seen[set]++
		rule.Head.Name = ast.Var(part)
		rule.Head.Reference = ast.Ref{ast.VarTerm(part)}
	}
	return append(rules, heads...)
}
