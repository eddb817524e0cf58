package dev.interdict.policy;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RegoLoweringTest {

  private static ParsedPolicy parse(String hooks, String rules) throws PolicyException {
    ParsedPolicy parsed = PolicyParser.parse(Sources.rules(hooks, rules));
    parsed.orThrow();
    return parsed;
  }

  private static String lower(String hooks, String rules) throws PolicyException {
    return parse(hooks, rules).policy().rego().get(PolicyParser.LOWERED);
  }

  /** The body of the one rule of a policy with one condition. */
  private static String body(String hooks, String condition) throws PolicyException {
    String rego = lower(hooks, "- deny: {" + condition + "}\n  reason: no");
    int start = rego.indexOf("{\n") + 2;
    return rego.substring(start, rego.indexOf("\n}")).strip().replace("\n\t", " & ");
  }

  @Test
  void aRuleReadsLikeWrittenByHand() throws PolicyException {
    assertEquals(
        """
        package interdict.policies.t

        # policy.yaml:7
        deny contains $"{input.process.exe.path} may not read {input.file.path}" if {
        	input.file.path in {"/etc/shadow", "/etc/gshadow"}
        	not _rule1_not1
        	_rule1_any2
        	not _rule1_not3
        }

        _rule1_not1 if input.process.exe.path in {"/usr/bin/passwd", "/usr/sbin/sshd"}

        _rule1_any2 if input.process.uid == 0

        _rule1_any2 if {
        	input.process.uid >= 1000
        	"read" in input.access
        }

        _rule1_not3 if {
        	some prefix in {"/usr/", "/opt/"}
        	startswith(input.process.exe.path, prefix)
        }

        # policy.yaml:16
        kill contains "100%" if {
        	input.file.path == "/etc/shadow"
        }
        """,
        lower(
            "file_open",
            """
            - deny:
                file.path: {in: [/etc/shadow, /etc/gshadow]}
                process.exe.path: {notIn: [/usr/bin/passwd, /usr/sbin/sshd]}
                any:
                  - process.uid: 0
                  - process.uid: {ge: 1000}
                    access: read
                not: {process.exe.path: {prefix: [/usr/, /opt/]}}
              reason: "{process.exe.path} may not read {file.path}"
            - kill: {file.path: /etc/shadow}
              reason: 100%
            """));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "file.path: /a                         | input.file.path == \"/a\"",
        "file.path: {in: [/a]}                 | input.file.path in {\"/a\"}",
        "file.path: {notIn: [/a, /a]}          | not _rule1_not1",
        "file.path: {prefix: /a/}              | startswith(input.file.path, \"/a/\")",
        "file.path: {contains: /.ssh/}         | contains(input.file.path, \"/.ssh/\")",
        "file.path: {contains: [a, b]}         | some part in {\"a\", \"b\"} & contains(input.file.path, part)",
        "file.path: {under: /usr}              | _rule1_any1",
        "not: {file.path: {contains: a}}       | not _rule1_not1",
        "not: {file.mode: {contains: '7'}}     | not contains(input.file.mode, \"7\")",
        "file.uid: {range: [1, 9]}             | input.file.uid >= 1 & input.file.uid <= 9",
        "not: {file.uid: {range: [1, 9]}}      | not _rule1_not1",
        "process.uid: {fact: file.uid}         | input.process.uid == input.file.uid",
        "process.uid: {gt: {fact: file.uid}, lt: 9} | input.process.uid > input.file.uid & input.process.uid < 9",
        "not: {process.uid: {fact: file.uid}}  | not input.process.uid == input.file.uid",
        "not: {process.gid: {ge: {fact: file.gid}}} | not input.process.gid >= input.file.gid",
        "file.path: {suffix: .so}              | endswith(input.file.path, \".so\")",
        "file.path: {glob: '/home/*/.ssh/**'}  | glob.match(\"/home/*/.ssh/**\", [\"/\"], input.file.path)",
        "file.path: {regex: '^/a\\.b$'}        | regex.match(\"^/a\\\\.b$\", input.file.path)",
        "file.path: {exists: true}             | input.file.path",
        "file.path: {exists: false}            | not input.file.path",
        "file.uid: {gt: 1}                     | input.file.uid > 1",
        "file.uid: {lt: 1}                     | input.file.uid < 1",
        "file.uid: {ge: 1, le: 9}              | input.file.uid >= 1 & input.file.uid <= 9",
        "file.uid: {notIn: [0, 33]}            | not input.file.uid in {0, 33}",
        "file.deleted: true                    | input.file.deleted == true",
        "file.deleted: false                   | input.file.deleted == false",
        "access: exec                          | \"exec\" in input.access",
        "access: {in: [write, append]}         | input.access[_] in {\"write\", \"append\"}",
        "access: {notIn: [write]}              | not _rule1_not1",
        "not: {access: write}                  | not \"write\" in input.access",
        "not: {access: {in: [write]}}          | not _rule1_not1",
        "not: {file.uid: {gt: 3}}              | not input.file.uid > 3",
        "not: {file.path: {exists: true}}      | not input.file.path",
        "not: {file.path: /a}                  | not _rule1_not1",
        "not: {file.path: {notIn: [/a]}}       | not _rule1_not2",
        "not: {not: {file.path: /a}}           | not _rule1_not2",
        "all: [{file.uid: 1}, {file.gid: 2}]   | input.file.uid == 1 & input.file.gid == 2",
      })
  void everyOperatorHasOneForm(String condition, String expected) throws PolicyException {
    assertEquals(expected.replace("\"^/a\\\\.b$\"", "`^/a\\.b$`"), body("file_open", condition));
  }

  @Test
  void addressesAreComparedByNetwork() throws PolicyException {
    assertEquals(
        "some cidr in {\"10.0.0.0/8\", \"fd00::/8\"} & net.cidr_contains(cidr, input.socket.address)",
        body("socket_connect", "socket.address: {cidr: [10.0.0.0/8, 'fd00::/8']}"));
  }

  @Test
  void namesOfServicesBecomePorts() throws PolicyException {
    assertEquals(
        "input.socket.port in {22, 443, 8443}",
        body("socket_connect", "socket.port: {in: [ssh, https, 8443]}"));
    assertEquals(
        "input.socket.port >= 20 & input.socket.port <= 22",
        body("socket_connect", "socket.port: {range: [ftp-data, ssh]}"));
  }

  /**
   * A folder of a list has no slash at its end: the folder itself is compared with it as it stands.
   */
  @Test
  void foldersOfDataAreThoseOfTheListAndWhatIsBelow() throws PolicyException {
    String yaml =
        new String(
            Sources.rules(
                    "file_open", "- deny: {file.path: {under: {data: folders}}}\n  reason: no")
                .files()
                .get("policy.yaml"),
            UTF_8);
    ParsedPolicy parsed =
        PolicyParser.parse(
            Sources.folder("policy.yaml", yaml, "data.json", "{\"folders\": [\"/a\", \"/b\"]}"));
    String rego = parsed.orThrow().rego().get(PolicyParser.LOWERED);
    assertEquals(
        """
        _rule1_any1 if input.file.path in data.folders

        _rule1_any1 if {
        	some folder in data.folders
        	startswith(input.file.path, concat("", [folder, "/"]))
        }
        """,
        rego.substring(rego.indexOf("_rule1_any1 if")));
  }

  /** One of the two may be missing: then the helper is undefined, and the negation true. */
  @Test
  void aComparisonOfFactsThatCanBeAbsentIsNegatedByAHelper() throws PolicyException {
    assertEquals(
        "not _rule1_not1",
        body("xdp_ingress", "not: {packet.source.port: {fact: packet.destination.port}}"));
  }

  @Test
  void aRuleThatComparesFactsAsksOnlyHooksThatHaveBoth() throws PolicyException {
    assertEquals(
        "input.hook == \"file_open\" & input.process.uid == input.file.uid",
        body("file_open, socket_connect", "process.uid: {fact: file.uid}"));
  }

  @Test
  void longListsAreWrittenOneItemALine() throws PolicyException {
    String path = "/" + "x".repeat(60);
    assertEquals(
        "input.file.path in { & \t\"%s1\", & \t\"%s2\", & }".formatted(path, path),
        body("file_open", "file.path: {in: [%s1, %s2]}".formatted(path, path)));
  }

  @Test
  void aRuleAsksOnlyHooksThatHaveItsFacts() throws PolicyException {
    String rules =
        """
        - deny: {file.path: {notIn: [/usr/bin/ls]}}
          reason: no
        - deny: {socket.port: 22}
          reason: no
        - warn: {process.uid: 0}
          reason: no
        """;
    assertEquals(
        """
        package interdict.policies.t

        # policy.yaml:7
        deny contains "no" if {
        	input.hook in {"exec", "mmap_exec"}
        	not _rule1_not1
        }

        _rule1_not1 if input.file.path in {"/usr/bin/ls"}

        # policy.yaml:9
        deny contains "no" if {
        	input.hook == "socket_connect"
        	input.socket.port == 22
        }

        # policy.yaml:11
        warn contains "no" if {
        	input.process.uid == 0
        }
        """,
        lower("exec, mmap_exec, socket_connect", rules));
  }

  @Test
  void bracesInReasonsAreWrittenTwice() throws PolicyException {
    String rego =
        lower("exec", "- deny: {process.uid: 0}\n  reason: 'a {{b}} \"{process.uid}\" {{'");
    assertEquals(
        "deny contains $\"a \\{b} \\\"{input.process.uid}\\\" \\{\" if {",
        rego.lines().toList().get(3));
  }

  @Test
  void findingsInLoweredRegoLeadToTheYamlLine() throws PolicyException {
    ParsedPolicy parsed =
        parse("exec", "- deny:\n    process.uid: 0\n    file.uid: {gt: 5}\n  reason: no\n");
    String[] lines = parsed.policy().rego().get(PolicyParser.LOWERED).split("\n", -1);
    for (int i = 0; i < lines.length; i++) {
      if (lines[i].contains("> 5")) {
        Diagnostic found =
            new Diagnostic(Diagnostic.Severity.ERROR, PolicyParser.LOWERED, i + 1, 2, "c", "m");
        assertEquals("policy.yaml:9:20: m [c]", parsed.sourceMap().map(found).toString());
        return;
      }
    }
    throw new AssertionError("the comparison is missing");
  }

  @Test
  void aLabelIsAMemberOfItsSetAndOneOfTheProcesss() throws PolicyException {
    assertEquals(
        """
        package interdict.policies.t

        # policy.yaml:7
        label contains "agent" if {
        	input.file.path == "/usr/bin/agent"
        }

        # policy.yaml:8
        deny contains "no" if {
        	"agent" in input.process.labels
        	not _rule2_not1
        }

        _rule2_not1 if input.process.labels[_] in {"trusted"}
        """,
        lower(
            "exec",
            """
            - {label: agent, when: {file.path: /usr/bin/agent}}
            - {deny: {process.labels: agent, not: {process.labels: {in: [trusted]}}}, reason: "no"}
            """));
  }
}
