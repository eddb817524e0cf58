package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
)

func lint(t testing.TB, hooks []string, body string) string {
	req := request(t, body)
	req.Hooks = hooks
	req.Data = json.RawMessage(`{"trusted": ["/opt/a", "/usr/bin/python3"], "none": [], "nets": ["10.0.0.0/8"], "on": false, "names": ["/sh", "/bash"]}`)
	res, err := lintPolicy(req)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, d := range res.Diagnostics {
		if d.Severity == "error" {
			t.Fatalf("%v\n%s", d, body)
		}
		lines = append(lines, fmt.Sprintf("%d:%d %s", d.Line, d.Column, strings.TrimPrefix(d.Code, "lint.")))
	}
	return strings.Join(lines, ", ")
}

func many(n int) string {
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf("%q", fmt.Sprint("/srv/", i))
	}
	return strings.Join(names, ", ")
}

func TestLintSaysWhatCompiles(t *testing.T) {
	body := "deny contains \"x\" if { some svc, paths in data.allowed; not startswith(input.file.path, svc) }\nmatched if input.hook == \"exec\""
	req := request(t, body)
	res, err := lintPolicy(req)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range res.Diagnostics {
		if d.Code == "lint.absent-not" {
			if want := "not matched_2(svc), with: matched_2(svc) if startswith(input.file.path, svc)"; !strings.HasSuffix(d.Message, want) {
				t.Errorf("%s\nwant %s", d.Message, want)
			}
			return
		}
	}
	t.Error("no finding")
}

func TestLintKnowsTheNames(t *testing.T) {
	res, err := lintPolicy(request(t, "deny contains \"x\" if {\n\tinput.file.path in {\"/etc/a\", \"/etc/b\"}\n\tnot ok\n}\nok if input.process.exe.path == \"/opt/c\"\nok if input.file.path == \"/d\"\n"))
	if err != nil {
		t.Fatal(err)
	}
	want := []Name{{"/etc/a", false, false, "p.rego", 3, 2}, {"/etc/b", false, false, "p.rego", 3, 2}, {"/opt/c", false, false, "p.rego", 6, 7}, {"/d", true, false, "p.rego", 7, 7}}
	if !slices.Equal(res.Names, want) {
		t.Errorf("%v, not %v", res.Names, want)
	}
}

func TestLintKnowsTheFolders(t *testing.T) {
	for _, c := range []struct{ condition, want string }{
		{`startswith(input.file.path, "/opt/tool/")`, "/opt/tool"},
		{`startswith(input.file.path, "/opt/tool-")`, "/opt"},
		{`startswith(input.file.path, "/opt")`, ""},
		{`startswith(input.file.path, "/bin/")`, ""},
		{`{ some p in {"/a/", "/b/"}; startswith(input.process.exe.path, p) }`, "/a /b"},
		{`glob.match("/opt/t?ol/*.so", ["/"], input.file.path)`, "/opt"},
		{`glob.match("**/x", ["/"], input.file.path)`, ""},
		{`regex.match("^/opt/tool/[a-z]+$", input.file.path)`, "/opt/tool"},
		{`regex.match("(?i)^/opt/tool/[a-z]+$", input.file.path)`, ""},
		{`regex.match("/opt/tool/[a-z]+$", input.file.path)`, ""},
		{`contains(input.file.path, "/opt/tool/")`, ""},
		{`endswith(input.file.path, "/opt/tool/x")`, ""},
	} {
		res, err := lintPolicy(request(t, "deny contains \"x\" if "+c.condition))
		if err != nil {
			t.Fatal(err)
		}
		var folders []string
		for _, name := range res.Names {
			if name.Folder {
				folders = append(folders, name.Path)
			}
		}
		if got := strings.Join(folders, " "); got != c.want {
			t.Errorf("%s: %s, not %s", c.condition, got, c.want)
		}
	}
}

