package main

import (
	"fmt"
	"regexp/syntax"
	"slices"
	"strings"

	"github.com/gobwas/glob"
	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/util"
)

// What Rego takes and OPA leaves undefined, so that a rule falls silent: errors here, as they are in YAML.

const (
	rulesMax   = 5000  // in all files: compiling takes a minute then
	membersMax = 10000 // of one collection that is written out
	reasonMax  = 1000  // characters

	// Of a pattern that the host compiles, as in its builtins.Patterns.
	patternMax      = 4096 // characters
	patternStepsMax = 100000
)

// tooLarge refuses what would take minutes to compile.
func tooLarge(modules map[string]*ast.Module) []Diagnostic {
	var found []Diagnostic
	rules := 0
	for _, file := range util.KeysSorted(modules) {
		module := modules[file]
		if rules += len(module.Rules); rules > rulesMax {
			return []Diagnostic{at(module.Package.Location, file, "policy.size", fmt.Sprintf(
				"the policy has more than %d rules of Rego: put what they have in common into data, or make several policies", rulesMax))}
		}
		ast.WalkTerms(module, func(term *ast.Term) bool {
			size := 0
			switch value := term.Value.(type) {
			case ast.Set:
				size = value.Len()
			case *ast.Array:
				size = value.Len()
			case ast.Object:
				size = value.Len()
			}
			if size > membersMax {
				found = append(found, at(term.Location, file, "policy.size", fmt.Sprintf(
					"%d members; at most %d are written out in Rego: move them to data.json", size, membersMax)))
			}
			return size > membersMax
		})
	}
	return found
}

// silent finds patterns that match nothing, references that lead nowhere, and reasons that say nothing.
func silent(module *ast.Module, policy string) []Diagnostic {
	var found []Diagnostic
	report := func(loc *ast.Location, code, format string, args ...any) {
		found = append(found, at(loc, "", code, fmt.Sprintf(format, args...)))
	}
	calls(module, func(operator string, operands []*ast.Term, loc *ast.Location) {
		if why := badPattern(operator, operands); why != "" {
			report(loc, "policy.bad-pattern", "%s: this is never true", why)
		}
	})
	ast.WalkRefs(module, func(ref ast.Ref) bool {
		if other := otherPolicy(ref, policy); other != "" {
			report(ref[0].Location, "policy.other-policy", "%v: each policy is compiled alone, and the policy %s is not there; copy what both need", ref, other)
		}
		return false
	})
	ast.WalkExprs(module, func(expr *ast.Expr) bool {
		if term, ok := expr.Terms.(*ast.Term); ok && expr.Negated {
			if set := reasonSet(term, policy, module); set != "" {
				report(expr.Location, "policy.never-holds", "not %v never holds: %s is a set, and there even if it is empty; write count(%v) == 0", term, set, term)
			}
		}
		return false
	})
	for _, rule := range module.Rules {
		if key := rule.Head.Key; key != nil && slices.Contains(reasonSets, rule.Head.Ref()[0].String()) {
			text, _ := key.Value.(ast.String)
			if _, is := key.Value.(ast.String); is && strings.TrimSpace(string(text)) == "" {
				report(rule.Location, "policy.empty-reason", "the reason is empty; say why, for those who read the log")
			}
			if len(text) > reasonMax {
				report(rule.Location, "policy.size", "the reason has %d characters; at most %d", len(text), reasonMax)
			}
		}
	}
	return found
}

// calls visits every call of a module, as a statement and inside of terms.
func calls(module *ast.Module, visit func(operator string, operands []*ast.Term, loc *ast.Location)) {
	ast.WalkExprs(module, func(expr *ast.Expr) bool {
		if expr.IsCall() {
			visit(expr.Operator().String(), expr.Operands(), expr.Location)
		}
		return false
	})
	ast.WalkTerms(module, func(term *ast.Term) bool {
		if call, ok := term.Value.(ast.Call); ok {
			visit(call[0].String(), call[1:], term.Location)
		}
		return false
	})
}

func badPattern(operator string, operands []*ast.Term) string {
	pattern := 0
	if operator == "regex.replace" {
		pattern = 1
	}
	text, ok := literal(operands, pattern)
	if !ok {
		return ""
	}
	var err error
	switch operator {
	case "regex.match", "regex.find_all_string_submatch_n":
		_, err = syntax.Parse(text, syntax.Perl)
	case "regex.find_n", "regex.split", "regex.replace":
		err = hostPattern(text)
	case "regex.template_match":
		for _, part := range templateParts(text, operands) {
			if err == nil {
				err = hostPattern(part)
			}
		}
	case "glob.match":
		_, err = glob.Compile(text, '/')
	}
	if err != nil {
		return fmt.Sprintf("%q is no pattern of %s (%v)", brief(text), operator, err)
	}
	return ""
}

