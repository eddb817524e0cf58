package dev.interdict.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.interdict.engine.EngineLock;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Commands that work on a policy on disk, without engine and root. */
class PolicyCommandsTest {
  static final String VALID =
      """
      apiVersion: interdict.dev/v1
      kind: Policy
      metadata: {name: shadow}
      spec:
        hooks: [file_open]
        rules:
          - deny:
              file.path: /etc/shadow
            reason: not yours
      """;

  @TempDir Path directory;

  @Test
  void aNewPolicyMustPassItsOwnCheckAndTest() {
    String folder = directory.resolve("my-policy").toString();
    Cli.run("policy", "new", folder);

    assertEquals(
        """
        my-policy: ok
          reads     file.path process.exe.path
          files     /etc/my-policy/secret /usr/bin/my-policy
        next: interdict policy test %s
        """
            .formatted(folder),
        Cli.run("policy", "check", folder).out());
    Cli test = Cli.run("policy", "test", folder);
    assertEquals(
        """
        2 tests, 3 cases: all passed
        coverage 100.0 %%
        next: interdict policy lint %s
        """
            .formatted(folder),
        test.out());
    assertEquals(ExitCode.OK, test.code());
    assertEquals(ExitCode.OK, Cli.run("policy", "fmt", "--check", folder).code());
  }

  @Test
  void aCaseThatFailsMustSayWhatCameAndEndWithNo() throws IOException {
    Path folder = directory.resolve("my-policy");
    Cli.run("policy", "new", folder.toString());
    Files.delete(folder.resolve("my_policy_test.rego"));
    Path cases = folder.resolve("cases.yaml");
    Files.writeString(
        cases, Files.readString(cases).replace("/etc/hostname", "/etc/my-policy/secret"));

    Cli test = Cli.run("policy", "test", folder.toString());
    assertEquals(ExitCode.NO, test.code());
    assertTrue(
        test.out()
            .contains("cases.yaml:14 another program opens another file: deny: expected none, got"),
        test.out());
    assertTrue(test.out().contains("0 tests, 3 cases: 1 failed"), test.out());
    assertTrue(test.out().contains("      asked about {\"access\":[\"read\"],"), test.out());
    JsonNode json =
        JsonMapper.shared()
            .readTree(Cli.run("policy", "test", "-o", "json", folder.toString()).out());
    assertEquals(false, json.get("passed").asBoolean());
    assertEquals("fail", json.at("/cases/2/outcome").asString());
  }

  @Test
  void aFieldThatDoesNotExistMustBeFoundInRegoToo() throws IOException {
    Path folder =
        rego(
            """
        package interdict.policies.my_policy

        deny contains "no" if input.file.pth == "/etc/shadow"
        """);

    Cli check = Cli.run("policy", "check", folder.toString());
    assertEquals(ExitCode.INVALID_POLICY, check.code());
    assertTrue(check.err().contains("error: " + folder + "/my_policy.rego:3:"), check.err());
    assertTrue(check.err().contains("    3 | deny contains \"no\" if input.file.pth"), check.err());
    JsonNode json =
        JsonMapper.shared()
            .readTree(Cli.run("policy", "check", "-o", "json", folder.toString()).out());
    assertEquals(3, json.at("/diagnostics/0/line").asInt());
    assertEquals("error", json.at("/diagnostics/0/severity").asString());
  }

  @Test
  void aFolderThatIsALinkHereMustBeToldByTheCheck() throws IOException {
    Files.createDirectory(directory.resolve("data-7"));
    Path link = Files.createSymbolicLink(directory.resolve("data"), Path.of("data-7"));
    Path file = directory.resolve("shadow.yaml");
    String policy = VALID.replace("/etc/shadow", "{under: " + link + "}");
    Files.writeString(file, policy);
    Cli check = Cli.run("policy", "check", file.toString());
    assertEquals(ExitCode.OK, check.code(), check.err());
    assertTrue(check.err().contains("/data-7, or both"), check.err());
    assertTrue(check.err().contains("lint.linked-folder"), check.err());

    Files.writeString(
        file,
        policy.replace(
            "{name: shadow}",
            "{name: shadow, annotations: {interdict.dev/lint-ignore: lint.linked-folder}}"));
    Cli quiet = Cli.run("policy", "check", file.toString());
    assertEquals(ExitCode.OK, quiet.code());
    assertEquals("", quiet.err());
  }