func TestLint(t *testing.T) {
	file := []string{"file_open"}
	for _, c := range []struct {
		name  string
		hooks []string
		body  string
		want  string
	}{
		{"not over a call", file, `deny contains "x" if not startswith(input.file.path, "/usr/")`, "2:22 absent-not"},
		{"not over in", file, `deny contains "x" if { input.file.path == "/a"; not input.process.exe.path in data.trusted }`, "2:49 absent-not, 2:49 interpreter"},
		{"not over a field that is always there", file, `deny contains "x" if not input.file.uid in {0, 1}`, ""},
		{"not over a field that the rule wants anyway", file, `deny contains "x" if { startswith(input.file.path, "/srv/"); not endswith(input.file.path, ".md") }`, ""},
		{"not over a rule", file, "deny contains \"x\" if not known\nknown if input.file.path in {\"/a\"}", ""},
		{"not over the field", file, `deny contains "x" if not input.file.path`, ""},
		{"sprintf", file, `deny contains sprintf("%s", [input.file.path]) if input.file.uid == 0`, "2:15 absent-reason"},
		{"sprintf in the body", file, `deny contains r if { input.file.uid == 0; r := sprintf("%s", [input.process.exe.path]) }`, "2:48 absent-reason"},
		{"sprintf over what is known", file, `deny contains sprintf("%s", [input.file.path]) if input.file.path == "/a"`, ""},
		{"a template string", file, `deny contains $"{input.file.path}" if input.file.uid == 0`, ""},
		{"a label", file, `deny contains "x" if "agent" in input.process.labels`, ""},
		{"no label", file, "deny contains \"x\" if { input.file.path == \"/a\"; count(input.process.labels) == 0 }", ""},
		{"a capability", file, `deny contains "x" if "CAP_SYS_ADMIN" in input.process.capabilities`, ""},
		{"no capability", file, "deny contains \"x\" if { input.file.path == \"/a\"; count(input.process.capabilities) == 0 }", ""},
		{"every capability", file, "deny contains \"x\" if { input.file.path == \"/a\"; count(input.process.capabilities) == 41 }", ""},
		{"some capabilities", file, "deny contains \"x\" if { input.file.path == \"/a\"; count(input.process.capabilities) == 17 }", ""},
		{"a state", file, `deny contains "x" if { input.process.tty; input.process.seccomp == "none"; input.process.session_uid > 0 }`, ""},
		{"more capabilities than are tried", file, `deny contains "x" if { every c in {"CAP_CHOWN", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL", "CAP_SETGID", "CAP_SETUID", "CAP_BPF", "CAP_MKNOD", "CAP_LEASE", "CAP_SYSLOG", "CAP_PERFMON"} { c in input.process.capabilities } }`, ""},
		{"a process", file, `deny contains "x" if input.process.pid == 1`, "2:22 every-process"},
		{"a process in the reason", file, `deny contains $"{input.process.pid}" if input.file.uid == 0`, "2:15 every-process"},
		{"everything", file, "deny contains \"x\" if f(input)\nf(i) if i.file.uid == 0", "2:22 every-process"},

		{"a glob that is none", file, `deny contains "x" if glob.match("/etc/shadow", ["/"], input.file.path)`, "2:22 identity"},
		{"an expression that is none", file, `deny contains "x" if regex.match("^/etc/shadow$", input.file.path)`, "2:22 identity"},
		{"an expression", file, `deny contains "x" if regex.match("^/etc/shadow-?$", input.file.path)`, ""},
		{"one of several", file, `deny contains "x" if { some p in {"/etc/*", "/etc/shadow"}; glob.match(p, ["/"], input.file.path) }`, "2:61 identity"},
		{"a directory", file, `deny contains "x" if input.file.path in {"/etc", "/a"}`, "2:22 directory"},
		{"a directory that is meant", file, `deny contains "x" if { input.file.path == "/etc"; input.file.type == "directory" }`, ""},
		{"a directory that runs", []string{"exec"}, `deny contains "x" if input.file.path == "/usr/bin"`, "2:22 directory"},
		{"a directory that is changed", []string{"file_change"}, `deny contains "x" if input.file.path == "/etc"`, ""},
		{"a directory that is mounted on", []string{"mount"}, `deny contains "x" if input.file.path == "/etc"`, ""},
		{"a directory that is mounted on and opened", []string{"mount", "file_open"}, `deny contains "x" if input.file.path == "/etc"`, "2:22 directory"},
		{"a directory that is changed at one hook", []string{"file_change", "file_open"}, `deny contains "x" if { input.hook == "file_change"; input.file.path == "/etc" }`, ""},
		{"a directory that is opened and changed", []string{"file_change", "file_open"}, `deny contains "x" if input.file.path == "/etc"`, "2:22 directory"},
		{"a directory that changes something", []string{"file_change"}, `deny contains "x" if input.process.exe.path == "/usr/bin"`, "2:22 directory"},
		{"a prefix without end", file, `deny contains "x" if startswith(input.file.path, "/etc")`, "2:22 value"},
		{"a name", []string{"exec"}, `deny contains "x" if endswith(input.file.path, "/nmap")`, "2:22 name-only"},
		{"a name at this hook", []string{"exec", "file_open"}, `deny contains "x" if { input.hook == "exec"; endswith(input.file.path, "/nmap") }`, "2:46 name-only"},
		{"a file's name", file, `deny contains "x" if endswith(input.file.path, ".pem")`, ""},
		{"a text in a name", []string{"exec"}, `deny contains "x" if contains(input.file.path, "nmap")`, "2:22 name-only"},
		{"a folder in a name", []string{"exec"}, `deny contains "x" if contains(input.file.path, "/bin/nmap")`, ""},
		{"a name in a pattern", []string{"exec"}, `deny contains "x" if glob.match("/**/sh", ["/"], input.file.path)`, "2:22 name-only"},
		{"a name in an expression", []string{"exec"}, `deny contains "x" if regex.match("/(bash|sh)$", input.file.path)`, "2:22 name-only"},
		{"a name in data", []string{"exec"}, "deny contains \"x\" if { some s in data.names; endswith(input.file.path, s) }", "2:46 name-only"},
		{"a program's name", file, `deny contains "x" if endswith(input.process.exe.path, "/sh")`, "2:22 name-only"},
		{"a program's name that is let through", file, "deny contains \"x\" if { input.file.path == \"/a\"; not ok }\nok if endswith(input.process.exe.path, \"/backup\")", ""},
		{"a folder in a pattern", []string{"exec"}, `deny contains "x" if glob.match("/opt/**/sh", ["/"], input.file.path)`, ""},
		{"a directory and what is below", file, "deny contains \"x\" if of_etc\nof_etc if input.file.path == \"/etc\"\nof_etc if startswith(input.file.path, \"/etc/\")", ""},
		{"directories of a list and what is below", file, "deny contains \"x\" if of_them\nof_them if input.file.path in dirs\nof_them if { some d in dirs; startswith(input.file.path, concat(\"\", [d, \"/\"])) }\ndirs := {\"/etc\", \"/opt\"}", ""},
		{"a directory of a list through a link", file, "deny contains \"x\" if { some d in {\"/bin\", \"/opt\"}; startswith(input.file.path, concat(\"\", [d, \"/\"])) }", "2:52 merged-usr"},
		{"a partial name", file, `deny contains "x" if startswith(input.file.path, "/dev/sd")`, ""},
		{"a name through a link", file, `deny contains "x" if input.process.exe.path in {"/opt/x", "/bin/nc"}`, ""},
		{"a program let through by a link", file, "deny contains \"x\" if { input.file.path == \"/bin/a\"; not ok }\nok if input.process.exe.path == \"/bin/nc\"", ""},
		{"a file let through by a link", file, "deny contains \"x\" if { input.file.uid == 0; not ok }\nok if input.file.path == \"/bin/nc\"", "3:7 merged-usr"},
		{"a file let through by both names", file, "deny contains \"x\" if { input.file.uid == 0; not ok }\nok if input.file.path in {\"/bin/nc\", \"/usr/bin/nc\"}", ""},
		{"a file that users can make", file, `deny contains "x" if input.file.path in {"/a", "/tmp/x"}`, "2:22 writable-path"},
		{"a file of a user's", file, `deny contains "x" if input.file.path == "/home/a/.ssh/id_rsa"`, "2:22 writable-path"},
		{"a file of a user's that is let through", file, "deny contains \"x\" if { input.file.uid == 0; not ok }\nok if input.file.path == \"/var/tmp/a\"", "3:7 writable-path"},
		{"files of users", file, `deny contains "x" if glob.match("/home/*/.ssh/id_*", ["/"], input.file.path)`, ""},
		{"a folder through a link", file, `deny contains "x" if startswith(input.file.path, "/lib/")`, "2:22 merged-usr"},
		{"a pattern through a link", file, `deny contains "x" if glob.match("/var/run/**", ["/"], input.file.path)`, "2:22 merged-usr"},
		{"an expression through a link", file, `deny contains "x" if regex.match("^/sbin/[a-z]+$", input.file.path)`, "2:22 merged-usr"},
		{"a program users can move", file, `deny contains "x" if startswith(input.process.exe.path, "/tmp/")`, "2:22 writable-program"},
		{"a program users can make", file, "deny contains \"x\" if { input.file.path == \"/a\"; not ok }\nok if glob.match(\"/home/*/bin/x\", [\"/\"], input.process.exe.path)", "3:7 writable-program"},
		{"an interpreter", file, "deny contains \"x\" if { input.file.path == \"/a\"; not ok }\nok if input.process.exe.path in trusted\ntrusted := {\"/usr/bin/bash\"}", "3:7 interpreter"},
		{"an interpreter that is refused", file, `deny contains "x" if input.process.exe.path == "/usr/bin/bash"`, ""},

		{"two values", file, `deny contains "x" if { input.file.path == "/a"; input.file.path == "/b" }`, "2:49 unreachable"},
		{"in and not in", file, "deny contains \"x\" if { input.file.path in {\"/a\", \"/b\"}; not no }\nno if input.file.path in {\"/b\", \"/a\", \"/c\"}", "2:57 unreachable"},
		{"in and one not in", file, "deny contains \"x\" if { input.file.path in {\"/a\", \"/b\"}; not no }\nno if input.file.path in {\"/b\", \"/c\"}", ""},
		{"a prefix that excludes it", file, `deny contains "x" if { input.file.path == "/a"; startswith(input.file.path, "/b/") }`, "2:49 unreachable"},
		{"two prefixes", file, `deny contains "x" if { startswith(input.file.path, "/a/"); startswith(input.file.path, "/b/") }`, "2:60 unreachable"},
		{"two prefixes of each other", file, `deny contains "x" if { startswith(input.file.path, "/a/"); startswith(input.file.path, "/a/b/"); endswith(input.file.path, ".c") }`, ""},
		{"a prefix and its exception", file, "deny contains \"x\" if { startswith(input.file.path, \"/a/b/\"); not no }\nno if startswith(input.file.path, \"/a/\")", "2:62 unreachable"},
		{"an expression it does not match", file, `deny contains "x" if { input.file.path in {"/a", "/b"}; regex.match("^/c", input.file.path) }`, "2:57 unreachable"},
		{"an expression and a pattern", file, `deny contains "x" if { regex.match("^/d", input.file.path); glob.match("/c/*", ["/"], input.file.path) }`, ""},
		{"a long list and as long an exception", file, "deny contains \"x\" if { input.file.path in many; not no }\nno if input.file.path in many\nmany := {" + many(300) + "}", "2:49 unreachable"},
		{"an empty range", file, `deny contains "x" if { input.file.uid > 10; input.file.uid < 10 }`, "2:45 unreachable"},
		{"a range", file, `deny contains "x" if { input.file.uid > 10; input.file.uid < 12 }`, ""},
		{"a range of arithmetic", file, `deny contains "x" if input.file.uid % 7 == 3`, ""},
		{"words that never meet", file, `deny contains "x" if { input.file.type == "regular"; input.file.type == "block" }`, "2:54 unreachable"},
		{"accesses that meet", file, `deny contains "x" if { "read" in input.access; "write" in input.access }`, ""},
		{"accesses that do not", file, `deny contains "x" if { "read" in input.access; every a in input.access { a == "write" } }`, "2:48 unreachable"},
		{"changes that meet", []string{"file_change"}, `deny contains "x" if { "xattr" in input.access; not "create" in input.access }`, ""},
		{"changes that do not", []string{"file_change"}, `deny contains "x" if { "xattr" in input.access; every a in input.access { a == "rename" } }`, "2:49 unreachable"},
		{"networks that never meet", []string{"socket_connect"}, `deny contains "x" if { net.cidr_contains("10.0.0.0/8", input.socket.address); net.cidr_contains("192.168.0.0/16", input.socket.address) }`, "2:79 unreachable"},
		{"what two networks leave", []string{"socket_connect"}, "deny contains \"x\" if { net.cidr_contains(\"10.0.0.0/8\", input.socket.address); not no }\nno if net.cidr_contains(\"10.0.0.0/9\", input.socket.address)\nno if net.cidr_contains(\"10.192.0.0/10\", input.socket.address)", ""},
		{"what two networks do not leave", []string{"socket_connect"}, "deny contains \"x\" if { net.cidr_contains(\"10.0.0.0/8\", input.socket.address); not no }\nno if net.cidr_contains(\"10.0.0.0/9\", input.socket.address)\nno if net.cidr_contains(\"10.128.0.0/9\", input.socket.address)", "2:79 unreachable"},
		{"an exception that is still empty", file, "deny contains \"x\" if { input.file.uid == 0; not ok }\nok if input.file.path in data.none", ""},
		{"an empty list that a rule asks for", file, "deny contains \"x\" if of_none\nof_none if input.file.path in data.none", "2:22 unreachable"},
		{"an empty list", file, `deny contains "x" if input.file.path in data.none`, "2:22 unreachable"},
		{"a switch in data", file, `deny contains "x" if { data.on; input.file.path == "/a" }`, ""},
		{"constants", file, `deny contains "x" if { 1 == 2; input.file.path == "/a" }`, "2:24 unreachable"},
		{"no hook has both", []string{"file_open", "socket_connect"}, `deny contains "x" if { input.file.path == "/a"; input.socket.port == 1 }`, "2:1 unreachable"},
		{"a hook that lacks it", []string{"file_open", "socket_connect"}, `deny contains "x" if { input.hook == "socket_connect"; input.file.path == "/a" }`, "2:1 unreachable"},
		{"an exception for the absent", file, `deny contains "x" if { not input.file.path; input.file.path == "/a" }`, "2:45 unreachable"},
		{"a relative prefix", file, `deny contains "x" if startswith(input.file.path, "etc/")`, "2:22 unreachable"},
		{"a path that ends with a slash", file, `deny contains "x" if endswith(input.file.path, "etc/")`, "2:22 unreachable"},
		{"an address by its text", []string{"socket_connect"}, `deny contains "x" if startswith(input.socket.address, "10.")`, ""},
		{"more than anybody waits for", file, `deny contains "x" if { some i in numbers.range(1, 3000); some j in numbers.range(1, 3000); i * j == 0 }`, ""},
		{"an argument", file, "deny contains \"x\" if f(input.file.path, \"/a\")\nf(a, b) if { a == b; a == \"/b\" }", "2:22 unreachable"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := lint(t, c.hooks, c.body); got != c.want {
				t.Errorf("%s\n got %s\nwant %s", c.body, got, c.want)
			}
		})
	}
}
