package dev.interdict.cli;

import dev.interdict.compile.HeldRule;
import dev.interdict.compile.RegoCompiler;
import dev.interdict.compile.RegoCompiler.Why;
import dev.interdict.event.ReadSet;
import dev.interdict.policy.Diagnostic;
import dev.interdict.policy.ParsedPolicy;
import dev.interdict.policy.PolicyParser;
import dev.interdict.policy.PolicySource;
import dev.interdict.v1.AskedPolicy;
import dev.interdict.v1.ExplainDecisionRequest;
import dev.interdict.v1.ExplainDecisionResponse;
import dev.interdict.v1.GetPolicyRequest;
import dev.interdict.v1.GetPolicyResponse;
import dev.interdict.v1.HeldAnswer;
import dev.interdict.v1.PolicyServiceGrpc;
import dev.interdict.v1.WhyServiceGrpc;
import java.io.IOException;
import java.io.PrintWriter;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.TypeConversionException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** {@code interdict why}. */
@Command(
    name = "why",
    mixinStandardHelpOptions = true,
    description = {
      "Show which rules made a decision, where they stand, and what they can read.",
      "The policies that the decision names are asked again about the same facts, by OPA's own",
      "evaluator on this side, as they are in force now; and it is told what the kernel holds.",
      "Numbers begin anew when the engine starts."
    })
final class WhyCommand implements Callable<Integer> {
  @Parameters(
      paramLabel = "ID",
      converter = DecisionNumber.class,
      description = "The decision's number, which ends its line of interdict watch.")
  long id;

  @Mixin Engine engine;
  @Mixin Output output;

  /** With the sign that it is printed with, or without. */
  static final class DecisionNumber implements ITypeConverter<Long> {
    @Override
    public Long convert(String text) {
      try {
        return Long.parseUnsignedLong(text.startsWith("#") ? text.substring(1) : text);
      } catch (NumberFormatException e) {
        throw new TypeConversionException("'" + text + "' is no number of a decision, such as 7");
      }
    }
  }

  /**
   * A policy that the decision names.
   *
   * @param rules those that hold for the facts, at the lines that somebody wrote
   * @param note what there is to say of it; empty: nothing
   */
  private record Explained(AskedPolicy policy, List<HeldRule> rules, String note) {}

  @Override
  public Integer call() {
    ExplainDecisionRequest request = ExplainDecisionRequest.newBuilder().setId(id).build();
    ExplainDecisionResponse found =
        engine.ask(WhyServiceGrpc::newBlockingStub, service -> service.explainDecision(request));
    Instant when = Trees.instant(found.getDecision().getTime());
    boolean fallback = found.getDecision().getFallback();
    List<Explained> explained =
        found.getPoliciesList().stream().map(policy -> explain(policy, when, fallback)).toList();
    output.print(tree(found, explained), out -> tell(found, explained, out));
    return ExitCode.OK;
  }

  private Explained explain(AskedPolicy asked, Instant when, boolean fallback) {
    if (!asked.hasInForce()) {
      return new Explained(asked, List.of(), gone(asked.getName()));
    }
    if (asked.getInputsCount() == 0) {
      return new Explained(
          asked, List.of(), "the facts speak of names that an earlier engine gave out");
    }
    ParsedPolicy parsed = parsed(asked.getName());
    if (parsed.policy() == null) {
      return new Explained(asked, List.of(), "this interdict cannot read it: of another release?");
    }
    Why why;
    try {
      why =
          RegoCompiler.inProcess(RegoCompiler.defaultCache())
              .why(parsed.policy(), asked.getInputsList(), when);
    } catch (IOException e) {
      throw new Failure(
          ExitCode.REFUSED,
          "the compiler failed: " + Text.line(String.valueOf(e.getMessage())),
          "this is not about the policy");
    }
    List<HeldRule> rules = why.held().stream().map(rule -> written(rule, parsed)).toList();
    return new Explained(asked, rules, note(asked, why, fallback));
  }

  private static String gone(String name) {
    if (name.endsWith(" (candidate)")) {
      return "see: interdict candidate show " + Text.word(name.substring(0, name.indexOf(' ')));
    }
    return name.endsWith(" (before)")
        ? "a change that waited for its confirmation had replaced it"
        : "not in force any more";
  }

  private static String note(AskedPolicy asked, Why why, boolean fallback) {
    if (!why.failure().isEmpty()) {
      return "it has no answer: " + Text.line(why.failure());
    }
    if (!asked.getSame()) {
      return "another revision has decided; this is what the present one says";
    }
    if (fallback) {
      return "its fallback answered, no rule; this is what its rules say";
    }
    return why.held().isEmpty() ? "no rule holds: it was not for a rule that it objected" : "";
  }

