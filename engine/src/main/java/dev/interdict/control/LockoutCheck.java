package dev.interdict.control;

import dev.interdict.compile.CompiledPolicy;
import dev.interdict.event.Hook;
import dev.interdict.policy.Policy;
import dev.interdict.policy.Policy.Mode;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Keeps out of force what denies the protected set ({@link Enforcement#lockouts}), unless somebody
 * says that it is meant. It is asked wherever a policy begins to refuse, before the lock of changes
 * is taken: it evaluates about a hundred events. Not asked at a start: what was in force is again.
 * Safe for use by many threads.
 */
final class LockoutCheck {
  /** Of the cases that a policy denies so many are named. */
  private static final int CASES_MAX = 10;

  private static final int CLEAN_MAX = 1024;

  private final Enforcement enforcement;

  /** What denies nothing of it: a host that is switched to and fro asks once. */
  private final Set<Judged> clean = new HashSet<>();

  LockoutCheck(Enforcement enforcement) {
    this.enforcement = enforcement;
  }

  /** All that the answer rests on. */
  private record Judged(
      String compiled,
      Set<Hook> hooks,
      Policy.Scope scope,
      Policy.OnMiss onMiss,
      Policy.Fallback fallback) {}

  /** Whether a policy refuses as soon as it is there. */
  static boolean refuses(HostState state, Mode override, Policy policy) {
    Mode mode = override == null ? policy.mode() : override;
    return state.host() == Mode.ENFORCE && mode == Mode.ENFORCE;
  }

  /**
   * Asks about one policy.
   *
   * @param subject such as {@code policy open}
   * @throws RefusedException if it denies some of it
   */
  void require(String subject, Policy policy, CompiledPolicy compiled) {
    List<Objection> objections = objections(subject, policy, compiled);
    if (!objections.isEmpty()) {
      throw new RefusedException(objections);
    }
  }

  /** The same of several; empty: they deny nothing of it. */
  List<Objection> objections(String subject, Policy policy, CompiledPolicy compiled) {
    Judged judged =
        new Judged(
            compiled.digest(), policy.hooks(), policy.scope(), policy.onMiss(), policy.fallback());
    synchronized (clean) {
      if (clean.contains(judged)) {
        return List.of();
      }
    }
    List<String> denied = enforcement.lockouts(policy, compiled);
    if (!denied.isEmpty()) {
      return List.of(objection(subject, policy.name(), denied));
    }
    synchronized (clean) {
      if (clean.size() >= CLEAN_MAX) {
        clean.clear();
      }
      clean.add(judged);
    }
    return List.of();
  }

  private static Objection objection(String subject, String name, List<String> denied) {
    int more = denied.size() - CASES_MAX;
    return new Objection(
        subject,
        "it denies what this host or the programs of its scope need: "
            + String.join("; ", denied.stream().limit(CASES_MAX).toList())
            + (more > 0 ? "; and " + more + " more" : ""),
        "let these through, or say that it is meant: --accept-lockout " + name);
  }

  /** Those that a switch has begin to refuse. */
  static List<HeldPolicy> begins(HostState before, HostState after) {
    return after.policies().values().stream()
        .filter(HeldPolicy::inForce)
        .filter(held -> refuses(after, held.override(), held.policy()))
        .filter(held -> !refuses(before, before.get(held.name()).override(), held.policy()))
        .toList();
  }

  /** What these deny of it. */
  List<Objection> ofSwitch(HostState before, HostState after, Set<String> accepted) {
    return begins(before, after).stream()
        .filter(held -> !accepted.contains(held.name()))
        .flatMap(
            held -> objections("policy " + held.name(), held.policy(), held.compiled()).stream())
        .toList();
  }

  /** Nobody asked about it: the modes were others then. */
  static RefusedException unasked(String subject) {
    return new RefusedException(
        List.of(
            new Objection(
                subject,
                "it would begin to refuse, since somebody has switched modes meanwhile",
                "do it again")));
  }

  /** For the history. */
  static Origin accepted(Origin by) {
    return new Origin(by.by(), "lockout accepted" + (by.why().isEmpty() ? "" : ": " + by.why()));
  }
}
