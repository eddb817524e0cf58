package main

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
	"github.com/open-policy-agent/opa/v1/util"
)

// rebuiltAlike evaluates a policy as it is written and as it is compiled, and looks whether each event that it objects to concerns it.
func rebuiltAlike(t *testing.T, req *Request, inputs []string) {
	t.Helper()
	policy, found, err := check(req)
	if policy == nil {
		t.Fatalf("%v %v", err, found)
	}
	b := rebuild(policy, req.Name)
	mods := map[string]*ast.Module{}
	for f, m := range b.modules {
		text := regexp.MustCompile(`data\["interdict\.(\d+)"\]`).ReplaceAllString(m.String(), "data.ztables.t$1")
		x, err := ast.ParseModuleWithOpts(f, text, ast.ParserOptions{RegoVersion: ast.RegoV1})
		if err != nil {
			t.Fatal(err, text)
		}
		mods[f] = x
	}
	var tm strings.Builder
	tm.WriteString("package ztables\n")
	for i, v := range b.tables.values {
		fmt.Fprintf(&tm, "t%d := %s\n", i, v)
	}
	mods["ztables.rego"] = ast.MustParseModule(tm.String())
	comp := ast.NewCompiler().SetErrorLimit(0)
	comp.Compile(mods)
	if comp.Failed() {
		t.Fatal(comp.Errors)
	}
	ctx := context.Background()
	ev := func(c *ast.Compiler) func(string) string {
		q, err := rego.New(rego.Query("data.interdict.decision"), rego.Compiler(c), rego.Store(inmem.NewFromObject(policy.data))).PrepareForEval(ctx)
		if err != nil {
			t.Fatal(err)
		}
		return func(in string) string {
			var input any
			if err := util.UnmarshalJSON([]byte(in), &input); err != nil {
				t.Fatal(err)
			}
			set, err := q.Eval(ctx, rego.EvalInput(input))
			if err != nil {
				return "ERR " + err.Error()
			}
			if len(set) == 0 {
				return "undefined"
			}
			r, _ := json.Marshal(set[0].Expressions[0].Value)
			return string(r)
		}
	}
	e1, e2 := ev(policy.compiler), ev(comp)
	cs := concerns(policy, req.Name)
	for _, in := range inputs {
		written, compiled := e1(in), e2(in)
		if written != compiled {
			t.Errorf("%s\n written  %s\n compiled %s", in, written, compiled)
		}
		if cs != nil && written != `{"deny":[],"kill":[],"warn":[]}` && !concerned(cs, in) {
			t.Errorf("%s does not concern it, and it says %s", in, written)
		}
	}
}

func concerned(cs []Concern, in string) bool {
	var input any
	json.Unmarshal([]byte(in), &input)
	for _, c := range cs {
		v := input
		for _, p := range strings.Split(c.Field, ".") {
			m, ok := v.(map[string]any)
			if !ok {
				v = nil
				break
			}
			v = m[p]
		}
		if v == nil {
			continue
		}
		for _, raw := range c.Values {
			var w any
			json.Unmarshal(raw, &w)
			s, ok1 := v.(string)
			ws, ok2 := w.(string)
			switch c.Operator {
			case opIn:
				if fmt.Sprint(v) == fmt.Sprint(w) {
					return true
				}
			case opPrefix:
				if ok1 && ok2 && strings.HasPrefix(s, ws) {
					return true
				}
			case opSuffix:
				if ok1 && ok2 && strings.HasSuffix(s, ws) {
					return true
				}
			default:
				return true
			}
		}
	}
	return false
}

func eventsOfPaths() (out []string) {
	for _, p := range []string{"/a/1/", "/a/1/x", "/a/1", "/a/11/y", "/a/2", "/b/1", "", "/a/", "x", "/ä/1/x", "/ä", "5", "/a/12", "/lib"} {
		for _, uid := range []int{0, 5} {
			raw, _ := json.Marshal(map[string]any{"hook": "file_open", "file": map[string]any{"path": p, "uid": uid}, "process": map[string]any{"uid": uid, "exe": map[string]any{"path": p}}})
			out = append(out, string(raw))
		}
	}
	out = append(out, `{"hook":"file_open"}`, `{"hook":"file_open","file":{"path":5}}`, `{"hook":"file_open","file":{"path":null,"uid":0}}`)
	return
}