  private ParsedPolicy parsed(String policy) {
    GetPolicyRequest request = GetPolicyRequest.newBuilder().setName(policy).build();
    GetPolicyResponse found =
        engine.ask(PolicyServiceGrpc::newBlockingStub, service -> service.getPolicy(request));
    SortedMap<String, byte[]> files = new TreeMap<>();
    found
        .getSourcesList()
        .forEach(source -> files.put(source.getPath(), source.getContent().toByteArray()));
    return PolicyParser.parse(new PolicySource(PolicySource.POLICY_YAML, files));
  }

  /** At the line that somebody wrote. */
  private static HeldRule written(HeldRule rule, ParsedPolicy parsed) {
    Diagnostic at =
        parsed
            .sourceMap()
            .map(
                new Diagnostic(
                    Diagnostic.Severity.WARNING, rule.file(), rule.line(), 1, "", rule.reason()));
    return new HeldRule(
        rule.set(), rule.reason(), at.file(), at.line(), rule.reads(), rule.input());
  }

  private static Map<String, Object> tree(
      ExplainDecisionResponse found, List<Explained> explained) {
    Map<String, Object> tree = new LinkedHashMap<>(Trees.of(found));
    tree.put("policies", explained.stream().map(WhyCommand::tree).toList());
    return tree;
  }

  private static Map<String, Object> tree(Explained one) {
    Map<String, Object> tree = new LinkedHashMap<>(Trees.of(one.policy()));
    tree.put(
        "inputs",
        one.policy().getInputsList().stream()
            .map(input -> JsonMapper.shared().readValue(input, Map.class))
            .toList());
    tree.put("note", one.note());
    tree.put("rules", one.rules().stream().map(WhyCommand::tree).toList());
    return tree;
  }

  private static Map<String, Object> tree(HeldRule rule) {
    Map<String, Object> tree = new LinkedHashMap<>();
    tree.put("set", rule.set());
    tree.put("reason", rule.reason());
    tree.put("file", rule.file());
    tree.put("line", rule.line());
    tree.put("reads", List.copyOf(rule.reads()));
    tree.put("input", rule.input());
    return tree;
  }

  private void tell(ExplainDecisionResponse found, List<Explained> explained, PrintWriter out) {
    out.println(new CompactLine(output.style()).of(found.getDecision()));
    for (Explained one : explained) {
      String revision =
          one.policy().hasInForce() ? ", revision " + one.policy().getInForce().getRevision() : "";
      out.println();
      out.println(
          Text.word(one.policy().getName())
              + revision
              + (one.note().isEmpty() ? "" : ": " + one.note()));
      for (HeldRule rule : one.rules()) {
        tell(rule, JsonMapper.shared().readTree(one.policy().getInputs(rule.input())), out);
      }
    }
    out.println();
    out.println("the kernel " + kernel(found));
  }

  private static void tell(HeldRule rule, JsonNode input, PrintWriter out) {
    out.printf(
        "  %s:%d: %s \"%s\"%n",
        Text.word(rule.file()), rule.line(), rule.set(), Text.line(rule.reason()));
    for (String path : rule.reads()) {
      if (path.equals(ReadSet.MOMENT)) {
        out.println("    the moment: its time is taken, chance is another one");
      } else {
        JsonNode value = path.isEmpty() ? input : input.at("/" + path.replace('.', '/'));
        out.printf(
            "    %s = %s%n",
            path.isEmpty() ? "input" : path, value.isMissingNode() ? "absent" : Text.json(value));
      }
    }
  }

  private static String kernel(ExplainDecisionResponse found) {
    return switch (found.getHeld()) {
      case HELD_VERDICT -> {
        List<String> words = new ArrayList<>();
        found.getAnswersList().forEach(answer -> words.add(words(answer)));
        yield "answers by itself now: "
            + String.join("; ", words)
            + (found.hasExpires() ? "; until " + Trees.instant(found.getExpires()) : "");
      }
      case HELD_NOTHING -> "holds nothing about this now: the next such attempt is asked about";
      case HELD_OTHER_KEYS ->
          "cannot be asked by what this decision had: policies have come or gone since";
      case HELD_UNREAD ->
          "asks nobody about this: each policy that enforces and reads it refuses what it cannot read";
      case HELD_UNSPECIFIED, UNRECOGNIZED -> "holds what this interdict has no word for";
    };
  }

  private static String words(HeldAnswer answer) {
    return Text.word(answer.getPolicy())
        + switch (answer.getAnswer()) {
          case ANSWER_PASS -> " lets it pass";
          case ANSWER_DENY -> answer.getEnforced() ? " refuses it" : " would refuse it";
          case ANSWER_KILL ->
              answer.getEnforced() ? " refuses it and kills" : " would refuse it and kill";
          case ANSWER_NONE -> " has no answer: its fallback counts";
          case ANSWER_NOT_ASKED -> " is still to be asked";
          case ANSWER_UNSPECIFIED, UNRECOGNIZED -> " says what this interdict has no word for";
        };
  }
}
