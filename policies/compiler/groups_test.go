package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

func compiled(t *testing.T, req *Request) *Response {
	t.Helper()
	res, err := compilePolicy(req)
	if err != nil || res.Wasm == nil {
		t.Fatalf("%v %v", err, res)
	}
	return res
}

// What is compiled does not grow with rules that are alike, nor with a list.
func TestCodeDoesNotGrowWithLiterals(t *testing.T) {
	rules := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, "deny contains $\"{input.file.path} %d\" if {\n\tinput.file.path in {\"/a/%d\", \"/b/%d\"}\n\tnot _n%d\n}\n\n_n%d if input.process.exe.path in {\"/c/%d\"}\n",
				i, i, i, i, i, i)
		}
		return b.String()
	}
	list := func(n int) string {
		var items []string
		for i := range n {
			items = append(items, fmt.Sprintf("\"/a/%d\"", i))
		}
		return "deny contains \"x\" if input.file.path in {" + strings.Join(items, ", ") + "}"
	}
	under := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, "deny contains \"%d\" if _u%d\n\n_u%d if input.file.path in {\"/a/%d\"}\n\n_u%d if startswith(input.file.path, \"/a/%d/\")\n", i, i, i, i, i, i)
		}
		return b.String()
	}
	for name, body := range map[string]func(int) string{"rules": rules, "list": list, "under": under} {
		few, many := compiled(t, request(t, body(10))), compiled(t, request(t, body(400)))
		if len(many.Wasm) > len(few.Wasm)+16 { // but for the numbers in names
			t.Errorf("%s: %d bytes of code for 10, %d for 400", name, len(few.Wasm), len(many.Wasm))
		}
	}
}

func TestWhatIsCompiledAsWritten(t *testing.T) {
	rule := "deny contains \"x\" if { input.file.path in {\"/a\", \"/b\"}; count(data.trusted) == 1 }\n"
	if res := compiled(t, request(t, rule)); res.Tables == "{}" || len(res.Concerns) != 1 {
		t.Errorf("tables %s, concerns %v", res.Tables, res.Concerns)
	}
	other := rule + "warn contains \"y\" if { input.file.path == \"/a\"; count(deny) == 1 with data.trusted as [] }"
	if res := compiled(t, request(t, other)); res.Tables != "{}" || res.Concerns != nil {
		t.Errorf("data is no constant here: tables %s, concerns %v", res.Tables, res.Concerns)
	}
}

// An index by text would lead to one of two rules whose numbers are equal.
func TestEqualNumbersAreOneKey(t *testing.T) {
	rules := func(numbers ...string) (body string) {
		for i, n := range numbers {
			body += fmt.Sprintf("deny contains \"%d\" if input.process.uid == %s\n", i, n)
		}
		return body
	}
	for _, c := range []struct {
		body    string
		indexed bool
	}{{rules("1", "4", "2", "3"), true}, {rules("1", "1.0", "2", "3"), false}, {rules("100", "1e2", "2", "3"), false}} {
		if res := compiled(t, request(t, c.body)); strings.Contains(res.Tables, "[0]") != c.indexed {
			t.Errorf("%s: tables %s", c.body, res.Tables)
		}
	}
}

// Nothing is said about a policy that can fail, or that has a rule without a condition.
func TestConcerns(t *testing.T) {
	for _, c := range []struct{ body, want string }{
		{`deny contains "x" if input.file.path == "/a"`, `[{"field":"file.path","operator":"in","values":["/a"]}]`},
		{`deny contains "x" if startswith(input.file.path, "/a/")`, `[{"field":"file.path","operator":"prefix","values":["/a/"]}]`},
		{`deny contains "x" if { some p in data.names; endswith(input.file.path, p) }`, `[{"field":"file.path","operator":"suffix","values":["path","uid"]}]`},
		{`deny contains "x" if { some p in data.names; startswith(input.file.path, concat("", [p, "/"])) }`, `[{"field":"file.path","operator":"prefix","values":["path/","uid/"]}]`},
		{`deny contains "x" if { some p in data.names; startswith(input.file.path, concat("/", [p, "/"])) }`, "null"},
		{`deny contains "x" if { "read" in input.access; input.process.uid == 0 }`, `[{"field":"process.uid","operator":"in","values":[0]}]`},
		{"deny contains \"x\" if any\nany if input.file.path == \"/a\"\nany if input.process.uid == 0",
			`[{"field":"file.path","operator":"in","values":["/a"]},{"field":"process.uid","operator":"in","values":[0]}]`},
		{"deny contains \"x\" if any\nany if input.file.path == \"/a\"\nany if not input.process.uid == 0", "null"},
		{`deny contains "x" if not input.file.path == "/a"`, "null"},
		{"deny contains \"x\" if input.file.path == \"/a\"\nwarn contains \"y\" if input.process.uid != 0", "null"},
		{"deny contains \"x\" if { input.file.path == \"/a\"; f == 1 }\nf := 1 if input.process.uid == 0\nf := 2 if input.process.gid == 0", "null"},
		{"deny contains \"x\" if { input.file.path == \"/a\" with input as {} }", "null"},
	} {
		got, _ := json.Marshal(compiled(t, request(t, c.body)).Concerns)
		if string(got) != c.want {
			t.Errorf("%s\n got %s\nwant %s", c.body, got, c.want)
		}
	}
}

