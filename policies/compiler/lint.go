package main

import (
	"fmt"
	"path"
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/util"
)

// lintPolicy finds what is legal and most likely wrong. Each finding is a warning whose code is the rule's stable name.
func lintPolicy(req *Request) (*Response, error) {
	policy, found, err := check(req)
	if policy == nil {
		return &Response{Diagnostics: found}, err
	}
	schema, err := mergeSchemas(req)
	if err != nil {
		return nil, err
	}
	l := &linter{schema: schema, data: policy.data, modules: map[string]*ast.Module{}, rules: map[string][]*ast.Rule{}}
	l.resolve(policy.modules)
	for _, file := range util.KeysSorted(l.modules) {
		ast.WalkRules(l.modules[file], func(rule *ast.Rule) bool {
			l.absent(rule)
			l.everyProcess(rule)
			return false
		})
	}
	l.prefixes()
	l.judgeNames(packageName(req.Name))
	found, err = l.unreachable(policy)
	l.found = append(l.found, found...)
	sortDiagnostics(l.found)
	return &Response{Diagnostics: slices.Compact(l.found), Names: slices.Compact(l.names)}, err
}

type linter struct {
	schema  *inputSchema
	data    map[string]any
	modules map[string]*ast.Module // the policy's own, references resolved and otherwise as they were written
	rules   map[string][]*ast.Rule // the rules in them, by reference
	begins  map[string]bool        // what some rule says a path begins with
	names   []Name
	found   []Diagnostic
}

// Name is a path that a rule compares with, as it stands.
type Name struct {
	Path    string `json:"path"`
	Excepts bool   `json:"excepts"` // it is a file that the rule lets through
	Folder  bool   `json:"folder"`  // it is the folder that a prefix or pattern begins with
	File    string `json:"file"`
	Line    int    `json:"line"`
	Column  int    `json:"column"`
}

func (l *linter) report(loc *ast.Location, code, format string, args ...any) {
	d := at(loc, "", "lint."+code, fmt.Sprintf(format, args...))
	d.Severity = "warning"
	l.found = append(l.found, d)
}

// resolve keeps the modules as they are after their imports are gone and before calls are taken apart.
func (l *linter) resolve(modules map[string]*ast.Module) {
	stage := ast.CompilerStageDefinition{Name: "Lint", MetricName: "lint", Stage: func(compiler *ast.Compiler) *ast.Error {
		for file, module := range compiler.Modules {
			if file != wrapperFile && !isTest(file) {
				l.modules[file] = module.Copy()
			}
		}
		return nil
	}}
	newCompiler(l.schema).WithStageAfterID(ast.StageResolveRefs, stage).Compile(modules)
	for _, module := range l.modules {
		for _, rule := range module.Rules {
			name := module.Package.Path.Extend(rule.Head.Ref().GroundPrefix()).String()
			l.rules[name] = append(l.rules[name], rule)
		}
	}
}

// optional tells whether a hook of the policy has this field and can leave it out.
func (l *linter) optional(path []string) bool {
	for _, hook := range l.schema.hooks {
		schema, missing := l.schema.own[hook], false
		for _, name := range path {
			required, _ := schema["required"].([]any)
			missing = missing || !slices.Contains(required, any(name))
			if schema = field(schema, []string{name}); schema == nil {
				break
			}
		}
		if schema != nil && missing && schema["type"] != "object" {
			return true
		}
	}
	return false
}

