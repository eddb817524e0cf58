package dev.interdict.cli;

import dev.interdict.compile.HeldRule;
import dev.interdict.compile.RegoCompiler;
import dev.interdict.policy.Diagnostic;
import dev.interdict.policy.ParsedPolicy;
import dev.interdict.policy.PolicyParser;
import dev.interdict.policy.PolicySource;
import dev.interdict.v1.Answer;
import dev.interdict.v1.Decision;
import dev.interdict.v1.ExplainDecisionRequest;
import dev.interdict.v1.ExplainDecisionResponse;
import dev.interdict.v1.GetPolicyRequest;
import dev.interdict.v1.GetPolicyResponse;
import dev.interdict.v1.HeldAnswer;
import dev.interdict.v1.PolicyFinding;
import dev.interdict.v1.PolicyServiceGrpc;
import dev.interdict.v1.WhyServiceGrpc;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** {@code interdict why}. */
@Command(
    name = "why",
    mixinStandardHelpOptions = true,
    description = {
      "Show which rules made a decision, where they stand, and what they read.",
      "The policies in force are asked again about the same facts, by OPA's own evaluator on this",
      "side; the last line says what the kernel answers by itself to the same attempt now."
    })
final class WhyCommand implements Callable<Integer> {
  @Parameters(
      paramLabel = "ID",
      description = "The decision's number: at the end of a line of interdict watch.")
  long id;

  @Mixin Engine engine;
  @Mixin Output output;

  /**
   * A policy that had something to say.
   *
   * @param revision in force; 0: none
   * @param rules that hold for the facts now
   * @param note why there may be none; empty: there are
   */
  private record Explained(String policy, long revision, List<HeldRule> rules, String note) {}

  @Override
  public Integer call() {
    ExplainDecisionRequest request = ExplainDecisionRequest.newBuilder().setId(id).build();
    ExplainDecisionResponse found =
        engine.ask(WhyServiceGrpc::newBlockingStub, service -> service.explainDecision(request));
    List<Explained> explained = new ArrayList<>();
    for (PolicyFinding finding : found.getDecision().getFindingsList()) {
      explained.add(explain(finding, found));
    }
    output.print(tree(found, explained), out -> tell(found, explained, out));
    return ExitCode.OK;
  }

  private Explained explain(PolicyFinding finding, ExplainDecisionResponse found) {
    if (finding
        .getPolicy()
        .contains(" ")) { // a candidate, or what a change that waits has replaced
      return new Explained(
          finding.getPolicy(), 0, List.of(), "asked beside the one in force, and not explained");
    }
    GetPolicyResponse inForce = inForce(finding.getPolicy());
    if (inForce == null) {
      return new Explained(finding.getPolicy(), 0, List.of(), "not in force any more");
    }
    long revision = inForce.getPolicy().getRevision();
    SortedMap<String, byte[]> files = new TreeMap<>();
    inForce
        .getSourcesList()
        .forEach(source -> files.put(source.getPath(), source.getContent().toByteArray()));
    ParsedPolicy parsed = PolicyParser.parse(new PolicySource(PolicySource.POLICY_YAML, files));
    if (parsed.policy() == null) {
      return new Explained(
          finding.getPolicy(),
          revision,
          List.of(),
          "this interdict cannot read it, though the engine can: they may be of two releases");
    }
    List<HeldRule> rules;
    try {
      rules =
          RegoCompiler.inProcess(RegoCompiler.defaultCache())
              .why(parsed.policy(), found.getInput())
              .stream()
              .map(rule -> written(rule, parsed))
              .toList();
    } catch (IOException e) {
      throw new Failure(
          ExitCode.REFUSED,
          "the compiler failed: " + Text.line(String.valueOf(e.getMessage())),
          "this is not about the policy");
    }
    return new Explained(finding.getPolicy(), revision, rules, note(finding, rules, found));
  }

  private GetPolicyResponse inForce(String policy) {
    GetPolicyRequest request = GetPolicyRequest.newBuilder().setName(policy).build();
    return engine.ask(
        PolicyServiceGrpc::newBlockingStub,
        service -> {
          try {
            return service.getPolicy(request);
          } catch (StatusRuntimeException e) {
            if (e.getStatus().getCode() == Status.Code.NOT_FOUND) {
              return null;
            }
            throw e;
          }
        });
  }

