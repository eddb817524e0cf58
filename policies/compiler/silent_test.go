package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestWhatFallsSilentIsAnError(t *testing.T) {
	const tests = "import data.interdict.policies.p\n"
	for _, c := range []struct {
		name, rego, test string
		want             []string
	}{
		{"a pattern", `deny contains "x" if regex.match("(", input.file.path)`, "", []string{"p.rego:2 policy.bad-pattern"}},
		{"a pattern that is one", `deny contains "x" if regex.match("(a)", input.file.path)`, "", nil},
		{"counts within counts", `deny contains "x" if regex.split("((a{500}){500}){500}", input.file.path)`, "", []string{"p.rego:2 policy.bad-pattern"}},
		{"the pattern of a replacement", `deny contains "x" if regex.replace(input.file.path, "(a{500}){500}", "(") == "y"`, "", []string{"p.rego:2 policy.bad-pattern"}},
		{"no pattern of a replacement", `deny contains "x" if regex.replace("(", "(a)", "(") == input.file.path`, "", nil},
		{"a template", `deny contains "x" if regex.template_match("(/{[a-z]{2}}/{(a{500}){500}}", input.file.path, "{", "}")`, "", []string{"p.rego:2 policy.bad-pattern"}},
		{"a template that is one", `deny contains "x" if regex.template_match("(/<[a-z]{1,2}>)", input.file.path, "<", ">")`, "", nil},
		{"a pattern with too many steps", `deny contains "x" if regex.split("(` + strings.Repeat("a", 200) + `){501}", input.file.path)`, "", []string{"p.rego:2 policy.bad-pattern"}},
		{"a pattern too long", `deny contains "x" if regex.split("` + strings.Repeat("a", patternMax+1) + `", input.file.path)`, "", []string{"p.rego:2 policy.bad-pattern"}},
		{"a glob", `deny contains "x" if glob.match("/a{b", ["/"], input.file.path)`, "", []string{"p.rego:2 policy.bad-pattern"}},
		{"another policy", `deny contains "x" if data.interdict.policies.other.deny[_]`, "", []string{"p.rego:2 policy.other-policy"}},
		{"an empty reason", `deny contains " " if input.file.uid == 0`, "", []string{"p.rego:2 policy.empty-reason"}},
		{"a long reason", `deny contains "` + strings.Repeat("a", reasonMax+1) + `" if input.file.uid == 0`, "", []string{"p.rego:2 policy.size"}},
		{"all of data", "deny contains \"x\" if { walk(data, [_, v]); v == 1 }", "", []string{"p.rego:2 rego_recursion_error"}},
		{"a set that is always there", "deny contains \"x\" if input.file.uid == 0\nwarn contains \"y\" if not deny", "", []string{"p.rego:3 policy.never-holds"}},
		{"such a set in a test", `deny contains "x" if input.file.uid == 0`,
			tests + "test_a if not p.deny with input.file.uid as 1", []string{"p_test.rego:3 policy.never-holds"}},
		{"a fact in a test", `deny contains "x" if input.file.uid == 0`,
			tests + "test_a if count(p.deny) == 0 with input.file.pth as \"/a\"", []string{"p_test.rego:3 policy.unknown-fact"}},
		{"a fact below", `deny contains "x" if input.file.uid == 0`,
			tests + "test_a if count(p.deny) == 0 with input as {\"file\": {\"pth\": \"/a\"}}", []string{"p_test.rego:3 policy.unknown-fact"}},
		{"facts that there are", `deny contains "x" if input.file.uid == 0`,
			tests + "test_a if count(p.deny) == 0 with input as {\"hook\": \"file_open\", \"file\": {\"path\": \"/a\", \"uid\": 1}}", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			sources := map[string]string{"p.rego": "package interdict.policies.p\n" + c.rego + "\n"}
			if c.test != "" {
				sources["p_test.rego"] = "package interdict.policies.p_test\n" + c.test + "\n"
			}
			if got := errorsOf(t, sources); !slices.Equal(got, c.want) {
				t.Errorf("%q, not %q", got, c.want)
			}
		})
	}
}

func TestWhatWouldTakeMinutesIsRefused(t *testing.T) {
	var rules strings.Builder
	for i := range rulesMax + 1 {
		fmt.Fprintf(&rules, "deny contains \"x%d\" if input.file.uid == %d\n", i, i)
	}
	members := `deny contains "x" if input.file.path in {` + many(membersMax+1) + "}"
	for name, rego := range map[string]string{"rules": rules.String(), "members": members} {
		if got := errorsOf(t, map[string]string{"p.rego": "package interdict.policies.p\n" + rego}); len(got) != 1 || !strings.HasSuffix(got[0], "policy.size") {
			t.Errorf("%s: %q", name, got)
		}
	}
}

func TestAFailureSaysWhatDidNotHold(t *testing.T) {
	req := request(t, `deny contains "x" if input.file.uid == 0`)
	req.Verb = "test"
	req.Sources["p_test.rego"] = `package interdict.policies.p_test

import data.interdict.policies.p

test_good if count(p.deny) == 1 with input.file.uid as 0

test_bad if {
	found := p.deny with input.file.uid as 0
	count(found) == 2
}
`
	res, err := testPolicy(req)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range res.Tests {
		got = append(got, r.Name+" "+r.Outcome+" "+r.Message)
	}
	want := []string{`test_bad fail line 9 does not hold: count(found) == 2 (found is {"x"})`, "test_good pass "}
	if !slices.Equal(got, want) {
		t.Errorf("%q\nnot %q", got, want)
	}
}