// absent finds what falls silent when a field is missing. Rego evaluates the arguments of a call before the "not" in
// front of it, and those of sprintf before the reason: with one undefined, the rule says nothing, least of all deny.
func (l *linter) absent(rule *ast.Rule) {
	known := map[string]bool{} // an expression that wants the field anyway: then silence is what was meant
	ast.WalkExprs(rule, func(expr *ast.Expr) bool {
		if !expr.Negated {
			l.optionalRefs(expr, func(name string) { known[name] = true })
		}
		return false
	})
	ast.WalkExprs(rule, func(expr *ast.Expr) bool {
		if expr.Negated && expr.IsCall() {
			l.optionalRefs(expr, func(name string) {
				if !known[name] {
					l.report(expr.Location, "absent-not", "input.%s can be absent, and then this line is undefined instead of true: the rule stays silent. "+
						"Negate a rule of its own: %s", name, l.ownRule(expr))
				}
			})
		}
		return false
	})
	inReasons(rule, func(operator string, args []*ast.Term, loc *ast.Location) {
		for _, arg := range args {
			l.optionalRefs(arg, func(name string) {
				if !known[name] {
					l.report(loc, "absent-reason", "input.%s can be absent, and then %s is undefined and the rule says nothing. "+
						"Write a template string, $\"... {input.%s}\", which prints <undefined>", name, operator, name)
				}
			})
		}
	})
}

// ownRule writes a negated call as a negated rule, with what the call takes of the rule around it as arguments.
func (l *linter) ownRule(expr *ast.Expr) string {
	vars := map[ast.Var]bool{}
	variables(expr, vars)
	var args []string
	for v := range vars {
		if !v.IsGenerated() && !v.IsWildcard() {
			args = append(args, string(v))
		}
	}
	slices.Sort(args)
	head := "matched"
	for n := 2; slices.ContainsFunc(util.KeysSorted(l.rules), func(name string) bool { return strings.HasSuffix(name, "."+head) }); n++ {
		head = fmt.Sprint("matched_", n)
	}
	if len(args) > 0 {
		head += "(" + strings.Join(args, ", ") + ")"
	}
	return fmt.Sprintf("not %s, with: %s if %s", head, head, strings.TrimPrefix(firstLine(expr.Location.Text), "not "))
}

var reasonCalls = []string{"sprintf", "concat"}

// inReasons visits the calls that put texts together, wherever they stand in the rule.
func inReasons(rule *ast.Rule, visit func(operator string, args []*ast.Term, loc *ast.Location)) {
	ast.WalkTerms(rule, func(term *ast.Term) bool {
		if call, ok := term.Value.(ast.Call); ok && slices.Contains(reasonCalls, call[0].String()) {
			visit(call[0].String(), call[1:], term.Location)
		}
		return false
	})
	ast.WalkExprs(rule, func(expr *ast.Expr) bool {
		if expr.IsCall() && slices.Contains(reasonCalls, expr.Operator().String()) {
			visit(expr.Operator().String(), expr.Operands(), expr.Location)
		}
		return false
	})
}

// optionalRefs visits the optional fields that x cannot do without: not those in template strings, nor in the calls above.
func (l *linter) optionalRefs(x any, visit func(name string)) {
	top := true
	ast.NewGenericVisitor(func(node any) bool {
		switch node := node.(type) {
		case *ast.TemplateString:
			return true
		case *ast.Expr: // below the one asked about are bodies of their own
			nested := !top && x != node
			top = false
			return nested || node.IsCall() && slices.Contains(reasonCalls, node.Operator().String())
		case ast.Call:
			return slices.Contains(reasonCalls, node[0].String())
		case ast.Ref:
			if node.HasPrefix(ast.InputRootRef) && l.optional(stringsOf(node[1:])) {
				visit(strings.Join(stringsOf(node[1:]), "."))
			}
		}
		return false
	}).Walk(x)
}

// everyProcess finds reads of what differs with each process: no answer of the kernel's cache is ever of use to another.
func (l *linter) everyProcess(rule *ast.Rule) {
	look := func(x any, loc *ast.Location) {
		r := newReads()
		r.walk(x)
		for _, name := range util.KeysSorted(r.fields) {
			switch name {
			case "process.pid":
				l.report(loc, "every-process", "reads process.pid: every process is decided anew, and its verdicts are of no use to the next. "+
					"Compare the program, the user or the cgroup; the decision log has the pid anyway")
			case "process", "":
				whole := strings.TrimSuffix("input."+name, ".")
				l.report(loc, "every-process", "reads all of %s, process.pid too: every process is decided anew. Name the facts that matter", whole)
			}
		}
	}
	if key := rule.Head.Key; key != nil {
		look(key, key.Location)
	}
	for _, expr := range rule.Body {
		look(expr, expr.Location)
	}
}

