package dev.interdict.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.interdict.engine.EngineConfig;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

/** The unit fits the engine, and systemd's own tools find it tight. */
class ServiceUnitTest {
  private static final Path UNIT = Path.of("interdict.service");

  /** Tenths of what systemd-analyze calls exposure. */
  private static final int EXPOSURE_MAX = 40;

  private static List<String> values(String key) throws IOException {
    return Files.readAllLines(UNIT).stream()
        .filter(line -> line.startsWith(key + "="))
        .map(line -> line.substring(key.length() + 1))
        .toList();
  }

  private static String value(String key) throws IOException {
    return values(key).getLast();
  }

  private static String analyze(String... arguments) throws Exception {
    Assumptions.assumeTrue(
        Stream.of(System.getenv("PATH").split(":", -1))
            .anyMatch(folder -> Files.isExecutable(Path.of(folder, "systemd-analyze"))),
        "there is no systemd-analyze on this machine");
    Process process =
        new ProcessBuilder(
                Stream.concat(Stream.of("systemd-analyze"), Stream.of(arguments)).toList())
            .redirectErrorStream(true)
            .start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertTrue(process.waitFor(1, TimeUnit.MINUTES));
    return process.exitValue() + "\n" + said;
  }

  @Test
  void itsExposureMustStayLow() throws Exception {
    String said =
        analyze(
            "security",
            "--offline=true",
            "--no-pager",
            "--threshold=" + EXPOSURE_MAX,
            UNIT.toString());
    System.out.println(said.lines().filter(line -> line.contains("Overall")).findAny().orElse(""));
    assertTrue(said.startsWith("0\n"), said);
  }

  /** But what a version of systemd before 253 does not know, and what only a package brings. */
  @Test
  void systemdMustKnowAllOfIt() throws Exception {
    Pattern known =
        Pattern.compile("\\d+|.*notify-reload|.*/interdict is not executable: No such file.*");
    List<String> others =
        analyze("verify", "--man=no", UNIT.toString())
            .lines()
            .filter(line -> line.contains("interdict") && !known.matcher(line).matches())
            .toList();
    assertEquals(List.of(), others);
  }

  @Test
  void whatTheEngineWritesMustBeWritable() throws IOException {
    EngineConfig usual = EngineConfig.DEFAULT;
    assertEquals("/var/lib/" + value("StateDirectory"), usual.stateDirectory().toString());
    assertEquals("/var/cache/" + value("CacheDirectory"), usual.cacheDirectory().toString());
    assertEquals("/run/" + value("RuntimeDirectory"), usual.socket().getParent().toString());
    assertTrue(usual.pins().startsWith(Path.of(value("ReadWritePaths"))));
    assertEquals("strict", value("ProtectSystem"));
  }

  @Test
  void itMustRunTheEngineWithOptionsThatThereAre() throws IOException {
    String[] words = value("ExecStart").split(" ", -1);
    assertEquals("/usr/lib/interdict/bin/interdict", words[0]);
    CommandLine.ParseResult parsed =
        Main.commandLine()
            .parseArgs(List.of(words).subList(1, words.length).toArray(String[]::new));
    assertEquals("engine", parsed.subcommand().commandSpec().name());
  }

  /** Readiness and the watchdog rest on it; and the second line is for those that know it. */
  @Test
  void itMustWaitForTheEngineToDecideAndWatchIt() throws IOException {
    assertEquals(List.of("notify", "notify-reload"), values("Type"));
    assertEquals("30s", value("WatchdogSec"));
    assertEquals("on-failure", value("Restart"));
    assertEquals(ExitCode.USAGE + " " + ExitCode.INVALID_POLICY, value("RestartPreventExitStatus"));
  }

  @Test
  void eachCapabilityMustHaveItsReason() throws IOException {
    String text = Files.readString(UNIT);
    for (String capability : value("CapabilityBoundingSet").split(" ", -1)) {
      assertTrue(
          Pattern.compile("(?m)^# " + capability + " +to \\w+").matcher(text).find(), capability);
    }
  }
}
