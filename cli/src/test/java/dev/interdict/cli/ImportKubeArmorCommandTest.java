package dev.interdict.cli;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What policies of KubeArmor's become: by what they decide, and by what is told of them. */
class ImportKubeArmorCommandTest {
  @TempDir Path directory;

  private Path into;

  private Cli convert(String... documents) throws IOException {
    Path file = directory.resolve("theirs.yaml");
    Files.writeString(file, String.join("---\n", documents));
    into = directory.resolve("ours");
    return Cli.run("import", "kubearmor", "--into", into.toString(), file.toString());
  }

  /** A host's policy with this as its spec, each line indented by two. */
  private static String host(String name, String spec) {
    return """
        apiVersion: security.kubearmor.com/v1
        kind: KubeArmorHostPolicy
        metadata:
          name: %s
        spec:
        """
            .formatted(name)
        + spec.indent(2);
  }

  /** Tries each case, {@code verdict | input}, on the policy that was made. */
  private void decides(String name, String... cases) throws IOException {
    StringBuilder text = new StringBuilder("cases:\n");
    for (String one : cases) {
      String[] parts = one.split("\\|", 2);
      text.append(
          "  - {name: '%s', input: {%s}, %s: true}\n"
              .formatted(parts[1].strip().replace("'", ""), parts[1].strip(), parts[0].strip()));
    }
    Path folder = into.resolve(name);
    Files.writeString(folder.resolve("cases.yaml"), text);
    Cli test = Cli.run("policy", "test", folder.toString());
    assertEquals(ExitCode.OK, test.code(), () -> test.out() + test.err() + policy(name));
  }

  private String policy(String name) {
    try {
      return Files.readString(into.resolve(name).resolve("policy.yaml"));
    } catch (IOException e) {
      return e.toString();
    }
  }

  @Test
  void blockedFilesMustBeRefusedAsTheOptionsSay() throws IOException {
    Cli done =
        convert(
            host(
                "block",
                """
                message: "not {yours}"
                file:
                  matchPaths:
                  - path: /etc/secret
                  - path: /etc/mine
                    ownerOnly: true
                  - path: /etc/motd
                    readOnly: true
                  - path: /etc/from
                    fromSource:
                    - path: /usr/bin/tool
                    - dir: /opt/tools/
                      recursive: true
                  matchDirectories:
                  - dir: /srv/flat/
                  - dir: /srv/deep/
                    recursive: true
                  matchPatterns:
                  - pattern: /home/*/.ssh/**
                action: Block
                """));
    assertEquals(ExitCode.OK, done.code(), done.out() + done.err());
    assertTrue(done.out().contains("1 policies: 1 exact, 0 cover more, 0 in part"), done.out());
    decides(
        "block",
        "deny | hook: file_open, access: [read], file: {path: /etc/secret}",
        "deny | hook: file_change, access: [delete], file: {path: /etc/secret}",
        "allow | hook: file_open, access: [read], file: {path: /etc/secret2}",
        "allow | hook: file_open, access: [read], process: {euid: 7}, file: {path: /etc/mine, uid: 7}",
        "deny | hook: file_open, access: [read], process: {euid: 7}, file: {path: /etc/mine, uid: 8}",
        "allow | hook: file_open, access: [read], file: {path: /etc/motd}",
        "deny | hook: file_open, access: [append], file: {path: /etc/motd}",
        "deny | hook: file_change, access: [rename], file: {path: /etc/motd}",
        "deny | hook: file_open, access: [read], process: {exe: {path: /usr/bin/tool}}, file: {path: /etc/from}",
        "deny | hook: file_open, access: [read], process: {exe: {path: /opt/tools/a/b}}, file: {path: /etc/from}",
        "allow | hook: file_open, access: [read], process: {exe: {path: /usr/bin/other}}, file: {path: /etc/from}",
        "deny | hook: file_open, access: [read], file: {path: /srv/flat}",
        "deny | hook: file_open, access: [read], file: {path: /srv/flat/a}",
        "allow | hook: file_open, access: [read], file: {path: /srv/flat/a/b}",
        "deny | hook: file_open, access: [read], file: {path: /srv/deep/a/b}",
        "allow | hook: file_open, access: [read], file: {path: /srv/deeper}",
        "deny | hook: file_open, access: [read], file: {path: /home/me/.ssh/id/x}",
        "allow | hook: exec, file: {path: /etc/secret}"
            .replace("exec", "file_open, access: [read]")
            .replace("/etc/secret", "/bin/x"));
    assertTrue(policy("block").contains("not {{yours}}"), policy("block"));
    assertTrue(policy("block").contains("mode: audit"), policy("block"));
  }

