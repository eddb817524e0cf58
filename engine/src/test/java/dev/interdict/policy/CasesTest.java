package dev.interdict.policy;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.interdict.event.ReadSet;
import dev.interdict.policy.Cases.Judge;
import dev.interdict.policy.Cases.Result;
import dev.interdict.policy.Cases.Said;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class CasesTest {
  private static final ReadSet NONE = new ReadSet(Set.of());

  private static Policy policy(String hooks) throws PolicyException {
    return PolicyParser.parse(Sources.rules(hooks, "- {deny: {process.uid: 0}, reason: no}"))
        .orThrow();
  }

  private static Cases read(String hooks, String yaml) throws PolicyException {
    return Cases.read(yaml.getBytes(UTF_8), policy(hooks));
  }

  private static List<String> problems(String yaml) throws PolicyException {
    Policy policy = policy("exec, socket_connect");
    PolicyException e =
        assertThrows(PolicyException.class, () -> Cases.read(yaml.getBytes(UTF_8), policy));
    return e.diagnostics().stream().map(d -> d.line() + ": " + d.message()).toList();
  }

  @Test
  void factsThatAreNotNamedAreHarmlessOrAbsent() throws PolicyException {
    Cases cases =
        read(
            "file_open",
            "cases: [{name: a, allow: true, input: {process: {uid: 0}, file: {path: /a}}}]");
    assertEquals(
        "{\"access\":[\"read\"],\"file\":{\"created\":false,\"deleted\":false,\"dev\":\"8:1\",\"generation\":0,"
            + "\"gid\":0,\"inode\":0,\"mode\":\"0644\",\"path\":\"/a\",\"type\":\"regular\",\"uid\":0,\"unreachable\":false},"
            + "\"hook\":\"file_open\",\"process\":{\"capabilities\":[],\"cgroup\":{\"id\":0},\"egid\":1000,\"euid\":0,"
            + "\"exe\":{\"dev\":\"8:1\",\"inode\":0},\"gid\":1000,\"labels\":[],\"namespaces\":[],"
            + "\"no_new_privs\":false,\"pid\":1000,\"seccomp\":\"none\",\"tty\":false,\"uid\":0}}",
        new String(cases.list().getFirst().inputJson(), UTF_8));
  }

  @ParameterizedTest
  @CsvSource({
    "inet,    stream, tcp",
    "netlink, raw,    route",
    "packet,  raw,    0",
    "unix,    stream, 0",
  })
  void aSocketThatIsMadeHasWhatItsFamilyHas(String family, String type, String protocol)
      throws PolicyException {
    String yaml =
        "cases: [{name: a, allow: true, input: {socket: {family: %s}}}]".formatted(family);
    byte[] input = read("socket_create", yaml).list().getFirst().inputJson();
    JsonNode socket = JsonMapper.shared().readTree(input).path("socket");
    assertEquals(type, socket.path("type").asString());
    assertEquals(protocol, socket.path("protocol").asString());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{file: {path: /a.ko}} | true | module",
        "{} | true | module",
        "{access: [module, memory]} | false | module,memory",
        "{access: [request], module: {name: fs-ext4}} | false | request",
      })
  void whatIsLoadedIsAFileUnlessTheCaseSaysOtherwise(String input, boolean file, String access)
      throws PolicyException {
    String yaml = "cases: [{name: a, allow: true, input: %s}]".formatted(input);
    JsonNode read =
        JsonMapper.shared().readTree(read("module_load", yaml).list().getFirst().inputJson());
    assertEquals(file, read.at("/file/mode").isString(), read::toString);
    assertEquals(
        access,
        String.join(",", read.path("access").valueStream().map(JsonNode::asString).toList()));
  }

  @Test
  void whatIsMountedOnIsAFolderAndOneThingIsDone() throws PolicyException {
    String yaml = "cases: [{name: a, allow: true, input: {access: [%s], file: {path: /etc}}}]";
    byte[] input = read("mount", yaml.formatted("unmount")).list().getFirst().inputJson();
    assertEquals("directory", JsonMapper.shared().readTree(input).at("/file/type").asString());
    PolicyException e =
        assertThrows(PolicyException.class, () -> read("mount", yaml.formatted("mount, bind")));
    assertEquals("one thing is done to mounts at a time", e.diagnostics().getFirst().message());
  }

  @ParameterizedTest
  @CsvSource({
    "name: SIGKILL,             SIGKILL, 9",
    "number: 9,                 SIGKILL, 9",
    "number: 34,                34,      34",
    "'number: 9, name: SIGKILL', SIGKILL, 9",
    "'name: \"40\"',             40,      40",
  })
  void aSignalHasItsNameAndItsNumber(String given, String name, int number) throws PolicyException {
    String yaml = "cases: [{name: a, allow: true, input: {signal: {%s}}}]".formatted(given);
    JsonNode input =
        JsonMapper.shared().readTree(read("signal", yaml).list().getFirst().inputJson());
    assertEquals(name, input.at("/signal/name").asString());
    assertEquals(number, input.at("/signal/number").asInt());
    assertTrue(input.at("/peer/exe/inode").isNumber(), input::toString);
  }

  @ParameterizedTest
  @ValueSource(strings = {"9", "0", "65", "99999999999999999999"})
  void aNumberThatIsNoNameOfASignalIsNoCase(String name) {
    assertThrows(
        PolicyException.class,
        () ->
            read(
                "signal",
                "cases: [{name: a, allow: true, input: {signal: {name: \"%s\"}}}]"
                    .formatted(name)));
  }

  @Test
  void aSignalOfAnotherNameIsNoCase() {
    PolicyException e =
        assertThrows(
            PolicyException.class,
            () ->
                read(
                    "signal",
                    "cases: [{name: a, allow: true, input: {signal: {number: 9, name: SIGHUP}}}]"));
    assertEquals(
        "signal.number 9 is SIGKILL, and never SIGHUP", e.diagnostics().getFirst().message());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{access: [module, memory], file: {path: /a}} | file.path is not there where access is",
        "{access: [request], file: {uid: 0}} | file.uid is not there where access is [request]",
        "{access: [module], module: {name: a}} | module.name is not there where access is [module]",
        "{access: [memory]} | access is never [memory]",
        "{access: [request, module]} | access is never [request, module]",
        "{access: [request, memory]} | access is never [request, memory]",
        "{access: [module, kexec]} | access is never [module, kexec]",
        "{access: [firmware, module]} | access is never [firmware, module]",
        "{access: [module, kexec, memory]} | access is never [module, kexec, memory]",
      })
  void whatCannotBeLoadedIsNoCase(String input, String problem) {
    String yaml = "cases: [{name: a, allow: true, input: %s}]".formatted(input);
    PolicyException e = assertThrows(PolicyException.class, () -> read("module_load", yaml));
    assertTrue(e.diagnostics().getFirst().message().startsWith(problem), e::getMessage);
  }

  @Test
  void mistakesAreReportedTogether() throws PolicyException {
    assertEquals(
        List.of(
            "2: cases[0] needs either allow: true, or deny or kill with true or a list of reasons",
            "3: input needs the key \"hook\": the policy has several (exec, socket_connect)",
            "4: the case \"a\" is already in line 2",
            "7: exec has no fact \"file.pth\"; did you mean \"file.path\"?",
            "8: process.uid is a whole number, not the string \"root\"; users and groups are known by"
                + " number, which differs from host to host; root is 0",
            "9: access is never \"read\"; known: exec",
            "11: \"file_open\" is no hook of the policy; known: exec, socket_connect",
            "11: allow must be true; for a denial write deny: true"),
        problems(
            """
            cases:
              - {name: a, input: {hook: exec}}
              - {name: b, input: {file: {path: /a}}, deny: true}
              - name: a
                input:
                  hook: exec
                  file: {pth: /a}
                  process: {uid: root}
                  access: [read]
                deny: true
              - {name: d, input: {hook: file_open}, allow: false}
            """));
  }

  @Test
  void expectationsAreCompared() throws PolicyException {
    Cases cases =
        read(
            "exec",
            """
            cases:
              - {name: exact, input: {}, deny: [b, a]}
              - {name: some, input: {}, deny: true}
              - {name: allow, input: {}, allow: true}
              - {name: kill, input: {}, kill: [x]}
              - {name: warn, input: {}, warn: [w]}
              - {name: quiet, input: {}, allow: true, warn: []}
            """);
    assertEquals(
        List.of(
            "ok",
            "ok",
            "deny: expected none, got [a, b]",
            "kill: expected [x], got none",
            "deny: expected none, got [a, b]",
            "deny: expected none, got [a, b]; warn: expected none, got [w]"),
        outcomes(cases, new Said(List.of("a", "b"), List.of(), List.of("w"))));
    assertEquals(
        List.of(
            "deny: expected [a, b], got none; kill: expected none, got [x]",
            "deny: expected a reason, got none; kill: expected none, got [x]",
            "kill: expected none, got [x]",
            "ok",
            "kill: expected none, got [x]; warn: expected [w], got none",
            "kill: expected none, got [x]"),
        outcomes(cases, new Said(List.of(), List.of("x"), List.of())));
  }

  private static List<String> outcomes(Cases cases, Said said) {
    return outcomes(cases, (Judge) input -> said);
  }

  private static List<String> outcomes(Cases cases, Judge judge) {
    return cases.run(judge, NONE, Set.of()).stream()
        .map(r -> r.passed() ? "ok" : r.problem())
        .toList();
  }

  @Test
  void aJudgeThatFailsFailsTheCase() throws PolicyException {
    Cases cases = read("exec", "cases: [{name: a, input: {}, allow: true}]");
    Cases.Result result =
        cases
            .run(
                input -> {
                  throw new IllegalStateException("stopped");
                },
                NONE,
                Set.of())
            .getFirst();
    assertEquals("no decision: stopped", result.problem());
  }

  private static String scoped(String scope, String hooks, String input, Said said)
      throws PolicyException {
    String yaml =
        "apiVersion: interdict.dev/v1\nkind: Policy\nmetadata: {name: t}\nspec:\n"
            + "  hooks: [%s]\n  scope: %s\n  rules: [{deny: {hook: %s}, reason: x}]\n"
                .formatted(hooks, scope, hooks);
    Policy policy = PolicyParser.parse(Sources.folder("policy.yaml", yaml)).orThrow();
    Cases cases =
        Cases.read(
            ("cases: [{name: a, deny: true, input: " + input + "}]").getBytes(UTF_8), policy);
    return outcomes(cases, said).getFirst();
  }

  @Test
  void anEventOutsideOfTheScopeMustBeJudgedByNobody() throws PolicyException {
    Said denied = new Said(List.of("x"), List.of(), List.of());
    String scope = "{cgroups: [/a.slice]}";
    String in = "{process: {cgroup: {path: %s}}}";
    assertEquals("ok", scoped(scope, "exec", in.formatted("/a.slice/b.service"), denied));
    assertEquals("ok", scoped(scope, "exec", "{}", denied));
    assertEquals(
        "deny: expected a reason, got none (process.cgroup.path /a.slicer is outside of"
            + " spec.scope: the policy is not asked)",
        scoped(scope, "exec", in.formatted("/a.slicer"), denied));
    assertEquals(
        "deny: expected a reason, got none (packet.interface.name eth1 is outside of spec.scope:"
            + " the policy is not asked)",
        scoped(
            "{interfaces: [eth0]}", "xdp_ingress", "{packet: {interface: {name: eth1}}}", denied));
  }

  @Test
  void aScopeOfUnitsAndContainersGoesByWhatACaseSays() throws PolicyException {
    Said denied = new Said(List.of("x"), List.of(), List.of());
    String outside =
        "deny: expected a reason, got none (%s is outside of spec.scope: the policy is not asked)";
    String units = "{units: ['app-*.service'], cgroups: ['/a*']}";
    String in = "{process: {%s}}";
    for (String within :
        List.of(
            "unit: app-1.service",
            "cgroup: {path: /x.slice/app-1.service/y}",
            "cgroup: {path: /ab/c}")) {
      assertEquals("ok", scoped(units, "exec", in.formatted(within), denied), within);
    }
    assertEquals("ok", scoped(units, "exec", "{}", denied), "nothing is known");
    assertEquals(
        outside.formatted(
            "process.cgroup.path /system.slice/ssh.service, process.unit ssh.service"),
        scoped(units, "exec", in.formatted("cgroup: {path: /system.slice/ssh.service}"), denied));
    String containers = "{containers: [{image: 'nginx:*'}, {state: unknown}]}";
    assertEquals(
        "ok", scoped(containers, "exec", in.formatted("container: {image: 'nginx:1'}"), denied));
    assertEquals(
        "ok", scoped(containers, "exec", in.formatted("container: {state: unknown}"), denied));
    assertEquals("ok", scoped(containers, "exec", "{}", denied));
    assertEquals(
        outside.formatted("process.container.image redis:7, process.container.state known"),
        scoped(containers, "exec", in.formatted("container: {image: 'redis:7'}"), denied));
    assertEquals(
        outside.formatted("process.cgroup.path /a"),
        scoped(containers, "exec", in.formatted("cgroup: {path: /a}"), denied));
    String gone = in.formatted("cgroup: {id: 7}");
    assertEquals(
        outside.formatted("a cgroup whose path cannot be told"),
        scoped(units, "exec", gone, denied));
    assertEquals("ok", scoped("{cgroups: [/a]}", "exec", gone, denied), "the kernel knows it");
    assertEquals("ok", scoped(units, "exec", in.formatted("cgroup: {id: 7, path: /ab}"), denied));
  }

  @Test
  void aCaseIsInTheUnitThatItsCgroupIsOf() throws PolicyException {
    String process = "cases: [{name: a, deny: [x], input: {process: {%s}}}]";
    String cgroup = "cgroup: {path: /system.slice/nginx.service/a}";
    Judge nginx =
        input ->
            new Said(
                new String(input, UTF_8).contains("\"unit\":\"nginx.service\"")
                    ? List.of("x")
                    : List.of(),
                List.of(),
                List.of());
    for (String facts : List.of(cgroup, "unit: nginx.service", cgroup + ", unit: nginx.service")) {
      assertEquals(List.of("ok"), outcomes(read("exec", process.formatted(facts)), nginx), facts);
    }
    for (String elsewhere : List.of("/user.slice", "/user.slice/user@7.service/nginx.service")) {
      String facts = "unit: nginx.service, cgroup: {path: %s}".formatted(elsewhere);
      PolicyException e =
          assertThrows(PolicyException.class, () -> read("exec", process.formatted(facts)));
      assertTrue(
          e.getMessage().contains("process.unit cannot be \"nginx.service\""), e::getMessage);
    }
  }

  @Test
  void aPortMayHaveTheNameOfItsService() throws PolicyException {
    Cases cases =
        read(
            "socket_connect",
            "cases: [{name: a, deny: [ssh], input: {socket: {port: ssh, address: 10.0.0.1}}}]");
    Judge judge =
        input ->
            new Said(
                new String(input, UTF_8).contains("\"port\":22") ? List.of("ssh") : List.of(),
                List.of(),
                List.of());
    assertEquals(List.of("ok"), outcomes(cases, judge));
  }

  /** The engine judges a file under every name that leads to it; so must a test. */
  @Test
  void aFileMustBeJudgedUnderItsNamesThroughLinks() throws PolicyException {
    Cases cases =
        read("exec", "cases: [{name: a, deny: [bin], input: {file: {path: /usr/bin/bash}}}]");
    Judge judge =
        input ->
            new Said(
                new String(input, UTF_8).contains("\"/bin/bash\"") ? List.of("bin") : List.of(),
                List.of(),
                List.of());
    assertEquals(
        List.of(true),
        cases.run(judge, NONE, Set.of("/bin/bash")).stream().map(Result::passed).toList());
    assertEquals(
        List.of(false),
        cases.run(judge, NONE, Set.of("/bin/sh")).stream().map(Result::passed).toList());
  }

  /** A program is shown under the names of the policy that lead to it, or else under its own. */
  @Test
  void aProgramMustBeJudgedUnderTheNamesOfThePolicy() throws PolicyException {
    Cases.Case about =
        read(
                "file_open",
                "cases: [{name: a, allow: true, input: {file: {path: /usr/lib/x}, process: {exe:"
                    + " {path: /usr/bin/bash}}}}]")
            .list()
            .getFirst();
    assertEquals(List.of("/usr/bin/bash /usr/lib/x"), shown(about));
    assertEquals(List.of("/bin/bash /usr/lib/x"), shown(about, "/bin/bash"));
    assertEquals(
        List.of("/bin/bash /usr/lib/x", "/usr/bin/bash /usr/lib/x"),
        shown(about, "/bin/bash", "/usr/bin/bash"));
    assertEquals(
        List.of("/bin/bash /lib/x", "/bin/bash /usr/lib/x"), shown(about, "/bin/bash", "/lib/x"));
  }

  private static List<String> shown(Cases.Case about, String... literals) {
    return about.shown(Set.of(literals)).stream()
        .map(json -> JsonMapper.shared().readTree(json))
        .map(
            input ->
                input.at("/process/exe/path").asString() + " " + input.at("/file/path").asString())
        .toList();
  }

  @Test
  void setsOfAccessThatNoCallHasMustBeRefused() {
    for (String set : List.of("[exec, read]", "[create, truncate]")) {
      PolicyException e =
          assertThrows(
              PolicyException.class,
              () ->
                  read(
                      "file_open",
                      "cases: [{name: a, allow: true, input: {access: " + set + "}}]"));
      assertEquals("rule.value", e.diagnostics().getFirst().code(), set);
    }
  }

  private static String untold(String settings, String hook, String input, String... reads)
      throws PolicyException {
    String yaml =
        "apiVersion: interdict.dev/v1\nkind: Policy\nmetadata: {name: t}\nspec:\n  hooks: [%s]\n%s"
                .formatted(hook, settings)
            + "  rules: [{deny: {hook: %s}, reason: x}]\n".formatted(hook);
    Policy policy = PolicyParser.parse(Sources.folder("policy.yaml", yaml)).orThrow();
    String cases = "cases: [{name: a, allow: true, input: " + input + "}]";
    Said nothing = new Said(List.of(), List.of(), List.of());
    return Cases.read(cases.getBytes(UTF_8), policy)
        .run(any -> nothing, new ReadSet(Set.of(reads)), Set.of())
        .stream()
        .map(r -> r.passed() ? "ok" : r.problem())
        .findFirst()
        .orElseThrow();
  }

  @Test
  void ofAContainerThatIsUnknownNothingElseIsThere() throws PolicyException {
    String process = "cases: [{name: a, deny: [x], input: {process: {container: {%s}}}}]";
    Cases alone = read("exec", process.formatted("state: unknown"));
    String input = new String(alone.list().getFirst().inputJson(), UTF_8);
    assertTrue(input.contains("\"container\":{\"state\":\"unknown\"}"), input);
    for (String more : List.of("id: a", "runtime: runc", "image: a", "pod: {namespace: a}")) {
      PolicyException e =
          assertThrows(
              PolicyException.class,
              () -> read("exec", process.formatted("state: unknown, " + more)));
      assertTrue(e.getMessage().contains("process.container.state is unknown"), e::getMessage);
    }
    Cases known = read("exec", process.formatted("image: a"));
    String told = new String(known.list().getFirst().inputJson(), UTF_8);
    assertTrue(told.contains("\"state\":\"known\""), told);
    assertTrue(told.contains("\"id\":\"c0ffee\""), told);
  }

  /** The kernel and the engine see to it before a rule is asked; so must a test. */
  @Test
  void whatCannotBeToldMustBeRefusedAsThePolicySays() throws PolicyException {
    String unknown =
        "deny: expected none, got [a path is too long or too deep to be told (unknownPath: deny)]";
    String judge = "  unknownPath: judge\n";
    String numbered = "{file: {path: /a}, process: {exe: {inode: 7}, cgroup: {id: 8}}}";
    assertEquals(unknown, untold("", "file_open", "{}", "file.path"));
    assertEquals("ok", untold(judge, "file_open", "{}", "file.path"));
    assertEquals("ok", untold("", "file_open", "{}", "file.uid", "process.exe.path"));
    assertEquals("ok", untold("", "file_open", "{file: {path: /a}}", "file.path"));
    assertEquals(unknown, untold("", "file_open", numbered, "process.exe.path"));
    assertEquals(unknown, untold("", "file_open", numbered, "process.cgroup"));
    assertEquals("ok", untold("", "file_open", numbered, "file.path", "process.uid"));
    String packet = "{packet: {parsed: false, fragment: true}}";
    String scope = "  scope: {interfaces: [eth0]}\n";
    assertEquals(
        "deny: expected none, got [its headers cannot be read to their end; the policy's unparsed:"
            + " drop]",
        untold(scope, "xdp_ingress", packet));
    assertEquals("ok", untold(scope + "  unparsed: pass\n", "xdp_ingress", packet));
  }

  @Test
  void aPacketWithAnAddressMustHaveAFamily() throws PolicyException {
    Policy policy =
        PolicyParser.parse(
                Sources.rules("xdp_ingress", "- {deny: {packet.parsed: false}, reason: no}"))
            .orThrow();
    Cases cases =
        Cases.read(
            "cases: [{name: a, allow: true, input: {packet: {source: {address: \"fd00::1\"}}}}]"
                .getBytes(UTF_8),
            policy);
    String input = new String(cases.list().getFirst().inputJson(), UTF_8);
    assertTrue(input.contains("\"family\":\"inet6\""), input);
  }

  @Test
  void theStateOfTheProcessIsGiven() throws Exception {
    Cases cases =
        read(
            "exec",
            """
            cases:
              - name: all
                input: {process: {capabilities: [CAP_BPF], namespaces: [mnt, time], tty: true, session_uid: 0}}
                allow: true
            """);
    String input = new String(cases.list().getFirst().inputJson(), UTF_8);
    assertTrue(input.contains("\"capabilities\":[\"CAP_BPF\"]"), input);
    assertTrue(input.contains("\"namespaces\":[\"mnt\",\"time\"]"), input);
    assertTrue(input.contains("\"session_uid\":0,\"tty\":true"), input);
  }

  @Test
  void labelsAreGivenAndExpected() throws Exception {
    Cases cases =
        read(
            "exec",
            """
            cases:
              - {name: all, input: {process: {labels: [b, a]}}, allow: true, label: [y, x]}
              - {name: none, input: {}, allow: true, label: []}
              - {name: some, input: {}, label: true}
              - {name: any, input: {}, allow: true}
            """);
    assertTrue(new String(cases.list().getFirst().inputJson(), UTF_8).contains("[\"b\",\"a\"]"));
    Judge judge = input -> new Said(List.of(), List.of(), List.of(), List.of("x", "y"));
    assertEquals(
        List.of("null", "label: expected none, got [x, y]", "null", "null"),
        cases.run(judge, NONE, Set.of()).stream()
            .map(result -> String.valueOf(result.problem()))
            .toList());
  }
}
