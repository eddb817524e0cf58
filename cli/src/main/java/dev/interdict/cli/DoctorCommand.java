package dev.interdict.cli;

import dev.interdict.control.Check;
import dev.interdict.engine.EngineConfig;
import dev.interdict.engine.HostAbilities;
import dev.interdict.engine.SocketCheck;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code interdict doctor}. */
@Command(
    name = "doctor",
    mixinStandardHelpOptions = true,
    description = {
      "Try what enforcement needs of this host, and say how to get what is missing.",
      "Needs no engine. Exits with 1 if something is missing."
    })
final class DoctorCommand implements Callable<Integer> {
  @Mixin Output output;

  @Override
  public Integer call() {
    List<Check> checks = new ArrayList<>(HostAbilities.probe().checks());
    checks.add(SocketCheck.of(EngineConfig.DEFAULT.stateDirectory()));
    boolean ok = checks.stream().noneMatch(check -> check.result() == Check.Result.FAILED);
    output.print(tree(ok, checks), out -> tell(ok, checks, out, output.style()));
    return ok ? ExitCode.OK : ExitCode.NO;
  }

  static void tell(boolean ok, List<Check> checks, PrintWriter out, Style style) {
    for (Check check : checks) {
      String mark =
          switch (check.result()) {
            case OK -> style.green(style.symbol("✔", "ok"));
            case WARNING -> style.yellow(style.symbol("–", "--"));
            case FAILED -> style.red(style.symbol("✘", "NO"));
          };
      out.println(mark + " " + Text.line(check.name()) + ": " + Text.line(check.detail()));
      if (!check.remedy().isEmpty()) {
        out.println("    " + Text.line(check.remedy()));
      }
    }
    out.println(
        ok
            ? "this host can enforce; next: interdict engine"
            : "this host cannot enforce everything; what it lacks is refused, never skipped");
  }

  private static Map<String, Object> tree(boolean ok, List<Check> checks) {
    Map<String, Object> tree = new LinkedHashMap<>();
    tree.put("ok", ok);
    tree.put("checks", checks.stream().map(DoctorCommand::tree).toList());
    return tree;
  }

  private static Map<String, Object> tree(Check check) {
    Map<String, Object> tree = new LinkedHashMap<>();
    tree.put("name", check.name());
    tree.put("result", check.result().name().toLowerCase(Locale.ROOT));
    tree.put("detail", check.detail());
    tree.put("remedy", check.remedy());
    return tree;
  }
}