// use is one comparison of a path with constants.
type use struct {
	field    string
	operator string
	values   []string
	loc      *ast.Location
	excepts  bool // it takes events out of the rule, instead of choosing them
	hooks    []string
}

// prefixes notes what rules say that a path begins with: a folder and all below it is written as both.
func (l *linter) prefixes() {
	l.begins = map[string]bool{}
	for _, rules := range l.rules {
		for _, rule := range rules {
			for _, u := range l.usesIn(rule, collectionsOf(rule)) {
				for _, value := range u.values {
					l.begins[value] = l.begins[value] || u.operator == "startswith"
				}
			}
		}
	}
}

// judgeNames looks at what rules say about paths.
func (l *linter) judgeNames(pkg string) {
	seen := map[string]bool{}
	for _, set := range []string{"deny", "kill", "label"} {
		for _, rule := range l.rules["data."+pkg+"."+set] {
			l.walk(rule, false, l.schema.hooks, seen)
		}
	}
}

// walk follows the rules that a decision rests on, and keeps count of the negations on the way.
func (l *linter) walk(rule *ast.Rule, excepts bool, hooks []string, seen map[string]bool) {
	id := fmt.Sprint(rule.Location, excepts, hooks)
	if seen[id] {
		return
	}
	seen[id] = true
	uses := l.usesIn(rule, collectionsOf(rule))
	directory := false
	for _, u := range uses {
		switch {
		case u.field == "hook" && !u.excepts:
			hooks = intersect(hooks, u.values)
		case u.field == "file.type":
			directory = directory || slices.Contains(u.values, "directory")
		}
	}
	for _, u := range uses {
		u.excepts = u.excepts != excepts
		u.hooks = hooks
		l.judge(u, directory)
	}
	ast.WalkExprs(rule, func(expr *ast.Expr) bool {
		ast.WalkRefs(expr, func(ref ast.Ref) bool {
			for _, below := range l.rules[ref.GroundPrefix().String()] {
				l.walk(below, excepts != expr.Negated, hooks, seen)
			}
			return false
		})
		return false
	})
}

// collectionsOf are what the variables of "some x in collection" stand for.
func collectionsOf(rule *ast.Rule) map[ast.Var]*ast.Term {
	collections := map[ast.Var]*ast.Term{}
	ast.WalkExprs(rule, func(expr *ast.Expr) bool {
		if decl, ok := expr.Terms.(*ast.SomeDecl); ok && len(decl.Symbols) == 1 {
			if call, ok := decl.Symbols[0].Value.(ast.Call); ok && len(call) == 3 {
				if v, ok := call[1].Value.(ast.Var); ok {
					collections[v] = call[2]
				}
			}
		}
		return false
	})
	return collections
}

func intersect(a, b []string) []string {
	return slices.DeleteFunc(slices.Clone(a), func(s string) bool { return !slices.Contains(b, s) })
}

