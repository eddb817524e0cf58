package dev.interdict.cli;

import dev.interdict.cli.EngineOptions.Effective;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code interdict config show}. */
@Command(
    name = "show",
    mixinStandardHelpOptions = true,
    description = {
      "Show what an engine would run with, and where each value comes from.",
      "Takes the options of interdict engine."
    })
final class ConfigShowCommand implements Callable<Integer> {
  @Mixin EngineOptions options;
  @Mixin Output output;

  @Override
  public Integer call() {
    List<Effective> all = options.settle();
    options.outlets.outlets(); // what the engine would refuse is refused here
    output.print(
        Map.of("settings", all.stream().map(ConfigShowCommand::tree).toList()),
        out -> {
          Table table = new Table("KEY", "VALUE", "FROM");
          all.forEach(e -> table.row(e.setting().key(), shown(e.value()), e.from()));
          out.print(table.render());
        });
    return ExitCode.OK;
  }

  private static String shown(Object value) {
    return value == null ? "-" : value.toString();
  }

  private static Map<String, Object> tree(Effective effective) {
    Map<String, Object> tree = new LinkedHashMap<>();
    tree.put("key", effective.setting().key());
    tree.put("value", effective.value() instanceof Integer n ? n : text(effective.value()));
    tree.put("from", effective.from());
    return tree;
  }

  private static String text(Object value) {
    return value == null ? null : value.toString();
  }
}
