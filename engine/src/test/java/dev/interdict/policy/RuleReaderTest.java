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
        "file.path: {under: {data: x}}      | data has no x",
        "file.path: {under: {fact: process.exe.path}} | under takes no fact; two facts are compared as FACT: {fact: OTHER}, or behind gt, ge, lt and le",
        "file.path: {contains: ''}          | an empty contains matches everything",
        "file.path: {contains: /}           | every path contains /; leave this out",
        "file.path: {contains: [/.ssh/, a//b]} | \"a//b\" is not in its shortest form (//, /./, /../ or a / at the end) and never occurs",
        "file.path: {contains: '/*/x'}      | \"/*/x\" is compared literally; for a pattern write {glob: ...}",
        "file.path: {contains: /.ssh/}      |",
        "file.path: {includes: x}           | unknown operator \"includes\" for file.path; did you mean \"contains\"?",
        "access: {contains: write}          | contains looks into a text; access: WORD holds if it is one of the words",
        "socket.address: {contains: '10.'}  | compares socket.address by its text; for a network write {cidr: 10.0.0.0/8}",
        "file.uid: {range: [1000, 60000]}   |",
        "file.uid: {range: [7, 7]}          |",
        "file.uid: {range: [9, 1]}          | nothing is in a range from 9 to 1; write {range: [1, 9]}",
        "file.uid: {range: [1]}             | range takes a list of two, its least value and its greatest, not a list of 1",
        "file.uid: {range: 1000-2000}       | range takes a list of two, its least value and its greatest, not the string \"1000-2000\"; write [1000, 2000]",
        "file.uid: {range: {data: ids}}     | range takes a list of two, its least value and its greatest, not a mapping",
        "file.uid: {range: [0, 4294967296]} | file.uid is between 0 and 4294967295; 4294967296 never occurs",
        "file.uid: {between: [1, 2]}        | unknown operator \"between\" for file.uid; did you mean \"range\"? {range: [LEAST, GREATEST]}",
        "file.path: {range: [1, 2]}         | range does not fit file.path; what fits: a bare value, in, notIn, prefix, suffix, contains, under, glob, regex, exists",
        "file.uid: {fact: process.uid}      |",
        "file.uid: {gt: {fact: process.euid}} |",
        "file.uid: {fact: process.uidd}     | unknown fact \"process.uidd\"; did you mean \"process.uid\"?",
        "file.uid: {fact: [process.uid]}    | fact takes the name of a fact, such as file.uid, not a list",
        "file.uid: {fact: file.uid}         | file.uid is always the same as itself; file.uid can be compared with process.euid, process.uid",
        "file.uid: {fact: file.gid}         | file.uid and file.gid are numbers of different things; file.uid can be compared with process.euid, process.uid",
        "file.uid: {in: {fact: process.uid}} | in takes no fact; two facts are compared as FACT: {fact: OTHER}, or behind gt, ge, lt and le",
        "file.mode: {fact: file.type}       | no other fact has values like those of file.mode",
        "file.path: {fact: process.exe.path} | a path is compared with what it may be only: the same file has several, and each is asked about. Whether two are the same file, file.inode and file.dev say",
        "socket.port: {fact: process.pid}   | socket.port and process.pid are numbers of different things",
        "file.uid: {fact: socket.port}      | file.uid and socket.port are numbers of different things; file.uid can be compared with process.euid, process.uid",
        "file.path: {not: x}                | unknown operator \"not\" for file.path; put the fact below not: not: {FACT: {OPERATOR: VALUE}}",
        "process.args: x                    | unknown fact \"process.args\"; no hook knows the arguments of a program",
        "process.parent.exe.path: /a        | unknown fact \"process.parent.exe.path\"; no parent is known; at exec, process.exe.path is the caller, which mostly is the parent",
        "process.comm: sh                   | unknown fact \"process.comm\"; programs are known by whole paths: process.exe.path, with {suffix: /NAME} for any folder",
        "process.uid: root                  | process.uid is a whole number, not the string \"root\"; users and groups are known by number, which differs from host to host; root is 0",
        "socket.port: ssh                   |",
        "socket.port: {in: [https, 8443]}   |",
        "socket.port: {range: [ftp-data, ssh]} |",
        "socket.port: httpss                | \"httpss\" is no service whose port is known; did you mean \"https\"?",
        "socket.port: {notIn: [dns]}        | \"dns\" is no service whose port is known; domain is 53",
        "socket.port: zzyzx-service         | \"zzyzx-service\" is no service whose port is known; write the number",
        "socket.port: '22'                  | socket.port is a whole number, not the string \"22\"; write it without quotes",
        "hook: file_open, access: write     | write alone misses an open that only truncates or only creates the file; write access: modify, which is write, append, create and truncate",
        "socket.address: {in: [10.0.0.0/8]} | \"10.0.0.0/8\" is a network, and no address; write {cidr: 10.0.0.0/8}",
        "socket.address: {prefix: '10.'}    | compares socket.address by its text; for a network write {cidr: 10.0.0.0/8}",
        "file.path: {prefix: ''}            | an empty prefix matches everything",
        "file.path: {in: []}                | the list is empty",
        "file.path: {in: /a}                | in takes a list or {data: NAME}, not the string \"/a\"",
        "file.path: {gt: 1}                 | gt does not fit file.path; what fits: a bare value, in, notIn, prefix, suffix, contains, under, glob, regex, exists",
        "file.path: {notin: [/a]}           | unknown operator \"notin\" for file.path; did you mean \"notIn\"?",
        "file.path: {regex: '(?=a)'}        | no regular expression that OPA knows (RE2): error parsing regexp: invalid or unsupported Perl syntax: `(?=`",
        "file.path: {regex: '/(a{500}){500}'} | no regular expression that OPA knows (RE2): error parsing regexp: counts come to more than 1000 within one another: `/(a{500}){500}`",
        "file.path: {glob: '/a[b'}          | the glob \"/a[b\" has an open [ or {, or a } too many",
        "file.path: {glob: '/[a-zA-Z]x'}    | the glob \"/[a-zA-Z]x\": [a-zA-Z] is neither one range, such as [a-z], nor single characters, such as [abc]; write [!a] for all but a, {[a-z],[0-9]} for several",
        "file.path: {glob: '/[^a]'}         | the glob \"/[^a]\": [^a] is neither one range, such as [a-z], nor single characters, such as [abc]; write [!a] for all but a, {[a-z],[0-9]} for several",
        "file.path: {glob: '/[]'}           | the glob \"/[]\": [] is neither one range, such as [a-z], nor single characters, such as [abc]; write [!a] for all but a, {[a-z],[0-9]} for several",
        "file.path: {cidr: 10.0.0.0/8}      | cidr does not fit file.path; what fits: a bare value, in, notIn, prefix, suffix, contains, under, glob, regex, exists",
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

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "label: agent, when: {file.path: /a}         |",
        "label: a-9, when: {process.labels: agent}   |",
        "label: agent                                | spec.rules[0] needs the key \"when\"",
        "label: agent, when: {file.path: /a}, reason: x | a label needs no reason: it is one itself",
        "label: Agent, when: {file.path: /a}         | \"Agent\" is no label; one is a letter, then at most 62 lower-case letters, digits and dashes, and the facts stand below when",
        "label: '', when: {file.path: /a}            | \"\" is no label; one is a letter, then at most 62 lower-case letters, digits and dashes, and the facts stand below when",
        "deny: {file.path: /a}, reason: x, when: {file.path: /b} | when stands beside label; the facts of deny stand below it",
        "deny: {process.labels: Agent}, reason: x    | process.labels is never \"Agent\"; its values look like ^[a-z][a-z0-9-]{0,62}$",
        "deny: {process.labels: {in: [agent, b]}}, reason: x |",
        "deny: {process.capabilities: CAP_SYS_ADMIN, process.namespaces: {notIn: [user]}}, reason: x |",
        "deny: {process.capabilities: CAP_SYS_ADMI}, reason: x | process.capabilities is never \"CAP_SYS_ADMI\"; did you mean \"CAP_SYS_ADMIN\"?",
        "deny: {process.tty: true, process.session_uid: {exists: true}, process.seccomp: none}, reason: x |",
        "deny: {process.no_new_privs: 1}, reason: x | process.no_new_privs is true or false, not the number 1",
        "deny: {process.labels: {contains: agent}}, reason: x | contains looks into a text; process.labels: WORD holds if it is one of the words",
      })
  void labelsAreChecked(String rule, String expected) {
    ParsedPolicy parsed = PolicyParser.parse(Sources.rules("file_open", "- {" + rule + "}"));
    assertEquals(
        expected,
        parsed.diagnostics().isEmpty()
            ? null
            : parsed.diagnostics().stream()
                .map(Diagnostic::message)
                .collect(Collectors.joining("; ")));
  }

  @Test
  void aPacketHasNoProcessThatCouldHaveALabel() {
    assertEquals(
        "a packet has no process that could have a label",
        PolicyParser.parse(
                Sources.rules("xdp_ingress", "- {label: agent, when: {packet.protocol: tcp}}"))
            .diagnostics()
            .getLast()
            .message());
  }
}