func brief(text string) string {
	if len(text) > 80 {
		return text[:77] + "..."
	}
	return text
}

func literal(operands []*ast.Term, i int) (string, bool) {
	if i >= len(operands) {
		return "", false
	}
	text, ok := operands[i].Value.(ast.String)
	return string(text), ok
}

func hostPattern(text string) error {
	tree, err := syntax.Parse(text, syntax.Perl)
	if err != nil {
		return err
	}
	if len(text) > patternMax {
		return fmt.Errorf("longer than %d characters", patternMax)
	}
	program, err := syntax.Compile(tree.Simplify())
	if err == nil && len(program.Inst) > patternStepsMax {
		return fmt.Errorf("more than %d steps when its counts are written out", patternStepsMax)
	}
	return err
}

// templateParts are the expressions between the delimiters, if these are written out, too.
func templateParts(template string, operands []*ast.Term) []string {
	first, _ := literal(operands, 2)
	last, _ := literal(operands, 3)
	var parts []string
	depth, from := 0, 0
	for i := range len(template) {
		switch template[i : i+1] {
		case first:
			if depth++; depth == 1 {
				from = i + 1
			}
		case last:
			if depth--; depth == 0 {
				parts = append(parts, template[from:i])
			}
		}
	}
	return parts
}

// otherPolicy names the policy that a reference leads to, if it is not this one.
func otherPolicy(ref ast.Ref, policy string) string {
	if !ref.HasPrefix(ast.MustParseRef("data.interdict.policies")) || len(ref) < 4 {
		return ""
	}
	name, ok := ref[3].Value.(ast.String)
	own := strings.ReplaceAll(policy, "-", "_")
	if !ok || string(name) == own || string(name) == own+"_test" {
		return ""
	}
	return strings.ReplaceAll(string(name), "_", "-")
}

// reasonSet is deny, kill or warn if the term is that set of the policy, written whole or by an import.
func reasonSet(term *ast.Term, policy string, module *ast.Module) string {
	ref, _ := term.Value.(ast.Ref)
	if _, ok := term.Value.(ast.Var); ok {
		ref = ast.Ref{term}
	}
	for _, imported := range module.Imports {
		if path, ok := imported.Path.Value.(ast.Ref); ok && len(ref) > 0 && ref[0].Value.Compare(imported.Name()) == 0 {
			ref = append(append(ast.Ref{}, path...), ref[1:]...)
		}
	}
	whole := ast.MustParseRef("data." + packageName(policy))
	for _, set := range reasonSets {
		own := len(ref) == 1 && ref[0].String() == set && module.Package.Path.Equal(whole)
		if own || ref.String() == whole.String()+"."+set {
			return set
		}
	}
	return ""
}

// replaced finds facts that no hook has in what tests and rules put in the place of input.
func (s *inputSchema) replaced(module *ast.Module) []Diagnostic {
	var found []Diagnostic
	ast.WalkWiths(module, func(with *ast.With) bool {
		target, ok := with.Target.Value.(ast.Ref)
		if v, is := with.Target.Value.(ast.Var); is && v.Equal(ast.InputRootDocument.Value) {
			target, ok = ast.InputRootRef, true
		}
		if !ok || !target.HasPrefix(ast.InputRootRef) || !target.IsGround() {
			return false
		}
		s.known(target, with.Value, with.Location, &found)
		return false
	})
	return found
}

// known reports the names in a replacement that no schema has: whoever misspells one tests nothing.
func (s *inputSchema) known(ref ast.Ref, value *ast.Term, loc *ast.Location, found *[]Diagnostic) {
	for pos := 1; pos < len(ref); pos++ {
		schema := field(s.merged, stringsOf(ref[1:pos+1]))
		if schema == nil && field(s.merged, stringsOf(ref[1:pos]))["type"] == "object" {
			*found = append(*found, at(loc, "", "policy.unknown-fact", s.noSuchField(ref, pos)))
			return
		}
	}
	if object, ok := value.Value.(ast.Object); ok {
		object.Foreach(func(key, below *ast.Term) {
			if _, text := key.Value.(ast.String); text {
				s.known(append(append(ast.Ref{}, ref...), key), below, key.Location, found)
			}
		})
	}
}
