package dev.interdict.eval;

import dev.interdict.eval.EvaluationException.Kind;
import dev.interdict.eval.PolicySet.Placing;
import dev.interdict.event.Event;
import dev.interdict.event.SlotSet;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Decides by a {@link PolicySet}. For one thread at a time, but for {@link #use}.
 *
 * <p>A policy that fails takes none of the others along: it is left undecided, and its fallback
 * answers.
 */
public final class PolicySetEvaluator {
  private static final Logger LOG = System.getLogger(PolicySetEvaluator.class.getName());

  private static final Decision UNKNOWN =
      new Decision(
          List.of("a path is too long or too deep to be told (unknownPath: deny)"),
          List.of(),
          List.of());

  private static final Decision UNREAD =
      new Decision(
          List.of(
              "it may go elsewhere than to its address, or is bound elsewhere (unparsed: drop)"),
          List.of(),
          List.of());

  private final Map<PolicyModule, Evaluator> evaluators = new HashMap<>();
  private final Runnable alive;
  private PolicySet set;
  private volatile PolicySet next;
  private Placing placing = Placing.TOLD;

  PolicySetEvaluator(PolicySet set, Runnable alive) {
    this.alive = alive;
    this.set = set;
    this.next = set;
  }

  /** To decide by {@code set} from the next {@link #takeOver} on. For any thread. */
  public void use(PolicySet set) {
    next = set;
  }

  /**
   * Decides by the set last given to {@link #use} from now on, and lets go of what only those
   * before needed. To be called often: until then both are kept.
   */
  public PolicySet takeOver() {
    PolicySet now = next;
    if (now != set) {
      set = now;
      evaluators.values().removeIf(evaluator -> !keeps(evaluator));
    }
    return now;
  }

  private boolean keeps(Evaluator evaluator) {
    boolean keep = set.has(evaluator.module());
    if (!keep) {
      evaluator.close();
    }
    return keep;
  }

  /** Lets go of what it decides with; it can be used again. */
  public void release() {
    evaluators.values().forEach(Evaluator::close);
    evaluators.clear();
  }

  /** What it decides by. */
  public PolicySet set() {
    return set;
  }

  /**
   * Asks the policies in {@code asked}, which must be slots of the set. Each is shown the event as
   * {@link Readings} says, and an objection to one reading counts. What has no path that can be
   * told is refused by a policy that reads the path, unless it says that it judges without. A
   * policy that no rule of can hold has nothing to say, and is not evaluated; nor is one whose
   * scope does not cover the event's process, where the kernel does not know that.
   */
  public SlotDecisions decide(Event event, SlotSet asked) {
    placing = Placing.TOLD;
    Event.Subject subject = event.subject(); // null of a packet, whose interface the kernel knows
    SlotDecisions placed =
        subject == null
            ? SlotDecisions.NONE
            : placed(event, subject.cgroup(), asked.and(set.judgedScopes()));
    SlotSet open = asked.minus(placed.decided());
    SlotSet concerned = Readings.isPlain(event, set.cgroupNames()) ? set.concerned(event) : open;
    SlotDecisions all = SlotDecisions.silent(open.minus(concerned));
    SlotSet left = open.and(concerned);
    for (int word = 0; word < SlotSet.WORDS; word++) {
      for (long rest = left.word(word); rest != 0; rest &= rest - 1) {
        all = ask(word * Long.SIZE + Long.numberOfTrailingZeros(rest), event, all);
      }
    }
    return open.equals(asked) ? all : placed.merge(all);
  }

  /**
   * How far it could be told, when {@link #decide} was last called, whom such scopes cover. Where
   * it cannot be told they do not: a name that is missing must not have a policy about one service
   * refuse what others do.
   */
  public Placing placing() {
    return placing;
  }

  /**
   * What is said for policies with such a scope before any rule is asked; of the others nothing.
   */
  private SlotDecisions placed(Event event, long cgroup, SlotSet judged) {
    SlotDecisions all = SlotDecisions.NONE;
    // Once: what is found a moment later must not make of "not known" a "not covered" for good.
    HostNames.Location at = judged.isEmpty() ? null : set.names().location(cgroup);
    for (int word = 0; word < SlotSet.WORDS; word++) {
      for (long rest = judged.word(word); rest != 0; rest &= rest - 1) {
        all = placed(event, at, word * Long.SIZE + Long.numberOfTrailingZeros(rest), all);
      }
    }
    return all;
  }

  private SlotDecisions placed(Event event, HostNames.Location at, int slot, SlotDecisions so) {
    PolicySet.Where where = set.where(slot);
    if (!Boolean.TRUE.equals(where.covers(at))) {
      placing = placing.orWorse(Placing.of(where, at));
      return so.with(slot, Decision.ALLOW);
    }
    return where.refusesUnread(event) ? so.with(slot, UNREAD) : so;
  }

  private SlotDecisions ask(int slot, Event event, SlotDecisions so) {
    PolicyModule module = set.module(slot);
    Readings readings = set.readings(slot);
    // What was said before a failure stands: who objects once has objected.
    Decision said =
        readings.isUnknown(event) && !set.judgesUnknown(slot) ? UNKNOWN : Decision.ALLOW;
    try {
      Evaluator evaluator = evaluator(module);
      if (!readings.areKnown(event)) {
        throw new EvaluationException(
            Kind.NAMES, module.name(), "the record speaks of names of an earlier engine", null);
      }
      evaluator.admit(event);
      for (Event reading : readings.of(event)) {
        said = said.or(evaluator.evaluate(reading));
        alive.run();
      }
      return so.with(slot, said);
    } catch (EvaluationException e) {
      alive.run();
      LOG.log(level(e), "no decision: {0}", e.getMessage());
      return said.denies() ? so.with(slot, said) : so.withFailure(slot, e);
    }
  }

  /* What is not even tried can be as frequent as events are: it is counted, not logged. */
  private static Level level(EvaluationException e) {
    return switch (e.kind()) {
      case RATE, SUSPENDED, NAMES -> Level.DEBUG;
      default -> Level.WARNING;
    };
  }

  private Evaluator evaluator(PolicyModule module) {
    Evaluator evaluator = evaluators.get(module);
    if (evaluator == null) {
      evaluator = module.newEvaluator(set.names(), alive);
      evaluators.put(module, evaluator);
      alive.run(); // it was work, too
    }
    return evaluator;
  }
}