  @Test
  void whatIsAuditedMustOnlyWarn() throws IOException {
    convert(host("audit", "file:\n  matchPaths:\n  - path: /etc/a\n  action: Audit\n"));
    decides("audit", "warn | hook: file_open, access: [read], file: {path: /etc/a}");
  }

  @Test
  void programsMustBeRefusedAtEachRouteAndByTheirSource() throws IOException {
    convert(
        host(
            "programs",
            """
            process:
              matchPaths:
              - path: /usr/bin/nc
              - path: /usr/bin/sleep
                fromSource:
                - path: /usr/bin/bash
              matchDirectories:
              - dir: /usr/lib/tools/
                recursive: true
            action: Block
            """));
    decides(
        "programs",
        "deny | hook: exec, file: {path: /usr/bin/nc}",
        "deny | hook: mmap_exec, file: {path: /usr/bin/nc}",
        "deny | hook: exec, process: {exe: {path: /usr/bin/bash}}, file: {path: /usr/bin/sleep}",
        "allow | hook: exec, process: {exe: {path: /usr/bin/env}}, file: {path: /usr/bin/sleep}",
        "deny | hook: exec, file: {path: /usr/lib/tools/a}",
        "allow | hook: mmap_exec, file: {path: /usr/lib/tools/a.so}",
        "allow | hook: exec, process: {namespaces: [mnt, pid]}, file: {path: /usr/bin/nc}");
  }

  /** The libraries of what is allowed are in no list of programs. */
  @Test
  void whatIsNotAllowedMustBeRefusedAndNothingElse() throws IOException {
    Cli done =
        convert(
            host(
                "allow",
                """
                process:
                  matchPaths:
                  - path: /usr/bin/web
                  - path: /usr/bin/mine
                    ownerOnly: true
                file:
                  matchDirectories:
                  - dir: /srv/
                    recursive: true
                    readOnly: true
                network:
                  matchProtocols:
                  - protocol: TCP
                    fromSource:
                    - path: /usr/bin/web
                action: Allow
                """));
    assertTrue(done.out().contains("0 exact, 1 cover more, 0 in part"), done.out());
    decides(
        "allow",
        "allow | hook: exec, file: {path: /usr/bin/web}",
        "deny | hook: exec, file: {path: /usr/bin/sh}",
        "allow | hook: exec, process: {euid: 7}, file: {path: /usr/bin/mine, uid: 7}",
        "deny | hook: exec, process: {euid: 7}, file: {path: /usr/bin/mine, uid: 8}",
        "allow | hook: file_open, access: [read], file: {path: /srv/a/b}",
        "deny | hook: file_open, access: [write], file: {path: /srv/a/b}",
        "deny | hook: file_open, access: [read], file: {path: /etc/passwd}",
        "allow | hook: socket_create, process: {exe: {path: /usr/bin/web}}, socket: {family: inet, type: stream, protocol: tcp}",
        "deny | hook: socket_create, process: {exe: {path: /usr/bin/sh}}, socket: {family: inet, type: stream, protocol: tcp}",
        "deny | hook: socket_create, process: {exe: {path: /usr/bin/web}}, socket: {family: inet6, type: dgram, protocol: udp}",
        "allow | hook: socket_create, process: {exe: {path: /usr/bin/sh}}, socket: {family: unix, type: stream, protocol: '0'}");
    assertFalse(policy("allow").contains("mmap_exec"), policy("allow"));
  }

