package dev.interdict.cli;

import dev.interdict.decisions.DecisionFile;
import dev.interdict.metrics.MetricsAddress;
import dev.interdict.policy.Findings;
import dev.interdict.policy.PolicyException;
import dev.interdict.policy.Section;
import dev.interdict.policy.YamlNode;
import dev.interdict.policy.YamlReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.Map;
import java.util.function.UnaryOperator;

/**
 * An engine's configuration file: YAML, as strict as policies, a key for each {@link Setting}.
 *
 * @param values what is set; a path, a number or a text, as the option takes it
 */
record ConfigFile(Map<Setting, Value> values) {
  /** Where it is unless somebody says otherwise. */
  static final Path DEFAULT = Path.of("/etc/interdict/engine.yaml");

  /** Nothing is set. */
  static final ConfigFile NONE = new ConfigFile(Map.of());

  /**
   * A value.
   *
   * @param line of the file, from 1
   */
  record Value(Object value, int line) {}

  /**
   * Reads what stands in a file.
   *
   * @param file its name, for messages
   * @throws PolicyException with everything that is wrong with it
   */
  static ConfigFile parse(String file, byte[] yaml) throws PolicyException {
    if (saysNothing(yaml)) {
      return NONE;
    }
    Findings findings = new Findings();
    YamlNode root = YamlReader.read(file, yaml, YamlReader.MAX_BYTES, findings);
    Map<Setting, Value> values = new EnumMap<>(Setting.class);
    if (root != null) {
      Section top = Section.of(file, findings, "the file", root, Setting.keys());
      for (Setting setting : Setting.values()) {
        Object value = top.has(setting.key()) ? value(top, setting) : null;
        if (value != null) {
          values.put(setting, new Value(value, top.mark(setting.key()).line()));
        }
      }
    }
    if (findings.failed()) {
      throw new PolicyException(findings.sorted());
    }
    return new ConfigFile(values);
  }

  /** As packages bring it: a comment for each key. */
  private static boolean saysNothing(byte[] yaml) {
    return new String(yaml, StandardCharsets.UTF_8)
        .lines()
        .allMatch(line -> line.isBlank() || line.stripLeading().startsWith("#"));
  }

  /** Null after an error. */
  private static Object value(Section top, Setting setting) {
    return switch (setting.kind()) {
      case PATH, LOG -> path(top, setting);
      case NUMBER -> number(top, setting);
      case FORMAT -> text(top, setting, written -> DecisionFile.Format.of(written).id());
      case METRICS -> text(top, setting, written -> MetricsAddress.parse(written).toString());
    };
  }

  private static Path path(Section top, Setting setting) {
    String written = top.string(setting.key(), null);
    boolean log = setting.kind() == Setting.Kind.LOG;
    if (log && DecisionFile.JOURNAL.toString().equals(written)) {
      return DecisionFile.JOURNAL;
    }
    if (written != null && (!written.startsWith("/") || written.indexOf('\0') >= 0)) {
      wrong(
          top,
          setting,
          "is \"" + written + "\"; it must be an absolute path" + (log ? ", or journal" : ""));
      return null;
    }
    return written == null ? null : Path.of(written);
  }

  private static Integer number(Section top, Setting setting) {
    long none = Long.MIN_VALUE;
    long written = top.number(setting.key(), setting.least(), none);
    if (written != none && !setting.admits(written)) {
      wrong(top, setting, "is " + written + "; it must be " + setting.range());
      return null;
    }
    return written == none ? null : (Integer) (int) written;
  }

  private static String text(Section top, Setting setting, UnaryOperator<String> parse) {
    String written = top.string(setting.key(), null);
    try {
      return written == null ? null : parse.apply(written);
    } catch (IllegalArgumentException e) {
      wrong(top, setting, "is \"" + written + "\"; " + e.getMessage());
      return null;
    }
  }

  private static void wrong(Section top, Setting setting, String what) {
    top.error(top.node(setting.key()).at(), "yaml.value", setting.key() + " " + what);
  }
}
