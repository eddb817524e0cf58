package dev.interdict.eval;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.interdict.eval.PolicySet.Placing;
import dev.interdict.event.Access;
import dev.interdict.event.Event;
import dev.interdict.event.FileNames;
import dev.interdict.event.Hook;
import dev.interdict.event.ObjectFlag;
import dev.interdict.event.SlotSet;
import dev.interdict.event.Workload;
import dev.interdict.policy.Policy;
import dev.interdict.testkit.Events;
import dev.interdict.testkit.RegoToWasm;
import java.lang.ref.WeakReference;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.json.JsonMapper;

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

  /** A host where each cgroup is that of one service, or of one container. */
  private record OnePlace(String path, Workload.Container container) implements HostNames {
    @Override
    public byte[] cgroupPath(long id) {
      return path == null ? null : path.getBytes(StandardCharsets.UTF_8);
    }

    @Override
    public Workload workload(long cgroup) {
      return path == null ? Workload.UNTOLD : Workload.of(cgroupPath(cgroup)).with(container, true);
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

  private static final String ALL = "deny contains \"x\" if input.process.pid > 0";

  private static PolicySet scoped(HostNames names, Policy.Scope scope) throws Exception {
    PolicyModule module = PolicyModule.load(RegoToWasm.compile("one", ALL, "{}"), null);
    return PolicySet.builder(1, names)
        .add(0, module, Set.of())
        .where(0, new PolicySet.Where(EnumSet.allOf(Hook.class), scope, Set.of()))
        .add(1, module, Set.of())
        .build();
  }

  private static SlotSet denying(HostNames names, Policy.Scope scope, Event event)
      throws Exception {
    SlotDecisions said = scoped(names, scope).newEvaluator().decide(event, SLOT.with(1));
    assertEquals(SLOT.with(1), said.decided(), "who is not covered has nothing to say");
    assertTrue(said.deny().contains(1), "others are asked as always");
    return said.deny().minus(SlotSet.of(1));
  }

  private static Policy.Scope units(String unit) {
    return Policy.Scope.of(List.of(), List.of(), List.of(unit), List.of());
  }

  @Test
  void aPolicySaysNothingOfWhomItsScopeDoesNotCover() throws Exception {
    Event event = Events.open("/usr/bin/cat", 1000, "/etc/shadow");
    HostNames nginx = new OnePlace("/system.slice/nginx.service", null);
    assertEquals(SLOT, denying(nginx, units("nginx.*"), event));
    assertEquals(SlotSet.NONE, denying(nginx, units("ssh.service"), event));
    assertEquals(SlotSet.NONE, denying(new OnePlace(null, null), units("nginx.*"), event));
    Policy.Scope images =
        Policy.Scope.of(List.of(), List.of(), List.of(), List.of(Map.of("name", "**")));
    HostNames unknown = new OnePlace("/a", Workload.Container.UNKNOWN);
    assertEquals(SlotSet.NONE, denying(unknown, images, event));
    Policy.Scope kernels = new Policy.Scope(List.of("/b"), List.of());
    assertEquals(SLOT, denying(nginx, kernels, event), "of that the kernel asks whom it covers");
  }

  /** What the kernel would refuse for it everywhere it is asked about, and refuses itself. */
  @Test
  void whatCannotBeReadIsRefusedOfWhomTheScopeCovers() throws Exception {
    String port = "deny contains \"x\" if input.socket.port == 22";
    PolicyModule module =
        PolicyModule.load(
            RegoToWasm.compile("one", port, "{}", List.of(Hook.SOCKET_CONNECT.id())), null);
    Event detour =
        InputEvent.of(
            JsonMapper.shared()
                .readTree("{\"hook\":\"socket_connect\",\"process\":{\"cgroup\":{\"id\":9}}}"),
            FileNames.NONE,
            FileNames.NONE);
    assertEquals(SlotSet.NONE, unread(module, "nginx.service", Set.of(), detour));
    detour = withDetour(detour);
    assertEquals(SLOT, unread(module, "nginx.service", Set.of(), detour));
    assertEquals(SlotSet.NONE, unread(module, "ssh.service", Set.of(), detour));
    assertEquals(
        SlotSet.NONE, unread(module, "nginx.service", Set.of(Hook.SOCKET_CONNECT), detour));
  }

  private static Event withDetour(Event event) {
    Event.SocketEvent socket = (Event.SocketEvent) event;
    return new Event.SocketEvent(
        Events.head(Hook.SOCKET_CONNECT, Access.CONNECT.bit(), ObjectFlag.DETOUR.bit()),
        socket.subject(),
        socket.family(),
        socket.address(),
        socket.port(),
        socket.type(),
        socket.protocol());
  }

  private static SlotSet unread(PolicyModule module, String unit, Set<Hook> passes, Event event) {
    PolicySet set =
        PolicySet.builder(1, new OnePlace("/nginx.service", null))
            .add(0, module, Set.of())
            .where(0, new PolicySet.Where(Set.of(Hook.SOCKET_CONNECT), units(unit), passes))
            .build();
    SlotDecisions said = set.newEvaluator().decide(event, SLOT);
    assertEquals(SLOT, said.decided());
    return said.deny();
  }

  @Test
  void whetherItCanBeToldWhomAScopeCoversIsKnown() throws Exception {
    Event event = Events.open("/usr/bin/cat", 1000, "/etc/shadow");
    Policy.Scope images =
        Policy.Scope.of(List.of(), List.of(), List.of(), List.of(Map.of("name", "a")));
    HostNames maybe = new OnePlace("/nginx.service", Workload.Container.UNKNOWN);
    HostNames untold = new OnePlace(null, null);
    assertEquals(Placing.TOLD, placing(maybe, units("x.service"), event, SLOT));
    assertEquals(Placing.UNKNOWN, placing(maybe, images, event, SLOT));
    assertEquals(Placing.TOLD, placing(maybe, images, event, SlotSet.of(1)), "not asked");
    assertEquals(Placing.UNTOLD, placing(untold, images, event, SLOT));
    assertEquals(Placing.UNTOLD, placing(untold, units("x.service"), event, SLOT));
    Policy.Scope kernels = new Policy.Scope(List.of("/b"), List.of());
    assertEquals(Placing.TOLD, placing(untold, kernels, event, SLOT));
    assertEquals(SLOT, scoped(maybe, images).containerSlots());
    assertEquals(SlotSet.NONE, scoped(maybe, units("x.service")).containerSlots());
  }

  private static Placing placing(HostNames names, Policy.Scope scope, Event event, SlotSet asked)
      throws Exception {
    PolicySetEvaluator evaluator = scoped(names, scope).newEvaluator();
    evaluator.decide(event, asked);
    return evaluator.placing();
  }

  /** One that has no path when it is looked at first, and one a moment later. */
  private static final class Late implements HostNames {
    private int looks;

    @Override
    public byte[] cgroupPath(long id) {
      return looks++ == 0 ? null : "/system.slice/nginx.service".getBytes(StandardCharsets.UTF_8);
    }

    @Override
    public byte[] interfaceName(int index) {
      return null;
    }

    @Override
    public Set<String> fileNames(int number) {
      return Set.of();
    }

    @Override
    public Location location(long cgroup) {
      byte[] path = cgroupPath(cgroup);
      return new Location(path, Workload.of(path));
    }
  }

  /** Else what was decided without it would be taken for an answer that stands. */
  @Test
  void whatIsFoundAfterItWasDecidedWasNotToldThen() throws Exception {
    Event event = Events.open("/usr/bin/cat", 1000, "/etc/shadow");
    PolicySetEvaluator evaluator = scoped(new Late(), units("nginx.service")).newEvaluator();
    assertEquals(SlotSet.NONE, evaluator.decide(event, SLOT).deny());
    assertEquals(Placing.UNTOLD, evaluator.placing());
    assertEquals(SLOT, evaluator.decide(event, SLOT).deny());
    assertEquals(Placing.TOLD, evaluator.placing());
  }

  /** A path that is too long is no way out of a scope. */
  @Test
  void whatIsTooDeepIsCoveredAsWhatIsAboveIt() throws Exception {
    HostNames deep =
        new HostNames() {
          @Override
          public byte[] cgroupPath(long id) {
            return null;
          }

          @Override
          public Location location(long cgroup) {
            byte[] above = "/nginx.service/x".getBytes(StandardCharsets.UTF_8);
            return new Location(above, Workload.of(above));
          }

          @Override
          public byte[] interfaceName(int index) {
            return null;
          }

          @Override
          public Set<String> fileNames(int number) {
            return Set.of();
          }
        };
    Event event = Events.open("/usr/bin/cat", 1000, "/etc/shadow");
    assertEquals(SLOT, denying(deep, units("nginx.*"), event));
    assertEquals(SlotSet.NONE, denying(deep, units("ssh.*"), event));
    assertEquals(Placing.TOLD, placing(deep, units("ssh.*"), event, SLOT));
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