  @Test
  void blockedProtocolsMustBeRefused() throws IOException {
    convert(
        host(
            "net",
            "network:\n  matchProtocols:\n  - protocol: ICMPv6\n  - protocol: udp\n  - protocol: raw\naction: Block\n"));
    decides(
        "net",
        "deny | hook: socket_create, socket: {family: inet6, type: dgram, protocol: icmpv6}",
        "allow | hook: socket_create, socket: {family: inet, type: dgram, protocol: icmp}",
        "deny | hook: socket_create, socket: {family: inet, type: dgram, protocol: udp}",
        "deny | hook: socket_create, socket: {family: packet, type: raw, protocol: '768'}",
        "allow | hook: socket_create, socket: {family: inet, type: stream, protocol: tcp}");
  }

  @Test
  void whoIsMeantMustBeCoveredAndMoreBeTold() throws IOException {
    Cli done =
        convert(
            """
            apiVersion: security.kubearmor.com/v1
            kind: KubeArmorPolicy
            metadata: {name: Web_Shell, namespace: shop}
            spec:
              severity: 7
              tags: [MITRE_T1059.004_shell, PCI]
              selector: {matchLabels: {app: web}}
              process: {matchPaths: [{path: /usr/bin/sh}]}
            """,
            """
            apiVersion: security.kubearmor.com/v1
            kind: KubeArmorClusterPolicy
            metadata: {name: web-shell}
            spec:
              selector: {matchExpressions: [{key: namespace, operator: In, values: [a, b]}]}
              process: {matchPaths: [{path: /usr/bin/sh}]}
            """);
    assertEquals(ExitCode.OK, done.code(), done.out() + done.err());
    assertTrue(
        done.out().contains("  covers more, line 7: app=web: labels of pods are not known"),
        done.out());
    assertTrue(done.out().contains("2 policies: 1 exact, 1 cover more"), done.out());
    assertTrue(policy("web-shell").contains("severity: '7'"), policy("web-shell"));
    assertTrue(policy("web-shell").contains("mitre: T1059.004"), policy("web-shell"));
    assertTrue(policy("web-shell").contains("- namespace: shop"), policy("web-shell"));
    assertTrue(
        policy("web-shell-2").contains("- namespace: a\n    - namespace: b"),
        policy("web-shell-2"));
    for (String name : List.of("web-shell", "web-shell-2")) {
      assertEquals(ExitCode.OK, Cli.run("policy", "check", into.resolve(name).toString()).code());
    }
  }

  /** Nothing is passed over in silence, and nothing is taken for something wider. */
  @Test
  void whatCannotBeSaidMustBeToldWithItsLine() throws IOException {
    Cli done =
        convert(
            host(
                "part",
                """
                process:
                  matchPaths:
                  - path: /usr/bin/nc
                  - path: relative
                  - path: /usr/bin/a
                    fromSources: [{path: /usr/bin/b}]
                  matchDirectories:
                  - dir: /opt/
                    recurive: true
                  matchPatterns:
                  - pattern: ^/proc/[0-9]+/mem$
                capabilities:
                  matchCapabilities:
                  - capability: net_raw
                action: Block
                """),
            host("none", "syscalls:\n  matchSyscalls:\n  - syscall: [unlink]\n"),
            host("twice", "action: Block\naction: Allow\n"),
            "kind: Deployment\n");
    assertEquals(ExitCode.NO, done.code());
    for (String told :
        List.of(
            "left out, line 9: relative is no path",
            "left out, line 11: unknown key fromSources",
            "left out, line 14: unknown key recurive",
            "left out, line 16: ^/proc/[0-9]+/mem$ is no path",
            "left out, line 17: capabilities:",
            "1 policies: 0 exact, 0 cover more, 1 in part; 2 documents gave none",
            "theirs.yaml:22: line 27: syscalls:",
            "theirs.yaml:37: \"action\" is already set")) {
      assertTrue(done.out().contains(told), () -> told + " is not in " + done.out());
    }
    assertTrue(policy("part").contains("# Left out: line 9: relative"), policy("part"));
    decides(
        "part",
        "deny | hook: exec, file: {path: /usr/bin/nc}",
        "allow | hook: exec, file: {path: /usr/bin/a}",
        "allow | hook: exec, file: {path: /opt/a}");
  }

