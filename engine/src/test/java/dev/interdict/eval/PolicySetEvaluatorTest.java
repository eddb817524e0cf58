package dev.interdict.eval;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.interdict.event.Access;
import dev.interdict.event.Event;
import dev.interdict.event.FileNames;
import dev.interdict.event.Hook;
import dev.interdict.event.SlotSet;
import dev.interdict.testkit.Events;
import dev.interdict.testkit.RegoToWasm;
import java.lang.ref.WeakReference;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class PolicySetEvaluatorTest {
  private static final SlotSet SLOT = SlotSet.of(0);

  private static PolicyModule module(String reason) throws Exception {
    String rego = "deny contains \"" + reason + "\" if input.process.uid == 1000";
    return PolicyModule.load(RegoToWasm.compile("one", rego, "{}"), null);
  }

  private static PolicySet set(long generation, PolicyModule module) {
    return PolicySet.builder(generation, HostNames.NONE).add(0, module, Set.of()).build();
  }

  private static String said(PolicySetEvaluator evaluator) {
    return evaluator
        .decide(Events.open("/usr/bin/cat", 1000, "/etc/shadow"), SLOT)
        .get(0)
        .deny()
        .getFirst();
  }

  @Test
  void anEventIsDecidedByTheSetGivenLast() throws Exception {
    PolicySetEvaluator evaluator = set(1, module("first")).newEvaluator();
    assertEquals("first", said(evaluator));
    PolicySet next = set(2, module("second"));
    evaluator.use(next);
    assertEquals("first", said(evaluator), "not before it has taken over");
    assertSame(next, evaluator.takeOver());
    assertEquals("second", said(evaluator));
  }

  @Test
  void manyChangesWithoutAnEventLeaveOneSetAndTheNextEventIsDecided() throws Exception {
    PolicyModule module = module("steady");
    PolicySetEvaluator evaluator = set(0, module).newEvaluator();
    assertEquals("steady", said(evaluator));
    List<WeakReference<PolicySet>> sets = new ArrayList<>();
    for (int generation = 1; generation <= 20_000; generation++) {
      PolicySet next = set(generation, module);
      sets.add(new WeakReference<>(next));
      evaluator.use(next);
    }
    evaluator.takeOver();
    assertEquals("steady", said(evaluator));
    assertEquals(20_000, evaluator.set().generation());
    awaitAtMost(1, sets);
  }

  @Test
  void whatIsNoLongerInTheSetIsLetGoWithoutAnEvent() throws Exception {
    PolicySetEvaluator evaluator = set(1, module("gone")).newEvaluator();
    said(evaluator);
    WeakReference<PolicySet> old = new WeakReference<>(evaluator.set());
    WeakReference<PolicyModule> code = new WeakReference<>(evaluator.set().module(0));
    evaluator.use(set(2, module("new")));
    evaluator.takeOver();
    awaitAtMost(0, List.of(old));
    awaitAtMost(0, List.of(code));
    assertEquals("new", said(evaluator));
  }

  /** While the kernel changes over it asks for the slots of both. */
  @Test
  void aSetOverAnotherMustAnswerForTheSlotsOfBoth() throws Exception {
    PolicySet before =
        PolicySet.builder(1, HostNames.NONE)
            .add(0, module("kept"), Set.of("/kept"))
            .add(1, module("leaving"), Set.of("/leaving"))
            .refusing(1)
            .build();
    PolicySet next =
        PolicySet.builder(2, HostNames.NONE)
            .add(0, before.module(0), Set.of("/kept"))
            .add(2, module("coming"), Set.of("/coming"))
            .judgingUnknown(2)
            .build();
    PolicySet both = next.over(before);
    assertEquals(2, both.generation());
    assertEquals(SlotSet.of(0).with(1).with(2), both.slots());
    assertSame(before.module(1), both.module(1));
    assertSame(next.module(2), both.module(2));
    assertEquals(SlotSet.of(1), both.refusing());
    assertTrue(both.judgesUnknown(2) && !both.judgesUnknown(1));
    assertTrue(next.decidesAs(next.over(next)));
  }

  /** For a moment both revisions are asked: what each says must be told apart. */
  @Test
  void ofTwoRevisionsTheOneThatLeavesMustBeToldSo() throws Exception {
    PolicySet before = set(1, module("old"));
    PolicySet next = PolicySet.builder(2, HostNames.NONE).add(1, module("new"), Set.of()).build();
    assertEquals("one (before)", next.over(before).name(0));
    assertEquals("one", next.over(before).name(1));
    assertEquals("one", next.name(1));
    PolicyModule other =
        PolicyModule.load(RegoToWasm.compile("two", "deny contains \"x\" if false", "{}"), null);
    PolicySet elsewhere = PolicySet.builder(2, HostNames.NONE).add(1, other, Set.of()).build();
    assertEquals("one", elsewhere.over(before).name(0), "nothing stands in its place");
    assertEquals("one", set(2, module("new")).over(before).name(0));
  }

  /** On a host where no cgroup has a path that can be told. */
  private static SlotDecisions decide(String rego, Event event) throws Exception {
    PolicyModule module = PolicyModule.load(RegoToWasm.compile("one", rego, "{}"), null);
    return set(1, module).newEvaluator().decide(event, SLOT);
  }

  @Test
  void aCgroupWhosePathCannotBeToldIsRefusedByWhoReadsIt() throws Exception {
    String under = "deny contains \"x\" if startswith(input.process.cgroup.path, \"/user.slice/\")";
    Event event = Events.open("/usr/bin/cat", 1000, "/etc/shadow");
    assertEquals(SLOT, decide(under, event).deny());
    assertEquals(
        SlotSet.NONE, decide("deny contains \"x\" if input.process.uid == 1", event).deny());
    PolicyModule module = PolicyModule.load(RegoToWasm.compile("one", under, "{}"), null);
    PolicySet judging =
        PolicySet.builder(1, HostNames.NONE).add(0, module, Set.of()).judgingUnknown(0).build();
    SlotDecisions judged = judging.newEvaluator().decide(event, SLOT);
    assertEquals(SlotSet.NONE, judged.deny());
    assertEquals(SLOT, judged.decided());
  }

  @Test
  void soIsTheCgroupOfAnotherProcess() throws Exception {
    String under = "deny contains \"x\" if startswith(input.peer.cgroup.path, \"/system.slice/\")";
    PolicyModule module =
        PolicyModule.load(RegoToWasm.compile("one", under, "{}", List.of("signal")), null);
    Event event =
        new Event.PeerEvent(
            Events.head(Hook.SIGNAL, Access.SEND.bit(), 0),
            Events.subject("/usr/bin/kill", 0),
            new Event.Peer(0, 0, 7, new byte[] {'/', 'x'}, FileNames.NONE, 3),
            9);
    assertEquals(SLOT, set(1, module).newEvaluator().decide(event, SLOT).deny());
  }

  /** What is shown under two paths is denied under the first; under the other nothing answers. */
  @Test
  void anObjectionStandsThoughALaterReadingFails() throws Exception {
    String rego =
        """
        deny contains "secret" if input.file.path == "/etc/shadow"
        deny contains "none" if {
          input.file.path == "(foreign)"
          input.file.inode == count(json.unmarshal(concat("", ["[" | some i in numbers.range(1, 20000)])))
        }
        """;
    Event.FileEvent open = Events.open("/usr/bin/cat", 1000, "/etc/shadow");
    FileNames foreign = new FileNames(0, 0, true);
    Event shown =
        new Event.FileEvent(
            open.head(),
            open.subject(),
            open.path(),
            foreign,
            open.device(),
            open.inode(),
            1,
            0,
            0,
            open.mode());
    SlotDecisions said = decide(rego, shown);
    assertEquals(SLOT, said.deny(), () -> String.valueOf(said.failure(0)));
    assertEquals(List.of("secret"), said.get(0).deny());
    SlotDecisions failed = decide(rego.replace("/etc/shadow", "/etc/other"), shown);
    assertEquals(SLOT, failed.failed(), "the second reading has no answer");
  }

  private static <T> void awaitAtMost(int count, List<WeakReference<T>> references)
      throws InterruptedException {
    long left = Long.MAX_VALUE;
    for (int i = 0; i < 600 && left > count; i++) {
      System.gc();
      left = references.stream().filter(r -> r.get() != null).count();
      Thread.sleep(left > count ? 100 : 0);
    }
    assertTrue(left <= count, left + " are still held");
  }
}
