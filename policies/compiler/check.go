package main

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/types"
	"github.com/open-policy-agent/opa/v1/util"
)

const (
	wrapperFile   = "interdict/decision.rego"
	decisionPath  = "interdict/decision"
	policyPackage = "interdict.policies."
	maxRounds     = 8
)

// labelSet holds no reasons but what the process is called from then on.
const labelSet = "label"

// The sets of reasons a policy may define, and that of labels.
var reasonSets = []string{"deny", "kill", "warn", labelSet}

// A bit stands for each label, so that they must be known before anything happens.
var labelName = regexp.MustCompile(`^[a-z][a-z0-9-]{0,62}$`)

// checked is a policy without errors: its sources, the generated wrapper and what OPA's compiler made of both.
type checked struct {
	modules  map[string]*ast.Module // parsed, tests and wrapper included
	compiler *ast.Compiler
	data     map[string]any
	reads    *readCollector
}

// check parses and compiles all sources and returns every finding at once; checked is nil if one is an error.
func check(req *Request) (*checked, []Diagnostic, error) {
	schema, err := mergeSchemas(req)
	if err != nil {
		return nil, nil, err
	}
	data, found := document(req)
	modules, bad := parse(req.Sources)
	found = append(found, bad...)
	if bad := tooLarge(modules); len(bad) > 0 {
		return nil, append(found, bad...), nil
	}
	for _, name := range util.KeysSorted(modules) {
		found = append(found, checkPackage(name, modules[name], req.Name)...)
		found = append(found, forbidden(modules[name])...)
		found = append(found, renamed(name, modules[name])...)
		if !isTest(name) {
			found = append(found, momentary(modules[name])...)
		}
		found = append(found, schema.impossible(modules[name])...)
		found = append(found, silent(modules[name], req.Name)...)
		found = append(found, schema.replaced(modules[name])...)
	}
	sets, bad := definedSets(modules, req.Name)
	if len(modules) == len(req.Sources) { // a file that does not parse may hold them
		found = append(found, bad...)
	}
	modules[wrapperFile] = ast.MustParseModule(wrapper(req.Name, sets, nil))
	compiler, reads, errs := compileAll(modules, schema)
	found = append(found, explain(errs, schema, len(modules) <= len(req.Sources))...)
	untyped, bad := setTypes(compiler, req.Name, sets)
	found = append(found, bad...)
	if !hasErrors(found) {
		found = append(found, notAsked(compiler, req.Name)...)
	}
	sortDiagnostics(found)
	found = slices.Compact(found)
	if hasErrors(found) {
		return nil, found, nil
	}
	if len(untyped) > 0 {
		modules[wrapperFile] = ast.MustParseModule(wrapper(req.Name, sets, untyped))
		if compiler, reads, errs = compileAll(modules, schema); len(errs) > 0 {
			return nil, nil, fmt.Errorf("the generated module does not compile: %w", errs)
		}
	}
	return &checked{modules, compiler, data, reads}, found, nil
}

func parse(sources map[string]string) (map[string]*ast.Module, []Diagnostic) {
	modules := map[string]*ast.Module{}
	var found []Diagnostic
	for _, file := range util.KeysSorted(sources) {
		if file == wrapperFile {
			found = append(found, Diagnostic{"error", file, 0, 0, "policy.file-name", "this name is the generated module's: take another"})
			continue
		}
		module, err := ast.ParseModuleWithOpts(file, sources[file], ast.ParserOptions{RegoVersion: ast.RegoV1})
		switch errs, ok := err.(ast.Errors); {
		case ok:
			for _, e := range errs {
				found = append(found, diagnostic(e, file))
			}
		case err != nil:
			found = append(found, Diagnostic{"error", file, 0, 0, ast.ParseErr, err.Error()})
		case module == nil:
			found = append(found, Diagnostic{"error", file, 0, 0, ast.ParseErr, "the file holds no Rego: remove it, or begin it with a package"})
		default:
			modules[file] = module
		}
	}
	return modules, found
}

// written are the modules that run: those of the policy, and the wrapper.
func (c *checked) written() map[string]*ast.Module {
	modules := map[string]*ast.Module{}
	for file, module := range c.modules {
		if !isTest(file) {
			modules[file] = module
		}
	}
	return modules
}

func isTest(file string) bool { return strings.HasSuffix(file, "_test.rego") }

func packageName(policy string) string { return policyPackage + strings.ReplaceAll(policy, "-", "_") }