  /** Each limit by itself: others may do nothing, and nobody may change it. */
  @Test
  void twoLimitsMustBothHold() throws IOException {
    convert(
        host(
            "limits",
            "file:\n  matchPaths:\n  - {path: /etc/x, ownerOnly: true, readOnly: true}\naction: Block\n"));
    String file = "process: {euid: 7}, file: {path: /etc/x, uid: %d}";
    decides(
        "limits",
        "allow | hook: file_open, access: [read], " + file.formatted(7),
        "deny | hook: file_open, access: [read], " + file.formatted(8),
        "deny | hook: file_open, access: [write], " + file.formatted(7));
  }

  /** One list for each section, whatever is said about its parts. */
  @Test
  void whatIsAllowedMustBeOneList() throws IOException {
    Cli done =
        convert(
            host(
                "list",
                """
                action: Allow
                message: theirs
                file:
                  matchPaths:
                  - {path: /etc/a, message: one}
                  - {path: /etc/b, message: two}
                """));
    decides(
        "list",
        "allow | hook: file_open, access: [read], file: {path: /etc/a}",
        "allow | hook: file_open, access: [read], file: {path: /etc/b}",
        "deny | hook: file_open, access: [read], file: {path: /etc/c}");
    assertEquals(1, done.out().lines().filter(l -> l.contains("covers more")).count(), done.out());
    assertTrue(policy("list").contains("reason: theirs"), policy("list"));
  }

  private static String pods(String kind, String metadata, String spec) {
    return """
        apiVersion: security.kubearmor.com/v1
        kind: %s
        metadata: %s
        spec:
          process: {matchPaths: [{path: /usr/bin/nc}]}
        """
            .formatted(kind, metadata)
        + spec.indent(2);
  }

  /** Whoever cannot be named is not everybody. */
  @Test
  void whoCannotBeToldMustBeNobody() throws IOException {
    String cluster = "KubeArmorClusterPolicy";
    String about = "selector: {matchExpressions: [{key: namespace, operator: In, %s}]}\n";
    List<String> told =
        List.of(
            "without a list of values",
            "it is about no namespace",
            "unknown key selector.matchExpressions.value",
            "a namespace is nothing",
            "a namespace is the string \"*\"",
            "selector: it is the string \"app=web\"",
            "matchLabels: it is a list",
            "nodeSelector: it is the string \"worker\"",
            "a namespace is a list",
            "a namespace is the string \"*\"",
            "unknown key spec.selector",
            "unknown key spec.selctor",
            "it is about no namespace",
            "status: it is not Active",
            "kind KubeArmorNetworkPolicy is none of");
    Cli done =
        convert(
            pods(cluster, "{name: x}", about.formatted("values: shop")),
            pods(cluster, "{name: x}", about.formatted("values: []")),
            pods(cluster, "{name: x}", about.formatted("value: [shop]")),
            pods(cluster, "{name: x}", about.formatted("values: [null]")),
            pods(cluster, "{name: x}", about.formatted("values: ['*']")),
            pods("KubeArmorPolicy", "{name: x}", "selector: app=web\n"),
            pods("KubeArmorPolicy", "{name: x}", "selector: {matchLabels: [app=web]}\n"),
            pods("KubeArmorHostPolicy", "{name: x}", "nodeSelector: worker\n"),
            pods("KubeArmorPolicy", "{name: x, namespace: [shop]}", "selector: {}\n"),
            pods("KubeArmorPolicy", "{name: x, namespace: '*'}", "selector: {}\n"),
            pods("KubeArmorHostPolicy", "{name: x}", about.formatted("values: [a]")),
            pods(cluster, "{name: x}", "selctor: {}\n"),
            pods("KubeArmorPolicy", "{name: x, namespace: shop}", about.formatted("values: [a]")),
            pods(cluster, "{name: x}", "status: Inactive\n"),
            pods("KubeArmorNetworkPolicy", "{name: x}", ""));
    List<String> failed = done.out().lines().filter(l -> l.startsWith("no policy: ")).toList();
    assertEquals(told.size(), failed.size(), done.out());
    for (int i = 0; i < told.size(); i++) {
      assertTrue(failed.get(i).contains(told.get(i)), told.get(i) + " is not in " + failed.get(i));
    }
    assertTrue(done.out().contains("0 policies: "), done.out());
  }

