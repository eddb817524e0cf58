package dev.interdict.policy;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.interdict.event.Hook;
import dev.interdict.event.ReadSet;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PolicyParserTest {

  private static final String FULL =
      """
      apiVersion: interdict.dev/v1
      kind: Policy
      metadata:
        name: protect-credentials
        labels: {severity: high, mitre: T1003.008}
        annotations: {owner: security}
      spec:
        description: The store is closed.
        hooks: [file_open, exec]
        mode: enforce
        scope: {cgroups: ["/system.slice/nginx.service", "/"]}
        onMiss: deny
        fallback: deny
        budget: {subjects: 100, window: 1m30s, settle: 2h}
        data: {trusted: [/usr/bin/passwd]}
        rules:
          - deny:
              file.path: {in: [/etc/shadow]}
              process.exe.path: {notIn: {data: trusted}}
            reason: credential store
      """;

  private static ParsedPolicy parse(String yaml) {
    return PolicyParser.parse(Sources.folder("policy.yaml", yaml));
  }

  /** The rules of the YAML would take its place, or it theirs. */
  @Test
  void aFileMustNotHaveTheNameThatTheRulesGet() {
    for (String name : new String[] {PolicyParser.LOWERED, PolicyParser.INLINE}) {
      Map<String, byte[]> files =
          new TreeMap<>(
              Sources.rules("exec", "- {deny: {process.uid: 0}, reason: not here}").files());
      files.put(name, "package interdict.policies.t\n".getBytes(UTF_8));
      ParsedPolicy parsed =
          PolicyParser.parse(new PolicySource(PolicySource.POLICY_YAML, new TreeMap<>(files)));
      assertTrue(
          parsed.diagnostics().stream()
              .anyMatch(d -> d.file().equals(name) && d.code().equals("policy.reserved")),
          () -> parsed.diagnostics().toString());
    }
  }

  @Test
  void everyKeyIsRead() throws PolicyException {
    Policy policy = parse(FULL).orThrow();
    assertEquals("protect-credentials", policy.name());
    assertEquals("The store is closed.", policy.description());
    assertEquals(Map.of("severity", "high", "mitre", "T1003.008"), policy.labels());
    assertEquals(Set.of(Hook.FILE_OPEN, Hook.EXEC), policy.hooks());
    assertEquals(Policy.Mode.ENFORCE, policy.mode());
    assertEquals(List.of("/system.slice/nginx.service", "/"), policy.scope().cgroups());
    assertEquals(Policy.OnMiss.DENY, policy.onMiss());
    assertEquals(Policy.Fallback.DENY, policy.fallback());
    assertEquals(
        new Policy.Budget(100, Duration.ofSeconds(90), Duration.ofHours(2)), policy.budget());
    assertEquals("{\"trusted\":[\"/usr/bin/passwd\"]}", new String(policy.data(), UTF_8));
    assertEquals(Set.of(PolicyParser.LOWERED), policy.rego().keySet());
  }

  @Test
  void aBudgetSettlesUnlessItSaysOtherwise() throws PolicyException {
    Duration minute = Duration.ofMinutes(1);
    assertEquals(
        new Policy.Budget(9, minute, Duration.ofHours(1)),
        budget("file_open", "{subjects: 9, window: 1m}"));
    assertEquals(
        new Policy.Budget(9, minute, Duration.ofHours(1)),
        budget("file_open", "{denials: 9, window: 1m}"));
    assertEquals(
        new Policy.Budget(9, minute, null),
        budget("file_open", "{subjects: 9, window: 1m, settle: never}"));
    assertEquals(
        new Policy.Budget(9, minute, Duration.ZERO),
        budget("xdp_ingress", "{subjects: 9, window: 1m}"),
        "sources are forged");
  }

  private static Policy.Budget budget(String hook, String budget) throws PolicyException {
    String yaml =
        """
        apiVersion: interdict.dev/v1
        kind: Policy
        metadata: {name: p}
        spec:
          hooks: [%s]
          budget: %s
          rules:
            - {deny: {hook: %s}, reason: no}
        """
            .formatted(hook, budget, hook);
    return PolicyParser.parse(Sources.folder("policy.yaml", yaml)).orThrow().budget();
  }

  @Test
  void defaultsAreTheHarmlessOnes() throws PolicyException {
    Policy policy =
        PolicyParser.parse(Sources.rules("exec", "- {deny: {process.uid: 0}, reason: no}"))
            .orThrow();
    assertEquals(Policy.Mode.AUDIT, policy.mode());
    assertEquals(Policy.OnMiss.HOLD, policy.onMiss());
    assertEquals(Policy.Fallback.ALLOW, policy.fallback());
    assertEquals(false, policy.unparsedPass());
    assertNull(policy.budget());
    assertEquals("{}", new String(policy.data(), UTF_8));
  }

  /** At one hook six is TCP and has a name, at the other it may be of a family without names. */
  @Test
  void aNameThatOneHookOfSeveralHasIsOneOfTheFact() {
    String rule = "- deny: {socket.protocol: {in: [tcp, netfilter, '6']}}\n  reason: no";
    assertEquals(
        List.of(),
        PolicyParser.parse(Sources.rules("socket_connect, socket_create", rule)).diagnostics());
    String wrong = "- deny: {socket.protocol: netfitler}\n  reason: no";
    assertTrue(
        PolicyParser.parse(Sources.rules("socket_create", wrong)).diagnostics().stream()
            .anyMatch(d -> d.message().contains("netfilter")));
  }

  /** Who reads neither end misses nothing where an end cannot be told. */
  @ParameterizedTest
  @CsvSource({
    "socket_connect, socket.address,       false",
    "socket_connect, socket.local.address, true",
    "socket_bind,    socket.local.address, false",
    "socket_listen,  socket.local.port,    false",
    "socket_listen,  socket.type,          true",
    "socket_accept,  socket.local.port,    false",
    "xdp_ingress,    packet.protocol,      false",
  })
  void whatHasNoAddressToTellPassesWhoDoesNotReadIt(String hook, String reads, boolean passes)
      throws PolicyException {
    String interfaces = hook.equals("xdp_ingress") ? "\n  scope: {interfaces: [eth0]}" : "";
    String yaml =
        """
        apiVersion: interdict.dev/v1
        kind: Policy
        metadata: {name: p}
        spec:
          hooks: [%s]%s
          rules:
            - {deny: {hook: %s}, reason: no}
        """
            .formatted(hook, interfaces, hook);
    Set<Hook> passed = parse(yaml).orThrow().passesUnread(new ReadSet(Set.of(reads)));
    assertEquals(passes, passed.contains(Hook.valueOf(hook.toUpperCase(Locale.ROOT))));
  }

  /** Who reads one end is not to refuse what hides the other: DHCP has packet sockets. */
  @ParameterizedTest
  @CsvSource({
    "socket.local.port,    drop, socket_connect",
    "socket.local.address, drop, socket_connect",
    "socket.address,       drop, socket_listen",
    "socket.type,          drop, socket_connect socket_listen",
    "socket.local.port,    pass, socket_connect socket_listen",
  })
  void whatHasNoAddressToTellPassesByHook(String reads, String unparsed, String passed)
      throws PolicyException {
    String yaml =
        """
        apiVersion: interdict.dev/v1
        kind: Policy
        metadata: {name: p}
        spec:
          hooks: [socket_connect, socket_listen]
          unparsed: %s
          rules:
            - {deny: {socket.type: raw}, reason: no}
        """
            .formatted(unparsed);
    assertEquals(
        Set.of(passed.split(" ", -1)),
        parse(yaml).orThrow().passesUnread(new ReadSet(Set.of(reads))).stream()
            .map(Hook::id)
            .collect(Collectors.toSet()));
  }

  @Test
  void allProblemsAreReportedAtOnceWithTheirPlaces() {
    ParsedPolicy parsed =
        parse(
            """
            apiVersion: interdict.dev/v2
            kind: Polcy
            metadata:
              nme: x
              labels: {severity: 3}
            spec:
              hoks: [exec]
              hooks: [file_open, fileopen, file_open]
              mode: no
              mode: audit
              onMiss: wait
              scope: {cgroup: ["/a"], cgroups: [system.slice, 7]}
              budget: {denials: 0, window: 60}
              unparsed: 1
              rules:
                - deny: {file.pth: /etc/shadow, process.uid: root}
                  reson: x
                - {deny: {process.uid: 1}, kill: {process.uid: 1}, reason: x}
            """);
    assertEquals(
        """
        1:13 yaml.value
        2:7 yaml.value
        4:3 yaml.unknown-key
        4:3 yaml.missing-key
        5:22 yaml.type
        7:3 yaml.unknown-key
        8:22 yaml.value
        8:32 yaml.value
        9:9 yaml.value
        10:3 yaml.duplicate-key
        11:11 yaml.value
        12:11 yaml.unknown-key
        12:37 yaml.value
        12:51 yaml.type
        13:21 yaml.type
        13:32 yaml.value
        14:3 lint.scope
        14:13 yaml.type
        16:7 yaml.missing-key
        16:14 rule.unknown-field
        16:50 rule.type
        17:7 yaml.unknown-key
        18:7 yaml.missing-key
        """,
        Sources.places(parsed));
    assertNull(parsed.policy());
    assertThrows(PolicyException.class, parsed::orThrow);
  }

  @Test
  void misspeltNamesComeWithAGuess() {
    List<String> messages =
        parse(
                FULL.replace("file.path", "file.pth")
                    .replace("fallback", "falback")
                    .replace("exec]", "execc]"))
            .diagnostics()
            .stream()
            .map(Diagnostic::message)
            .toList();
    assertEquals(
        List.of(
            "unknown hook \"execc\"; did you mean \"exec\"?",
            "unknown key \"falback\" in spec; did you mean \"fallback\"?",
            "unknown fact \"file.pth\"; did you mean \"file.path\"?"),
        messages);
  }

  @Test
  void whatIsNoMappingIsOneFault() {
    assertEquals(
        List.of("spec.budget must be a mapping, not the string \"100/m\""),
        PolicyParser.parse(
                Sources.folder(
                    "policy.yaml",
                    """
                    apiVersion: interdict.dev/v1
                    kind: Policy
                    metadata: {name: one}
                    spec:
                      hooks: [file_open]
                      budget: 100/m
                      rules: [{deny: {file.path: /a}, reason: x}]
                    """))
            .diagnostics()
            .stream()
            .map(Diagnostic::message)
            .toList());
  }

  @Test
  void aFactOfAnotherHookIsNamedWithItsHook() {
    ParsedPolicy parsed =
        PolicyParser.parse(Sources.rules("file_open", "- {deny: {socket.port: 22}, reason: no}"));
    assertEquals(
        "no hook of this policy (file_open) has the fact socket.port; it is known at socket_connect",
        parsed.diagnostics().getFirst().message());
  }

  @Test
  void theFilesOfAFolderAreKeptApart() {
    ParsedPolicy parsed =
        PolicyParser.parse(
            Sources.folder(
                "policy.yaml",
                FULL.replace("  data: {trusted: [/usr/bin/passwd]}\n", ""),
                "data.json",
                "{\"trusted\": [\"/usr/bin/su\"]}",
                "more.rego",
                "package interdict.policies.protect_credentials\n",
                "more_test.rego",
                "package interdict.policies.protect_credentials_test\n",
                "cases.yaml",
                "cases: []\n"));
    assertEquals("", Sources.places(parsed));
    assertEquals(Set.of(PolicyParser.LOWERED, "more.rego"), parsed.policy().rego().keySet());
    assertEquals(Set.of("more_test.rego"), parsed.tests().keySet());
    assertEquals("{\"trusted\":[\"/usr/bin/su\"]}", new String(parsed.policy().data(), UTF_8));
    assertNotNull(parsed.cases());
  }

  @Test
  void aMisspeltPackageIsAnErrorAtItsPlace() {
    ParsedPolicy parsed =
        PolicyParser.parse(
            Sources.folder(
                "policy.yaml",
                FULL,
                "more.rego",
                "# comment\npackage interdict.policies.protect\n"));
    assertEquals("2:9 rego.package\n", Sources.places(parsed));
  }

  @Test
  void findingsInInlineRegoLeadToTheirLineAndColumn() {
    String yaml =
        """
        apiVersion: interdict.dev/v1
        kind: Policy
        metadata: {name: t}
        spec:
          hooks: [exec]
          rego: |
            package interdict.policies.t

            deny contains "x" if input.file.pth
        """;
    ParsedPolicy parsed = parse(yaml);
    assertEquals("", Sources.places(parsed));
    Diagnostic found =
        new Diagnostic(
            Diagnostic.Severity.ERROR,
            PolicyParser.INLINE,
            3,
            22,
            "rego_type_error",
            "undefined ref");
    Diagnostic mapped = parsed.sourceMap().map(found);
    assertEquals("policy.yaml:9:26: undefined ref [rego_type_error]", mapped.toString());
  }

  @Test
  void dataIsCheckedWhereItIsUsed() {
    String rules = "- {deny: {process.uid: {in: {data: ids}}}, reason: no}";
    PolicySource source = Sources.rules("exec", rules);
    for (Map.Entry<String, String> e :
        Map.of(
                "{\"ids\": [1, \"2\"]}", "data.ids[1]: process.uid is a whole number, not \"2\"",
                "{\"ids\": 1}", "data.ids is not a list",
                "{\"idz\": [1]}", "data has no ids; did you mean \"idz\"?",
                "{\"ids\": [1], \"ids\": [2]}", "Duplicate Object property \"ids\"",
                "{\"ids\": [1], \"interdict\": {}}",
                    "data.interdict is where the policies themselves are; use another name")
            .entrySet()) {
      PolicySource withData =
          Sources.folder(
              "policy.yaml",
              new String(source.files().get("policy.yaml"), UTF_8),
              "data.json",
              e.getKey());
      List<String> messages =
          PolicyParser.parse(withData).diagnostics().stream().map(Diagnostic::message).toList();
      assertTrue(messages.contains(e.getValue()), () -> e.getKey() + ": " + messages);
    }
  }

  /**
   * Whatever is done to a policy's text, the parser answers with findings inside of the text, or
   * with a policy, and never throws.
   */
  @Test
  void mutatedTextNeverEscapesTheParser() {
    Random random = new Random(20261124);
    for (int i = 0; i < 3_000; i++) {
      StringBuilder text = new StringBuilder(FULL);
      for (int edits = 1 + random.nextInt(4); edits > 0; edits--) {
        int at = random.nextInt(text.length());
        int end = Math.min(text.length(), at + random.nextInt(12));
        String noise = "{}[]:,&*!|>'\"%#-~ \n\ta0.\u0000é";
        switch (random.nextInt(3)) {
          case 0 -> text.delete(at, end);
          case 1 -> text.insert(at, noise.charAt(random.nextInt(noise.length())));
          default -> text.insert(at, text.substring(at, end));
        }
      }
      String yaml = text.toString();
      ParsedPolicy parsed = parse(yaml);
      long lines = yaml.chars().filter(c -> c == '\n').count() + 1;
      boolean failed = false;
      for (Diagnostic d : parsed.diagnostics()) {
        failed |= d.severity() == Diagnostic.Severity.ERROR;
        assertTrue(d.line() >= 0 && d.line() <= lines, () -> d + " in\n" + yaml);
      }
      assertEquals(failed, parsed.policy() == null, yaml);
    }
  }

  private static List<String> of(String name, String rego) {
    String yaml =
        "apiVersion: interdict.dev/v1\nkind: Policy\nmetadata: {name: %s}\nspec: {hooks: [exec]}\n"
            .formatted(name);
    return PolicyParser.parse(Sources.folder("policy.yaml", yaml, "p.rego", rego))
        .diagnostics()
        .stream()
        .map(Diagnostic::toString)
        .toList();
  }

  @Test
  void aNameThatIsAWordOfRegoMustBeRefusedWhereItStands() {
    assertEquals(
        List.of(
            "policy.yaml:3:18: metadata.name is \"default\", which is a word of Rego: no package can"
                + " be called so; choose another [yaml.value]"),
        of("default", "package interdict.policies.default\n"));
  }

  @Test
  void aPackageBelowThePolicysMayBeSharedAndAnotherMayNot() {
    assertEquals(List.of(), of("a-b", "package interdict.policies.a_b.helpers\n"));
    assertEquals(
        List.of(
            "p.rego:2:9: package interdict.lib.x is not asked; the policy's name makes it"
                + " interdict.policies.a_b, or interdict.policies.a_b.NAME for what its rules share"
                + " [rego.package]"),
        of("a-b", "# a library\npackage interdict.lib.x\n"));
  }

  @Test
  void regoThatIsNoTextMustBeTheOnlyProblem() {
    assertEquals(
        List.of(
            "p.rego:1:1: begins with a byte order mark; save the file as UTF-8 without one"
                + " [rego.encoding]"),
        of("p", "\ufeffpackage interdict.policies.p\n"));
    var files = new java.util.TreeMap<String, byte[]>();
    files.put(
        "policy.yaml",
        "apiVersion: interdict.dev/v1\nkind: Policy\nmetadata: {name: p}\nspec: {hooks: [exec]}\n"
            .getBytes(UTF_8));
    files.put("p.rego", new byte[] {'a', (byte) 0xff});
    assertEquals(
        List.of("p.rego:1:0: not UTF-8: byte 0xff at offset 1 [rego.encoding]"),
        PolicyParser.parse(new PolicySource("policy.yaml", files)).diagnostics().stream()
            .map(Diagnostic::toString)
            .toList());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{cgroups: [/sys/fs/cgroup/a.slice]} | \"/sys/fs/cgroup/a.slice\" begins with where cgroups are mounted; write it from the cgroup root: /a.slice",
        "{cgroups: ['a*']} | \"a*\" is no cgroup path; write it from the cgroup root, such as /system.slice/nginx.service",
        "{cgroups: ['/{a,b}*']} | \"/{a,b}*\" has brackets or braces; patterns of a scope have *, ** and ?: write an entry for each",
        "{cgroups: ['/[ab]']} | \"/[ab]\" has brackets or braces; patterns of a scope have *, ** and ?: write an entry for each",
        "{cgroups: ['/[ab]*']} | \"/[ab]*\" has brackets or braces; patterns of a scope have *, ** and ?: write an entry for each",
        "{units: []} | spec.scope.units is empty; for every process of the host leave the key out",
        "{units: [nginx]} | \"nginx\" is no unit that has processes; write it with its kind, such as nginx.service",
        "{units: ['a/*']} | \"a/*\" is no unit that has processes; write it with its kind, such as nginx.service",
        "{units: ['']} | \"\" is no unit that has processes; write it with its kind, such as nginx.service",
        "{units: [system.slice]} | \"system.slice\" is a slice, and no process is of one; name it in cgroups, from the cgroup root",
        "{units: [a.service, a.service]} | \"a.service\" is named twice",
        "{containers: []} | spec.scope.containers is empty; for every process of the host leave the key out",
        "{containers: [{}]} | an entry of spec.scope.containers needs a key; for all containers write {state: known}",
        "{containers: [{image: ''}]} | image \"\" is empty; leave the key out",
        "{containers: [{image: 'a{b}'}]} | image \"a{b}\" has brackets or braces; patterns of a scope have *, ** and ?: write an entry for each",
        "{containers: [{state: no}]} | state \"no\"; it must be known or unknown",
        "{containers: [{state: unknown, image: a}]} | of a container whose state is unknown nothing else is known; give it an entry of its own",
        "{containers: [a]} | an item of spec.scope.containers must be a mapping, not the string \"a\"",
        "{containers: [{podLabels: {app: x}}]} | labels of pods are not known to the engine; name the pod or its namespace",
        "{cgroups: [/a.slice, /a.slice]} | \"/a.slice\" is named twice",
        "{cgroups: []} | spec.scope.cgroups is empty; for every process of the host leave the key out",
        "{interfaces: ['eth*']} | \"eth*\" is a pattern, and interfaces take none; name each interface",
        "{cgroups: [a.slice]} | \"a.slice\" is no cgroup path; write it from the cgroup root, such as /system.slice/nginx.service",
      })
  void aScopeThatCoversNothingOrEverythingMustBeAnError(String scope, String expected) {
    String yaml =
        "apiVersion: interdict.dev/v1\nkind: Policy\nmetadata: {name: t}\nspec:\n"
            + "  hooks: [exec, xdp_ingress]\n  rules: [{deny: {hook: exec}, reason: x}]\n  scope: ";
    assertEquals(
        List.of(expected),
        parse(yaml + scope + "\n").diagnostics().stream()
            .filter(d -> d.severity() == Diagnostic.Severity.ERROR)
            .map(Diagnostic::message)
            .toList());
  }

  /** Whom it covers only an answer says: without one it would refuse the whole host. */
  @ParameterizedTest
  @CsvSource({
    "units: [a.service], fallback, deny, 6:13",
    "cgroups: ['/a*'], onMiss, deny, 6:11",
    "containers: [{image: a}], onMiss, deny, 6:11",
    "cgroups: [/a], onMiss, deny, ''",
    "cgroups: ['/a*'], onMiss, hold, ''",
    "'cgroups: [\"/{a}]\"]', onMiss, deny, ''",
  })
  void whatIsRefusedWithoutAnAnswerMustNotBeEverybodys(
      String scope, String key, String word, String place) {
    String yaml =
        "apiVersion: interdict.dev/v1\nkind: Policy\nmetadata: {name: t}\nspec:\n"
            + "  scope: {%s}\n  %s: %s\n".formatted(scope, key, word)
            + "  hooks: [exec]\n  rules: [{deny: {process.uid: 1}, reason: x}]\n";
    String errors =
        parse(yaml).diagnostics().stream()
            .filter(d -> d.severity() == Diagnostic.Severity.ERROR)
            .map(d -> d.line() + ":" + d.column())
            .reduce("", String::concat);
    assertEquals(place, errors);
  }

  /** At an option of a socket nobody is asked whom the scope covers. */
  @ParameterizedTest
  @CsvSource({
    "units: [a.service], exec, file_open, '', ''",
    "units: [a.service], exec, socket_bind, '', ''",
    "units: [a.service], exec, socket_connect, '', 5:3",
    "'cgroups: [/a, \"/b*\"]', exec, socket_connect, 'unparsed: drop', 7:13",
    "containers: [{image: a}], exec, socket_connect, 'unparsed: pass', ''",
    "cgroups: [/a], exec, socket_connect, 'unparsed: drop', ''",
  })
  void whatIsRefusedUnaskedMustNotBeEverybodys(
      String scope, String one, String other, String unparsed, String place) {
    String yaml =
        "apiVersion: interdict.dev/v1\nkind: Policy\nmetadata: {name: t}\nspec:\n"
            + "  scope: {%s}\n  hooks: [%s, %s]\n".formatted(scope, one, other)
            + (unparsed.isEmpty() ? "" : "  " + unparsed + "\n")
            + "  rules: [{deny: {process.uid: 1}, reason: x}]\n";
    List<Diagnostic> errors =
        parse(yaml).diagnostics().stream()
            .filter(d -> d.severity() == Diagnostic.Severity.ERROR)
            .toList();
    assertEquals(
        place, errors.stream().map(d -> d.line() + ":" + d.column()).reduce("", String::concat));
    assertTrue(errors.stream().allMatch(d -> d.message().endsWith("write unparsed: pass")));
  }

  /** Of a packet the kernel knows whom the policy covers, whatever its scope says of processes. */
  @Test
  void whatIsAskedOfPacketsOnlyMayBeRefusedWithoutAnAnswer() {
    String yaml =
        """
        apiVersion: interdict.dev/v1
        kind: Policy
        metadata: {name: t}
        spec:
          hooks: [xdp_ingress]
          scope: {interfaces: [eth0], units: [a.service]}
          onMiss: deny
          rules: [{deny: {packet.fragment: true}, reason: x}]
        """;
    assertEquals(
        List.of("packets have no unit; this scope has no effect at xdp_ingress"),
        parse(yaml).diagnostics().stream().map(Diagnostic::message).toList());
  }

  @Test
  void whoAddsSomebodyToEverybodyIsTold() {
    String yaml =
        """
        apiVersion: interdict.dev/v1
        kind: Policy
        metadata: {name: t}
        spec:
          hooks: [exec]
          scope: {cgroups: [/], units: [a.service]}
          rules: [{deny: {process.uid: 1}, reason: x}]
        """;
    assertEquals(
        List.of("the cgroup / is every process of the host: units add nobody"),
        parse(yaml).diagnostics().stream().map(Diagnostic::message).toList());
  }

  @Test
  void anAnchorMustBeTheOnlyProblemWhereItIsUsed() {
    ParsedPolicy parsed =
        PolicyParser.parse(
            Sources.rules(
                "exec",
                """
                - {deny: {file.path: {in: &tools [/a, /b]}}, reason: x}
                - {deny: {process.exe.path: {in: *tools}}, reason: y}
                """));
    assertEquals(
        List.of("yaml.anchor", "yaml.alias"),
        parsed.diagnostics().stream().map(Diagnostic::code).toList());
  }

  @Test
  void dataThatCannotBeReadMustBeNamedInWords() {
    for (String[] each :
        new String[][] {
          {"{\"a\": 1e999}", "data.a: the number is too large"},
          {
            "{\"a\": [\"\\ud800\"]}",
            "data.a[0]: the text has half of a character (a lone surrogate)"
          },
        }) {
      ParsedPolicy parsed =
          PolicyParser.parse(
              Sources.folder(
                  "policy.yaml", FULL.replaceAll("(?m)^ *data:.*$", ""), "data.json", each[0]));
      assertTrue(
          parsed.diagnostics().stream().anyMatch(d -> d.message().equals(each[1])),
          parsed.diagnostics().toString());
    }
    ParsedPolicy parsed =
        PolicyParser.parse(Sources.folder("policy.yaml", FULL, "data.json", "{\"a\": NaN}"));
    assertTrue(
        parsed.diagnostics().stream().noneMatch(d -> d.message().contains("Feature")),
        parsed.diagnostics().toString());
  }
}
