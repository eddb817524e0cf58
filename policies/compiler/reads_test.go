package main

import (
	"encoding/json"
	"fmt"
	"math/rand"
	"os"
	"slices"
	"strings"
	"testing"
)

var hooks = []string{"exec", "mmap_exec", "file_open", "file_change", "socket_connect", "socket_bind", "socket_listen", "socket_create", "socket_accept", "user_namespace", "module_load", "ptrace", "signal", "mount", "xdp_ingress"}

func schemas(t testing.TB) map[string]json.RawMessage {
	all := map[string]json.RawMessage{}
	for _, hook := range hooks {
		raw, err := os.ReadFile("../schema/" + hook + ".json")
		if err != nil {
			t.Fatal(err)
		}
		all[hook] = raw
	}
	return all
}

func request(t testing.TB, body string, files ...string) *Request {
	req := &Request{Verb: "compile", Name: "p", Hooks: hooks, Schemas: schemas(t), Data: json.RawMessage(`{"names": ["uid", "path"], "trusted": ["/opt/a"]}`),
		Sources: map[string]string{"p.rego": "package interdict.policies.p\n" + body}}
	for i, file := range files {
		req.Sources[fmt.Sprintf("lib%d.rego", i)] = file
	}
	return req
}

func readsFor(t testing.TB, req *Request) []string {
	policy, found, err := check(req)
	if policy == nil {
		t.Fatalf("%v %v\n%s", err, found, req.Sources["p.rego"])
	}
	fields, _ := policy.reads.reachable(policy.compiler, policy.data)
	return fields
}

func TestReads(t *testing.T) {
	lib := "package interdict.policies.p.x\nowner(f) := f.uid\nunused if input.process.pid == 1\nby_name[k] := v if some k, v in input.process\n"
	for _, c := range []struct{ name, body, want string }{
		{"a plain field", `deny contains "x" if input.file.path == "/a"`, "file.path"},
		{"a field in brackets", `deny contains "x" if input["file"]["path"] == "/a"`, "file.path"},
		{"an imported field", "import input.file as f\ndeny contains \"x\" if f.path == \"/a\"", "file.path"},
		{"a local alias", `deny contains "x" if { f := input.file; f.path == "/a" }`, "file"},
		{"an alias of input", `deny contains "x" if { i := input; i.file.path == "/a" }`, ""},
		{"a unified alias", `deny contains "x" if { f = input.file; f.path == "/a" }`, "file"},
		{"a destructured object", `deny contains "x" if { {"path": p} = {"path": input.file.path}; p == "/a" }`, "file.path"},
		{"a dynamic name", `deny contains "x" if { some n in data.names; input.process[n] == 0 }`, "process"},
		{"a dynamic name at the top", `deny contains "x" if { some k; input[k] == "exec" }`, ""},
		{"a name computed from input", `deny contains "x" if input.process[input.hook] == 0`, "hook process"},
		{"an array's members", `deny contains "x" if { some a in input.access; a == "read" }`, "access"},
		{"an argument", "uid(f) := f.uid\ndeny contains \"x\" if uid(input.file) == 0", "file"},
		{"an argument that is input", "uid(i) := i.file.uid\ndeny contains \"x\" if uid(input) == 0", ""},
		{"a function of a library", "import data.interdict.policies.p.x\ndeny contains \"x\" if x.owner(input.file) == 0", "file"},
		{"a library's rule", "import data.interdict.policies.p.x\ndeny contains \"x\" if x.by_name.uid == 0", "process"},
		{"a library, dynamically", "deny contains \"x\" if { some r; data.interdict.policies.p.x[r] }", "process process.pid"},
		{"a rule behind a rule", "a if b\nb if input.file.uid == 0\ndeny contains \"x\" if not a", "file.uid"},
		{"an else branch", "a := 1 if input.file.uid == 0 else := 2 if input.file.gid == 0\ndeny contains \"x\" if a == 2", "file.gid file.uid"},
		{"a default", "default a := false\na if input.file.uid == 0\ndeny contains \"x\" if a", "file.uid"},
		{"a reason", `deny contains input.file.path`, "file.path"},
		{"a rule's key", "o[input.file.path] := 1\ndeny contains \"x\" if o[\"/a\"]", "file.path"},
		{"a comprehension", `deny contains "x" if count([1 | input.file.uid == 0]) == 1`, "file.uid"},
		{"an object comprehension", `deny contains "x" if { o := {k: v | some k, v in input.file}; o.uid == 0 }`, "file"},
		{"every", `deny contains "x" if every a in input.access { a == input.hook }`, "access hook"},
		{"walk", `deny contains "x" if { walk(input, [p, v]); p == ["file", "uid"]; v == 0 }`, ""},
		{"walk below", `deny contains "x" if { some v; walk(input.file, [_, v]); v == 0 }`, "file"},
		{"object.get", `deny contains "x" if object.get(input.file, "path", "/a") == "/a"`, "file.path"},
		{"object.get of a path", `deny contains "x" if object.get(input, ["file", "path"], input.hook) == "/a"`, "file.path hook"},
		{"object.get, dynamic", `deny contains "x" if object.get(input.process, ["exe", input.hook], 0) == 0`, "hook process.exe"},
		{"object.get with a set for a key", `deny contains "x" if object.get(input, data.names, 0) == 0`, ""},
		{"with", "a if input.file.uid == 0\ndeny contains \"x\" if a with input.file.uid as input.process.uid", "file.uid process.uid"},
		{"with input", "a if input.file.uid == 0\ndeny contains \"x\" if a with input as {\"file\": {\"uid\": input.process.uid}}", "file.uid process.uid"},
		{"a function replaced", "f(_) := input.file.uid\ng(_) := input.file.gid\ndeny contains \"x\" if { f(1) == 0 with f as g }", "file.gid file.uid"},
		{"a template string", "deny contains $\"no {input.file.path}\"", "file.path"},
		{"json.filter", `deny contains "x" if json.filter(input, ["file/uid"]).file.uid == 0`, ""},
		{"kill and warn", "kill contains \"x\" if input.file.uid == 0\nwarn contains \"x\" if input.file.gid == 0", "file.gid file.uid"},
		{"what no decision reaches", "a if input.file.uid == 0\ndeny contains \"x\" if input.hook == \"exec\"", "hook"},
		{"nothing", `deny contains "x"`, "-"},
	} {
		t.Run(c.name, func(t *testing.T) {
			want := strings.Split(c.want, " ")
			if c.want == "-" {
				want = nil
			}
			if got := readsFor(t, request(t, c.body, lib)); !slices.Equal(got, want) {
				t.Errorf("reads %q, not %q:\n%s", got, want, c.body)
			}
		})
	}
}