func TestWhatIsCompiledDecidesAsItIsWritten(t *testing.T) {
	var l []string
	for i := range 20 {
		l = append(l, fmt.Sprintf("\"/a/%d/\"", i))
	}
	L := strings.Join(l, ", ")
	F := strings.ReplaceAll(L, "/\"", "\"") // folders without slash
	for name, body := range map[string]string{
		"arraycomp":       `deny contains "x" if count([1 | some p in [` + L + `, "/a/1/", "/a/"]; startswith(input.file.path, p)]) == 1`,
		"arraycomp-exact": `deny contains "x" if count([1 | some p in {` + L + `}; startswith(input.file.path, p)]) == 1`,
		"arraycomp-sum":   `deny contains "x" if sum([input.file.uid | some p in {` + L + `, "/a/"}; startswith(input.file.path, p)]) == 10`,
		"headref":         "deny contains \"x\" if hits[\"/a/1/\"]\nhits[p] := true if { some p in {" + L + "}; startswith(input.file.path, p) }",
		"headref-set":     "deny contains \"x\" if \"y\" in hits[\"/a/1/\"]\nhits[p] contains \"y\" if { some p in {" + L + "}; startswith(input.file.path, p) }",
		"headref-field":   "deny contains \"x\" if hits[\"/a/1/\"].b\nhits[p].b := true if { some p in {" + L + "}; startswith(input.file.path, p) }",
		"template":        `deny contains $"{p} x" if { some p in {` + L + `}; startswith(input.file.path, p) }`,
		"tmplnested":      `deny contains $"{concat("", [p])} x" if { some p in {` + L + `}; startswith(input.file.path, p) }`,
		"objcomp":         `deny contains "x" if {"/a/1/": 1} == {p: 1 | some p in {` + L + `}; startswith(input.file.path, p)}`,
		"objcompval":      `deny contains "x" if {1: "/a/1/"} == {1: p | some p in {` + L + `}; startswith(input.file.path, p)}`,
		"else":            "deny contains v if v := pick\npick := \"one\" if { some p in {" + L + "}; startswith(input.file.path, p) } else := \"two\" if input.file.uid == 0",
		"elseval":         "deny contains v if v := pick\npick := \"one\" if input.file.uid == 5 else := p if { some p in {" + L + "}; startswith(input.file.path, p) } ",
		"mock":            "deny contains \"x\" if { h with startswith as other }\nh if { some p in {" + L + "}; startswith(input.file.path, p) }\nother(a, b) if a == b",
		"mock2":           "deny contains \"x\" if { h with substring as other }\nh if { some p in {" + L + "}; startswith(input.file.path, p) }\nother(a, _, c) := \"nothing\" if a != c",
		"mock3":           "deny contains \"x\" if { h with concat as other }\nh if { some p in {" + F + "}; startswith(input.file.path, concat(\"\", [p, \"/\"])) }\nother(_, _) := \"/b\"",
		"mockval":         "deny contains \"x\" if { h with startswith as true }\nh if { some p in {" + L + "}; startswith(input.file.path, p) }",
		"withinput":       "deny contains \"x\" if { h with input.file.path as \"/a/1/x\" }\nh if { some p in {" + L + "}; startswith(input.file.path, p) }",
		"every2":          `deny contains "x" if { some p in {` + L + `}; every q in [1] { q == 1; startswith(input.file.path, p) } }`,
		"every3":          `deny contains "x" if { every p in {` + L + `} { startswith(input.file.path, p) } }`,
		"innershadow":     `deny contains "x" if { some p in {` + L + `}; count([1 | some p in {` + L + `}; startswith(input.file.path, p)]) > 0; p == "/a/1/" }`,
		"swap":            `deny contains "x" if { some p in {` + L + `}; startswith(p, input.file.path) }`,
		"bound":           `deny contains "x" if { some p in {` + L + `}; y := startswith(input.file.path, p); y == false }`,
		"eqfalse":         `deny contains "x" if { some p in {` + L + `}; startswith(input.file.path, p) == false }`,
		"out3":            `deny contains "x" if { some p in {` + L + `}; startswith(input.file.path, p, false) }`,
		"empty":           `deny contains "x" if { some p in {"", "a","b","c","d","e","f","g","h","i"}; startswith(input.file.path, p) }`,
		"unicode":         `deny contains "x" if { some p in {"/ä/1/", "/a/11/", "/a/2/", "/a/3/","/a/4/","/a/5/","/a/6/","/a/7/"}; startswith(input.file.path, p) }`,
		"dupvars":         `deny contains "x" if { some p in {` + L + `}; some q in {` + L + `}; startswith(input.file.path, p); startswith(input.file.path, q) }`,
		"same2":           `deny contains "x" if { some p in {` + L + `}; startswith(input.file.path, p); startswith(input.process.exe.path, p) }`,
		"with":            `deny contains "x" if { some p in {` + L + `}; startswith(input.file.path, p) with input.file.path as "/a/1/" }`,
		"func":            "deny contains \"x\" if f(input.file.uid)\nf(u) if { some p in {" + L + "}; startswith(input.file.path, p); u == 0 }",
		"func2":           "deny contains x if x := f(input.file.uid)\nf(u) := p if { some p in {" + L + "}; startswith(input.file.path, p); u == 0 }",
		"partialobj":      "deny contains \"x\" if some k, v in o\no[k] := 1 if { some k in {" + L + "}; startswith(input.file.path, k) }",
		"default":         "deny contains \"x\" if not ok\ndefault ok := false\nok if { some p in {" + L + "}; startswith(input.file.path, p) }",
		"negatedsome":     "deny contains \"x\" if not ok\nok if { some p in {" + L + "}; startswith(input.file.path, p) }",
		"setrulelist":     "deny contains \"x\" if { some p in ls; startswith(input.file.path, p) }\nls := {" + L + "}",
		"objlist":         `deny contains "x" if { some p in {1: "/a/1/", 2: "/a/1/", 3:"/a/2/",4:"/a/3/",5:"/a/4/",6:"/a/6/",7:"/b/6/",8:"/c/6/"}; startswith(input.file.path, p) }`,
		"somewith":        `deny contains "x" if { some p in {` + L + `} with input.file.uid as 1; startswith(input.file.path, p) }`,
		"notinner":        `deny contains "x" if { some p in {` + L + `}; startswith(input.file.path, p); not input.file.uid == 0 }`,
		"everyarr":        `deny contains "x" if { every q in [1] { q == count([1 | some p in {` + L + `, "/a/"}; startswith(input.file.path, p)]) } }`,
		"sprintf":         `deny contains sprintf("%v", [[1 | some p in {` + L + `, "/a/"}; startswith(input.file.path, p)]]) if input.file.uid == 0`,
		"concatslash":     `deny contains "x" if { some p in {` + F + `}; startswith(input.file.path, concat("", [p, "/"])) }`,
		"under":           "deny contains \"x\" if u\nu if input.file.path in {" + F + "}\nu if { some p in {" + F + "}; startswith(input.file.path, concat(\"\", [p, \"/\"])) }",
		"undernot":        "deny contains \"x\" if not u\nu if input.file.path in {" + F + "}\nu if { some p in {" + F + "}; startswith(input.file.path, concat(\"\", [p, \"/\"])) }",
	} {
		t.Run(name, func(t *testing.T) {
			req := request(t, body)
			req.Hooks = hooks
			rebuiltAlike(t, req, eventsOfPaths())
		})
	}
}

func TestNoFunctionHasABuiltinsName(t *testing.T) {
	for _, function := range []string{"startswith(a, b) if a != b", `concat(_, _) := "/b"`, `substring(_, _, _) := "/b"`} {
		_, found, err := check(request(t, `deny contains "x" if input.file.uid == 0`+"\n"+function))
		if err != nil || !slices.ContainsFunc(found, func(d Diagnostic) bool { return d.Code == "policy.builtin-name" }) {
			t.Errorf("%s: %v %v", function, err, found)
		}
	}
}