// checkPackage refuses sources that could define somebody else's rules, the wrapper's above all. Below the policy's own
// package stand those that its rules share; a bundle has the policy's data and YAML at the names that are kept.
func checkPackage(file string, module *ast.Module, policy string) []Diagnostic {
	have := strings.TrimPrefix(module.Package.Path.String(), "data.")
	if isTest(file) {
		have = strings.TrimSuffix(have, "_test")
	}
	want := packageName(policy)
	below, within := strings.CutPrefix(have, want+".")
	below, _, _ = strings.Cut(below, ".")
	if have == want || within && !slices.Contains(append([]string{"data"}, reasonSets...), below) {
		return nil
	}
	message := fmt.Sprintf("package is %s; a source of the policy %s begins with: package %s (or %s.NAME for what its rules share)",
		have, policy, want, want)
	if within {
		message = fmt.Sprintf("package %s: %s.%s has another meaning here; choose another name", have, want, below)
	}
	return []Diagnostic{at(module.Package.Location, file, "package.name", message)}
}

// Builtins whose calls are read here, or made.
var calledHere = []*ast.Builtin{ast.Concat, ast.EndsWith, ast.Equal, ast.Equality, ast.NetCIDRContains, ast.ObjectGet, ast.StartsWith, ast.Substring, ast.WalkBuiltin}

// renamed refuses functions with the name of such a builtin: a call would not mean what it is taken for.
func renamed(file string, module *ast.Module) []Diagnostic {
	var found []Diagnostic
	for _, rule := range module.Rules {
		name := rule.Head.Ref().String()
		if len(rule.Head.Args) > 0 && slices.ContainsFunc(calledHere, func(b *ast.Builtin) bool { return b.Name == name }) {
			found = append(found, at(rule.Location, file, "policy.builtin-name",
				fmt.Sprintf("%s is a builtin function, which is looked for in rules; give this one another name", name)))
		}
	}
	return found
}

// definedSets tells which of deny, kill, warn and label the policy defines, and refuses other shapes under these names.
func definedSets(modules map[string]*ast.Module, policy string) ([]string, []Diagnostic) {
	var sets []string
	var found []Diagnostic
	want := "data." + packageName(policy)
	for _, file := range util.KeysSorted(modules) {
		if isTest(file) || modules[file].Package.Path.String() != want {
			continue
		}
		for _, rule := range modules[file].Rules {
			name := string(rule.Head.Ref()[0].Value.(ast.Var))
			if !slices.Contains(reasonSets, name) {
				continue
			}
			if rule.Head.RuleKind() != ast.MultiValue || len(rule.Head.Ref()) != 1 || len(rule.Head.Args) > 0 || rule.Default {
				found = append(found, at(rule.Location, file, "policy.not-a-set",
					fmt.Sprintf("%s must be a set of reasons; write: %s contains \"the reason\" if { ... }", name, name)))
				continue
			}
			if name == labelSet && labelOf(rule) == "" {
				found = append(found, at(rule.Location, file, "policy.label",
					"a label is a constant, and begins with a letter, then at most 62 lower-case letters, digits and dashes; write: label contains \"agent\" if { ... }"))
			}
			if !slices.Contains(sets, name) {
				sets = append(sets, name)
			}
		}
	}
	if len(sets) == 0 && len(found) == 0 {
		found = append(found, Diagnostic{"error", "", 0, 0, "policy.no-decision", fmt.Sprintf(
			"package %s defines none of deny, kill, warn and label: it can never decide anything", packageName(policy))})
	}
	return sets, found
}

// labelOf is the label that a rule of that set sets; empty: none, or not one that is known before.
func labelOf(rule *ast.Rule) string {
	if rule.Head.Key == nil {
		return ""
	}
	text, _ := rule.Head.Key.Value.(ast.String)
	if !labelName.MatchString(string(text)) {
		return ""
	}
	return string(text)
}

// labels are all that a policy can set, sorted.
func labels(modules map[string]*ast.Module, policy string) []string {
	found := map[string]bool{}
	for file, module := range modules {
		if isTest(file) || module.Package.Path.String() != "data."+packageName(policy) {
			continue
		}
		for _, rule := range module.Rules {
			if ruleName(rule) == labelSet {
				found[labelOf(rule)] = true
			}
		}
	}
	return util.KeysSorted(found)
}

// notAsked finds denials in a package below the policy's that no rule of the policy takes up: they would deny nothing.
func notAsked(compiler *ast.Compiler, policy string) []Diagnostic {
	var found []Diagnostic
	asked := decisionRules(compiler)
	for _, file := range util.KeysSorted(compiler.Modules) {
		pkg := compiler.Modules[file].Package.Path.String()
		if isTest(file) || !strings.HasPrefix(pkg, "data."+packageName(policy)+".") {
			continue
		}
		for _, rule := range compiler.Modules[file].Rules {
			if name := rule.Head.Ref()[0].String(); slices.Contains(reasonSets, name) && !asked[rule] {
				found = append(found, at(rule.Location, file, "policy.not-asked", fmt.Sprintf(
					"nobody asks %s of %s; in package %s write: %s contains reason if some reason in %s.%s",
					name, strings.TrimPrefix(pkg, "data."), packageName(policy), name, pkg, name)))
			}
		}
	}
	return found
}

