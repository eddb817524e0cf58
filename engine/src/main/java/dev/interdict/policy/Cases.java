package dev.interdict.policy;

import dev.interdict.event.Hook;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * The examples of a policy, {@code cases.yaml}: events in, decisions out.
 *
 * <p>A case names the facts that matter; the others get harmless values (user 1000, a regular file,
 * TCP), and facts that can be absent are absent. So what a case does not name must not decide it.
 *
 * @param list in the order of the file
 */
public record Cases(List<Case> list) {

  /**
   * One example.
   *
   * @param line where it stands in {@code cases.yaml}, from 1
   * @param inputJson a complete {@code input} document, UTF-8
   * @param deny what is expected of {@code deny}; {@code kill} and {@code warn} alike
   */
  public record Case(
      String name, int line, byte[] inputJson, Expected deny, Expected kill, Expected warn) {}

  /** What is expected of one set of reasons. */
  public sealed interface Expected {
    /** Nothing is said about it. */
    record Anything() implements Expected {}

    record Nothing() implements Expected {}

    /** At least one reason. */
    record Something() implements Expected {}

    /** Exactly these, sorted. */
    record Exactly(List<String> reasons) implements Expected {}
  }

  /** What a policy said about an event. */
  public record Said(List<String> deny, List<String> kill, List<String> warn) {}

  /** Evaluates the policy, as the engine does. */
  @FunctionalInterface
  public interface Judge {
    /**
     * What the policy says about {@code inputJson}.
     *
     * @throws Exception if it says nothing, because it was stopped or failed
     */
    Said judge(byte[] inputJson) throws Exception;
  }

  /**
   * How a case went.
   *
   * @param problem what was expected and what came; null if it passed
   */
  public record Result(Case about, String problem) {

    public boolean passed() {
      return problem == null;
    }
  }

  /**
   * Reads {@code cases.yaml} and checks its events against the schemas.
   *
   * @param policy whose cases they are
   * @throws PolicyException with every finding, if one is an error
   */
  public static Cases read(byte[] yaml, Policy policy) throws PolicyException {
    Findings findings = new Findings();
    List<Case> cases = new CaseReader(policy.hooks(), findings).read(yaml);
    if (findings.failed()) {
      throw new PolicyException(findings.sorted());
    }
    return new Cases(List.copyOf(cases));
  }

  /**
   * Reads events of any hook, in the form of {@code cases.yaml}, and keeps those that {@code
   * policy} is asked about: of its hooks, and in its cgroups.
   *
   * @throws PolicyException with every finding, if one is an error
   */
  public static List<Case> within(byte[] yaml, Policy policy) throws PolicyException {
    Findings findings = new Findings();
    List<Case> all = new CaseReader(EnumSet.allOf(Hook.class), findings).read(yaml);
    if (findings.failed()) {
      throw new PolicyException(findings.sorted());
    }
    return all.stream().filter(c -> isWithin(c, policy)).toList();
  }

  private static boolean isWithin(Case event, Policy policy) {
    JsonNode input = JsonMapper.shared().readTree(event.inputJson());
    String hook = input.path("hook").asString();
    String cgroup = input.at("/process/cgroup/path").asString("/");
    List<String> scope = policy.scope().cgroups();
    return policy.hooks().stream().anyMatch(h -> h.id().equals(hook))
        && (scope.isEmpty()
            || !input.has("process")
            || scope.stream().anyMatch(c -> c.equals("/") || (cgroup + "/").startsWith(c + "/")));
  }

  /** Tries all cases; a judge that throws fails the case. */
  public List<Result> run(Judge judge) {
    List<Result> results = new ArrayList<>();
    for (Case each : list) {
      results.add(new Result(each, problem(each, judge)));
    }
    return results;
  }

  private static String problem(Case about, Judge judge) {
    Said said;
    try {
      said = judge.judge(about.inputJson());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return "interrupted";
    } catch (Exception e) {
      return "no decision: " + e;
    }
    List<String> problems = new ArrayList<>();
    compare("deny", about.deny(), said.deny(), problems);
    compare("kill", about.kill(), said.kill(), problems);
    compare("warn", about.warn(), said.warn(), problems);
    return problems.isEmpty() ? null : String.join("; ", problems);
  }

  private static void compare(
      String set, Expected expected, List<String> said, List<String> problems) {
    List<String> sorted = said.stream().sorted().toList();
    String problem =
        switch (expected) {
          case Expected.Anything anything -> null;
          case Expected.Nothing nothing -> sorted.isEmpty() ? null : "none";
          case Expected.Something something -> sorted.isEmpty() ? "a reason" : null;
          case Expected.Exactly e -> sorted.equals(e.reasons()) ? null : e.reasons().toString();
        };
    if (problem != null) {
      problems.add(
          "%s: expected %s, got %s"
              .formatted(set, problem, sorted.isEmpty() ? "none" : sorted.toString()));
    }
  }
}