  /** At the line that somebody wrote. */
  private static HeldRule written(HeldRule rule, ParsedPolicy parsed) {
    Diagnostic at =
        parsed
            .sourceMap()
            .map(
                new Diagnostic(
                    Diagnostic.Severity.WARNING, rule.file(), rule.line(), 1, "", rule.reason()));
    return new HeldRule(rule.set(), rule.reason(), at.file(), at.line(), rule.reads());
  }

  private static String note(
      PolicyFinding finding, List<HeldRule> rules, ExplainDecisionResponse found) {
    if (found.getDecision().getFallback()) {
      return "no rule was asked: its fallback answered";
    }
    List<String> now = rules.stream().map(HeldRule::reason).toList();
    List<String> said = new ArrayList<>(finding.getDenyList());
    said.addAll(finding.getKillList());
    if (now.containsAll(said)) {
      return "";
    }
    return "no rule of this revision gives the reason now: an earlier one decided, or the kernel"
        + " answered by itself (a path or packet that it could not read)";
  }

  private static Map<String, Object> tree(
      ExplainDecisionResponse found, List<Explained> explained) {
    Map<String, Object> tree = new LinkedHashMap<>(Trees.of(found));
    tree.put("input", JsonMapper.shared().readValue(found.getInput(), Map.class));
    tree.put(
        "policies",
        explained.stream()
            .map(
                one -> {
                  Map<String, Object> policy = new LinkedHashMap<>();
                  policy.put("policy", one.policy());
                  policy.put("revision", one.revision());
                  policy.put("note", one.note());
                  policy.put("rules", one.rules().stream().map(WhyCommand::rule).toList());
                  return policy;
                })
            .toList());
    return tree;
  }

  private static Map<String, Object> rule(HeldRule rule) {
    Map<String, Object> tree = new LinkedHashMap<>();
    tree.put("set", rule.set());
    tree.put("reason", rule.reason());
    tree.put("file", rule.file());
    tree.put("line", rule.line());
    tree.put("reads", List.copyOf(rule.reads()));
    return tree;
  }

  private void tell(ExplainDecisionResponse found, List<Explained> explained, PrintWriter out) {
    Decision decision = found.getDecision();
    out.println(new CompactLine(output.style()).of(decision));
    JsonNode input = JsonMapper.shared().readTree(found.getInput());
    for (Explained one : explained) {
      out.println();
      out.println(
          Text.word(one.policy())
              + (one.revision() == 0 ? "" : ", revision " + one.revision() + " in force")
              + (one.note().isEmpty() ? "" : ": " + one.note()));
      one.rules().forEach(rule -> tell(rule, input, out));
    }
    if (explained.isEmpty()) {
      out.println("no policy objects");
    }
    out.println();
    out.println(kernel(found));
    explained.stream()
        .filter(one -> one.revision() != 0)
        .findFirst()
        .ifPresent(one -> out.println("next: interdict policy get " + Text.word(one.policy())));
  }

  private static void tell(HeldRule rule, JsonNode input, PrintWriter out) {
    out.printf(
        "  %s:%d: %s \"%s\"%n",
        Text.word(rule.file()), rule.line(), rule.set(), Text.line(rule.reason()));
    for (String path : rule.reads()) {
      JsonNode value = input.at("/" + path.replace('.', '/'));
      if (path.isEmpty() || value.isObject()) {
        out.println("    " + (path.isEmpty() ? "all of input" : path));
      } else {
        out.printf("    %s = %s%n", path, value.isMissingNode() ? "absent" : Text.json(value));
      }
    }
  }

  private static String kernel(ExplainDecisionResponse found) {
    if (found.getAnswersCount() == 0) {
      return "the kernel holds no verdict about this any more: the next such attempt is asked about";
    }
    List<String> words = new ArrayList<>();
    for (HeldAnswer answer : found.getAnswersList()) {
      if (answer.getAnswer() != Answer.ANSWER_PASS) {
        words.add(Text.word(answer.getPolicy().getName()) + " " + word(answer.getAnswer()));
      }
    }
    return "the kernel holds "
        + (words.isEmpty()
            ? "that all policies let this pass"
            : "of this: " + String.join(", ", words))
        + (found.hasExpires() ? ", until " + Trees.instant(found.getExpires()) : "");
  }

  private static String word(Answer answer) {
    return switch (answer) {
      case ANSWER_PASS -> "lets it pass";
      case ANSWER_DENY -> "denies it";
      case ANSWER_KILL -> "denies it and wants the process killed";
      case ANSWER_NONE -> "has no answer, so that its fallback counts";
      case ANSWER_UNSPECIFIED, UNRECOGNIZED -> "says what this interdict does not know";
    };
  }
}
