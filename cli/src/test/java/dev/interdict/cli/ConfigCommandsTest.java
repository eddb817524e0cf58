package dev.interdict.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.interdict.engine.EngineConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class ConfigCommandsTest {
  @TempDir Path folder;

  private String file(String yaml) throws IOException {
    Path file = Files.writeString(folder.resolve("engine.yaml"), yaml);
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r--r--"));
    return file.toString();
  }

  /** A file of root's, which is relied on. */
  private String trusted(String yaml) throws IOException {
    Assumptions.assumeTrue(
        Files.getAttribute(folder, "unix:uid").equals(0), "not root: no file is relied on");
    return file(yaml);
  }

  /** One that could not start if it came to that. */
  private Cli engine(String config) {
    return Cli.run("engine", "--config", config, "--state", "/proc/self/no/state");
  }

  @Test
  void optionsMustWinOverTheFileAndTheFileOverWhatIsUsual() throws IOException {
    String file = trusted("state: /srv/state\ncache: /srv/cache\ndecision-log-mib: 32\n");
    Cli shown = Cli.run("config", "show", "--config", file, "--cache", "/c");
    assertEquals(ExitCode.OK, shown.code(), shown.err());
    for (String line :
        new String[] {
          "state +/srv/state +" + file + ":1",
          "cache +/c +--cache",
          "pins +/sys/fs/bpf/interdict +default",
          "bundles +- +default",
          "decision-log-mib +32 +" + file + ":3",
          "metrics +- +default"
        }) {
      assertTrue(shown.out().lines().anyMatch(l -> l.matches(line)), line + "\n" + shown.out());
    }
    Cli json = Cli.run("config", "show", "--config", file, "-o", "json");
    assertTrue(json.out().replace(" ", "").contains("\"value\":32,"), json.out());
  }

  @Test
  void theEngineMustRunByIt() throws IOException {
    String file =
        trusted("state: /srv/state\ndecision-log: /l/d\ndecision-log-mib: 3\nmetrics: unix:/m\n");
    CommandLine line = Main.commandLine();
    line.parseArgs("engine", "--config", file, "--cache", "/c", "--decision-log-mib", "4");
    EngineOptions options = line.getSubcommands().get("engine").<EngineCommand>getCommand().options;
    options.settle();
    EngineConfig config = options.config();
    assertEquals(Path.of("/srv/state"), config.stateDirectory());
    assertEquals(Path.of("/c"), config.cacheDirectory());
    assertEquals(EngineConfig.DEFAULT.pins(), config.pins());
    assertEquals(Path.of("/l/d"), config.outlets().decisionLog().file());
    assertEquals(4L << 20, config.outlets().decisionLog().maxBytes());
    assertEquals("unix:/m", config.outlets().metrics().toString());
  }

  @Test
  void aFileWithErrorsMustBeShownWithItsLines() throws IOException {
    String file = trusted("stat: /srv/state\nmetrics: here\n");
    for (Cli refused :
        new Cli[] {
          Cli.run("config", "check", file),
          Cli.run("config", "show", "--config", file),
          engine(file)
        }) {
      assertEquals(ExitCode.INVALID_POLICY, refused.code());
      assertTrue(refused.err().contains("error: " + file + ":1:1: unknown key \"stat\""));
      assertTrue(refused.err().contains("    1 | stat: /srv/state\n      | ^"), refused.err());
      assertTrue(refused.err().contains(file + ":2:10: metrics is \"here\""), refused.err());
      assertTrue(refused.err().contains("error: " + file + " has errors"), refused.err());
    }
  }

  @Test
  void checkMustSayThatAllIsWell() throws IOException {
    Cli ok = Cli.run("config", "check", trusted("state: /srv/state\n"));
    assertEquals(ExitCode.OK, ok.code(), ok.err());
    assertTrue(ok.out().endsWith("engine.yaml: ok, 1 set\n"), ok.out());
  }

  /** What is well for check must be well for the engine: each form of an address, too. */
  @Test
  void whatCheckTakesTheEngineMustTakeAsWell() throws IOException {
    for (String metrics : new String[] {"'[::1]:9417'", "localhost:9417", "unix:/run/m"}) {
      String file = trusted("metrics: " + metrics + "\n");
      assertEquals(ExitCode.OK, Cli.run("config", "check", file).code(), metrics);
      Cli shown = Cli.run("config", "show", "--config", file);
      assertEquals(ExitCode.OK, shown.code(), shown.err());
    }
  }

  @Test
  void checkMustLookIntoTheFileOfBundleSources() throws IOException {
    Path bundles = Files.writeString(folder.resolve("bundles.yaml"), "bundels: {}\n");
    String file = trusted("bundles: " + bundles + "\n");
    for (Cli refused : new Cli[] {Cli.run("config", "check", file), engine(file)}) {
      assertEquals(ExitCode.INVALID_POLICY, refused.code(), "it stays so");
      assertTrue(refused.err().contains(bundles + ":1:1: unknown key \"bundels\""), refused.err());
    }
    Files.delete(bundles);
    for (Cli refused : new Cli[] {Cli.run("config", "check", file), engine(file)}) {
      assertEquals(ExitCode.REFUSED, refused.code(), "it may come");
    }
  }

  @Test
  void aFileThatOthersCanWriteToMustBeRefused() throws IOException {
    String file = trusted("state: /srv/state\n");
    Files.setPosixFilePermissions(Path.of(file), PosixFilePermissions.fromString("rw-rw-rw-"));
    for (Cli refused :
        new Cli[] {
          Cli.run("config", "check", file),
          Cli.run("config", "show", "--config", file),
          engine(file)
        }) {
      assertEquals(ExitCode.INVALID_POLICY, refused.code());
      assertTrue(refused.err().contains("chmod go-w "), refused.err());
    }
  }

  /**
   * Else the glass is broken where nothing is, and the note of who did it lies where none looks.
   */
  @Test
  void whoGoesPastTheEngineMustLookWhereItIs() throws IOException {
    Path pins = folder.resolve("pins");
    Path state = Files.createDirectory(folder.resolve("state"));
    Path cache = Files.createDirectory(folder.resolve("cache"));
    String file =
        trusted(
            "pins: %s\nstate: %s\ncache: %s\nsocket: %s/s\n".formatted(pins, state, cache, folder));
    String[] glass = {"break-glass", "--reason", "x", "--config", file};
    Cli broken = Cli.run(glass);
    assertEquals(ExitCode.REFUSED, broken.code());
    assertTrue(broken.err().contains("no pins in " + pins), broken.err());
    assertFalse(broken.err().contains("warning"), broken.err());
    Cli purged = Cli.run("uninstall", "--purge", "--config", file, "--cache", folder + "/other");
    assertEquals(ExitCode.OK, purged.code(), purged.err());
    assertFalse(Files.exists(state), "the file says so");
    assertTrue(Files.exists(cache), "options win");

    // What others may have written counts for nothing; an emergency goes on without, and says so.
    Files.setPosixFilePermissions(Path.of(file), PosixFilePermissions.fromString("rw-rw-rw-"));
    broken = Cli.run("break-glass", "--reason", "x", "--config", file, "--pins", folder + "/mine");
    assertEquals(ExitCode.REFUSED, broken.code());
    assertTrue(broken.err().contains("no pins in " + folder + "/mine"), broken.err());
    assertTrue(broken.err().contains("warning: the configuration cannot be"), broken.err());
    assertTrue(broken.err().contains("--state /var/lib/interdict: if"), broken.err());
    assertEquals(
        ExitCode.INVALID_POLICY,
        Cli.run("uninstall", "--purge", "--config", file).code(),
        "no emergency");
    assertTrue(Files.exists(cache));
    String wrong = trusted("pins: 1\n");
    broken = Cli.run("break-glass", "--reason", "x", "--config", wrong, "--pins", folder + "/mine");
    assertTrue(broken.err().contains("no pins in " + folder + "/mine"), broken.err());
    assertTrue(broken.err().contains("pins must be a string"), broken.err());
    assertEquals(ExitCode.INVALID_POLICY, Cli.run("uninstall", "--config", wrong).code());
  }

  /** Whoever can turn the link decides, and not whom the file belongs to. */
  @Test
  void aLinkInAFolderOfOthersMustBeRefusedAndSoMustTheFileOfBundleSources() throws IOException {
    Path open = Files.createDirectory(folder.resolve("open"));
    Files.setPosixFilePermissions(open, PosixFilePermissions.fromString("rwxrwxrwx"));
    Path link =
        Files.createSymbolicLink(
            open.resolve("engine.yaml"), Path.of(trusted("state: /srv/state\n")));
    Cli linked = Cli.run("config", "show", "--config", link.toString());
    assertEquals(ExitCode.INVALID_POLICY, linked.code(), linked.err());
    assertTrue(linked.err().contains(open + " can be written to by others"), linked.err());

    Path bundles = Files.writeString(folder.resolve("bundles.yaml"), "bundles: {}\n");
    Files.setPosixFilePermissions(bundles, PosixFilePermissions.fromString("rw-rw-r--"));
    Cli sources = Cli.run("config", "check", trusted("bundles: " + bundles + "\n"));
    assertEquals(ExitCode.INVALID_POLICY, sources.code(), sources.err());
    assertTrue(sources.err().contains(bundles + " can be written to by others"), sources.err());
  }

  @Test
  void aFileThatIsNamedMustBeThere() {
    Path none = folder.resolve("none.yaml");
    for (Cli refused :
        new Cli[] {Cli.run("config", "check", none.toString()), engine(none.toString())}) {
      assertEquals(ExitCode.REFUSED, refused.code());
      assertTrue(refused.err().contains("there is no such file"), refused.err());
    }
    assertFalse(Files.exists(none));
    assertEquals(ExitCode.USAGE, Cli.run("config").code());
  }
}
