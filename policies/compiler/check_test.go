package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// errorsOf are the errors of a policy p with these sources, as "file:line code".
func errorsOf(t testing.TB, sources map[string]string) []string {
	req := request(t, "")
	req.Hooks = []string{"file_open", "socket_connect"}
	req.Sources = sources
	_, found, err := check(req)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, d := range found {
		if d.Severity == "error" {
			lines = append(lines, fmt.Sprintf("%s:%d %s", d.File, d.Line, d.Code))
		}
	}
	return lines
}

func TestPackages(t *testing.T) {
	const (
		head   = "package interdict.policies.p\n"
		uses   = head + "import data.interdict.policies.p.helpers\ndeny contains \"x\" if helpers.secret(input.file.path)\n"
		helper = "package interdict.policies.p.helpers\nsecret(path) if path == \"/a\"\n"
	)
	for _, c := range []struct {
		name    string
		sources map[string]string
		want    []string
	}{
		{"a package below the policy's", map[string]string{"p.rego": uses, "helpers.rego": helper}, nil},
		{"its tests", map[string]string{"p.rego": uses, "helpers.rego": helper,
			"h_test.rego": "package interdict.policies.p.helpers_test\nimport data.interdict.policies.p.helpers\ntest_a if helpers.secret(\"/a\")\n"}, nil},
		{"another policy's", map[string]string{"p.rego": uses, "helpers.rego": helper, "q.rego": "package interdict.policies.pq\na := 1\n"},
			[]string{"q.rego:1 package.name", "q.rego:1 policy.other-policy"}},
		{"a library's", map[string]string{"p.rego": head + "deny contains \"x\"\n", "l.rego": "package interdict.lib.l\na := 1\n"},
			[]string{"l.rego:1 package.name"}},
		{"where a bundle has the data", map[string]string{"p.rego": head + "deny contains \"x\"\n", "d.rego": "package interdict.policies.p.data.x\na := 1\n"},
			[]string{"d.rego:1 package.name"}},
		{"denials that nobody asks", map[string]string{"p.rego": head + "deny contains \"x\"\n", "q.rego": "package interdict.policies.p.q\ndeny contains \"y\"\n"},
			[]string{"q.rego:2 policy.not-asked"}},
		{"denials that the policy takes up", map[string]string{"p.rego": head + "deny contains x if some x in data.interdict.policies.p.q.deny\n",
			"q.rego": "package interdict.policies.p.q\ndeny contains \"y\"\n"}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := errorsOf(t, c.sources); !slices.Equal(got, c.want) {
				t.Errorf("%q, not %q", got, c.want)
			}
		})
	}
}

func TestValuesThatNeverOccur(t *testing.T) {
	for condition, want := range map[string][]string{
		`input.socket.protocol == "tcp"`:          nil,
		`input.socket.protocol in {"udp", "262"}`: nil,
		`input.socket.protocol == "TCP"`:          {"p.rego:2 policy.impossible-value"},
		`input.socket.protocol in {"udp", "6"}`:   {"p.rego:2 policy.impossible-value"},
		`input.socket.type == "udp"`:              {"p.rego:2 policy.impossible-value"},
		`input.file.type == "Regular"`:            {"p.rego:2 policy.impossible-value"},
	} {
		got := errorsOf(t, map[string]string{"p.rego": "package interdict.policies.p\ndeny contains \"x\" if " + condition + "\n"})
		if !slices.Equal(got, want) {
			t.Errorf("%s: %q, not %q", condition, got, want)
		}
	}
}

func TestLabelsAreConstants(t *testing.T) {
	const head = "package interdict.policies.p\n"
	for _, c := range []struct {
		name, rego string
		errors     []string
		labels     []string
	}{
		{"two rules of one and another", head + "label contains \"b\" if input.process.uid == 1\nlabel contains \"a-1\"\nlabel contains \"b\" if input.process.uid == 2\n",
			nil, []string{"a-1", "b"}},
		{"none", head + "deny contains \"x\" if \"b\" in input.process.labels\n", nil, []string{}},
		{"one that is made", head + "label contains x if x := input.file.path\n", []string{"p.rego:2 policy.label"}, nil},
		{"one of several", head + "label contains x if some x in {\"a\", \"b\"}\n", []string{"p.rego:2 policy.label"}, nil},
		{"no word", head + "label contains \"An agent\"\n", []string{"p.rego:2 policy.label"}, nil},
		{"one that is too long", head + "label contains \"" + strings.Repeat("a", 64) + "\"\n", []string{"p.rego:2 policy.label"}, nil},
		{"no set", head + "label := \"a\"\n", []string{"p.rego:2 policy.not-a-set"}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			sources := map[string]string{"p.rego": c.rego}
			if got := errorsOf(t, sources); !slices.Equal(got, c.errors) {
				t.Errorf("%q, not %q", got, c.errors)
			}
			if c.errors != nil {
				return
			}
			req := request(t, "")
			req.Verb, req.Hooks, req.Sources = "compile", []string{"file_open"}, sources
			answer, err := compilePolicy(req)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(answer.Labels, c.labels) {
				t.Errorf("labels %q, not %q", answer.Labels, c.labels)
			}
		})
	}
}
