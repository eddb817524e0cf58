package dev.interdict.replay;

import dev.interdict.eval.Decision;
import dev.interdict.event.Hook;
import dev.interdict.policy.Policy;
import dev.interdict.recording.Gap;
import dev.interdict.recording.RecordedSet;
import dev.interdict.recording.RecordingReader;
import dev.interdict.recording.Tuple;
import dev.interdict.recording.Tuple.Answer;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

/**
 * Asks a policy about each tuple of a recording, and compares with what another one says: the
 * policy of the same name that was in force, or one that is given. It never guesses: what rests on
 * a fact that was not seen it cannot tell. For one thread.
 */
public final class Replay implements RecordingReader.Visitor {
  private static final String DETOUR =
      "it may send elsewhere than to its address (source route, packet socket), or be bound"
          + " elsewhere, too; the policy's unparsed: drop";

  private static final String CGROUP = "process.cgroup.path";
  private static final String INTERFACE = "packet.interface.name";

  /** Where the kernel meets what it cannot read. */
  private static final List<Hook> UNREAD =
      List.of(
          Hook.SOCKET_CONNECT,
          Hook.SOCKET_BIND,
          Hook.SOCKET_LISTEN,
          Hook.SOCKET_ACCEPT,
          Hook.XDP_INGRESS);

  private final JudgedPolicy candidate;
  private final JudgedPolicy base;
  private final Listener listener;

  /** What became of a tuple. */
  public enum Kind {
    NEWLY_DENIED,
    NEWLY_ALLOWED,
    SAME,
    CANNOT_TELL,
    /** A policy that should have answered failed. */
    ERROR
  }

  /**
   * One tuple, judged.
   *
   * @param rules the reasons of what refuses, if the kind has one; else why nothing can be told
   */
  public record Judged(Kind kind, Tuple tuple, List<String> rules) {}

  /** Hears of each. */
  public interface Listener {
    void judged(Judged judged);

    /** Neither policy is asked about it. */
    void outside(Tuple tuple);

    void gap(Gap gap);

    /** The circumstances of the tuples that follow, each time they are others. */
    void circumstances(RecordedSet set);
  }

  private RecordedSet last;

  /**
   * @param base null: what the policy of the same name said when it was recorded, or nothing if
   *     there was none
   */
  public Replay(JudgedPolicy candidate, JudgedPolicy base, Listener listener) {
    this.candidate = candidate;
    this.base = base;
    this.listener = listener;
  }

  @Override
  public void gap(Gap gap) {
    listener.gap(gap);
  }

  @Override
  public void tuple(RecordedSet set, Tuple tuple) {
    boolean others = !set.equals(last);
    last = set; // each segment has them anew, and only with itself a long one is compared at once
    if (others) {
      listener.circumstances(set);
    }
    if (tuple.hook() == null) {
      listener.outside(tuple); // of a hook that a later release has
      return;
    }
    requireEvent(tuple);
    Side now = side(candidate, tuple);
    Side before = base == null ? recorded(set, tuple) : side(base, tuple);
    // Asked about the same events, whichever these are; was the one not asked, nor is the other.
    // About whom a scope does not cover that only the engine knows, the policy was asked, too.
    boolean asked = candidate.policy().scope().isJudged() && tuple.hook() != Hook.XDP_INGRESS;
    boolean together = !asked && sameScope(set) && now.covers() == Covers.UNKNOWN;
    boolean nobody = now.covers() == Covers.NO || (together && base == null);
    if (nobody && before.covers() == Covers.NO) {
      listener.outside(tuple);
    } else {
      listener.judged(compare(tuple, now, before, together));
    }
  }

  /** What was seen must be what an event of this hook can have. */
  private static void requireEvent(Tuple tuple) {
    Set<String> untold = tuple.untold();
    if (!untold.isEmpty()) {
      throw new IllegalArgumentException("no event has this " + String.join(", ", untold));
    }
  }

  /** Whether a policy is asked about the events of a tuple. */
  private enum Covers {
    YES,
    NO,
    UNKNOWN
  }

  /**
   * One side of a comparison.
   *
   * @param denies null: it cannot be told, or failed
   * @param failed whether it failed
   * @param rules its reasons, or why there are none
   */
  private record Side(Covers covers, Boolean denies, boolean failed, List<String> rules) {
    static final Side OUTSIDE = new Side(Covers.NO, false, false, List.of());

    Side unknown(String why) {
      return new Side(covers, null, false, List.of(why));
    }
  }

  private static Side side(JudgedPolicy policy, Tuple tuple) {
    Covers covers = covers(policy.policy().hooks(), policy.policy().scope(), tuple);
    if (covers == Covers.NO) {
      return Side.OUTSIDE;
    }
    if (tuple.detour() && !policy.passesUnread().contains(tuple.hook())) {
      return new Side(covers, true, false, List.of(DETOUR));
    }
    Set<String> unseen = policy.unseen(tuple);
    if (!unseen.isEmpty()) {
      return new Side(covers, null, false, unseen.stream().map(f -> f + " was not seen").toList());
    }
    JudgedPolicy.Said said = policy.about(tuple);
    if (said.decision() == null) {
      return new Side(covers, null, true, List.of(said.failure()));
    }
    Decision decision = said.decision();
    List<String> rules = Stream.concat(decision.deny().stream(), decision.kill().stream()).toList();
    return new Side(covers, decision.denies(), false, rules);
  }

