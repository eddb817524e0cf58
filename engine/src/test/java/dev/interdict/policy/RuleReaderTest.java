package dev.interdict.policy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.interdict.event.Hook;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RuleReaderTest {

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "file.path: [/a]                    | a list needs an operator: {in: [...]} or {notIn: [...]}",
        "file.path: {}                      | file.path is compared with nothing",
        "file.path: 12                      | file.path is a string, not the number 12; put it in quotes",
        "file.path:                         | file.path is a string, not nothing",
        "file.path: a                       | no path is \"a\"; the kernel reports absolute paths only: begin with /",
        "file.path: /a/../b                 | \"/a/../b\" is not in its shortest form (//, /./, /../ or a / at the end) and never occurs",
        "file.path: /a/                     | \"/a/\" is not in its shortest form (//, /./, /../ or a / at the end) and never occurs",
        "file.path: /a/*                    | \"/a/*\" is compared literally; for a pattern write {glob: ...}",
        "file.path: {under: '/home/*/.ssh'} | \"/home/*/.ssh\" is compared literally; for a pattern write {glob: ...}",
        "file.path: {prefix: '/home/*/'}    | \"/home/*/\" is compared literally; for a pattern write {glob: ...}",
        "file.path: {suffix: '*/curl'}      | \"*/curl\" is compared literally; for a pattern write {glob: ...}",
        "file.path: {prefix: /etc//ssh/}    | \"/etc//ssh/\" is not in its shortest form (//, /./, /../ or a / at the end) and never occurs",
        "file.path: {glob: '/etc/../a/*'}   | \"/etc/../a/*\" is not in its shortest form (//, /./, /../ or a / at the end) and never occurs",
        "process.cgroup.path: {glob: '/sys/fs/cgroup/a/**'} | \"/sys/fs/cgroup/a/**\" begins with where cgroups are mounted; write it from the cgroup root: /a",
        "file.path: /proc/self/mem          | \"/proc/self/mem\" is another file for each process, and here the engine's own; for that of any process write a glob, such as {glob: \"/proc/*/mem\"}",
        "file.path: {glob: /proc/thread-self/*} | \"/proc/thread-self/*\" is another file for each process, and here the engine's own; for that of any process write a glob, such as {glob: \"/proc/*/mem\"}",
        "file.path: {glob: '/etc/.[a-z]*/.*'} |",
        "file.path: {prefix: /root/.}       |",
        "file.path: {prefix: etc/}          | no path begins with \"etc/\"; the kernel reports absolute paths only: begin with /",
        "file.path: {prefix: 'memfd:x'}     | no path begins with \"memfd:x\"; files in memory are reported as /memfd:NAME",
        "file.path: {suffix: bin/}          | no path ends with a slash, so none ends with \"bin/\"",
        "file.path: {glob: '~/.ssh/*'}      | no path matches \"~/.ssh/*\"; home folders and variables are not filled in: write /home/*/ in a glob, or /root/",
        "file.path: {regex: ^etc}           | no path begins with \"etc\"; the kernel reports absolute paths only: begin with /",
        "file.path: {under: /usr/}          | \"/usr/\" is not in its shortest form (//, /./, /../ or a / at the end) and never occurs",
        "file.path: {under: /}              | every path is under /; leave this out",
        "file.path: {under: {data: x}}      | under takes a value or a list of them, not a mapping",
        "file.path: {contains: x}           | unknown operator \"contains\" for file.path; write {glob: \"**TEXT**\"}",
        "file.path: {not: x}                | unknown operator \"not\" for file.path; put the fact below not: not: {FACT: {OPERATOR: VALUE}}",
        "process.args: x                    | unknown fact \"process.args\"; no hook knows the arguments of a program",
        "process.parent.exe.path: /a        | unknown fact \"process.parent.exe.path\"; no parent is known; at exec, process.exe.path is the caller, which mostly is the parent",
        "process.comm: sh                   | unknown fact \"process.comm\"; programs are known by whole paths: process.exe.path, with {suffix: /NAME} for any folder",
        "process.uid: root                  | process.uid is a whole number, not the string \"root\"; users and groups are known by number, root is 0",
        "socket.port: ssh                   | socket.port is a whole number, not the string \"ssh\"; ports are known by number",
        "hook: file_open, access: write     | write alone misses an open that only truncates or only creates the file; write access: modify, which is write, append, create and truncate",
        "socket.address: {in: [10.0.0.0/8]} | \"10.0.0.0/8\" is a network, and no address; write {cidr: 10.0.0.0/8}",
        "socket.address: {prefix: '10.'}    | compares socket.address by its text; for a network write {cidr: 10.0.0.0/8}",
        "file.path: {prefix: ''}            | an empty prefix matches everything",
        "file.path: {in: []}                | the list is empty",
        "file.path: {in: /a}                | in takes a list or {data: NAME}, not the string \"/a\"",
        "file.path: {gt: 1}                 | gt does not fit file.path; what fits: a bare value, in, notIn, prefix, suffix, under, glob, regex, exists",
        "file.path: {notin: [/a]}           | unknown operator \"notin\" for file.path; did you mean \"notIn\"?",
        "file.path: {regex: '(?=a)'}        | no regular expression that OPA knows (RE2): error parsing regexp: invalid or unsupported Perl syntax: `(?=`",
        "file.path: {glob: '/a[b'}          | the glob \"/a[b\" has an open [ or {, or a } too many",
        "file.path: {cidr: 10.0.0.0/8}      | cidr does not fit file.path; what fits: a bare value, in, notIn, prefix, suffix, under, glob, regex, exists",
        "file.uid: {exists: true}           | file.uid is always there; exists says nothing",
        "file.uid: -1                       | file.uid is between 0 and 4294967295; -1 never occurs",
        "file.uid: {in: [4294967296]}       | file.uid is between 0 and 4294967295; 4294967296 never occurs",
        "file.uid: 1.5                      | file.uid is a whole number, not the number 1.5",
        "file.uid: {gt: [1]}                | gt takes one value, not a list",
        "file.mode: '640'                   | file.mode is never \"640\"; its values look like ^[0-7]{4}$",
        "file.mode: 0640                    | file.mode is a string, not the number 640; put it in quotes",
        "file.type: device                  | file.type is never \"device\"; known: regular, directory, symlink, fifo, socket, char, block",
        "file.deleted: yes                  | file.deleted is true or false, not the string \"yes\"",
        "access: {in: [reed]}               | access is never \"reed\"; did you mean \"read\"?",
        "any: []                            | spec.rules[0].deny.any must be a list of at least one mapping of facts, not an empty list",
        "not: []                            | spec.rules[0].deny.not must be a mapping of facts, not a list",
        "socket.address: 127.0.1            | \"127.0.1\" is no IP address",
        "socket.address: 'FD00::1'          | \"FD00::1\" never occurs in this form; write \"fd00::1\"",
        "socket.address: 'fd00:0:0:1:0:0:0:1' | \"fd00:0:0:1:0:0:0:1\" never occurs in this form; write \"fd00:0:0:1::1\"",
        "socket.address: '::ffff:1.2.3.4'   | \"::ffff:1.2.3.4\" never occurs in this form; write \"1.2.3.4\"",
        "socket.address: metadata.google.internal | \"metadata.google.internal\" is no IP address",
        "socket.address: {cidr: 10.0.0.1/8} | \"10.0.0.1/8\" has bits behind its length; write \"10.0.0.0/8\"",
        "socket.address: {cidr: 10.0.0.0/33} | \"10.0.0.0/33\": the length is at most 32",
        "socket.address: {cidr: '::ffff:10.0.0.0/104'} | \"::ffff:10.0.0.0/104\" never matches: IPv4-mapped addresses are shown as IPv4",
        "socket.address: {cidr: 10.0.0.0}   | \"10.0.0.0\" is no CIDR; write 10.0.0.0/8 or 2001:db8::/32",
        "socket.protocol: TCP               | socket.protocol is never \"TCP\"; did you mean \"tcp\"?",
        "socket.protocol: {in: [udp, '6']}  | socket.protocol is never \"6\": this number has a name; write tcp",
        "socket.type: udp                   | socket.type is never \"udp\"; known: stream, packet, dgram, raw, rdm, seqpacket, dccp",
        "socket.port: 1, file.uid: 1        | no hook of this policy has all the facts this rule names (file.uid, socket.port); write a rule for each hook",
      })
  void whatCanNeverMatchIsFound(String condition, String expected) {
    String hooks = "file_open, socket_connect";
    ParsedPolicy parsed =
        PolicyParser.parse(Sources.rules(hooks, "- deny: {" + condition + "}\n  reason: no"));
    assertEquals(
        expected == null ? "" : expected,
        parsed.diagnostics().stream()
            .map(Diagnostic::message)
            .filter(m -> !m.startsWith("no rule can match"))
            .collect(Collectors.joining("; ")));
  }

  @Test
  void aWrongFactMustNotHideThoseOfTheReason() {
    assertEquals(
        List.of(
            "unknown fact \"file.pth\"; did you mean \"file.path\"?",
            "unknown fact \"file.ui\"; did you mean \"file.uid\"? (in the reason)"),
        PolicyParser.parse(
                Sources.rules("file_open", "- {deny: {file.pth: /a}, reason: \"{file.ui}\"}"))
            .diagnostics()
            .stream()
            .map(Diagnostic::message)
            .toList());
  }

  @Test
  void whatIsWrittenForManyMustMeanAllOfThem() throws PolicyException {
    for (String[] each :
        new String[][] {
          {
            "access: modify", "input.access[_] in {\"write\", \"append\", \"create\", \"truncate\"}"
          },
          {
            "access: {in: [read, modify]}",
            "\"read\", \"write\", \"append\", \"create\", \"truncate\""
          },
          {"file.path: {under: /usr}", "input.file.path in {\"/usr\"}"},
          {"file.path: {under: /usr}", "startswith(input.file.path, \"/usr/\")"},
          {"file.path: {regex: '^[/]etc$'}", "regex.match"},
        }) {
      ParsedPolicy parsed =
          PolicyParser.parse(Sources.rules("file_open", "- {deny: {" + each[0] + "}, reason: x}"));
      assertEquals(List.of(), parsed.diagnostics(), each[0]);
      String rego = parsed.orThrow().rego().get(PolicyParser.LOWERED);
      assertTrue(rego.contains(each[1]), rego);
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "file_open              | write append create truncate",
        "file_change            | create truncate delete mkdir mknod symlink link rename chmod chown xattr",
        "file_open, file_change | write append create truncate delete mkdir mknod symlink link rename chmod chown xattr",
      })
  void modifyMustMeanAllThatChangesAFileAtTheHooks(String hooks, String words)
      throws PolicyException {
    ParsedPolicy parsed =
        PolicyParser.parse(Sources.rules(hooks, "- {deny: {access: modify}, reason: x}"));
    assertEquals(List.of(), parsed.diagnostics());
    String rego = parsed.orThrow().rego().get(PolicyParser.LOWERED);
    String set = "\"" + words.replace(" ", "\", \"") + "\"";
    assertTrue(rego.replaceAll("\\s+", " ").contains(set), rego);
  }

  /** A new word of a schema must be put where it belongs. */
  @Test
  void everyWordOfAChangeMustBeOneOfModify() {
    Field access = Fields.of(Hook.FILE_CHANGE).get("access");
    assertEquals(Set.copyOf(access.words()), Set.copyOf(AccessWords.modify(access)));
  }

  @Test
  void whoeverAllowsMustBeToldHow() {
    assertEquals(
        "unknown key \"allow\" in spec.rules[0]; what nobody denies is allowed: write deny, with"
            + " not: {...} around what is let through",
        PolicyParser.parse(Sources.rules("file_open", "- {allow: {file.path: /a}, reason: x}"))
            .diagnostics()
            .getLast()
            .message());
  }

  @Test
  void aReasonNobodyReadsMustBeRefused() {
    assertEquals(
        "the reason has 1001 characters; at most 1000",
        PolicyParser.parse(
                Sources.rules(
                    "file_open", "- {deny: {file.path: /a}, reason: " + "x".repeat(1001) + "}"))
            .diagnostics()
            .getFirst()
            .message());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "a {file.pth}     | unknown fact \"file.pth\"; did you mean \"file.path\"? (in the reason)",
        "a {socket.port}  | the reason names socket.port, which exec does not have; name the hook in the rule or leave the fact out",
        "a { b            | the reason has a single {; a fact is written {file.path}, a brace {{",
        "{process.pid}    | the reason names process.pid, so that each process is decided anew; the decision log has the pid anyway",
        "' '              | the reason is empty; say why, for those who read the log",
      })
  void reasonsAreChecked(String reason, String expected) {
    ParsedPolicy parsed =
        PolicyParser.parse(
            Sources.rules(
                "exec, socket_connect", "- deny: {process.uid: 0}\n  reason: \"" + reason + "\""));
    assertEquals(
        expected,
        parsed.diagnostics().stream().map(Diagnostic::message).collect(Collectors.joining("; ")));
  }
}
