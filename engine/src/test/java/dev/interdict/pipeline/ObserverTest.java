package dev.interdict.pipeline;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.interdict.decisions.DecisionLog;
import dev.interdict.eval.HostNames;
import dev.interdict.eval.PolicyModule;
import dev.interdict.eval.PolicySet;
import dev.interdict.event.Event;
import dev.interdict.event.Event.FileEvent;
import dev.interdict.event.RecordFlag;
import dev.interdict.event.RecordKind;
import dev.interdict.event.SlotSet;
import dev.interdict.testkit.Events;
import dev.interdict.testkit.RegoToWasm;
import java.util.Set;
import org.junit.jupiter.api.Test;

class ObserverTest {
  private static final int ACTIVE = 3;
  private static final int CANDIDATE = 200;

  private static final class Stumbling implements HostNames {
    @Override
    public byte[] cgroupPath(long id) {
      throw new IllegalStateException("the log stumbles");
    }

    @Override
    public byte[] interfaceName(int index) {
      return null;
    }

    @Override
    public Set<String> fileNames(int number) {
      return Set.of();
    }
  }

  private static PolicyModule module(String uid) throws Exception {
    String rule = "deny contains \"no\" if input.process.uid == " + uid;
    return PolicyModule.load(RegoToWasm.compile("p", rule, "{}"), null);
  }

  /** A rollout would go on by what a failure elsewhere has hidden from it. */
  @Test
  void anAnswerThatCannotBeToldMustBeComparedAllTheSame() throws Exception {
    Comparisons comparisons = new Comparisons(HostNames.NONE);
    Outcomes outcomes = new Outcomes(new DecisionLog(), new Stumbling(), null);
    PolicySet set =
        PolicySet.builder(1, HostNames.NONE)
            .add(ACTIVE, module("1"), Set.of())
            .add(CANDIDATE, module("2"), Set.of())
            .candidate(CANDIDATE, ACTIVE)
            .build();
    comparisons.use(set);
    Pipeline.Parts parts =
        new Pipeline.Parts(null, null, null, null, null, null, null, HostNames.NONE, event -> true);
    Observer observer = new Observer(parts, outcomes, comparisons, new PipelineCounters());
    observer.use(set);
    FileEvent open = Events.open("/usr/bin/cat", 2, "/etc/shadow");
    Event.Head head = open.head();
    Event denied =
        Events.with(
            open,
            new Event.Head(
                RecordKind.OBSERVE,
                RecordFlag.FALLBACK.bit(),
                1,
                head.hook(),
                1,
                0,
                head.key(),
                SlotSet.NONE,
                SlotSet.NONE,
                SlotSet.of(CANDIDATE)));
    assertThrows(IllegalStateException.class, () -> observer.observe(denied));
    assertEquals(1, comparisons.of(CANDIDATE).deniedIn());
  }
}