  @Test
  void expressionsMustAllHold() throws IOException {
    Cli done =
        convert(
            pods(
                "KubeArmorClusterPolicy",
                "{name: both}",
                """
                selector:
                  matchExpressions:
                  - {key: namespace, operator: In, values: [a, b]}
                  - {key: namespace, operator: In, values: [b, '0123']}
                status: Active
                """));
    assertTrue(policy("both").contains("containers:\n    - namespace: b\n  rules"), policy("both"));
    assertTrue(done.out().contains("1 exact"), done.out());
  }

  /** A key that has no meaning where it stands is not passed over. */
  @Test
  void whatHasNoMeaningHereMustBeLeftOut() throws IOException {
    Cli done =
        convert(
            host(
                "here",
                """
                network: {matchProtocols: [{protocol: tcp, path: /usr/bin/curl}]}
                file:
                  matchPaths:
                  - {path: /etc/secret, recursive: true}
                  - {path: /etc/s2, protocol: tcp}
                  - {path: "/etc/@{user}"}
                  - {path: "/etc/[!a]"}
                  - {path: "/etc/[a-zA-Z]"}
                  - {path: "/etc/\\ud800"}
                  matchPatterns:
                  - pattern: /etc/(a|b)
                process:
                  matchPath: [{path: /usr/bin/a}]
                  matchPaths:
                  - {path: /usr/bin/b}
                capabilities: {}
                """),
            host("good", "file:\n  matchPaths:\n  - path: /etc/a\n"));
    for (String told :
        List.of(
            "unknown key path",
            "unknown key recursive",
            "unknown key protocol",
            "/etc/@{user} is no path",
            "/etc/[!a] is no path",
            "[a-zA-Z] is neither one range",
            "/etc/(a|b) is no path",
            "unknown key spec.process.matchPath",
            "1 exact, 0 cover more, 0 in part; 1 documents gave none")) {
      assertTrue(done.out().contains(told), () -> told + " is not in " + done.out());
    }
  }

  /** What a cluster prints, and what files of many writers look like. */
  @Test
  void everyDocumentMustBeFound() throws IOException {
    String bom = "\ufeff";
    Cli done =
        convert(
            "# apiVersion: security.kubearmor.com/v1\n",
            "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: security.kubearmor.com/v1, kind: KubeArmorHostPolicy, "
                + "metadata: {name: listed}, spec: {process: {matchPaths: [{path: /usr/bin/nc}]}}}\n",
            bom + host("marked", "file:\n  matchPaths:\n  - path: /etc/a\n") + "---\t# next\n",
            host("next", "file:\n  matchPaths:\n  - path: /etc/a\n"),
            "\n".repeat(300_000),
            host("late", "file:\n  matchPaths:\n  - path: relative\n"));
    assertTrue(done.out().contains("3 policies: 3 exact"), done.out());
    assertTrue(done.out().contains("line 300035: relative is no path"), done.out());
    for (String name : List.of("listed", "marked", "next")) {
      assertTrue(Files.exists(into.resolve(name).resolve("policy.yaml")), name);
    }
  }

  @Test
  void filesThatCannotBeReadMustNotKeepTheOthersOut() throws IOException {
    Path folder = Files.createDirectories(directory.resolve("files/..2026/x")).getParent();
    Path files = folder.getParent();
    String good = host("good", "file:\n  matchPaths:\n  - path: /etc/a\n");
    Files.writeString(folder.resolve("real.yaml"), good);
    Files.createSymbolicLink(files.resolve("..data"), folder);
    Files.createSymbolicLink(files.resolve("linked.yaml"), Path.of("..data/real.yaml"));
    Files.createSymbolicLink(files.resolve("dangling.yaml"), Path.of("nowhere"));
    Files.createSymbolicLink(files.resolve("folder"), directory);
    Files.write(files.resolve("LATIN.YAML"), (good + "# caf\u00e9\n").getBytes(ISO_8859_1));
    into = directory.resolve("ours");
    Path link = Files.createSymbolicLink(directory.resolve("link"), files);
    Cli done = Cli.run("import", "kubearmor", "--into", into.toString(), link.toString());
    assertEquals(ExitCode.NO, done.code());
    assertTrue(done.out().contains("1 policies: 1 exact"), done.out());
    assertTrue(done.out().contains("3 documents gave none"), done.out());
    assertTrue(
        done.out().contains("dangling.yaml: ") && done.out().contains("cannot read "), done.out());
    assertTrue(done.out().contains("/folder: a link to a folder"), done.out());
    assertTrue(done.out().contains("LATIN.YAML:9: not UTF-8: byte 0xe9"), done.out());
  }

