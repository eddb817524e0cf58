package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
)

func event(uid int, path string) json.RawMessage {
	return json.RawMessage(fmt.Sprintf(`{"hook": "file_open", "access": ["read"], "process": {"uid": %d, "exe": {"path": "/usr/bin/cat"}},
		"file": {"path": %q, "type": "regular"}}`, uid, path))
}

// heldBy is what held, as "set reason file:line reads input".
func heldBy(t *testing.T, sources map[string]string, inputs ...json.RawMessage) (lines []string, failure string) {
	req := request(t, "")
	req.Verb, req.Sources, req.Inputs, req.Time = "why", sources, inputs, 1e18
	res, err := answer(req)
	if err != nil || hasErrors(res.Diagnostics) {
		t.Fatal(err, res)
	}
	for _, h := range res.Held {
		lines = append(lines, fmt.Sprintf("%s %s %s:%d %s %d", h.Set, h.Reason, h.File, h.Line, strings.Join(h.Reads, ","), h.Input))
	}
	return lines, res.Failure
}

func TestWhatHeld(t *testing.T) {
	const head = "package interdict.policies.p\n"
	for _, c := range []struct {
		name    string
		sources map[string]string
		inputs  []json.RawMessage
		want    []string
	}{
		{"each rule and each reason, by the facts that it can read", map[string]string{"p.rego": head + `
deny contains sprintf("%s may not", [input.process.exe.path]) if {
	secret
	input.process.uid != 0
}

deny contains "never here" if input.process.uid == 0

deny contains reason if {
	some reason in ["b", "a"]
	input.file.type == "regular"
}

warn contains json.marshal({"uid": input.process.uid}) if secret

secret if input.file.path == "/etc/shadow"
`}, []json.RawMessage{event(1000, "/etc/shadow")}, []string{
			"deny /usr/bin/cat may not p.rego:3 file.path,process.exe.path,process.uid 0",
			"deny b p.rego:10 file.type 0",
			"deny a p.rego:10 file.type 0",
			`warn {"uid":1000} p.rego:15 file.path,process.uid 0`,
		}},
		{"two rules of one reason", map[string]string{"p.rego": head + `
deny contains "x" if input.process.uid == 1
deny contains "x" if input.file.type == "regular"
`}, []json.RawMessage{event(1, "/a")}, []string{"deny x p.rego:3 process.uid 0", "deny x p.rego:4 file.type 0"}},
		{"under which name", map[string]string{"p.rego": head + `
deny contains "x" if input.file.path == "/etc/shadow"
deny contains "y" if input.process.uid == 1
`}, []json.RawMessage{event(1, "/tmp/x"), event(1, "/etc/shadow")},
			[]string{"deny y p.rego:4 process.uid 0", "deny x p.rego:3 file.path 1"}},
		{"not what holds for other facts", map[string]string{"p.rego": head + `
deny contains "x" if count(warn) > 0 with input.process.uid as 0
warn contains sprintf("uid %d", [input.process.uid]) if input.process.uid == 0
`}, []json.RawMessage{event(1000, "/a")}, []string{"deny x p.rego:3 process.uid 0"}},
		{"where the reason comes from", map[string]string{
			"p.rego": head + "deny contains x if some x in data.interdict.policies.p.q.deny\n",
			"q.rego": "package interdict.policies.p.q\n\ndeny contains \"y\" if input.process.uid == 1\n\ndeny contains \"z\" if input.process.uid == 2\n",
		}, []json.RawMessage{event(1, "/a")}, []string{"deny y q.rego:3 process.uid 0", "deny y p.rego:2 process.uid 0"}},
		{"at the time of the decision", map[string]string{"p.rego": head + `
deny contains "late" if time.now_ns() >= 1000000000000000000
deny contains "early" if time.now_ns() < 1000000000000000000
`}, []json.RawMessage{event(1, "/a")}, []string{"deny late p.rego:3 now() 0"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, failure := heldBy(t, c.sources, c.inputs...)
			if failure != "" || !slices.Equal(got, c.want) {
				t.Errorf("%s\n%s\nnot\n%s", failure, strings.Join(got, "\n"), strings.Join(c.want, "\n"))
			}
		})
	}
}

func TestWhatFailsIsSaid(t *testing.T) {
	const head = "package interdict.policies.p\n"
	held, failure := heldBy(t, map[string]string{"p.rego": head + `
deny contains x
x := "a" if input.process.uid == 1
x := "b" if input.file.type == "regular"
`}, event(1, "/a"))
	if held != nil || !strings.Contains(failure, "conflict") {
		t.Error(held, failure)
	}
}

func TestWhatTakesTooLongIsSaid(t *testing.T) {
	before := whyLimit
	whyLimit = 0
	defer func() { whyLimit = before }()
	held, failure := heldBy(t, map[string]string{"p.rego": "package interdict.policies.p\ndeny contains \"x\" if { some x in numbers.range(1, 1000); x < 0 }\n"},
		event(1, "/a"))
	if held != nil || !strings.Contains(failure, "no decision after") {
		t.Error(held, failure)
	}
}

func TestHowManyReasonsAreTold(t *testing.T) {
	held, _ := heldBy(t, map[string]string{"p.rego": "package interdict.policies.p\ndeny contains sprintf(\"%d\", [x]) if some x in numbers.range(1, 5000)\n"},
		event(1, "/a"))
	if len(held) != whyReasons {
		t.Error(len(held))
	}
}