  @Test
  void regoMustBeFormattedInPlaceAndOnlyIfItDiffers() throws IOException {
    Path folder =
        rego(
            "package interdict.policies.my_policy\ndeny contains   \"no\"   if input.hook==\"exec\"\n");
    Path file = folder.resolve("my_policy.rego");

    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-rw----"));
    Path before = Files.createLink(directory.resolve("before"), file);
    String written = Files.readString(file);
    assertEquals(ExitCode.NO, Cli.run("policy", "fmt", "--check", folder.toString()).code());
    assertEquals("my_policy.rego\n", Cli.run("policy", "fmt", folder.toString()).out());
    assertEquals(
        """
        package interdict.policies.my_policy

        deny contains "no" if input.hook == "exec"
        """,
        Files.readString(file));
    assertEquals(written, Files.readString(before), "a new file takes its place at once");
    assertEquals("rw-rw----", PosixFilePermissions.toString(Files.getPosixFilePermissions(file)));
    assertEquals("", Cli.run("policy", "fmt", folder.toString()).out());
  }

  @Test
  void lintMustGoThroughAllPoliciesAndTellByItsExitCode() throws IOException {
    Path good = directory.resolve("my-policy");
    Cli.run("policy", "new", good.toString());
    Path doubtful = write(VALID.replace("/etc/shadow", "{glob: /etc/x}"));
    Path wrong =
        Files.writeString(directory.resolve("wrong.yaml"), VALID.replace("file.path", "x"));

    Cli clean = Cli.run("policy", "lint", good.toString());
    assertEquals(
        "1 policy, nothing found\nnext: interdict policy apply " + good + "\n",
        clean.err() + clean.out());
    assertEquals(ExitCode.OK, clean.code());
    Cli found = Cli.run("policy", "lint", good.toString(), doubtful.toString());
    assertEquals("2 policies, 1 finding\n", found.out());
    assertEquals(ExitCode.NO, found.code());
    assertTrue(found.err().contains("p.yaml:8:21: this pattern has the one member /etc/x"));
    Cli all = Cli.run("policy", "lint", "-o", "json", wrong.toString(), doubtful.toString());
    assertEquals(ExitCode.INVALID_POLICY, all.code());
    JsonNode json = JsonMapper.shared().readTree(all.out());
    assertEquals(false, json.at("/policies/0/valid").asBoolean());
    assertEquals("lint.identity", json.at("/policies/1/findings/0/code").asString());
  }

  @Test
  void uninstallMustRemoveWhatItIsToldAndNothingMore() throws IOException {
    Path state = Files.createDirectories(directory.resolve("state/policies")).getParent();
    String[] paths = {
      "--pins", directory.resolve("pins").toString(),
      "--state", state.toString(),
      "--cache", directory.resolve("cache").toString(),
      "--socket", directory.resolve("no.sock").toString()
    };

    assertEquals("nothing was installed\n", uninstall(paths).out());
    assertTrue(Files.exists(state));
    try (EngineLock starting = EngineLock.tryTake(state)) {
      assertNotNull(starting);
      Cli refused = uninstall(paths, "--purge");
      assertEquals(ExitCode.REFUSED, refused.code());
      assertTrue(refused.err().contains("stop it first"), refused.err());
      assertTrue(Files.exists(state));
    }
    assertEquals(
        "removed " + state + "\nnothing is enforced any more\n", uninstall(paths, "--purge").out());
    assertFalse(Files.exists(state));
  }

  private static Cli uninstall(String[] paths, String... more) {
    List<String> all = new ArrayList<>(List.of("uninstall"));
    all.addAll(List.of(paths));
    all.addAll(List.of(more));
    return Cli.run(all.toArray(String[]::new));
  }

  private Path rego(String text) throws IOException {
    Path folder = directory.resolve("my-policy");
    Cli.run("policy", "new", folder.toString());
    Files.delete(folder.resolve("my_policy_test.rego"));
    Path yaml = folder.resolve("policy.yaml");
    String head = Files.readString(yaml);
    Files.writeString(yaml, head.substring(0, head.indexOf("  rules:")));
    Files.writeString(folder.resolve("my_policy.rego"), text);
    return folder;
  }