  /** What the policy of the same name said when it was recorded. */
  private Side recorded(RecordedSet set, Tuple tuple) {
    RecordedSet.Active active = set.policy(candidate.policy().name());
    if (active == null) {
      return Side.OUTSIDE;
    }
    Covers covers = covers(active.where().hooks(), active.where().scope(), tuple);
    Answer answer = tuple.answers().get(active.name());
    if (covers == Covers.NO) {
      return Side.OUTSIDE;
    }
    if (tuple.detour() && !active.where().passesUnread().contains(tuple.hook())) {
      return new Side(covers, true, false, List.of(DETOUR));
    }
    if (answer == null) {
      // Of a scope that cannot be told, what it was not asked about was outside.
      return covers == Covers.UNKNOWN
          ? Side.OUTSIDE
          : new Side(covers, null, false, List.of("it had not been asked yet"));
    }
    Side asked = new Side(Covers.YES, answer.denies(), false, List.of("as it was recorded"));
    return answer == Answer.NONE ? asked.unknown("it gave no answer when it was recorded") : asked;
  }

  private static Covers covers(Set<Hook> hooks, Policy.Scope scope, Tuple tuple) {
    if (!hooks.contains(tuple.hook())) {
      return Covers.NO;
    }
    if (tuple.hook() == Hook.XDP_INGRESS) {
      return !tuple.seen().contains(INTERFACE)
          ? Covers.UNKNOWN
          : scope.interfaces().contains(tuple.fact(INTERFACE)) ? Covers.YES : Covers.NO;
    }
    if (scope.isWholeHost()) {
      return Covers.YES;
    }
    if (!tuple.seen().contains(CGROUP) || !tuple.seen().containsAll(scope.facts())) {
      return Covers.UNKNOWN;
    }
    String path = tuple.fact(CGROUP);
    return scope.covers(path, tuple.names().workload(0)) ? Covers.YES : Covers.NO;
  }

  private boolean sameScope(RecordedSet set) {
    RecordedSet.Active active = set.policy(candidate.policy().name());
    Policy.Scope other =
        base != null ? base.policy().scope() : active == null ? null : active.where().scope();
    Policy.Scope mine = candidate.policy().scope();
    return other != null
        && Set.copyOf(mine.cgroupTexts()).equals(Set.copyOf(other.cgroupTexts()))
        && Set.copyOf(mine.unitTexts()).equals(Set.copyOf(other.unitTexts()))
        && Set.copyOf(mine.containers()).equals(Set.copyOf(other.containers()))
        && Set.copyOf(mine.interfaces()).equals(Set.copyOf(other.interfaces()));
  }

  private Judged compare(Tuple tuple, Side now, Side before, boolean together) {
    if (now.failed() || before.failed()) {
      return new Judged(Kind.ERROR, tuple, now.failed() ? now.rules() : before.rules());
    }
    if (now.denies() == null || before.denies() == null) {
      return new Judged(
          Kind.CANNOT_TELL, tuple, now.denies() == null ? now.rules() : before.rules());
    }
    boolean certain =
        (isCertain(now) && isCertain(before)) || (together && (base == null || same(now, before)));
    if (!certain) {
      return new Judged(
          Kind.CANNOT_TELL,
          tuple,
          List.of(
              tuple.hook() == Hook.XDP_INGRESS
                  ? "packet.interface.name was not seen, and spec.scope names interfaces"
                  : "process.cgroup.path was not seen, and spec.scope names cgroups, units or"
                      + " containers"));
    }
    if (same(now, before)) {
      return new Judged(Kind.SAME, tuple, List.of());
    }
    return now.denies()
        ? new Judged(Kind.NEWLY_DENIED, tuple, now.rules())
        : new Judged(Kind.NEWLY_ALLOWED, tuple, before.rules());
  }

  private static boolean same(Side now, Side before) {
    return now.denies().equals(before.denies());
  }

  /** Who does not refuse does so wherever he is asked. */
  private static boolean isCertain(Side side) {
    return side.covers() != Covers.UNKNOWN || !side.denies();
  }

  /**
   * The names of files that the candidate mentions and nobody looked for when it was recorded: such
   * a file was seen only under the name that was used.
   */
  public Set<String> unwatched(RecordedSet set) {
    Set<String> names = new TreeSet<>(candidate.compiled().literals());
    names.removeAll(set.literals());
    boolean reads =
        candidate.compiled().reads().mayRead("file.path")
            || candidate.compiled().reads().mayRead("peer.exe.path")
            || candidate.compiled().reads().mayRead("process.exe.path");
    return reads ? names : Set.of();
  }

  /** What becomes of what cannot be read, of which no policy is asked: no recording has it. */
  public enum Unread {
    /** As before, or as nobody refused it before. */
    SAME,
    /** It is refused, and there was no policy before. */
    REFUSED,
    NEWLY_REFUSED,
    NEWLY_PASSED
  }

  /**
   * What cannot be told of packets whose headers cannot be read, and of sockets with detours: each
   * by its hook, since a policy may pass from the one to the other.
   */
  public Map<Hook, Unread> unread(RecordedSet set) {
    Map<Hook, Unread> all = new EnumMap<>(Hook.class);
    for (Hook hook : UNREAD) {
      all.put(hook, unread(hook, set.policy(candidate.policy().name())));
    }
    return all;
  }

  private Unread unread(Hook hook, RecordedSet.Active active) {
    boolean now = refusesUnread(hook, candidate.policy().hooks(), candidate.passesUnread());
    if (base == null && active == null) {
      return now ? Unread.REFUSED : Unread.SAME;
    }
    boolean before =
        base != null
            ? refusesUnread(hook, base.policy().hooks(), base.passesUnread())
            : refusesUnread(hook, active.where().hooks(), active.where().passesUnread());
    return now == before ? Unread.SAME : now ? Unread.NEWLY_REFUSED : Unread.NEWLY_PASSED;
  }

  private static boolean refusesUnread(Hook hook, Set<Hook> hooks, Set<Hook> passes) {
    return !passes.contains(hook) && hooks.contains(hook);
  }
}
