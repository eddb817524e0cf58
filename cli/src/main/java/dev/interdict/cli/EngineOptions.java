package dev.interdict.cli;

import dev.interdict.delivery.DeliveryConfig;
import dev.interdict.delivery.DeliveryConfigReader;
import dev.interdict.engine.EngineConfig;
import dev.interdict.files.OwnPath;
import dev.interdict.files.OwnPath.NotOwnException;
import dev.interdict.policy.Diagnostic;
import dev.interdict.policy.FileTrouble;
import dev.interdict.policy.PolicyException;
import dev.interdict.policy.PolicySource;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** How an engine is to run: by its options, and for what they leave open by its file. */
final class EngineOptions {
  private static final String WHY = "who decide what this host enforces then";

  private static final String SOCKET_VARIABLE = "INTERDICT_SOCKET";

  @Option(
      names = "--config",
      paramLabel = "FILE",
      description =
          "YAML with a key for each of these options, which win over it"
              + " (default: /etc/interdict/engine.yaml, if it is there).")
  Path config;

  @Mixin EnginePaths paths;

  @Option(
      names = "--bundles",
      paramLabel = "FILE",
      description =
          "YAML with the sources of bundles, the keys to trust, and who gets status reports"
              + " (default: none).")
  Path bundles;

  @Mixin OutletOptions outlets;

  @Spec(Spec.Target.MIXEE)
  CommandSpec spec;

  /**
   * A setting as it counts.
   *
   * @param value null: none
   * @param from such as {@code --state}, {@code default} or a file with its line
   */
  record Effective(Setting setting, Object value, String from) {}

  /**
   * Reads the file, and sets the options that were not given.
   *
   * @return all settings, with where each comes from
   * @throws Failure if the file cannot be read, relied on or understood
   */
  List<Effective> settle() {
    return settle(config, spec);
  }

  /**
   * The same of a command that has some of these options.
   *
   * @param config null: the usual one, if it is there
   */
  static List<Effective> settle(Path config, CommandSpec spec) {
    Path path = config == null ? ConfigFile.DEFAULT : config;
    boolean none = config == null && isNone(path);
    ConfigFile file = none ? ConfigFile.NONE : read(path, requireTrust(path), spec);
    List<Effective> all = new ArrayList<>();
    for (Setting setting : Setting.values()) {
      OptionSpec option = spec.findOption(setting.option());
      if (option == null) {
        continue;
      }
      ConfigFile.Value written = file.values().get(setting);
      String from = "default";
      if (spec.commandLine().getParseResult().hasMatchedOption(option)) {
        from = setting.option();
      } else if (setting == Setting.SOCKET && System.getenv(SOCKET_VARIABLE) != null) {
        from = SOCKET_VARIABLE;
      } else if (written != null) {
        option.setValue(written.value());
        from = path + ":" + written.line();
      }
      all.add(new Effective(setting, option.getValue(), from));
    }
    return all;
  }

  /** A link that leads nowhere, and what cannot be looked at, is not none: somebody means it. */
  private static boolean isNone(Path path) {
    return Files.notExists(path, LinkOption.NOFOLLOW_LINKS);
  }

  /**
   * @return where it is, behind links: a path whose meaning nobody else can change
   * @throws Failure if others than root decide what stands in the file
   */
  static Path requireTrust(Path path) {
    try {
      return OwnPath.resolve(path, WHY);
    } catch (NotOwnException e) {
      throw distrusted(e);
    } catch (IOException e) {
      throw unreadable(path, e);
    }
  }

  /** It stays so, as what has errors does: starting again would not help. */
  private static Failure distrusted(NotOwnException why) {
    return new Failure(
        ExitCode.INVALID_POLICY,
        "the configuration cannot be relied on: " + Text.line(why.getMessage()),
        null);
  }

  /**
   * Reads a file, whoever may write to it.
   *
   * @throws Failure if it has errors, which are printed then, or cannot be read
   */
  static ConfigFile read(Path path, CommandSpec spec) {
    return read(path, path, spec);
  }

  private static ConfigFile read(Path path, Path real, CommandSpec spec) {
    byte[] content;
    try {
      content = Files.readAllBytes(real);
    } catch (IOException e) {
      throw unreadable(path, e);
    }
    String name = path.getFileName().toString();
    try {
      return ConfigFile.parse(name, content);
    } catch (PolicyException e) {
      print(path, e.diagnostics(), PolicySource.ofYaml(name, content), spec);
      throw invalid(path);
    }
  }

  /** What the engine is to be; after {@link #settle}. */
  EngineConfig config() {
    return paths
        .config()
        .with(bundles == null ? DeliveryConfig.NONE : sources(bundles, spec))
        .with(outlets.outlets());
  }

  /**
   * The sources of bundles of a file.
   *
   * @throws Failure if it has errors, which are printed then, or cannot be read
   */
  static DeliveryConfig sources(Path file, CommandSpec spec) {
    try {
      return DeliveryConfigReader.read(file);
    } catch (PolicyException e) {
      print(file, e.diagnostics(), null, spec);
      throw new Failure(
          ExitCode.INVALID_POLICY,
          Text.word(file.toString()) + " has errors",
          "engine/README.md, section Bundles, says what stands in it");
    } catch (NotOwnException e) {
      throw distrusted(e);
    } catch (IOException e) {
      throw unreadable(file, e);
    }
  }

  private static void print(
      Path file, List<Diagnostic> found, PolicySource source, CommandSpec spec) {
    Path parent = file.getParent();
    String folder = parent == null ? "" : parent.toString().replaceAll("/*$", "/");
    spec.commandLine()
        .getErr()
        .print(new Findings(folder, Main.style(spec.commandLine())).render(found, source));
  }

  private static Failure invalid(Path file) {
    return new Failure(
        ExitCode.INVALID_POLICY,
        Text.word(file.toString()) + " has errors",
        "engine/README.md, section Configuration, says what stands in it");
  }

  /** It may be there a moment later, such as what is on another file system. */
  private static Failure unreadable(Path file, IOException why) {
    return new Failure(
        ExitCode.REFUSED,
        "cannot read " + Text.word(file.toString()) + ": " + Text.line(FileTrouble.why(why)),
        null);
  }
}