func (l *linter) usesIn(rule *ast.Rule, collections map[ast.Var]*ast.Term) []use {
	var uses []use
	add := func(fact, constants *ast.Term, operator string, expr *ast.Expr) {
		ref, ok := fact.Value.(ast.Ref)
		if !ok || !ref.HasPrefix(ast.InputRootRef) {
			return
		}
		constants, slash := folder(constants)
		if v, ok := constants.Value.(ast.Var); ok && collections[v] != nil {
			constants = collections[v]
		}
		values := slices.Clone(l.stringsIn(constants))
		for i := range values {
			values[i] += slash
		}
		if len(values) > 0 {
			uses = append(uses, use{strings.Join(stringsOf(ref[1:]), "."), operator, values, expr.Location, expr.Negated, nil})
		}
	}
	ast.WalkExprs(rule, func(expr *ast.Expr) bool {
		if !expr.IsCall() {
			return false
		}
		operands := expr.Operands()
		switch operator := expr.Operator().String(); {
		case len(operands) == 2 && (operator == "equal" || operator == "eq"):
			add(operands[0], operands[1], "equal", expr)
			add(operands[1], operands[0], "equal", expr)
		case len(operands) == 2 && operator == "internal.member_2":
			add(operands[0], operands[1], "equal", expr)
		case len(operands) == 2 && (operator == "startswith" || operator == "endswith" || operator == "contains"):
			add(operands[0], operands[1], operator, expr)
		case len(operands) == 2 && operator == "regex.match":
			add(operands[1], operands[0], operator, expr)
		case len(operands) == 3 && operator == "glob.match":
			add(operands[2], operands[0], operator, expr)
		}
		return false
	})
	return uses
}

// stringsIn are the strings a term stands for: constants, a list in data, or a rule that is a constant.
func (l *linter) stringsIn(term *ast.Term) []string {
	ref, ok := term.Value.(ast.Ref)
	if !ok {
		return stringConstants(term)
	}
	if rules := l.rules[ref.String()]; len(rules) == 1 && rules[0].Head.Value != nil {
		return stringConstants(rules[0].Head.Value)
	}
	var node any = l.data
	if !ref.HasPrefix(ast.DefaultRootRef) {
		return nil
	}
	for _, name := range stringsOf(ref[1:]) {
		object, _ := node.(map[string]any)
		node = object[name]
	}
	list, _ := node.([]any)
	var values []string
	for _, item := range list {
		if s, ok := item.(string); ok {
			values = append(values, s)
		}
	}
	return values
}

var (
	directories = []string{"/", "/bin", "/boot", "/dev", "/dev/shm", "/etc", "/etc/cron.d", "/etc/pam.d", "/etc/ssh", "/etc/ssl", "/etc/sudoers.d",
		"/etc/systemd", "/home", "/lib", "/lib64", "/media", "/mnt", "/opt", "/proc", "/root", "/root/.ssh", "/run", "/sbin", "/srv", "/sys", "/tmp",
		"/usr", "/usr/bin", "/usr/lib", "/usr/lib64", "/usr/libexec", "/usr/local", "/usr/local/bin", "/usr/local/lib", "/usr/local/sbin", "/usr/sbin",
		"/usr/share", "/var", "/var/cache", "/var/lib", "/var/log", "/var/run", "/var/spool", "/var/tmp"}
	writable     = []string{"/tmp/", "/var/tmp/", "/dev/shm/", "/dev/mqueue/", "/run/lock/", "/run/user/", "/home/"}
	interpreters = regexp.MustCompile(`^((ba|da|z|fi|k|tc|c|a)?sh|busybox|env|awk|gawk|mawk|python[0-9.]*|perl[0-9.]*|ruby[0-9.]*|node|nodejs|php[0-9.]*|lua[0-9.]*|java|tclsh[0-9.]*)$`)
)

