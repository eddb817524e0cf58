package dev.interdict.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class MainTest {
  @Test
  void everyCommandMustHaveHelpAndADescription() {
    assertHelp(Main.commandLine());
  }

  private static void assertHelp(CommandLine command) {
    String name = command.getCommandSpec().qualifiedName();
    assertTrue(command.getCommandSpec().mixinStandardHelpOptions(), name);
    String[] description = command.getCommandSpec().usageMessage().description();
    assertTrue(description.length > 0, name);
    assertTrue(description[0].endsWith("."), name + ": lists of commands show the first alone");
    command.getSubcommands().values().forEach(MainTest::assertHelp);
  }

  @Test
  void wrongUsageMustEndWithItsOwnCodeAndShowTheUsage() {
    Cli nothing = Cli.run();
    assertEquals(ExitCode.USAGE, nothing.code());
    assertTrue(nothing.err().contains("Usage: interdict"), nothing.err());
    assertEquals(ExitCode.USAGE, Cli.run("policy").code());
    assertEquals(ExitCode.USAGE, Cli.run("statsu").code());
    assertTrue(Cli.run("statsu").err().contains("interdict status"));
    assertEquals(ExitCode.USAGE, Cli.run("status", "-o", "xml").code());
  }

  @Test
  void helpMustBeAWordToo() {
    Cli help = Cli.run("policy", "help");
    assertEquals(ExitCode.OK, help.code());
    assertEquals(Cli.run("policy", "--help").out(), help.out());
    assertTrue(Cli.run("help").out().contains("Usage: interdict "));
  }

  @Test
  void theVersionMustBeThatOfTheBuild() {
    assertTrue(Cli.run("version").out().startsWith("interdict 0."));
    assertEquals(Cli.run("version").out(), Cli.run("--version").out());
  }

  @Test
  void completionMustKnowTheCommands() {
    String script = Cli.run("completion").out();

    assertTrue(script.contains("watch"));
    assertTrue(script.contains("--socket"));
    assertTrue(script.contains("\"table\" \"json\" \"yaml\""));
  }

  /** Asked by the shell itself where it is there: what it would offer behind the words. */
  @Test
  void fishMustComplete(@TempDir Path folder) throws Exception {
    String script = Cli.run("completion", "fish").out();
    assertTrue(
        script.contains("complete -c interdict -n '__interdict_at policy' -f -a apply -d 'Bring"),
        script);
    assumeTrue(Files.isExecutable(Path.of("/usr/bin/fish")), "there is no fish on this machine");
    Path file = Files.writeString(folder.resolve("interdict.fish"), script);
    assertTrue(fish(file, "interdict pol").contains("policy\t"));
    assertTrue(fish(file, "interdict policy app").startsWith("apply\t"));
    assertTrue(fish(file, "interdict policy apply --acc").startsWith("--accept-lockout\t"));
    assertTrue(fish(file, "interdict status -o js").startsWith("json\t"));
    assertEquals("", fish(file, "interdict status --accept"));
  }

  private static String fish(Path script, String line) throws Exception {
    Process fish =
        new ProcessBuilder(
                "fish",
                "--no-config",
                "-c",
                "source $argv[1]; complete -C $argv[2]",
                script.toString(),
                line)
            .redirectErrorStream(true)
            .start();
    String said = new String(fish.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(0, fish.waitFor(), said);
    return said;
  }

  /** Else the JVM's own exit code would be taken for an answer. */
  @Test
  void anErrorOfTheJvmMustNotLookLikeAnAnswer() {
    for (Error thrown : new Error[] {new OutOfMemoryError("as if"), new StackOverflowError()}) {
      StringWriter err = new StringWriter();
      CommandLine command = Main.commandLine().setErr(new PrintWriter(err, true));
      command.setExecutionStrategy(
          parsed -> {
            throw thrown;
          });
      assertEquals(ExitCode.REFUSED, Main.run(command, "version"));
      assertTrue(err.toString().startsWith("error: "), err.toString());
    }
  }
}
