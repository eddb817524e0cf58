package dev.interdict.control;

import dev.interdict.event.Hook;
import dev.interdict.policy.Policy;
import dev.interdict.policy.Policy.Mode;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Keeps out of force what denies the protected set ({@link Enforcement#lockouts}), unless somebody
 * says that it is meant. It is asked wherever a policy begins to refuse, or will once what waits
 * for its confirmation has ended, before the lock of changes is taken: it evaluates about a hundred
 * events. What it has not been asked about does not come into force, whoever has switched what
 * meanwhile. Not asked at a start: what was in force is again. Safe for use by many threads.
 */
final class LockoutCheck {
  /** Of the cases that a policy denies so many are named. */
  private static final int CASES_MAX = 10;

  private static final int CLEAN_MAX = 1024;

  private final Enforcement enforcement;

  /** What denies nothing of it: a host that is switched to and fro asks once. */
  private final Set<Judged> clean = new HashSet<>();

  /**
   * What was asked about for the change that the thread makes: it denies none of it, or that is
   * meant.
   */
  private static final ScopedValue<Set<Judged>> ASKED = ScopedValue.newInstance();

  LockoutCheck(Enforcement enforcement) {
    this.enforcement = enforcement;
  }

  /** All that the answer rests on. */
  private record Judged(
      String compiled,
      Set<Hook> hooks,
      Policy.Scope scope,
      Policy.OnMiss onMiss,
      Policy.Fallback fallback) {

    static Judged of(HeldPolicy held) {
      Policy policy = held.policy();
      return new Judged(
          held.compiled().digest(),
          policy.hooks(),
          policy.scope(),
          policy.onMiss(),
          policy.fallback());
    }

    /** Of one that cannot be built now: as its sources say, which nobody can read, or for sure. */
    static Judged unbuilt(HeldPolicy held, boolean sure) {
      return new Judged(held.digest() + (sure ? "" : "?"), Set.of(), null, null, null);
    }
  }

  /**
   * Asks about all that begins to refuse with a change.
   *
   * @param accepted names of policies that may deny some of it
   * @return what the change is to be made in, by whom and why
   * @throws RefusedException if others deny some of it
   */
  ScopedValue.Carrier ask(HostState before, HostState after, Set<String> accepted) {
    Map<Judged, HeldPolicy> begins = begins(before, after);
    Set<Objection> objections = new LinkedHashSet<>();
    Origin by = Origin.current();
    for (Map.Entry<Judged, HeldPolicy> one : begins.entrySet()) {
      if (accepted.contains(one.getValue().name())) {
        by = accepted(Origin.current());
      } else {
        objections.addAll(objections(one.getKey(), one.getValue()));
      }
    }
    if (!objections.isEmpty()) {
      throw new RefusedException(List.copyOf(objections));
    }
    return ScopedValue.where(Origin.CURRENT, by).where(ASKED, begins.keySet());
  }

  /** Whether something begins to refuse with a change. */
  static boolean concerns(HostState before, HostState after) {
    return !begins(before, after).isEmpty();
  }

  /** The same of one that is to refuse at some places. */
  void ask(HeldPolicy candidate) {
    List<Objection> objections = objections(Judged.of(candidate), candidate);
    if (!objections.isEmpty()) {
      throw new RefusedException(objections);
    }
  }

  /**
   * To be called where the change is made.
   *
   * @throws RefusedException if something begins to refuse with it that was not asked about: the
   *     modes were others then, or the policy
   */
  void requireAsked(HostState before, HostState after) {
    begins(before, after)
        .forEach(
            (judged, held) -> {
              if (!ASKED.orElse(Set.of()).contains(judged) && !isClean(judged)) {
                throw new RefusedException(
                    List.of(
                        new Objection(
                            "policy " + held.name(),
                            "it would begin to refuse, since somebody has switched modes or brought"
                                + " another revision meanwhile",
                            "do it again")));
              }
            });
  }

  private boolean isClean(Judged judged) {
    synchronized (clean) {
      return clean.contains(judged);
    }
  }

  private List<Objection> objections(Judged judged, HeldPolicy held) {
    if (isClean(judged)) {
      return List.of();
    }
    if (held.compiled() == null) {
      return List.of(
          objection(
              held.name(),
              "it cannot be built (" + held.problem() + "), so nobody can tell what it denies",
              "mend it"));
    }
    List<String> denied = enforcement.lockouts(held.policy(), held.compiled());
    if (!denied.isEmpty()) {
      int more = denied.size() - CASES_MAX;
      return List.of(
          objection(
              held.name(),
              "it denies what this host or the programs of its scope need: "
                  + String.join("; ", denied.stream().limit(CASES_MAX).toList())
                  + (more > 0 ? "; and " + more + " more" : ""),
              "let these through"));
    }
    synchronized (clean) {
      if (clean.size() >= CLEAN_MAX) {
        clean.clear();
      }
      clean.add(judged);
    }
    return List.of();
  }

  private static Objection objection(String name, String why, String remedy) {
    return new Objection(
        "policy " + name, why, remedy + ", or say that it is meant: --accept-lockout " + name);
  }

  /** Those that refuse after a change, or will, and did and would not before. */
  private static Map<Judged, HeldPolicy> begins(HostState before, HostState after) {
    Map<Judged, HeldPolicy> begins = refusing(after);
    begins.keySet().removeAll(refusing(before).keySet());
    return begins;
  }

  /** What refuses now, or once what waits for its confirmation has ended. */
  private static Map<Judged, HeldPolicy> refusing(HostState state) {
    Map<Judged, HeldPolicy> refusing = new LinkedHashMap<>();
    add(refusing, state);
    add(refusing, state.undone());
    return refusing;
  }

  private static void add(Map<Judged, HeldPolicy> refusing, HostState state) {
    if (state.host() != Mode.ENFORCE) {
      return;
    }
    for (HeldPolicy held : state.policies().values()) {
      if (held.compiled() == null) { // it may be built at the next start
        if (held.override() != Mode.AUDIT) {
          refusing.put(Judged.unbuilt(held, false), held);
        }
        if (held.override() == Mode.ENFORCE) {
          refusing.put(Judged.unbuilt(held, true), held);
        }
      } else if (held.mode() == Mode.ENFORCE) {
        refusing.put(Judged.of(held), held);
      }
    }
    if (state.canary() != null) {
      HeldPolicy candidate = state.candidates().get(state.rollout().policy());
      HeldPolicy old = state.policies().get(candidate.name());
      Mode override = HeldPolicy.overrideOf(old);
      if (candidate.withOverride(override).mode() == Mode.ENFORCE) {
        refusing.put(Judged.of(candidate), candidate);
      }
    }
  }

  /** For the history. */
  static Origin accepted(Origin by) {
    return new Origin(by.by(), "lockout accepted" + (by.why().isEmpty() ? "" : ": " + by.why()));
  }
}