func (l *linter) judge(u use, directory bool) {
	if u.field != "file.path" && u.field != "process.exe.path" {
		return
	}
	program := u.field == "process.exe.path"
	runs := program || !slices.ContainsFunc(u.hooks, func(h string) bool { return h != "exec" && h != "mmap_exec" })
	if one := literals(u); one != "" {
		l.report(u.loc, "identity", "this pattern has the one member %s: compare with the path itself. Then the file is meant, under every name it has; "+
			"a pattern judges the name that was used, and a hard link, bind mount or symbolic link has another", one)
	}
	if u.operator == "equal" {
		for _, value := range u.values {
			if strings.HasPrefix(value, "/") && u.loc != nil {
				l.names = append(l.names, Name{value, u.excepts && !program, false, u.loc.File, u.loc.Row, u.loc.Col})
			}
		}
	}
	l.judgeWritable(u)
	// A folder is deleted, renamed and given rights like any file, and mounted on more often.
	itself := !slices.ContainsFunc(u.hooks, func(h string) bool { return h != "file_change" && h != "mount" })
	if u.operator == "equal" && (program || !itself) && (runs || !directory) {
		dirs := slices.DeleteFunc(intersect(u.values, directories), func(dir string) bool { return l.begins[strings.TrimSuffix(dir, "/")+"/"] })
		if len(dirs) > 0 {
			l.report(u.loc, "directory", "%s is a directory: this says nothing of what is in it. For that write the prefix %s/", dirs[0], strings.TrimSuffix(dirs[0], "/"))
		}
	}
	if u.operator == "startswith" {
		if dirs := intersect(u.values, directories); len(dirs) > 0 && dirs[0] != "/" {
			l.report(u.loc, "value", "the prefix %s also matches %sx. For the directory and what is below write under: %s, in Rego the path itself or the prefix %s/",
				dirs[0], dirs[0], dirs[0], dirs[0])
		}
	}
	l.judgeMerged(u)
	l.folders(u)
	if (program || runs) && !u.excepts && lastPartOnly(u) {
		what := "programs"
		if !program && len(u.hooks) == 1 && u.hooks[0] == "mmap_exec" {
			what = "files"
		}
		l.report(u.loc, "name-only", "%s are told by the last part of their name: whoever can copy, link or rename one has it under another. "+
			"Name whole paths, or say what is let through instead of what is not", what)
	}
	if program {
		l.judgeProgram(u)
	}
}

// judgeWritable finds files that stand where users can write: what the path means there is for them to say.
func (l *linter) judgeWritable(u use) {
	if u.field != "file.path" || u.operator != "equal" {
		return
	}
	for _, value := range u.values {
		i := slices.IndexFunc(writable, func(dir string) bool { return strings.HasPrefix(value, dir) })
		if i < 0 {
			continue
		}
		does := "whoever makes, moves or replaces the file decides what the rule is about, and it holds for that path alone: no other name of the file counts"
		if u.excepts {
			does = "whoever makes or replaces the file has it let through"
		}
		l.report(u.loc, "writable-path", "%s: users can write in %s, so %s. Name a file in a folder of root's, or a prefix or glob if the folder is meant", value, writable[i], does)
		return
	}
}

// merged are links on nearly every host, each with what it leads to: the kernel never reports them.
var merged = [][2]string{{"/bin/", "/usr/bin/"}, {"/sbin/", "/usr/sbin/"}, {"/lib/", "/usr/lib/"}, {"/lib32/", "/usr/lib32/"}, {"/lib64/", "/usr/lib64/"},
	{"/libx32/", "/usr/libx32/"}, {"/var/run/", "/run/"}, {"/var/lock/", "/run/lock/"}}

// judgeMerged finds patterns through such links, where the rule does not have the other name too. A path as it is stands for
// what it leads to, unless it is to let a file through: every name of the file has to be let through, the one that is used, too.
func (l *linter) judgeMerged(u use) {
	anchor, whole := "", u.operator == "equal"
	if u.operator == "regex.match" {
		anchor = "^"
	} else if u.operator == "endswith" || u.operator == "contains" || whole && (u.field != "file.path" || !u.excepts) {
		return
	}
	for _, value := range u.values {
		for _, link := range merged {
			rest, through := strings.CutPrefix(value+"/", anchor+link[0])
			if !through {
				continue
			}
			other := strings.TrimSuffix(anchor+link[1]+rest, "/")
			if strings.HasSuffix(value, "/") {
				other = anchor + link[1] + strings.TrimSuffix(rest, "/")
			}
			if slices.Contains(u.values, other) {
				continue
			}
			remedy := "that, or both"
			if whole {
				remedy = "that"
			}
			l.report(u.loc, "merged-usr", "%s leads through %s, which is a link to %s on most hosts and in most images: the kernel reports %s. Write %s",
				value, strings.TrimSuffix(link[0], "/"), strings.TrimSuffix(link[1], "/"), other, remedy)
			return
		}
	}
}

