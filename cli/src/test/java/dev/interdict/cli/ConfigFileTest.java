package dev.interdict.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.interdict.decisions.DecisionFile;
import dev.interdict.policy.Diagnostic;
import dev.interdict.policy.PolicyException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

class ConfigFileTest {
  /** What says how the command itself runs, not the engine. */
  private static final Set<String> OTHER =
      Set.of("--config", "--help", "--version", "--color", "--debug");

  private static Map<Setting, ConfigFile.Value> parse(String yaml) throws PolicyException {
    return ConfigFile.parse("engine.yaml", yaml.getBytes(StandardCharsets.UTF_8)).values();
  }

  private static List<String> errors(String yaml) {
    return assertThrows(PolicyException.class, () -> parse(yaml), yaml).diagnostics().stream()
        .map(Diagnostic::toString)
        .toList();
  }

  @Test
  void eachOptionOfTheEngineMustHaveItsKeyAndEachKeyItsOption() {
    for (String command : List.of("engine", "config show")) {
      CommandSpec spec = Main.commandLine().getCommandSpec();
      for (String word : command.split(" ", -1)) {
        spec = spec.subcommands().get(word).getCommandSpec();
      }
      Set<String> options =
          spec.options().stream().map(OptionSpec::longestName).collect(Collectors.toSet());
      options.removeAll(OTHER);
      options.remove("--output");
      assertEquals(
          new TreeSet<>(Stream.of(Setting.values()).map(Setting::option).toList()),
          new TreeSet<>(options),
          command);
    }
  }

  /** As it takes values: a path of the file is a path of the option. */
  @Test
  void eachKeyMustHaveTheTypeOfItsOption() {
    CommandSpec engine = Main.commandLine().getSubcommands().get("engine").getCommandSpec();
    for (Setting setting : Setting.values()) {
      Class<?> type =
          switch (setting.kind()) {
            case PATH, LOG -> Path.class;
            case NUMBER -> int.class;
            case FORMAT, METRICS -> String.class;
          };
      assertEquals(type, engine.findOption(setting.option()).type(), setting.key());
    }
  }

  @Test
  void eachKeyMustBeDescribed() throws IOException {
    String page = Files.readString(Path.of("../engine/README.md"));
    String section = page.substring(page.indexOf("\n## Configuration\n"));
    Setting.keys().forEach(key -> assertTrue(section.contains("\n| `" + key + "` |"), key));
  }

  @Test
  void whatIsWrittenMustBeSetWithItsLine() throws PolicyException {
    assertEquals(
        Map.of(
            Setting.STATE,
            new ConfigFile.Value(Path.of("/srv/state"), 2),
            Setting.DECISION_LOG_FOLD,
            new ConfigFile.Value(0, 3),
            Setting.METRICS,
            new ConfigFile.Value("127.0.0.1:9417", 4),
            Setting.DECISION_LOG,
            new ConfigFile.Value(DecisionFile.JOURNAL, 5)),
        parse(
            """
            # ours
            state: /srv/state
            decision-log-fold: 0
            metrics: 127.0.0.1:9417
            decision-log: journal
            """));
  }

  @Test
  void aFileOfCommentsMustSetNothing() throws PolicyException {
    assertEquals(Map.of(), parse(""));
    assertEquals(Map.of(), parse("# state: /var/lib/interdict\n\n  # metrics: unix:/run/m\n"));
  }

  @Test
  void allThatIsWrongMustBeSaidAtOnceWithItsPlaceAndWhatIsAllowed() {
    assertEquals(
        List.of(
            "engine.yaml:1:8: state is \"var/lib\"; it must be an absolute path [yaml.value]",
            "engine.yaml:2:1: unknown key \"sokket\" in the file; did you mean \"socket\"?"
                + " [yaml.unknown-key]",
            "engine.yaml:3:19: decision-log-mib must be a whole number of at least 1, not the"
                + " string \"many\" [yaml.type]",
            "engine.yaml:4:21: decision-log-files is 1001; it must be a number from 2 to 1000"
                + " [yaml.value]",
            "engine.yaml:5:20: decision-log-fold must be a whole number of at least 0, not the"
                + " number -1 [yaml.type]",
            "engine.yaml:6:10: metrics is \"0.0.0.0:1\"; metrics go to unix:/PATH or to a port of"
                + " this host, such as 127.0.0.1:9417; for others put a proxy with TLS before it"
                + " [yaml.value]",
            "engine.yaml:7:10: bundles must be a string, not a list [yaml.type]",
            "engine.yaml:8:1: \"state\" is already set in line 1 [yaml.duplicate-key]",
            "engine.yaml:9:7: cache must be a string, not nothing [yaml.type]",
            "engine.yaml:10:22: decision-log-format is \"json\"; it is interdict or ocsf"
                + " [yaml.value]",
            "engine.yaml:11:15: decision-log is \"journald\"; it must be an absolute path, or"
                + " journal [yaml.value]"),
        errors(
            """
            state: var/lib
            sokket: /run/s
            decision-log-mib: many
            decision-log-files: 1001
            decision-log-fold: -1
            metrics: 0.0.0.0:1
            bundles: [a]
            state: /b
            cache:
            decision-log-format: json
            decision-log: journald
            """));
    assertEquals(
        List.of("engine.yaml:1:1: the file must be a mapping, not a list [yaml.type]"),
        errors("- state\n"));
  }
}