func TestNamesOfTablesAreKept(t *testing.T) {
	req := request(t, `deny contains "x" if input.file.path == "/a"`)
	req.Data = json.RawMessage(`{"interdict.0": 1}`)
	_, found, err := check(req)
	if err != nil || len(found) != 1 || found[0].Code != "data.reserved" {
		t.Errorf("%v %v", found, err)
	}
}

// A folder and what is below it are one beginning: rules about folders have an index, and a policy of them concerns few events.
func TestFoldersAreIndexed(t *testing.T) {
	rules := func(alternative string) (body string) {
		for i := range 5 {
			body += fmt.Sprintf("deny contains \"%d\" if _u%d\n_u%d if input.file.path in {\"/a/%d\", \"/b/%d\"}\n_u%d if %s\n", i, i, i, i, i, i,
				fmt.Sprintf(alternative, i))
		}
		return body
	}
	for alternative, index := range map[string]string{
		`startswith(input.file.path, "/a/%d/")`:                           `{"/a/0":[0],"/a/1":[1],`,
		`startswith(input.file.path, "/c/%d/")`:                           `{"/a/0":[0],"/a/1":[1],`,
		`{ some p in {"/a/%d/", "/b/"}; startswith(input.file.path, p) }`: `{"/a/0":[0],"/a/1":[1],`,
		`input.file.path == "/c/%d"`:                                      `{"/a/0":[0],"/a/1":[1],`,
		`startswith(input.process.exe.path, "/a/%d/")`:                    "",
		`not startswith(input.file.path, "/a/%d/")`:                       "",
	} {
		tables := compiled(t, request(t, rules(alternative))).Tables
		if index == "" && strings.Contains(tables, ":[0]") || !strings.Contains(tables, index) {
			t.Errorf("%s: %s", alternative, tables)
		}
	}
}

// A long list of beginnings is looked up by length, unless the beginning itself is used.
func TestLongListsOfBeginningsAreLookedUp(t *testing.T) {
	list := func(n int) string {
		var items []string
		for i := range n {
			items = append(items, fmt.Sprintf("\"/a/%d/\"", i))
		}
		return strings.Join(items, ", ")
	}
	for _, c := range []struct {
		body   string
		lookup bool
	}{
		{`deny contains "x" if { some p in {` + list(40) + `}; startswith(input.file.path, p) }`, true},
		{`deny contains "x" if { some p in [` + list(40) + `]; startswith(input.file.path, concat("", [p, "/"])) }`, true},
		{`deny contains "x" if { input.file.uid == 0; not n }` + "\n" + `n if { some p in {` + list(40) + `}; startswith(input.file.path, p) }`, true},
		{`deny contains "x" if count({1 | some p in {` + list(40) + `}; startswith(input.file.path, p)}) > 0`, true},
		{`deny contains "x" if { some p in {` + list(7) + `}; startswith(input.file.path, p) }`, false},
		{`deny contains p if { some p in {` + list(40) + `}; startswith(input.file.path, p) }`, false},
		{`deny contains "x" if { some p in {` + list(40) + `}; startswith(input.file.path, p); p != "/a/1/" }`, false},
		{`deny contains "x" if { some p in {` + list(40) + `}; not startswith(input.file.path, p); input.file.uid == 0 }`, false},
		{`deny contains "x" if { some p in {` + list(40) + `}; startswith(lower(input.file.path), p) }`, false},
		{`deny contains "x" if { some p in {` + list(40) + `, 1}; startswith(input.file.path, p) }`, false},
		{`deny contains "x" if count({p | some p in {` + list(40) + `}; startswith(input.file.path, p)}) > 0`, false},
	} {
		if tables := compiled(t, request(t, c.body)).Tables; strings.Contains(tables, "/\":true") != c.lookup {
			t.Errorf("%s: %s", c.body, tables)
		}
	}
}