// folders notes where prefixes and patterns begin, for those who can look where that leads. Links that are everywhere are
// found without looking.
func (l *linter) folders(u use) {
	for _, value := range u.values {
		begins := ""
		switch u.operator {
		case "startswith":
			begins = value
		case "glob.match":
			begins, _, _ = strings.Cut(value, "*")
			if i := strings.IndexAny(begins, `?[{\`); i >= 0 {
				begins = begins[:i]
			}
		case "regex.match":
			if parsed, err := syntax.Parse(value, syntax.Perl); err == nil {
				begins = anchored(parsed.Simplify())
			}
		}
		through := slices.ContainsFunc(merged, func(link [2]string) bool { return strings.HasPrefix(begins+"/", link[0]) })
		if i := strings.LastIndex(begins, "/"); i > 0 && !through && u.loc != nil {
			l.names = append(l.names, Name{begins[:i], false, true, u.loc.File, u.loc.Row, u.loc.Col})
		}
	}
}

// anchored is what each text begins with that the expression matches.
func anchored(parsed *syntax.Regexp) string {
	if s := parsed.Sub; parsed.Op == syntax.OpConcat && len(s) > 1 && s[0].Op == syntax.OpBeginText && s[1].Op == syntax.OpLiteral &&
		s[1].Flags&syntax.FoldCase == 0 {
		return string(s[1].Rune)
	}
	return ""
}

// lastPartOnly tells whether a pattern leaves it open in which folder a file is.
func lastPartOnly(u use) bool {
	return len(u.values) > 0 && !slices.ContainsFunc(u.values, func(value string) bool {
		switch u.operator {
		case "endswith", "contains":
			return strings.LastIndex(value, "/") > 0
		case "glob.match":
			name, any := strings.CutPrefix(strings.TrimPrefix(value, "/"), "**/")
			return !any || strings.Contains(name, "/")
		case "regex.match":
			name, ends := strings.CutSuffix(value, "$")
			return !ends || !strings.HasPrefix(name, "/") || strings.Contains(name[1:], "/")
		}
		return true
	})
}

func (l *linter) judgeProgram(u use) {
	for _, value := range u.values {
		if i := slices.IndexFunc(writable, func(dir string) bool {
			return strings.HasPrefix(value, dir) || u.operator == "startswith" && value+"/" == dir
		}); i >= 0 {
			if u.excepts {
				l.report(u.loc, "writable-program", "%s: users can write in %s, so any of them can be the program that is let through", value, writable[i])
			} else {
				l.report(u.loc, "writable-program", "%s: users can write in %s, so the program is out of the rule as soon as it is moved or linked. "+
					"Say what is let through, or name the cgroup", value, writable[i])
			}
			break
		}
	}
	if !u.excepts || u.operator != "equal" {
		return
	}
	var found []string
	for _, value := range u.values {
		if interpreters.MatchString(path.Base(value)) {
			found = append(found, value)
		}
	}
	if len(found) > 0 {
		l.report(u.loc, "interpreter", "%s runs whatever it is given: with it every script and every command typed into it is let through", strings.Join(found, ", "))
	}
}

// literals is the one text a pattern matches, or "".
func literals(u use) string {
	for _, value := range u.values {
		switch {
		case u.operator == "glob.match" && !strings.ContainsAny(value, `*?[{\`):
			return value
		case u.operator == "regex.match":
			if parsed, err := syntax.Parse(value, syntax.Perl); err == nil {
				parsed = parsed.Simplify()
				if s := parsed.Sub; parsed.Op == syntax.OpConcat && len(s) == 3 && s[0].Op == syntax.OpBeginText && s[1].Op == syntax.OpLiteral &&
					s[1].Flags&syntax.FoldCase == 0 && s[2].Op == syntax.OpEndText {
					return string(s[1].Rune)
				}
			}
		}
	}
	return ""
}
