package dev.interdict.cli;

import java.io.PrintWriter;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;
import org.yaml.snakeyaml.DumperOptions;
import org.yaml.snakeyaml.Yaml;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** How a command shows its result; options of every command that has one. */
final class Output {
  /** Of each JSON or YAML document; rises when a field is taken away or changes its meaning. */
  private static final int SCHEMA_VERSION = 1;

  /** The forms. */
  enum Format {
    TABLE,
    JSON,
    YAML;

    /** As one writes it; completion and help have it from here. */
    @Override
    public String toString() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  @Spec(Spec.Target.MIXEE)
  CommandSpec spec;

  @Option(
      names = {"-o", "--output"},
      paramLabel = "FORMAT",
      defaultValue = "table",
      description = "How to print: ${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}).")
  Format format;

  /** Prints the tree for programs, or lets {@code table} print for people. */
  void print(Map<String, Object> tree, Consumer<PrintWriter> table) {
    PrintWriter out = out();
    switch (format) {
      case TABLE -> table.accept(out);
      case JSON -> out.println(json(tree, true));
      case YAML -> out.print(yaml(versioned(tree)));
    }
    out.flush();
  }

  /** One line of JSON, or one YAML document, of a stream. */
  static String streamed(Format format, Map<String, Object> tree) {
    return format == Format.YAML ? "---\n" + yaml(versioned(tree)) : json(tree, false) + "\n";
  }

  PrintWriter out() {
    return spec.commandLine().getOut();
  }

  Style style() {
    return Main.style(spec.commandLine());
  }

  private static String json(Map<String, Object> tree, boolean indent) {
    return Json.write(versioned(tree), indent);
  }

  /** A document of YAML, each item on a line of its own. */
  static String yaml(Map<String, Object> tree) {
    DumperOptions options = new DumperOptions();
    options.setDefaultFlowStyle(DumperOptions.FlowStyle.BLOCK);
    options.setSplitLines(false);
    options.setDereferenceAliases(true);
    return new Yaml(options).dump(tree);
  }

  private static Map<String, Object> versioned(Map<String, Object> tree) {
    Map<String, Object> versioned = new LinkedHashMap<>();
    versioned.put("schemaVersion", SCHEMA_VERSION);
    versioned.putAll(tree);
    return versioned;
  }
}
