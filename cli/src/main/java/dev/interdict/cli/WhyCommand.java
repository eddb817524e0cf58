package dev.interdict.cli;

import dev.interdict.compile.HeldRule;
import dev.interdict.compile.RegoCompiler;
import dev.interdict.compile.RegoCompiler.Why;
import dev.interdict.event.Hook;
import dev.interdict.event.ReadSet;
import dev.interdict.policy.Cases;
import dev.interdict.policy.Diagnostic;
import dev.interdict.policy.ParsedPolicy;
import dev.interdict.policy.Policy;
import dev.interdict.policy.PolicyException;
import dev.interdict.policy.PolicyParser;
import dev.interdict.policy.PolicySource;
import dev.interdict.v1.AskedPolicy;
import dev.interdict.v1.ExplainDecisionRequest;
import dev.interdict.v1.ExplainDecisionResponse;
import dev.interdict.v1.GetPolicyRequest;
import dev.interdict.v1.GetPolicyResponse;
import dev.interdict.v1.HeldAnswer;
import dev.interdict.v1.ListPoliciesRequest;
import dev.interdict.v1.ListPoliciesResponse;
import dev.interdict.v1.Mode;
import dev.interdict.v1.PolicyInfo;
import dev.interdict.v1.PolicyServiceGrpc;
import dev.interdict.v1.WhyServiceGrpc;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
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
      "Numbers begin anew when the engine starts.",
      "With --hook, about an event that FACT=VALUE describe: all policies in force that have the",
      "hook, or those of --policy, which need no engine. Facts that are not named are harmless, as",
      "in cases.yaml, and a path is the text that it is: no link is followed."
    },
    footer = {
      "",
      "  interdict why 7",
      "  interdict why --hook file_open file.path=/etc/shadow process.exe.path=/usr/bin/cat"
    })
final class WhyCommand implements Callable<Integer> {
  @Spec CommandSpec spec;

  @Parameters(
      paramLabel = "ID|FACT=VALUE",
      arity = "0..*",
      description =
          "The decision's number, which ends its line of interdict watch; or facts, such as"
              + " file.path=/etc/shadow. Words of a set have commas: access=read,write.")
  List<String> words = List.of();

  @Option(
      names = "--hook",
      paramLabel = "HOOK",
      converter = HookId.class,
      description = "Where the event happens, such as file_open.")
  Hook hook;

  @Option(
      names = "--policy",
      paramLabel = "PATH",
      description = "Ask this policy, a folder or a YAML file, and none of the engine's.")
  List<Path> policies = List.of();

  @Mixin Engine engine;
  @Mixin Output output;

  /** As policies write it. */
  static final class HookId implements ITypeConverter<Hook> {
    @Override
    public Hook convert(String text) {
      return Stream.of(Hook.values())
          .filter(hook -> hook.id().equals(text))
          .findFirst()
          .orElseThrow(
              () ->
                  new TypeConversionException(
                      "'%s' is no hook; they are %s"
                          .formatted(
                              text,
                              Stream.of(Hook.values())
                                  .map(Hook::id)
                                  .collect(Collectors.joining(", ")))));
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
    if (hook != null) {
      return event();
    }
    if (words.size() != 1 || !policies.isEmpty()) {
      throw usage("give the number of one decision, or --hook and facts");
    }
    return decision(number(words.getFirst()));
  }

  private CommandLine.ParameterException usage(String problem) {
    return new CommandLine.ParameterException(spec.commandLine(), problem);
  }

  /** With the sign that it is printed with, or without. */
  private long number(String text) {
    try {
      return Long.parseUnsignedLong(text.startsWith("#") ? text.substring(1) : text);
    } catch (NumberFormatException e) {
      throw usage(
          "'%s' is no number of a decision, such as 7%s"
              .formatted(text, text.contains("=") ? "; facts need --hook, too" : ""));
    }
  }

  private int event() {
    Map<String, String> facts = new LinkedHashMap<>();
    for (String word : words) {
      int sign = word.indexOf('=');
      if (sign < 1) {
        throw usage("'" + word + "' is no FACT=VALUE, such as file.path=/etc/shadow");
      }
      if (facts.put(word.substring(0, sign), word.substring(sign + 1)) != null) {
        throw usage(word.substring(0, sign) + " is there twice");
      }
    }
    WhyEvent asked;
    try {
      asked = new WhyEvent(Cases.event(hook, facts));
    } catch (PolicyException e) {
      throw usage(
          e.diagnostics().stream().map(Diagnostic::message).collect(Collectors.joining("\n")));
    }
    if (policies.isEmpty()) {
      askEngine(asked);
    } else {
      policies.forEach(path -> ask(asked, path));
    }
    output.print(asked.tree(), asked::tell);
    return ExitCode.OK;
  }

  private void ask(WhyEvent asked, Path path) {
    LocalPolicy local = LocalPolicy.of(spec, path);
    ParsedPolicy parsed = local.parse(local.read());
    Policy policy = local.policy(parsed);
    if (!policy.hooks().contains(hook)) {
      throw usage(
          "%s has no hook %s: spec.hooks are %s"
              .formatted(
                  policy.name(),
                  hook.id(),
                  policy.hooks().stream().map(Hook::id).collect(Collectors.joining(", "))));
    }
    asked.ask(policy.name(), parsed, policy.mode() == Policy.Mode.ENFORCE);
  }

  private void askEngine(WhyEvent asked) {
    ListPoliciesResponse all =
        engine.ask(
            PolicyServiceGrpc::newBlockingStub,
            service -> service.listPolicies(ListPoliciesRequest.getDefaultInstance()));
    for (PolicyInfo policy : all.getPoliciesList()) {
      if (policy.getProblem().isEmpty() && policy.getHooksList().contains(hook.id())) {
        ParsedPolicy parsed = parsed(policy.getName());
        String name = Text.word(policy.getName()) + ", revision " + policy.getRevision();
        if (parsed.policy() == null) {
          throw new Failure(
              ExitCode.REFUSED,
              name + ": this interdict cannot read it: of another release?",
              null);
        }
        asked.ask(name, parsed, policy.getMode().getEffective() == Mode.MODE_ENFORCE);
      }
    }
  }

  private int decision(long id) {
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
      throw compilerFailed(e);
    }
    List<HeldRule> rules = why.held().stream().map(rule -> written(rule, parsed)).toList();
    return new Explained(asked, rules, note(asked, why, fallback));
  }

  static Failure compilerFailed(IOException e) {
    return new Failure(
        ExitCode.REFUSED,
        "the compiler failed: " + Text.line(String.valueOf(e.getMessage())),
        "this is not about the policy");
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
  static HeldRule written(HeldRule rule, ParsedPolicy parsed) {
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
    tree.put("inputs", documents(one.policy().getInputsList()));
    tree.put("note", one.note());
    tree.put("rules", one.rules().stream().map(WhyCommand::tree).toList());
    return tree;
  }

  static List<?> documents(List<String> inputs) {
    return inputs.stream().map(input -> JsonMapper.shared().readValue(input, Map.class)).toList();
  }

  static Map<String, Object> tree(HeldRule rule) {
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
        tell(rule, one.policy().getInputsList(), out);
      }
    }
    out.println();
    out.println("the kernel " + kernel(found));
  }

  /**
   * Names a rule and what it reads.
   *
   * @param inputs of which it is for one
   */
  static void tell(HeldRule rule, List<String> inputs, PrintWriter out) {
    JsonNode input = JsonMapper.shared().readTree(inputs.get(rule.input()));
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