func TestLiterals(t *testing.T) {
	req := request(t, `
deny contains "/a/reason" if {
	input.file.path in {"/etc/shadow", "/etc/", "/", "/a//b", "/a/../b", "relative", "/etc/*.conf", "/run/[x]"}
	startswith(input.file.path, "/home")
	not glob.match("/usr/*/x", [], input.file.path)
	input.file.path != "/opt/app[1]/key"
}`)
	policy, found, err := check(req)
	if policy == nil {
		t.Fatal(found, err)
	}
	_, literals := policy.reads.reachable(policy.compiler, policy.data)
	if want := []string{"/a/reason", "/etc/*.conf", "/etc/shadow", "/home", "/opt/a", "/opt/app[1]/key", "/run/[x]"}; !slices.Equal(literals, want) {
		t.Errorf("literals %q, not %q", literals, want)
	}
}

// Two inputs that agree on what a policy reads must get the same decision, whatever the policy: the kernel's cache rests on it.
func TestReadsAreEnough(t *testing.T) {
	policies, pairs := 250, 40
	if testing.Short() {
		policies = 40
	}
	caught, dropped, refused := 0, 0, 0
	for seed := range policies {
		r := rand.New(rand.NewSource(int64(seed)))
		g := &generator{r: r, leaves: leaves(t)}
		req := request(t, g.policy())
		policy, found, err := check(req)
		if err != nil {
			t.Fatalf("seed %d: %v\n%s", seed, err, req.Sources["p.rego"])
		}
		if policy == nil { // some.thing[k] == "text" where no k has a text
			if refused++; refused*5 > policies {
				t.Fatalf("seed %d: one of too many that do not compile: %v\n%s", seed, found, req.Sources["p.rego"])
			}
			continue
		}
		reads, _ := policy.reads.reachable(policy.compiler, policy.data)
		if a, b := g.disagree(t, req, reads, pairs); a != "" {
			t.Fatalf("seed %d: reads %q are not enough:\n%s\n%s\n%s", seed, reads, req.Sources["p.rego"], a, b)
		}
		if len(reads) > 0 { // the same test must notice when one is missing
			dropped++
			i := r.Intn(len(reads))
			if a, _ := g.disagree(t, req, slices.Delete(slices.Clone(reads), i, i+1), pairs); a != "" {
				caught++
			}
		}
	}
	t.Logf("%d policies, %d pairs each; of %d read sets with one entry dropped %d were caught", policies, pairs, dropped, caught)
	if caught*4 < dropped {
		t.Errorf("only %d of %d read sets with one entry dropped were caught: the test sees too little", caught, dropped)
	}
}
