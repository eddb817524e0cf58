package dev.interdict.replay;

import dev.interdict.compile.CompiledPolicy;
import dev.interdict.eval.Decision;
import dev.interdict.eval.EvaluationException;
import dev.interdict.eval.Evaluator;
import dev.interdict.eval.HostNames;
import dev.interdict.eval.PolicyModule;
import dev.interdict.eval.PolicySet;
import dev.interdict.eval.PolicySetEvaluator;
import dev.interdict.eval.PolicyTrial;
import dev.interdict.eval.Readings;
import dev.interdict.eval.SlotDecisions;
import dev.interdict.event.Event;
import dev.interdict.event.Hook;
import dev.interdict.event.ReadSet;
import dev.interdict.event.SlotSet;
import dev.interdict.event.Workload;
import dev.interdict.policy.Cases;
import dev.interdict.policy.Policy;
import dev.interdict.recording.Tuple;
import dev.interdict.verdict.KeyMask;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/** A policy that is asked about tuples as the decider would ask it. For one thread. */
public final class JudgedPolicy implements AutoCloseable {
  private static final int SLOT = 0;

  private final Policy policy;
  private final CompiledPolicy compiled;
  private final PolicyModule module;
  private final PolicySetEvaluator evaluator;
  private Evaluator tester;
  private HostNames names = HostNames.NONE;

  /** The tuple that is asked about has its own names. */
  private final HostNames current =
      new HostNames() {
        @Override
        public byte[] cgroupPath(long id) {
          return names.cgroupPath(id);
        }

        @Override
        public Workload workload(long cgroup) {
          return names.workload(cgroup);
        }

        @Override
        public byte[] interfaceName(int index) {
          return names.interfaceName(index);
        }

        @Override
        public Set<String> fileNames(int number) {
          return names.fileNames(number);
        }
      };

  /**
   * @param module of {@code compiled}
   */
  public JudgedPolicy(Policy policy, CompiledPolicy compiled, PolicyModule module) {
    this.policy = policy;
    this.compiled = compiled;
    this.module = module;
    PolicySet.Builder set = PolicySet.builder(1, current).add(SLOT, module, compiled.literals());
    if (policy.judgesUnknownPath()) {
      set.judgingUnknown(SLOT);
    }
    this.evaluator = set.build().newEvaluator();
  }

  public Policy policy() {
    return policy;
  }

  /** What it was compiled to. */
  public CompiledPolicy compiled() {
    return compiled;
  }

  /** As {@link Policy#passesUnread}. */
  Set<Hook> passesUnread() {
    return policy.passesUnread(compiled.reads());
  }

  /** The facts of {@code hook} that its rules can read. */
  public Set<String> reads(Hook hook) {
    return KeyMask.fields(hook, compiled.reads());
  }

  /** What its rules can read of the tuple and was not seen; also the moment. */
  Set<String> unseen(Tuple tuple) {
    Set<String> unseen = new TreeSet<>(reads(tuple.hook()));
    unseen.removeAll(tuple.seen());
    if (compiled.reads().isPerishable()) {
      unseen.add(ReadSet.MOMENT);
    }
    return unseen;
  }

  /**
   * What it says about the tuple, which has all that it can read. A host that is busy gives it the
   * time that a trial has: nobody waits here.
   */
  Said about(Tuple tuple) {
    names = tuple.names();
    SlotDecisions[] said = new SlotDecisions[1];
    int[] attempts = new int[1];
    PolicyTrial.untilItAnswers(
        () -> {
          said[0] = evaluator.decide(tuple.event(), SlotSet.of(SLOT));
          if (said[0].failure(SLOT) != null) {
            evaluator.release(); // else it is left alone for a while, and time has stopped here
          }
          return said[0].failure(SLOT);
        },
        () -> ++attempts[0] < PolicyTrial.ATTEMPTS);
    EvaluationException failure = said[0].failure(SLOT);
    return failure == null
        ? new Said(said[0].get(SLOT), null)
        : new Said(null, failure.getMessage());
  }

  /**
   * What it said.
   *
   * @param decision null: it gave no answer
   * @param failure why not
   */
  record Said(Decision decision, String failure) {}

  /**
   * What it says about a document, as {@code policy test} asks.
   *
   * @throws EvaluationException if it does not answer
   */
  public Cases.Said judge(byte[] inputJson) throws EvaluationException {
    if (tester == null) {
      tester = module.newEvaluator(HostNames.NONE);
    }
    Decision said = tester.evaluate(inputJson);
    return new Cases.Said(said.deny(), said.kill(), said.warn(), said.label());
  }

  /** The tuple's event as it is shown to the policy, once or more often. */
  public List<Event> shown(Tuple tuple) {
    return new ArrayList<>(
        new Readings(compiled.reads(), compiled.literals(), tuple.names()).of(tuple.event()));
  }

  @Override
  public void close() {
    evaluator.release();
    if (tester != null) {
      tester.close();
    }
  }
}
