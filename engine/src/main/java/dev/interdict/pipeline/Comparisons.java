package dev.interdict.pipeline;

import dev.interdict.decisions.Comparison;
import dev.interdict.decisions.Comparison.Difference;
import dev.interdict.decisions.Comparison.Kind;
import dev.interdict.decisions.DecisionRecord;
import dev.interdict.decisions.DecisionRecord.Outcome;
import dev.interdict.eval.HostNames;
import dev.interdict.eval.PolicySet;
import dev.interdict.eval.PolicySet.Where;
import dev.interdict.eval.SlotDecisions;
import dev.interdict.event.Event;
import dev.interdict.event.ObjectFlag;
import dev.interdict.event.SlotSet;
import dev.interdict.verdict.Verdict;
import dev.interdict.verdict.VerdictKey;
import java.time.Instant;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Compares each candidate with the policy whose place it is to take: what the engine is asked, both
 * have an answer to. The decider tells, anybody may look.
 *
 * <p>A verdict says what was answered about a key, for whichever task; whether a policy is asked
 * about this task at all is looked at apart, since the two may have different scopes.
 */
final class Comparisons {
  /** Of so many keys of a pair an example is kept. */
  static final int KEYS_MAX = 1000;

  /** What these may occupy: a task can make names as long as they may be. */
  static final long BYTES_MAX = 1L << 20;

  /** So many keys, and cgroups, of a pair are told from others. */
  static final int TOLD_APART_MAX = 4096;

  /** By the candidate's slot. */
  private volatile Map<Integer, Pair> pairs = Map.of();

  private final HostNames names;
  private final Narrator narrator;

  Comparisons(HostNames names) {
    this.names = names;
    this.narrator = new Narrator(names);
  }

  /** What a policy says to one event. */
  private enum Said {
    DENIES,
    ALLOWS,
    NOTHING,
    /** Whether it is asked about such an event cannot be told: the task's cgroup has gone. */
    UNTOLD,
    /** It is not asked about such an event. */
    OUTSIDE
  }

  /** To be compared, so that keys of one hash cost no walk through all of them. */
  private record Differing(VerdictKey key, Kind kind) implements Comparable<Differing> {
    @Override
    public int compareTo(Differing other) {
      int byKey = key.compareTo(other.key);
      return byKey != 0 ? byKey : kind.compareTo(other.kind);
    }
  }

  /** One candidate and what it is compared with, while both stay what they are. */
  private static final class Pair {
    private final String digests;
    private final Instant since = Instant.now();
    private final Map<Differing, Difference> differences = new LinkedHashMap<>();
    private final long[] asked = new long[Kind.values().length];
    private final long[] omitted = new long[Kind.values().length];
    private final Set<VerdictKey> judged = new HashSet<>();
    private final Set<Long> deniedIn = new HashSet<>();
    private long alike;
    private long untold;
    private long unremembered;
    private long deniedElsewhere;
    private long deniedNeeded;
    private long bytes;

    /** The latest that it is in. */
    private volatile PolicySet set;

    Pair(String digests) {
      this.digests = digests;
    }

    synchronized void alike(VerdictKey key) {
      alike++;
      judged(key);
    }

    synchronized void untold() {
      untold++;
    }

    private void judged(VerdictKey key) {
      if (judged.size() < TOLD_APART_MAX) {
        judged.add(key);
      } else if (!judged.contains(key)) {
        unremembered++;
      }
    }

    /** An attempt, not a question. */
    synchronized void denied(Event attempt) {
      if (attempt.subject() != null) {
        deniedIn(attempt.subject().cgroup());
      }
      deniedNeeded += ProtectedSet.has(attempt) ? 1 : 0;
    }

    private void deniedIn(long cgroup) {
      if (deniedIn.size() < TOLD_APART_MAX) {
        deniedIn.add(cgroup);
      } else if (!deniedIn.contains(cgroup)) {
        deniedElsewhere++;
      }
    }

    /** Counts one; whether an example of this key is wanted. */
    synchronized boolean counted(Differing key) {
      judged(key.key);
      asked[key.kind.ordinal()]++;
      Difference known = differences.get(key);
      if (known != null) {
        differences.put(key, new Difference(key.kind, known.example(), known.asked() + 1));
        return false;
      }
      boolean room = differences.size() < KEYS_MAX && bytes < BYTES_MAX;
      omitted[key.kind.ordinal()] += room ? 0 : 1;
      return room;
    }

    /** The last one may go over the bytes. */
    synchronized void keep(Differing key, DecisionRecord example) {
      bytes += example.bytes();
      differences.put(key, new Difference(key.kind, example, 1));
    }

    private static Map<Kind, Long> byKind(long[] counts) {
      Map<Kind, Long> byKind = new EnumMap<>(Kind.class);
      for (Kind kind : Kind.values()) {
        byKind.put(kind, counts[kind.ordinal()]);
      }
      return Map.copyOf(byKind);
    }

    synchronized Comparison read() {
      return new Comparison(
          since,
          alike,
          asked[Kind.NEWLY_DENIED.ordinal()],
          asked[Kind.NEWLY_ALLOWED.ordinal()],
          asked[Kind.UNDECIDED.ordinal()],
          untold,
          List.copyOf(differences.values()),
          byKind(omitted),
          judged.size() + unremembered,
          deniedIn.size(),
          deniedElsewhere,
          deniedNeeded);
    }
  }

