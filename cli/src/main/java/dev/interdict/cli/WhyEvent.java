package dev.interdict.cli;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.interdict.compile.Compilation;
import dev.interdict.compile.CompiledPolicy;
import dev.interdict.compile.HeldRule;
import dev.interdict.compile.RegoCompiler;
import dev.interdict.compile.RegoCompiler.Why;
import dev.interdict.event.Hook;
import dev.interdict.policy.Cases;
import dev.interdict.policy.Cases.Case;
import dev.interdict.policy.ParsedPolicy;
import dev.interdict.policy.Policy;
import java.io.IOException;
import java.io.PrintWriter;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import tools.jackson.databind.json.JsonMapper;

/** What policies say about an event that somebody describes: {@code interdict why --hook}. */
final class WhyEvent {
  private static final Set<String> REFUSING = Set.of("deny", "kill");

  private final Case event;
  private final List<Told> told = new ArrayList<>();

  /**
   * What one policy says.
   *
   * @param enforced whether it refuses what it denies
   * @param denies whether it denies the event, by a rule or without
   * @param note what there is to say beside its rules; empty: nothing
   * @param inputs the documents that it is shown, JSON
   */
  private record Told(
      String policy,
      boolean enforced,
      boolean denies,
      String note,
      List<HeldRule> rules,
      List<String> inputs) {}

  WhyEvent(Case event) {
    this.event = event;
  }

  Hook hook() {
    return event.hook();
  }

  /**
   * Asks one policy that has the hook.
   *
   * @param name with its revision, where it has one
   * @param parsed of a policy without errors
   * @param enforced whether it refuses what it denies
   */
  void ask(String name, ParsedPolicy parsed, boolean enforced) {
    Policy policy = parsed.policy();
    String outside = Cases.notAsked(event, policy);
    if (outside != null) {
      told.add(new Told(name, enforced, false, "not asked: " + outside, List.of(), List.of()));
      return;
    }
    RegoCompiler compiler = RegoCompiler.inProcess(RegoCompiler.defaultCache());
    try {
      Compilation compilation = compiler.compile(policy);
      if (!compilation.succeeded()) {
        String note = "this interdict cannot compile it; interdict policy check says why";
        told.add(new Told(name, enforced, false, note, List.of(), List.of()));
        return;
      }
      CompiledPolicy compiled = compilation.compiled();
      List<String> inputs =
          event.shown(compiled.literals()).stream().map(json -> new String(json, UTF_8)).toList();
      String untold = Cases.untold(event, policy, compiled.reads());
      Why why = compiler.why(policy, inputs, Instant.now());
      List<HeldRule> rules =
          why.held().stream().map(rule -> WhyCommand.written(rule, parsed)).toList();
      boolean fails = !why.failure().isEmpty();
      boolean denies =
          untold != null
              || rules.stream().anyMatch(rule -> REFUSING.contains(rule.set()))
              || (fails && policy.fallback() == Policy.Fallback.DENY);
      told.add(new Told(name, enforced, denies, note(policy, why, untold, rules), rules, inputs));
    } catch (IOException e) {
      throw WhyCommand.compilerFailed(e);
    }
  }

  private static String note(Policy policy, Why why, String untold, List<HeldRule> rules) {
    if (!why.failure().isEmpty()) {
      return "it has no answer: %s; its fallback counts: %s"
          .formatted(
              Text.line(why.failure()),
              Text.word(policy.fallback().name().toLowerCase(Locale.ROOT)));
    }
    if (untold != null) {
      return "it denies, whatever its rules say: " + untold;
    }
    return rules.isEmpty() ? "no rule holds" : "";
  }

  Map<String, Object> tree() {
    Map<String, Object> tree = new LinkedHashMap<>();
    tree.put("hook", event.hook().id());
    tree.put("input", JsonMapper.shared().readValue(event.inputJson(), Map.class));
    tree.put("answer", word());
    tree.put("policies", told.stream().map(WhyEvent::tree).toList());
    return tree;
  }

  private static Map<String, Object> tree(Told one) {
    Map<String, Object> tree = new LinkedHashMap<>();
    tree.put("name", one.policy());
    tree.put("enforced", one.enforced());
    tree.put("denies", one.denies());
    tree.put("note", one.note());
    tree.put("inputs", WhyCommand.documents(one.inputs()));
    tree.put("rules", one.rules().stream().map(WhyCommand::tree).toList());
    return tree;
  }

  private String word() {
    return refusing().isEmpty() ? "pass" : "refuse";
  }

  private List<String> refusing() {
    return told.stream().filter(t -> t.denies() && t.enforced()).map(Told::policy).toList();
  }

  void tell(PrintWriter out) {
    for (Told one : told) {
      out.println(one.policy() + (one.note().isEmpty() ? "" : ": " + one.note()));
      for (HeldRule rule : one.rules()) {
        WhyCommand.tell(rule, one.inputs(), out);
      }
      out.println();
    }
    String would =
        told.stream()
            .filter(t -> t.denies() && !t.enforced())
            .map(Told::policy)
            .collect(Collectors.joining("; "));
    out.println(
        (refusing().isEmpty() ? "it passes" : "refused by " + String.join("; ", refusing()))
            + (would.isEmpty() ? "" : ", and recorded by " + would)
            + (told.isEmpty() ? ": no policy is asked at " + event.hook().id() : ""));
  }
}