// wrapper is the generated module with the one entrypoint. Sets in untyped may hold other values than strings: a denial
// must not get lost because its reason is a number.
func wrapper(policy string, sets, untyped []string) string {
	var b strings.Builder
	b.WriteString("package interdict\n\ndecision := {")
	for i, set := range reasonSets {
		if set == labelSet && !slices.Contains(sets, set) {
			continue
		}
		if i > 0 {
			b.WriteString(", ")
		}
		ref := "data." + packageName(policy) + "." + set
		switch {
		case !slices.Contains(sets, set):
			fmt.Fprintf(&b, "%q: []", set)
		case slices.Contains(untyped, set):
			fmt.Fprintf(&b, "%q: sort({text(x) | some x in %s})", set, ref)
		default:
			fmt.Fprintf(&b, "%q: sort(%s)", set, ref)
		}
	}
	b.WriteString("}\n")
	if len(untyped) > 0 {
		b.WriteString("\ntext(x) := x if is_string(x)\n\ntext(x) := json.marshal(x) if not is_string(x)\n")
	}
	return b.String()
}

// setTypes returns the sets whose members are not known to be strings, and refuses those that cannot be.
func setTypes(compiler *ast.Compiler, policy string, sets []string) (untyped []string, found []Diagnostic) {
	for _, set := range sets {
		ref := ast.MustParseRef("data." + packageName(policy) + "." + set)
		tpe, ok := compiler.TypeEnv.GetByRef(ref).(*types.Set)
		switch {
		case !ok:
			untyped = append(untyped, set)
		case types.Compare(tpe.Of(), types.S) == 0:
		case types.Contains(tpe.Of(), types.S):
			untyped = append(untyped, set)
		default:
			for _, rule := range compiler.GetRulesExact(ref) {
				found = append(found, at(rule.Location, rule.Location.File, "policy.not-a-string",
					fmt.Sprintf("the members of %s are reasons for people: strings, not %s", set, types.Sprint(tpe.Of()))))
			}
		}
	}
	return untyped, found
}

// compileAll runs OPA's compiler. Errors of its early stages keep it from checking types. Then everything is compiled again
// without the checks for unused names, and again with the rules in error left out, so that one run reports everything.
func compileAll(modules map[string]*ast.Module, schema *inputSchema) (*ast.Compiler, *readCollector, ast.Errors) {
	var all ast.Errors
	var left []string // names of the rules left out, which then seem missing
	for round := 0; ; round++ {
		reads := newReadCollector()
		compiler := newCompiler(schema).WithStrict(round == 0).WithStageAfterID(ast.StageResolveRefs, reads.stage())
		compiler.Compile(modules)
		stopped := false
		for _, err := range compiler.Errors {
			early := err.Code != ast.TypeErr || strings.HasPrefix(err.Message, "undefined function")
			stopped = stopped || early
			if !slices.ContainsFunc(left, func(name string) bool { return early && strings.Contains(err.Message, name) }) {
				all = append(all, err)
			}
		}
		if !stopped || round == maxRounds {
			return compiler, reads, all
		}
		if round > 0 {
			modules, left = without(modules, compiler.Errors, left)
		}
	}
}

func newCompiler(schema *inputSchema) *ast.Compiler {
	schemas := ast.NewSchemaSet()
	schemas.Put(ast.SchemaRootRef, schema.merged)
	return ast.NewCompiler().WithSchemas(schemas).WithEvalMode(ast.EvalModeTopdown).SetErrorLimit(0)
}

// without copies modules, leaving out the rules that hold one of the errors; it adds their names to left.
func without(modules map[string]*ast.Module, errs ast.Errors, left []string) (map[string]*ast.Module, []string) {
	result := make(map[string]*ast.Module, len(modules))
	for name, module := range modules {
		copied := module.Copy()
		copied.Rules = slices.DeleteFunc(copied.Rules, func(rule *ast.Rule) bool {
			first := rule.Location.Row
			last := first + strings.Count(string(rule.Location.Text), "\n")
			wrong := slices.ContainsFunc(errs, func(e *ast.Error) bool {
				return e.Location != nil && e.Location.File == name && e.Location.Row >= first && e.Location.Row <= last
			})
			if wrong {
				left = append(left, rule.Head.Ref()[0].String())
			}
			return wrong
		})
		result[name] = copied
	}
	return result, left
}
