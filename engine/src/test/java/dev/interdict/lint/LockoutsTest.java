package dev.interdict.lint;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.interdict.compile.CompiledPolicy;
import dev.interdict.compile.NativeRego;
import dev.interdict.eval.PolicyModule;
import dev.interdict.policy.ParsedPolicy;
import dev.interdict.policy.PolicyParser;
import dev.interdict.policy.PolicySource;
import java.nio.file.Path;
import java.util.List;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LockoutsTest {
  @TempDir static Path cache;

  /** Of a policy with these settings and these Rego rules. */
  private static List<String> lockouts(String settings, String rules) throws Exception {
    String yaml =
        "apiVersion: interdict.dev/v1\nkind: Policy\nmetadata: {name: p}\nspec:\n"
            + settings.indent(2);
    var files = new TreeMap<String, byte[]>();
    files.put("policy.yaml", yaml.getBytes(UTF_8));
    files.put("p.rego", ("package interdict.policies.p\n\n" + rules).getBytes(UTF_8));
    ParsedPolicy parsed = PolicyParser.parse(new PolicySource("policy.yaml", files));
    parsed.orThrow();
    CompiledPolicy compiled = NativeRego.compiler(cache).compile(parsed.policy()).compiled();
    return Lockouts.of(PolicyModule.load(compiled, null), compiled.literals(), parsed.policy());
  }

  @Test
  void whatDeniesALoginMustBeNamedWithItsReason() throws Exception {
    List<String> denied =
        lockouts(
            "hooks: [exec]", "deny contains \"no\" if input.file.path == \"/usr/sbin/sshd\"\n");
    assertTrue(denied.contains("PID 1 starts sshd (\"no\")"), denied::toString);
    assertTrue(denied.stream().allMatch(one -> one.endsWith("(\"no\")")), denied::toString);
  }

  /** In its own scope it meets nothing of the host, but what each program does there. */
  @Test
  void onlyWhatTheScopeMeetsCounts() throws Exception {
    String rule = "deny contains \"no\" if input.hook == \"file_open\"\n";
    assertTrue(lockouts("hooks: [file_open]", rule).size() > 5);
    List<String> own = lockouts("hooks: [file_open]\nscope: {cgroups: [/a.slice]}", rule);
    assertTrue(!own.isEmpty() && own.size() < lockouts("hooks: [file_open]", rule).size());
    assertEquals(
        List.of(),
        lockouts(
            "hooks: [file_open]\nscope: {cgroups: [/a.slice]}",
            "deny contains \"no\" if input.file.path == \"/etc/shadow\"\n"));
  }

  @Test
  void whatHarmsNobodyHasNone() throws Exception {
    assertEquals(
        List.of(),
        lockouts(
            "hooks: [exec, file_open]",
            "deny contains \"no\" if input.file.path == \"/srv/secret\"\n"));
  }

  /** Also where the scope names its members by patterns: one of each kind is tried. */
  @Test
  void whomAScopeNamesMustBeAbleToStart() throws Exception {
    for (String[] each :
        new String[][] {
          {"units: ['app-*.service']", "input.process.unit == \"app-x.service\""},
          {"units: ['nginx*']", "input.process.unit == \"nginxx.service\""},
          {"units: ['*']", "input.process.unit == \"x.service\""},
          {"units: ['web.*']", "input.process.unit == \"web.x.service\""},
          {"units: ['web?scope']", "input.process.unit == \"web.scope\""},
          {"cgroups: ['/a/**']", "input.process.cgroup.path == \"/a/x\""},
          {
            "containers: [{image: 'nginx:*', pod: a}]",
            "input.process.container.image == \"nginx:x\""
          },
          {"containers: [{state: unknown}]", "input.process.container.state == \"unknown\""},
        }) {
      String scope = "hooks: [file_open]\nscope: {" + each[0] + "}";
      List<String> denied =
          lockouts(
              scope,
              "deny contains \"no\" if {\n\tinput.hook == \"file_open\"\n\t" + each[1] + "\n}\n");
      assertTrue(denied.contains("the loader is opened (\"no\")"), () -> scope + denied);
      assertTrue(denied.stream().noneMatch(one -> one.contains("PID 1")), denied::toString);
    }
  }

  /** What it has no answer to, its fallback answers, or nobody is let through before. */
  @Test
  void whatIsRefusedForWantOfAnAnswerIsDeniedToo() throws Exception {
    String conflict =
        """
        v := 1 if input.hook == "exec"

        v := 2 if startswith(input.file.path, "/")

        deny contains "never" if v == 3
        """;
    assertEquals(List.of(), lockouts("hooks: [exec]\nfallback: allow", conflict));
    assertTrue(lockouts("hooks: [exec]\nfallback: deny", conflict).size() > 5);
    assertTrue(lockouts("hooks: [exec]\nfallback: allow\nonMiss: deny", conflict).size() > 5);
  }
}
