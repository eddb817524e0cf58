package dev.interdict.lint;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.interdict.compile.NamedFile;
import dev.interdict.compile.NativeRego;
import dev.interdict.policy.Diagnostic;
import dev.interdict.policy.LintRule;
import dev.interdict.policy.ParsedPolicy;
import dev.interdict.policy.PolicyParser;
import dev.interdict.policy.PolicySource;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class PolicyLinterTest {
  private static final Path POLICIES = Path.of("../policies");
  private static final Path CLASSES = Path.of("../.cache/library-classes").toAbsolutePath();
  private static final String HEAD =
      """
      apiVersion: interdict.dev/v1
      kind: Policy
      metadata: {name: p%s}
      spec:
      """;

  @TempDir static Path cache;
  private static PolicyLinter linter;

  @BeforeAll
  static void start() {
    linter = new PolicyLinter(NativeRego.compiler(cache), CLASSES);
  }

  private static List<Diagnostic> lint(ParsedPolicy parsed) throws Exception {
    parsed.orThrow();
    return linter.lint(parsed, false);
  }

  /** Findings about a policy of this {@code spec}, one a line. */
  private static String lint(String ignored, String spec) throws Exception {
    String annotations =
        ignored.isEmpty() ? "" : ", annotations: {interdict.dev/lint-ignore: \"" + ignored + "\"}";
    String yaml = HEAD.formatted(annotations) + spec.indent(2);
    return lint(PolicyParser.parse(PolicySource.ofYaml("p.yaml", yaml.getBytes(UTF_8)))).stream()
        .map(d -> "%s:%d:%d %s".formatted(d.file(), d.line(), d.column(), d.code()))
        .collect(Collectors.joining("\n"));
  }

  static List<Path> policies() throws IOException {
    try (Stream<Path> paths = Files.walk(POLICIES.resolve("library"), 3)) {
      return paths.filter(p -> p.endsWith("policy.yaml")).map(Path::getParent).sorted().toList();
    }
  }

  @ParameterizedTest
  @MethodSource("policies")
  void thePoliciesOfTheLibraryMustBeClean(Path folder) throws Exception {
    assertEquals(List.of(), lint(PolicyParser.parse(PolicySource.read(folder))));
  }

  @Test
  void aRuleThatNothingMeetsMustBeFoundAtItsFact() throws Exception {
    assertEquals(
        """
        p.yaml:9:9 lint.unreachable
        p.yaml:14:31 lint.unreachable""",
        lint(
            "",
            """
            hooks: [file_open]
            rules:
              - deny:
                  file.path: {in: [/etc/shadow, /etc/gshadow]}
                  not: {file.path: {prefix: /etc/}}
                reason: never
              - deny:
                  any:
                    - file.path: /srv/a
                    - file.uid: {gt: 5, lt: 5}
                reason: one of two
            """));
  }

  @Test
  void whatDeniesPidOneOrTheShellMustBeFoundWithItsReason() throws Exception {
    String yaml =
        HEAD.formatted("")
            + """
              hooks: [exec, mmap_exec, file_open]
              rules:
                - deny:
                    file.path: {prefix: [/usr/bin/, /usr/lib/]}
                    file.uid: 0
                  reason: "no {file.path}"
                - deny:
                    hook: file_open
                    file.path: /etc/passwd
                  reason: accounts
            """;
    List<Diagnostic> found =
        lint(PolicyParser.parse(PolicySource.ofYaml("p.yaml", yaml.getBytes(UTF_8))));
    assertEquals(
        List.of("7:7 lint.lockout", "7:7 lint.maintenance", "11:7 lint.lockout"),
        found.stream().map(d -> d.line() + ":" + d.column() + " " + d.code()).toList());
    assertTrue(
        found
            .getFirst()
            .message()
            .startsWith(
                "denies: the initial RAM disk starts PID 1 (\"no /usr/lib/systemd/systemd\"); "),
        found.getFirst().message());
    assertTrue(found.get(2).message().contains("login reads /etc/passwd"), found.get(2).message());
  }

  @Test
  void whatIsOutsideOfTheScopeMustNotBeFound() throws Exception {
    String rules =
        """
        hooks: [file_open]
        scope: {cgroups: [%s]}
        rules:
          - deny:
              file.path: /etc/passwd
            reason: accounts
        """;
    assertEquals("", lint("", rules.formatted("/agents.slice")));
    assertEquals("p.yaml:8:7 lint.lockout", lint("", rules.formatted("/system.slice")));
  }

  @Test
  void settingsThatCanStopAHostMustBeFound() throws Exception {
    String spec =
        """
        hooks: [exec]
        mode: enforce
        fallback: deny
        onMiss: deny
        %s
        rules:
          - deny:
              file.path: /srv/a
            reason: no
        """;
    assertEquals(
        "p.yaml:6:3 lint.no-budget\np.yaml:7:3 lint.deny-undecided\np.yaml:8:3 lint.deny-undecided",
        lint("", spec.formatted("")));
    assertEquals(
        "",
        lint(
            "", spec.formatted("scope: {cgroups: [/a.slice]}\nbudget: {subjects: 9, window: 1m}")));
  }

  /** At these hooks holding is not to be had for everybody. */
  @Test
  void theFirstOfAKindThatPassesWhereNobodyCanWaitMustBeFound() throws Exception {
    String spec =
        """
        hooks: [signal]
        mode: %s
        budget: {subjects: 9, window: 1m}
        fallback: %s
        rules:
          - deny:
              peer.exe.path: /srv/a
            reason: no
        """;
    assertEquals("p.yaml:5:3 lint.allow-undecided", lint("", spec.formatted("enforce", "allow")));
    assertEquals("", lint("", spec.formatted("enforce", "deny")));
    assertEquals("", lint("", spec.formatted("audit", "allow")));
  }

  @Test
  void whatIsSetAsideMustBeNamedRightAndHaveSomethingToSay() throws Exception {
    String spec =
        """
        hooks: [exec]
        rules:
          - deny:
              file.path: {suffix: /nmap}
            reason: no
        """;
    assertEquals("p.yaml:8:21 lint.name-only", lint("", spec));
    assertEquals("", lint("lint.name-only", spec));
    assertEquals(
        "p.yaml:3:62 lint.ignore\np.yaml:3:62 lint.ignore\np.yaml:8:21 lint.name-only",
        lint("lint.name-onyl, lint.lockout", spec));
  }

  @Test
  void aDenialOfRegoMustBeFoundAtItsRule() throws Exception {
    var files = new TreeMap<String, byte[]>();
    files.put("policy.yaml", (HEAD.formatted("") + "  hooks: [file_open]\n").getBytes(UTF_8));
    files.put(
        "p.rego",
        """
        package interdict.policies.p

        deny contains "else" if input.file.path == "/srv/a"

        deny contains $"no, {input.file.path}" if {
        	input.file.path == "/etc/passwd"
        	not startswith(input.process.exe.path, "/usr/sbin/")
        }
        """
            .getBytes(UTF_8));
    assertEquals(
        List.of("p.rego:5:1 lint.lockout", "p.rego:7:2 lint.absent-not"),
        lint(PolicyParser.parse(new PolicySource("policy.yaml", files))).stream()
            .map(d -> "%s:%d:%d %s".formatted(d.file(), d.line(), d.column(), d.code()))
            .toList());
  }

  @Test
  void whatAScopesProgramsAllNeedMustBeFound() throws Exception {
    String spec =
        """
        hooks: [file_open]
        scope: {cgroups: [/a.slice]}
        rules:
          - deny:
              %s
            reason: no
        """;
    assertEquals("p.yaml:8:7 lint.lockout", lint("", spec.formatted("hook: file_open")));
    assertEquals("", lint("", spec.formatted("file.path: {under: /srv}")));
  }

  /** Whoever does what a host needs gets the label, and then may do nothing more. */
  @Test
  void whatLocksOutByWayOfALabelMustBeFound() throws Exception {
    String spec =
        """
        hooks: [file_open]
        rules:
          - label: seen
            when: {file.path: {under: %s}}
          - deny: {process.labels: seen}
            reason: no
        """;
    assertTrue(lint("", spec.formatted("/etc")).contains("lint.lockout"));
    assertEquals("", lint("", spec.formatted("/srv/nobody")));
  }

  /** A path stands for what it leads to: who excepts /bin/login has excepted what runs. */
  @Test
  void exceptionsByLinksMustCount() throws Exception {
    String spec =
        """
        hooks: [file_open]
        rules:
          - deny:
              file.path: {in: [/etc/shadow, /etc/gshadow]}
              process.exe.path: {notIn: [%s]}
            reason: no
        """;
    assertEquals("p.yaml:7:7 lint.lockout", lint("", spec.formatted("/usr/bin/login")));
    assertEquals("", lint("", spec.formatted("/usr/bin/login, /usr/sbin/sshd")));
    assertEquals("", lint("", spec.formatted("/bin/login, /sbin/sshd")));
  }

  @Test
  void aPolicyWithoutAnAnswerMustBeAnErrorThatSaysWhy() throws Exception {
    for (String[] each :
        new String[][] {
          {
            "level := 1\nlevel := 2\ndeny contains \"x\" if level == input.file.uid",
            "its runtime gave up"
          },
          {
            "deny contains \"x\" if { some i in numbers.range(1, 3000); some j in numbers.range(1, 3000);"
                + " i * j == 0 }",
            "took longer than 50 ms"
          },
        }) {
      var files = new TreeMap<String, byte[]>();
      files.put("policy.yaml", (HEAD.formatted("") + "  hooks: [file_open]\n").getBytes(UTF_8));
      files.put("p.rego", ("package interdict.policies.p\n\n" + each[0]).getBytes(UTF_8));
      List<Diagnostic> found = lint(PolicyParser.parse(new PolicySource("policy.yaml", files)));
      assertEquals(
          List.of("policy.yaml:5:3 policy.no-answer"),
          found.stream()
              .map(d -> "%s:%d:%d %s".formatted(d.file(), d.line(), d.column(), d.code()))
              .toList());
      assertTrue(found.getFirst().message().contains(each[1]), found.getFirst().message());
    }
  }

  @Test
  void packetsMustBeToldOfTheirOwnRemedy() throws Exception {
    String yaml =
        HEAD.formatted("")
            + """
              hooks: [xdp_ingress]
              scope: {interfaces: [eth0]}
              rules:
                - deny:
                    packet.protocol: tcp
                    not: {packet.destination.port: {in: [22, 443]}}
                  reason: closed
            """;
    List<Diagnostic> found =
        lint(PolicyParser.parse(PolicySource.ofYaml("p.yaml", yaml.getBytes(UTF_8))));
    assertEquals("lint.maintenance", found.getFirst().code());
    assertTrue(
        found.getFirst().message().contains("no connection is known"), found.getFirst().message());
  }

  @Test
  void namesThatAreLinksHereMustBeFoundWhenAsked(@TempDir Path root) throws Exception {
    Files.createDirectories(root.resolve("usr/bin"));
    Files.createFile(root.resolve("usr/bin/python3.11"));
    Files.createSymbolicLink(root.resolve("usr/bin/python3"), Path.of("python3.11"));
    Files.createSymbolicLink(root.resolve("bin"), Path.of("usr/bin"));
    Files.createSymbolicLink(root.resolve("usr/bin/lost"), Path.of("nowhere"));
    String unseen = "/" + "x".repeat(300); // no file system tells; as a folder that is closed
    assertEquals(
        List.of(unseen + " cannot be looked at on this host; root may see more"),
        foundHere(root, "lint.not-here", true, unseen));
    assertEquals(
        List.of(
            "/bin/python3.11 leads to /usr/bin/python3.11 on this host: a file is let through only"
                + " under the name that is used, too. Write /usr/bin/python3.11"),
        foundHere(root, "lint.not-here", true, "/usr/bin/python3.11", "/bin/python3.11"));
    assertEquals(
        List.of(
            "/usr/bin/lost is a link on this host that leads nowhere",
            "/a is no file on this host: nothing has this name now"),
        foundHere(
            root,
            "lint.not-here",
            false,
            "/usr/bin/python3",
            "/bin/python3.11",
            "/usr/bin/lost",
            "/a"));
  }

  @Test
  void namesWhereOthersCanWriteMustBeFoundWhenAsked(@TempDir Path root) throws Exception {
    for (String mode : List.of("rwxrwxrwx", "rwxr-xr-x")) {
      Path folder = Files.createDirectories(root.resolve("srv").resolve(mode));
      Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString(mode));
    }
    boolean roots = Files.getAttribute(root, "unix:uid").equals(0);
    List<String> found =
        foundHere(root, "lint.writable-path", false, "/srv/rwxrwxrwx/a", "/srv/rwxr-xr-x/a");
    assertEquals(roots ? 1 : 2, found.size(), found.toString());
    assertTrue(
        found
            .getFirst()
            .startsWith("/srv/rwxrwxrwx/a: others than root can write in /srv/rwxrwxrwx"),
        found.toString());
  }

  @Test
  void foldersThatAreLinksMustBeFoundWhenAsked(@TempDir Path root) throws Exception {
    Files.createDirectories(root.resolve("opt/tool-1.2/lib"));
    Files.createSymbolicLink(root.resolve("opt/tool"), Path.of("tool-1.2"));
    Files.createSymbolicLink(root.resolve("opt/lost"), Path.of("nowhere"));
    List<NamedFile> folders =
        Stream.of("/opt/tool/lib", "/opt/tool/not/yet", "/opt/tool-1.2", "/opt/lost/a", "/opt")
            .map(name -> new NamedFile(name, false, true, "p.rego", 3, 2))
            .toList();
    assertEquals(
        List.of(
            "p.rego:3:2: /opt/tool/lib leads to /opt/tool-1.2/lib on this host, and what is compared"
                + " by its beginning is the name with all links followed: here nothing is below"
                + " /opt/tool/lib. Write /opt/tool-1.2/lib, or both [lint.linked-folder]",
            "p.rego:3:2: /opt/tool/not/yet leads to /opt/tool-1.2/not/yet on this host, and what is"
                + " compared by its beginning is the name with all links followed: here nothing is"
                + " below /opt/tool/not/yet. Write /opt/tool-1.2/not/yet, or both"
                + " [lint.linked-folder]"),
        NamesHere.check(root, folders).stream().map(Diagnostic::toString).toList());
  }

  private static List<String> foundHere(Path root, String code, boolean excepts, String... names) {
    List<NamedFile> all =
        Stream.of(names).map(name -> new NamedFile(name, excepts, false, "p.rego", 3, 2)).toList();
    return NamesHere.check(root, all).stream()
        .filter(found -> found.code().equals(code))
        .map(Diagnostic::message)
        .toList();
  }

  /** The findings of the compiler, and the page, know the rules by their names. */
  @Test
  void everyRuleMustBeDocumentedAndNoneMustBeUnknown() throws IOException {
    Set<String> known = new TreeSet<>();
    Set<String> documented = new TreeSet<>();
    String page = Files.readString(POLICIES.resolve("README.md"));
    for (LintRule rule : LintRule.values()) {
      known.add(rule.id());
      if (page.contains("| `" + rule.id() + "` | " + rule.summary() + " |")) {
        documented.add(rule.id());
      }
    }
    assertEquals(known, documented);
    String sources =
        Files.readString(POLICIES.resolve("compiler/lint.go"))
            + Files.readString(POLICIES.resolve("compiler/lint_reach.go"));
    Pattern.compile("\"(?:lint\\.)([a-z-]+)\"|report\\([^,]+, \"([a-z-]+)\"")
        .matcher(sources)
        .results()
        .map(m -> "lint." + (m.group(1) == null ? m.group(2) : m.group(1)))
        .forEach(id -> assertTrue(known.contains(id), id));
  }
}
