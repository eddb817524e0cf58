package dev.interdict.policy;

import dev.interdict.event.Hook;
import dev.interdict.event.ReadSet;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
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
public record Cases(List<Case> list, Policy policy) {

  /**
   * One example.
   *
   * @param line where it stands in {@code cases.yaml}, from 1
   * @param hook where it happens
   * @param inputJson a complete {@code input} document, UTF-8
   * @param deny what is expected of {@code deny}; {@code kill}, {@code warn} and {@code label}
   *     alike
   */
  public record Case(
      String name,
      int line,
      Hook hook,
      byte[] inputJson,
      Expected deny,
      Expected kill,
      Expected warn,
      Expected label) {

    /** The same expected of another document. */
    Case with(byte[] input) {
      return new Case(name, line, hook, input, deny, kill, warn, label);
    }

    /** The documents that a policy which mentions the paths {@code literals} is shown for it. */
    public List<byte[]> shown(Set<String> literals) {
      return Members.named(inputJson, literals);
    }
  }

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
  public record Said(List<String> deny, List<String> kill, List<String> warn, List<String> label) {
    private static final Said NOTHING = new Said(List.of(), List.of(), List.of());

    /** Without a label. */
    public Said(List<String> deny, List<String> kill, List<String> warn) {
      this(deny, kill, warn, List.of());
    }

    private Said and(Said more) {
      return new Said(
          both(deny, more.deny),
          both(kill, more.kill),
          both(warn, more.warn),
          both(label, more.label));
    }

    private static List<String> both(List<String> a, List<String> b) {
      return Stream.concat(a.stream(), b.stream()).distinct().toList();
    }
  }

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
    return new Cases(List.copyOf(cases), policy);
  }

  /**
   * Reads events of any hook, in the form of {@code cases.yaml}, and keeps those that {@code
   * policy} is asked about: of its hooks, and in its cgroups.
   *
   * @throws PolicyException with every finding, if one is an error
   */
  public static List<Case> within(byte[] yaml, Policy policy) throws PolicyException {
    return of(yaml, policy.hooks()).stream().filter(c -> isWithin(c, policy)).toList();
  }

  /**
   * Reads events of any hook, in the same form, and keeps those of {@code hooks}, wherever they
   * happen.
   *
   * @throws PolicyException with every finding, if one is an error
   */
  public static List<Case> of(byte[] yaml, Set<Hook> hooks) throws PolicyException {
    Findings findings = new Findings();
    List<Case> all = new CaseReader(EnumSet.allOf(Hook.class), findings).read(yaml);
    if (findings.failed()) {
      throw new PolicyException(findings.sorted());
    }
    return all.stream().filter(c -> hooks.contains(c.hook())).toList();
  }

  /**
   * The event that these facts describe; those that are not named get what a case gives them.
   *
   * @param facts text by dotted path, as somebody types it; words of a set have commas between them
   * @throws PolicyException with every finding, if the hook has no such fact, or it no such value
   */
  public static Case event(Hook hook, Map<String, String> facts) throws PolicyException {
    Findings findings = new Findings();
    Case event = new CaseReader(EnumSet.of(hook), findings).event(hook, facts);
    if (findings.failed()) {
      throw new PolicyException(findings.sorted());
    }
    return event;
  }

  /** Why {@code policy} is not asked about an event of its hooks; null if it is. */
  public static String notAsked(Case event, Policy policy) {
    return Members.outside(JsonMapper.shared().readTree(event.inputJson()), policy.scope());
  }

  /** Why {@code policy} refuses an event whatever its rules say; null if it does not. */
  public static String untold(Case event, Policy policy, ReadSet reads) {
    return Members.untold(JsonMapper.shared().readTree(event.inputJson()), policy, reads);
  }

  private static boolean isWithin(Case event, Policy policy) {
    JsonNode input = JsonMapper.shared().readTree(event.inputJson());
    boolean rootsOnly = input.has("process") && input.at("/process/cgroup/path").isMissingNode();
    return Members.outside(input, policy.scope()) == null
        && (!rootsOnly || policy.scope().isWholeHost());
  }

  /**
   * Tries all cases; a judge that throws fails the case. An event outside of the policy's scope is
   * judged by nobody, a file is judged under each of its names, and what cannot be told is refused
   * as {@code unknownPath} and {@code unparsed} say.
   *
   * @param reads what the policy can read
   * @param literals the names of files that the policy mentions
   */
  public List<Result> run(Judge judge, ReadSet reads, Set<String> literals) {
    List<Result> results = new ArrayList<>();
    for (Case each : list) {
      results.add(new Result(each, problem(each, judge, reads, literals)));
    }
    return results;
  }

  private String problem(Case about, Judge judge, ReadSet reads, Set<String> literals) {
    JsonNode input = JsonMapper.shared().readTree(about.inputJson());
    String outside = Members.outside(input, policy.scope());
    String untold = outside == null ? Members.untold(input, policy, reads) : null;
    Said said;
    try {
      said = outside != null ? Said.NOTHING : judge(about, judge, literals);
      said = untold == null ? said : said.and(new Said(List.of(untold), List.of(), List.of()));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return "interrupted";
    } catch (Exception e) {
      return "no decision: " + e.getMessage();
    }
    List<String> problems = new ArrayList<>();
    compare("deny", about.deny(), said.deny(), problems);
    compare("kill", about.kill(), said.kill(), problems);
    compare("warn", about.warn(), said.warn(), problems);
    compare("label", about.label(), said.label(), problems);
    if (problems.isEmpty()) {
      return null;
    }
    return String.join("; ", problems)
        + (outside == null ? "" : " (" + outside + ": the policy is not asked)");
  }

  private static Said judge(Case about, Judge judge, Set<String> literals) throws Exception {
    Said all = Said.NOTHING;
    for (byte[] input : about.shown(literals)) {
      all = all.and(judge.judge(input));
    }
    return all;
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
