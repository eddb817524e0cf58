package main

import (
	"encoding/json"
	"reflect"
	"testing"
)

func TestWhatHeld(t *testing.T) {
	req := request(t, "")
	req.Verb = "why"
	req.Sources = map[string]string{"p.rego": `package interdict.policies.p

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
`}
	req.Inputs = []json.RawMessage{json.RawMessage(`{"hook": "file_open", "access": ["read"],
		"process": {"uid": 1000, "exe": {"path": "/usr/bin/cat"}}, "file": {"path": "/etc/shadow", "type": "regular"}}`)}
	res, err := answer(req)
	if err != nil || len(res.Diagnostics) > 0 {
		t.Fatal(err, res)
	}
	want := []Held{
		{"deny", "/usr/bin/cat may not", "p.rego", 3, []string{"file.path", "process.exe.path", "process.uid"}},
		{"deny", "b", "p.rego", 10, []string{"file.type"}},
		{"deny", "a", "p.rego", 10, []string{"file.type"}},
		{"warn", `{"uid":1000}`, "p.rego", 15, []string{"file.path", "process.uid"}},
	}
	if !reflect.DeepEqual(res.Held, want) {
		t.Errorf("%+v, not %+v", res.Held, want)
	}
}

func TestWhyIsAboutOneInput(t *testing.T) {
	req := request(t, "deny contains \"x\"")
	req.Verb = "why"
	if _, err := answer(req); err == nil {
		t.Error("no input, and no error")
	}
}