  @Test
  void everyErrorMustComeWithItsLineAndAMark() throws IOException {
    Path policy =
        write(
            """
            apiVersion: interdict.dev/v1
            kind: Policy
            metadata: {name: shadow}
            spec:
              hooks: [file_opne]
              onMis: hold
              rules:
                - deny:
                    file.path: /etc/shadow
                  reason: not yours
            """);

    Cli show = Cli.run("policy", "show", policy.toString());
    assertEquals(ExitCode.INVALID_POLICY, show.code());
    assertTrue(show.err().contains("error: " + policy + ":5:11: unknown hook"), show.err());
    assertTrue(
        show.err().contains("    5 |   hooks: [file_opne]\n      |           ^\n"), show.err());
    assertTrue(show.err().contains(":6:3: "), show.err());
    assertTrue(show.err().endsWith("error: 2 errors; nothing was changed\n"), show.err());
  }

  @Test
  void aPolicyThatIsNotThereMustBeAnError() {
    Cli show = Cli.run("policy", "show", directory.resolve("no.yaml").toString());

    assertEquals(ExitCode.INVALID_POLICY, show.code());
    assertTrue(show.err().contains("no.yaml does not exist"), show.err());
  }

  @Test
  void showMustFillInTheDefaults() throws IOException {
    String out = Cli.run("policy", "show", write(VALID).toString()).out();

    assertTrue(out.contains("mode         audit\n"), out);
    assertTrue(out.contains("onMiss       hold\n"), out);
    assertTrue(out.contains("budget       none\n"), out);
  }

  @Test
  void showMustPrintTheRegoThatTheRulesBecome() throws IOException {
    String out = Cli.run("policy", "show", "--rego", write(VALID).toString()).out();

    assertTrue(out.contains("package interdict.policies.shadow\n"), out);
    assertTrue(out.contains("input.file.path"), out);
  }

  @Test
  void newMustRefuseWhatIsThereAndWhatIsNoName() {
    Path folder = directory.resolve("my-policy");

    Cli made = Cli.run("policy", "new", folder.toString());
    assertEquals(folder + " made\nnext: interdict policy test " + folder + "\n", made.out());
    assertEquals(ExitCode.REFUSED, Cli.run("policy", "new", folder.toString()).code());
    assertEquals(
        ExitCode.USAGE, Cli.run("policy", "new", directory.resolve("My").toString()).code());
    assertEquals(ExitCode.OK, Cli.run("policy", "show", folder.toString()).code());
  }

  @Test
  void aPolicyMayHaveAShortNameAndNeedsAFolderToStandIn() {
    assertEquals(ExitCode.OK, Cli.run("policy", "new", directory.resolve("x").toString()).code());
    assertEquals(
        ExitCode.USAGE, Cli.run("policy", "new", directory.resolve("x-").toString()).code());
    Cli lost = Cli.run("policy", "new", directory.resolve("no/such").toString());
    assertTrue(lost.err().endsWith("there is no such file or folder\n"), lost.err());
  }

  @Test
  void numbersThatMeanNothingMustBeRefusedInOneLine() throws IOException {
    String policy = write(VALID).toString();
    for (String[] wrong :
        new String[][] {
          {"policy", "build", "--serial", "-1", policy},
          {"policy", "test", "--threshold", "101", policy},
          {"watch", "--uid", "-1"},
          {"watch", "--uid", "4294967296"},
          {"watch", "--last", "-1"},
          {"watch", "--count", "0"},
          {"watch", "--outcome", "refused"},
          {"top", "--rows", "0"},
          {"top", "--every", "0s"},
          {"top", "--every", "soon"},
          {"top", "--by", "weather"},
          {"policy", "list", "--timeout", "-5"},
          {"policy", "chekc", policy},
        }) {
      Cli refused = Cli.run(wrong);
      assertEquals(ExitCode.USAGE, refused.code(), String.join(" ", wrong));
      assertTrue(refused.err().lines().count() <= 2, refused.err());
    }
  }

  @Test
  void whoMayNotTalkToTheEngineMustBeToldSo() {
    Failure denied = Failures.unreachable(Path.of("/run/x.sock"), "permission denied");
    assertEquals("run it as root", denied.hint());
    Failure missing = Failures.unreachable(Path.of("/run/x.sock"), "there is no such socket");
    assertTrue(missing.hint().startsWith("start it with: interdict engine"), missing.hint());
  }

  private Path write(String yaml) throws IOException {
    return Files.writeString(directory.resolve("p.yaml"), yaml);
  }
}