  /**
   * Tells what was asked.
   *
   * @param verdict what is known about the event's key now
   * @param said why, as far as it is remembered; null: it is not
   */
  void asked(Event event, PolicySet set, Verdict verdict, SlotDecisions said) {
    VerdictKey key = VerdictKey.of(event.head().key());
    set.candidates()
        .forEach(
            (slot, other) -> {
              Said now = said(slot, event, set, verdict);
              Said before = other < 0 ? Said.OUTSIDE : said(other, event, set, verdict);
              if (now != Said.OUTSIDE || before != Said.OUTSIDE) {
                tell(event, set, new Sides(slot, now, other, before), key, said);
              }
            });
  }

  /**
   * Tells of an attempt that the kernel has answered: a key's first question does not say who else
   * has it.
   */
  void answered(Event event, PolicySet set) {
    SlotSet denied = event.head().refused().or(event.head().would());
    SlotSet unanswered = event.head().asked();
    set.candidates()
        .forEach(
            (slot, other) -> {
              Pair pair = pairs.get(slot);
              if (denied.minus(unanswered).contains(slot)
                  && (other < 0 || !denied.or(unanswered).contains(other))
                  && pair != null
                  && pair.set == set) {
                pair.denied(event);
              }
            });
  }

  private record Sides(int slot, Said now, int other, Said before) {
    /** Nothing can be made of it: neither of them has failed. */
    boolean isUntold() {
      boolean failed = now == Said.NOTHING || before == Said.NOTHING;
      return !failed && (now == Said.UNTOLD || before == Said.UNTOLD);
    }

    /** Null: alike. Who is not asked objects to nothing. */
    Kind kind() {
      if (now == Said.NOTHING || before == Said.NOTHING) {
        return Kind.UNDECIDED;
      }
      if ((now == Said.DENIES) == (before == Said.DENIES)) {
        return null;
      }
      return now == Said.DENIES ? Kind.NEWLY_DENIED : Kind.NEWLY_ALLOWED;
    }

    /** Those that an example is to name. */
    SlotSet named() {
      SlotSet named = now == Said.DENIES || now == Said.NOTHING ? SlotSet.of(slot) : SlotSet.NONE;
      return before == Said.DENIES || before == Said.NOTHING ? named.with(other) : named;
    }
  }

  private void tell(Event event, PolicySet set, Sides sides, VerdictKey key, SlotDecisions said) {
    Pair pair = pairs.get(sides.slot());
    if (pair == null || pair.set != set) {
      return; // the set that was asked goes out of use
    }
    if (sides.isUntold()) {
      pair.untold();
      return;
    }
    Kind kind = sides.kind();
    if (kind == Kind.NEWLY_DENIED) {
      pair.denied(event);
    }
    if (kind == null) {
      pair.alike(key);
    } else if (pair.counted(new Differing(key, kind))) {
      pair.keep(
          new Differing(key, kind),
          narrator.describe(
              event,
              kind == Kind.UNDECIDED ? Outcome.ALLOWED : Outcome.WOULD_DENY,
              set,
              sides.named(),
              SlotSet.NONE,
              said,
              -1));
    }
  }

  private Said said(int slot, Event event, PolicySet set, Verdict verdict) {
    Where where = set.where(slot);
    boolean asked = event.head().asked().contains(slot);
    // About whom a scope covers that only the engine knows, the kernel asks of everybody.
    if (!asked || (where.scope().isJudged() && event.subject() != null)) {
      Boolean covers = where.covers(event, names);
      if (covers == null) {
        return Said.UNTOLD;
      }
      if (!covers) {
        return Said.OUTSIDE;
      }
      // The kernel asks it nothing then, and the verdict's key does not tell detours.
      if (!asked
          && ObjectFlag.DETOUR.in(event.head().objectFlags())
          && !where.passesUnread().contains(event.hook())) {
        return Said.DENIES;
      }
    }
    return verdict.deny().contains(slot)
        ? Said.DENIES
        : verdict.decided().contains(slot) ? Said.ALLOWS : Said.NOTHING;
  }

  /**
   * How the candidate in {@code slot} compares; null: nothing is compared with it. For any thread.
   */
  Comparison of(int slot) {
    Pair pair = pairs.get(slot);
    return pair == null ? null : pair.read();
  }

  /** To compare those of {@code set}; what is compared already goes on. For any thread. */
  void use(PolicySet set) {
    Map<Integer, Pair> next = new HashMap<>();
    set.candidates()
        .forEach(
            (slot, other) -> {
              Pair known = pairs.get(slot);
              String digests = digests(slot, set, other);
              boolean same = known != null && known.digests.equals(digests);
              Pair pair = same ? known : new Pair(digests);
              pair.set = set;
              next.put(slot, pair);
            });
    pairs = Map.copyOf(next);
  }

  /** What makes the one another one. Where only hooks or scopes change nothing is asked anew. */
  private static String digests(int slot, PolicySet set, int other) {
    return set.digest(slot) + (other < 0 ? "" : " " + set.digest(other));
  }
}