  /** Half of it would be a rule about more, or allow more, than is written. */
  @Test
  void whatHasAnotherShapeMustNotBeTakenForNothing() throws IOException {
    Cli done =
        convert(
            host(
                "shapes",
                """
                file:
                  matchPaths:
                  - path: /etc/plain
                    readOnly: True
                    fromSource: []
                  - path: /etc/a
                    fromSource: /usr/bin/tool
                    action: Allow
                  - path: /etc/b
                    fromSource: [/usr/bin/tool, {path: /usr/bin/other}]
                    action: Allow
                  - path: /etc/c
                    readOnly: yes
                    action: Allow
                  - path: /etc/d
                    action: [Allow]
                  - path: /etc/e
                    fromSource: [{dir: /opt, recursive: 1}]
                  matchDirectories:
                  - dir: /etc
                    path: {x: /etc/f}
                """));
    assertEquals(ExitCode.OK, done.code(), done.out() + done.err());
    for (String told :
        List.of(
            "left out, line 12: fromSource: it is the string \"/usr/bin/tool\"",
            "left out, line 15: fromSource: an item is the string \"/usr/bin/tool\"",
            "left out, line 18: readOnly is the string \"yes\": true or false",
            "left out, line 20: the action is none of Allow, Audit and Block",
            "left out, line 23: fromSource.recursive is the number 1: true or false",
            "left out, line 26: unknown key path")) {
      assertTrue(done.out().contains(told), () -> told + " is not in " + done.out());
    }
    decides(
        "shapes",
        "allow | hook: file_open, access: [read], file: {path: /etc/plain}",
        "deny | hook: file_open, access: [append], file: {path: /etc/plain}",
        "allow | hook: file_open, access: [append], file: {path: /etc/a}",
        "allow | hook: file_open, access: [append], file: {path: /etc/e}",
        "allow | hook: file_open, access: [append], file: {path: /etc/f}",
        "allow | hook: file_open, access: [append], file: {path: /srv/a}");
  }

  /** What stands in a document stays what it is, whoever has written it. */
  @Test
  void noTextMustBecomeSomethingElse() throws IOException {
    Cli done =
        convert(
            host(
                "default",
                """
                message: "a\\nb {x}: %s"
                severity: "1\\nmode: enforce"
                file:
                  matchPaths:
                  - "x\\nspec: {mode: enforce}\\n#"
                  - path: "/etc/a: b # c"
                """
                    .formatted("}".repeat(2000))),
            host("9 Lives!", "file:\n  matchPaths:\n  - path: /etc/a\n"),
            "--- {apiVersion: security.kubearmor.com/v1, kind: KubeArmorHostPolicy, metadata: {name: last}, "
                + "spec: {file: {matchPaths: [{path: /etc/b}]}}}\n");
    String first = policy("kubearmor-default");
    assertTrue(first.lines().noneMatch(line -> line.startsWith("spec: {")), first);
    assertTrue(first.contains("  mode: audit\n"), first);
    assertEquals(ExitCode.OK, Cli.run("policy", "check", into + "/kubearmor-default").code());
    decides(
        "kubearmor-default",
        "deny | hook: file_open, access: [read], file: {path: '/etc/a: b # c'}");
    assertTrue(policy("lives").contains("/etc/a"), done.out());
    assertTrue(policy("last").contains("/etc/b"), done.out());
  }

  @Test
  void whatIsThereMustBeLeftAlone() throws IOException {
    Files.createDirectories(directory.resolve("ours"));
    Cli done = convert(host("a", "file:\n  matchPaths:\n  - path: /etc/a\n"));
    assertEquals(ExitCode.REFUSED, done.code());
    assertTrue(done.err().contains("exists already"), done.err());
    assertEquals(0, directory.resolve("ours").toFile().list().length);
    assertEquals(
        ExitCode.REFUSED,
        Cli.run("import", "kubearmor", "--into", directory + "/new", directory + "/absent").code());
  }
}
