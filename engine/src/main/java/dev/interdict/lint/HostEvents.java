package dev.interdict.lint;

import dev.interdict.eval.Decision;
import dev.interdict.eval.EvaluationException;
import dev.interdict.eval.Evaluator;
import dev.interdict.eval.HostNames;
import dev.interdict.eval.PolicyModule;
import dev.interdict.event.Hook;
import dev.interdict.policy.Cases;
import dev.interdict.policy.Diagnostic;
import dev.interdict.policy.EventFile;
import dev.interdict.policy.LintRule;
import dev.interdict.policy.ParsedPolicy;
import dev.interdict.policy.Policy;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Events that a host, or the programs of a scope, must keep allowed, tried on the WebAssembly
 * module that would enforce.
 */
final class HostEvents {
  /** More names than this are counted, not told. */
  private static final int NAMES_MAX = 3;

  private static final int ATTEMPTS = 5;

  private static final JsonMapper JSON = JsonMapper.shared();

  private static final String STARTS =
      ". Enforced, this host may not start or let you in again: except these programs, or name"
          + " the cgroups it is for in spec.scope";
  private static final String RUNS =
      ". Enforced, no program in the scope starts: let through what every program needs";
  private static final String GOES_ON =
      ". Except these programs if the host is to go on doing that";
  private static final String REPLIES =
      ". Each packet is judged alone, no connection is known: let the answers to what this host"
          + " asks through by their source port, or by destination ports above 1023";

  private final Evaluator evaluator;
  private final Set<String> literals;

  /** Null where nobody asks for places. */
  private final ParsedPolicy parsed;

  private final List<Diagnostic> found = new ArrayList<>();
  private final List<String> unanswered = new ArrayList<>();

  private HostEvents(Evaluator evaluator, Set<String> literals, ParsedPolicy parsed) {
    this.evaluator = evaluator;
    this.literals = literals;
    this.parsed = parsed;
  }

  /** One finding for each rule of the policy that denies some of them. */
  static List<Diagnostic> denials(PolicyModule module, Set<String> literals, ParsedPolicy parsed) {
    try (Evaluator evaluator = module.newEvaluator(HostNames.NONE)) {
      HostEvents events = new HostEvents(evaluator, literals, parsed);
      events.judge(LintRule.LOCKOUT, file("lockout.yaml").within(parsed.policy()), STARTS);
      events.judge(LintRule.LOCKOUT, members(parsed.policy()), RUNS);
      events.judge(LintRule.MAINTENANCE, file("maintenance.yaml").within(parsed.policy()), GOES_ON);
      return events.all();
    }
  }

  /** Names and reasons of those that would lock an operator out, or stop all of a scope. */
  static List<String> lockouts(PolicyModule module, Set<String> literals, Policy policy) {
    try (Evaluator evaluator = module.newEvaluator(HostNames.NONE)) {
      HostEvents events = new HostEvents(evaluator, literals, null);
      List<Cases.Case> all = new ArrayList<>(file("lockout.yaml").within(policy));
      all.addAll(members(policy));
      List<String> denied = new ArrayList<>();
      Set<String> labels = events.labels(all);
      for (Cases.Case event : all) {
        for (String reason : events.reasons(event, labels)) {
          denied.add(event.name() + " (\"" + reason + "\")");
        }
      }
      if (policy.fallback() == Policy.Fallback.DENY || policy.onMiss() == Policy.OnMiss.DENY) {
        denied.addAll(events.unanswered); // what it has no answer to, it refuses
      }
      return denied;
    }
  }

  private static EventFile file(String name) {
    return new EventFile(HostEvents.class, name);
  }

  /** What a program of whom the scope names does before it does anything else. */
  private static List<Cases.Case> members(Policy policy) {
    return file("member.yaml").members(policy);
  }

  private void judge(LintRule rule, List<Cases.Case> events, String remedy) {
    Map<Diagnostic, Set<String>> byPlace = new LinkedHashMap<>();
    Set<String> labels = labels(events);
    for (Cases.Case event : events) {
      boolean packet = event.hook() == Hook.XDP_INGRESS;
      for (String reason : reasons(event, labels)) {
        byPlace
            .computeIfAbsent(
                parsed.notes().about(reason, rule, packet ? REPLIES : remedy),
                place -> new LinkedHashSet<>())
            .add(event.name() + " (\"" + reason + "\")");
      }
    }
    byPlace.forEach(
        (place, names) -> found.add(place.with("denies: " + some(names) + place.message())));
  }

  private static String some(Set<String> names) {
    String more =
        names.size() > NAMES_MAX ? " and " + (names.size() - NAMES_MAX) + " more events" : "";
    return String.join("; ", names.stream().limit(NAMES_MAX).toList()) + more;
  }

  /**
   * What the policy makes of who does all that: the events are of a host, whose programs have it.
   */
  private Set<String> labels(List<Cases.Case> events) {
    Set<String> labels = new LinkedHashSet<>();
    for (Cases.Case event : events) {
      try {
        for (byte[] input : event.shown(literals)) {
          labels.addAll(ask(input).label());
        }
      } catch (EvaluationException e) {
        return Set.of(); // told where it is asked for its reasons
      }
    }
    return labels;
  }

  private static byte[] labelled(byte[] input, Set<String> labels) {
    ObjectNode event = (ObjectNode) JSON.readTree(input);
    ArrayNode all = event.withObject("/process").withArray("labels");
    labels.forEach(all::add);
    return JSON.writeValueAsBytes(event);
  }

  private List<String> reasons(Cases.Case event, Set<String> labels) {
    try {
      List<String> reasons = new ArrayList<>();
      for (byte[] input : event.shown(literals)) {
        List<byte[]> asked = new ArrayList<>(List.of(input));
        if (!labels.isEmpty() && event.hook() != Hook.XDP_INGRESS) {
          asked.add(labelled(input, labels));
        }
        for (byte[] one : asked) {
          Decision said = ask(one);
          reasons.addAll(said.deny());
          reasons.addAll(said.kill());
        }
      }
      return reasons.stream().distinct().toList();
    } catch (EvaluationException e) {
      unanswered.add(event.name() + " (" + e.getMessage() + ")");
      return List.of(); // no decision is no denial; the fallback is judged with the settings
    }
  }

  /**
   * What the policy says, if it does so in one of several attempts: cold code can take its time.
   */
  private Decision ask(byte[] input) throws EvaluationException {
    for (int attempt = 1; ; attempt++) {
      try {
        return evaluator.evaluate(input);
      } catch (EvaluationException e) {
        if (attempt == ATTEMPTS) {
          throw e;
        }
      }
    }
  }

  private List<Diagnostic> all() {
    if (!unanswered.isEmpty()) {
      String what =
          "gives no decision about: "
              + some(new LinkedHashSet<>(unanswered))
              + ". The fallback answers such events";
      found.add(parsed.notes().about("", LintRule.NO_ANSWER, what));
    }
    return found;
  }
}
