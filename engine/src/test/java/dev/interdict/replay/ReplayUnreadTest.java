package dev.interdict.replay;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.interdict.compile.CompiledPolicy;
import dev.interdict.eval.Limits;
import dev.interdict.eval.PolicyModule;
import dev.interdict.eval.PolicySet;
import dev.interdict.event.Hook;
import dev.interdict.policy.Policy;
import dev.interdict.recording.Gap;
import dev.interdict.recording.RecordedSet;
import dev.interdict.recording.Tuple;
import dev.interdict.recording.Tuple.Answer;
import dev.interdict.recording.Tuple.KnownAs;
import dev.interdict.replay.Replay.Judged;
import dev.interdict.replay.Replay.Kind;
import dev.interdict.replay.Replay.Unread;
import dev.interdict.testkit.RegoToWasm;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.json.JsonMapper;

/** What the kernel answers without asking, and what a replay makes of its surroundings. */
class ReplayUnreadTest implements Replay.Listener {
  private static final Policy.Scope ALL = new Policy.Scope(List.of(), List.of("eth0"));
  private static CompiledPolicy compiled;
  private static PolicyModule module;

  private final List<Judged> judged = new ArrayList<>();
  private int circumstances;

  @BeforeAll
  static void policies() throws Exception {
    String rego = "deny contains \"no\" if input.socket.address == \"10.0.0.9\"";
    compiled = RegoToWasm.compile("it", rego, "{}", List.of("socket_connect"));
    module = PolicyModule.load(compiled, null);
  }

  private static JudgedPolicy policy(boolean unparsedPass, Hook... hooks) {
    return policy(module, unparsedPass, hooks);
  }

  private static JudgedPolicy policy(PolicyModule module, boolean unparsedPass, Hook... hooks) {
    return policy(compiled, module, unparsedPass, hooks);
  }

  private static JudgedPolicy policy(
      CompiledPolicy compiled, PolicyModule module, boolean unparsedPass, Hook... hooks) {
    Policy policy =
        new Policy(
            "it",
            "",
            Map.of(),
            EnumSet.copyOf(List.of(hooks)),
            Policy.Mode.AUDIT,
            ALL,
            Policy.OnMiss.HOLD,
            Policy.Fallback.ALLOW,
            unparsedPass,
            false,
            null,
            Map.of(),
            new byte[0]);
    return new JudgedPolicy(policy, compiled, module);
  }

  private static RecordedSet recorded(Set<Hook> hooks, Boolean passes) {
    return new RecordedSet(
        Instant.EPOCH,
        "0",
        Set.of(),
        passes == null
            ? List.of()
            : List.of(
                new RecordedSet.Active(
                    "it",
                    "",
                    new PolicySet.Where(hooks, ALL, passes ? EnumSet.copyOf(hooks) : Set.of()))),
        Set.of());
  }

  private static Tuple tuple(boolean detour, Map<String, Answer> answers) {
    return new Tuple(
        JsonMapper.shared()
            .readTree("{\"hook\":\"socket_connect\",\"socket\":{\"address\":\"10.0.0.1\"}}"),
        Set.of("socket.address"),
        KnownAs.NOTHING,
        KnownAs.NOTHING,
        Instant.EPOCH,
        Instant.EPOCH,
        1,
        answers,
        detour);
  }

  @Override
  public void judged(Judged one) {
    judged.add(one);
  }

  @Override
  public void outside(Tuple tuple) {
    throw new AssertionError(tuple);
  }

  @Override
  public void gap(Gap gap) {
    throw new AssertionError(gap);
  }

  @Override
  public void circumstances(RecordedSet set) {
    circumstances++;
  }

  private Kind kind(JudgedPolicy now, JudgedPolicy base, Boolean recorded, boolean detour) {
    Replay replay = new Replay(now, base, this);
    boolean asked = recorded != null && (recorded || !detour);
    replay.tuple(
        recorded(Set.of(Hook.SOCKET_CONNECT), recorded),
        tuple(detour, asked ? Map.of("it", Answer.ALLOW) : Map.of()));
    return judged.getLast().kind();
  }

  /** The kernel refuses a detour for who does not say otherwise, and asks nobody. */
  @Test
  void aDetourIsRefusedAsTheKernelRefusesIt() {
    try (JudgedPolicy pass = policy(true, Hook.SOCKET_CONNECT);
        JudgedPolicy drop = policy(false, Hook.SOCKET_CONNECT)) {
      assertEquals(Kind.NEWLY_DENIED, kind(drop, pass, null, true));
      assertTrue(judged.getLast().rules().getFirst().contains("unparsed: drop"));
      assertEquals(Kind.NEWLY_ALLOWED, kind(pass, drop, null, true));
      assertEquals(Kind.SAME, kind(drop, drop, null, true));
      assertEquals(Kind.SAME, kind(drop, pass, null, false));
      assertEquals(Kind.NEWLY_DENIED, kind(drop, null, true, true));
      assertEquals(Kind.NEWLY_ALLOWED, kind(pass, null, false, true));
      assertEquals(Kind.SAME, kind(drop, null, false, true));
      assertEquals(Kind.NEWLY_DENIED, kind(drop, null, null, true));
    }
  }

  /** Of packets that cannot be read there are no tuples, whatever the policies say. */
  @Test
  void whatNoTupleTellsIsSaid() {
    Set<Hook> packets = Set.of(Hook.XDP_INGRESS);
    try (JudgedPolicy pass = policy(true, Hook.XDP_INGRESS);
        JudgedPolicy drop = policy(false, Hook.XDP_INGRESS);
        JudgedPolicy files = policy(false, Hook.FILE_OPEN)) {
      assertEquals(Unread.NEWLY_REFUSED, unread(drop, pass, recorded(packets, null)));
      assertEquals(Unread.NEWLY_PASSED, unread(pass, drop, recorded(packets, null)));
      assertEquals(Unread.NEWLY_REFUSED, unread(drop, null, recorded(packets, true)));
      assertEquals(Unread.SAME, unread(drop, null, recorded(packets, false)));
      assertEquals(Unread.REFUSED, unread(drop, null, recorded(packets, null)));
      assertEquals(Unread.SAME, unread(pass, null, recorded(packets, null)));
      assertEquals(Unread.SAME, unread(files, null, recorded(packets, null)));
    }
  }

  private Unread unread(JudgedPolicy now, JudgedPolicy base, RecordedSet set) {
    return unread(now, base, set, Hook.XDP_INGRESS);
  }

  private Unread unread(JudgedPolicy now, JudgedPolicy base, RecordedSet set, Hook hook) {
    return new Replay(now, base, this).unread(set).get(hook);
  }

  /** What is newly refused at the one hook does not make up for what passes at the other. */
  @Test
  void packetsAndSocketsAreToldApart() {
    RecordedSet packets = recorded(Set.of(Hook.XDP_INGRESS), false);
    try (JudgedPolicy before = policy(false, Hook.XDP_INGRESS);
        JudgedPolicy now = policy(false, Hook.SOCKET_CONNECT)) {
      for (JudgedPolicy base : new JudgedPolicy[] {before, null}) {
        assertEquals(Unread.NEWLY_PASSED, unread(now, base, packets, Hook.XDP_INGRESS));
        assertEquals(Unread.NEWLY_REFUSED, unread(now, base, packets, Hook.SOCKET_CONNECT));
      }
    }
  }

  /**
   * What is bound elsewhere, too, is refused where the rules read where that is, and only there.
   */
  @Test
  void eachHookIsToldByWhatIsReadThere() throws Exception {
    CompiledPolicy near =
        RegoToWasm.compile(
            "it",
            "deny contains \"no\" if input.socket.local.port == 1",
            "{}",
            List.of("socket_connect", "socket_listen"));
    RecordedSet nobody = recorded(Set.of(), null);
    try (JudgedPolicy both =
            policy(
                near,
                PolicyModule.load(near, null),
                false,
                Hook.SOCKET_CONNECT,
                Hook.SOCKET_LISTEN);
        JudgedPolicy far = policy(false, Hook.SOCKET_CONNECT, Hook.SOCKET_LISTEN)) {
      assertEquals(Unread.REFUSED, unread(both, null, nobody, Hook.SOCKET_LISTEN));
      assertEquals(Unread.SAME, unread(both, null, nobody, Hook.SOCKET_CONNECT));
      assertEquals(Unread.SAME, unread(both, null, nobody, Hook.SOCKET_BIND), "has no such hook");
      assertEquals(Unread.SAME, unread(far, null, nobody, Hook.SOCKET_LISTEN));
      assertEquals(Unread.REFUSED, unread(far, null, nobody, Hook.SOCKET_CONNECT));
      assertEquals(Kind.SAME, kind(both, null, null, true), "a detour at connect");
    }
  }

  /** A set of hooks that counts how often it is compared. */
  private static final class Counted extends java.util.AbstractSet<Hook> {
    private static int compared;

    @Override
    public Iterator<Hook> iterator() {
      return Set.of(Hook.SOCKET_CONNECT).iterator();
    }

    @Override
    public int size() {
      return 1;
    }

    @Override
    public boolean equals(Object other) {
      compared++;
      return super.equals(other);
    }

    @Override
    public int hashCode() {
      return super.hashCode();
    }
  }

  /** Each segment has the circumstances anew; they may be ten thousand paths. */
  @Test
  void circumstancesAreComparedOnceASegment() {
    try (JudgedPolicy pass = policy(true, Hook.SOCKET_CONNECT)) {
      Replay replay = new Replay(pass, null, this);
      for (int segment = 0; segment < 3; segment++) {
        RecordedSet set = recorded(new Counted(), true);
        for (int i = 0; i < 50; i++) {
          replay.tuple(set, tuple(false, Map.of("it", Answer.ALLOW)));
        }
      }
      assertEquals(1, circumstances);
      assertTrue(Counted.compared <= 2, "compared " + Counted.compared);
    }
  }

  /** One that takes its time is given as many attempts as in a trial before it counts as failed. */
  @Test
  void whoDoesNotAnswerInTimeIsAskedAgain() throws Exception {
    Duration limit = Duration.ofMillis(20);
    CompiledPolicy slow =
        RegoToWasm.compile(
            "it",
            """
            deny contains "no" if {
              input.socket.address != ""
              some a in numbers.range(1, 3000)
              some b in numbers.range(1, 3000)
              a + b == -1
            }
            """,
            "{}",
            List.of("socket_connect"));
    PolicyModule tight = PolicyModule.load(slow, null, new Limits(limit, 64 << 20));
    try (JudgedPolicy policy = policy(tight, true, Hook.SOCKET_CONNECT)) {
      long start = System.nanoTime();
      assertEquals(Kind.ERROR, kind(policy, null, true, false));
      Duration took = Duration.ofNanos(System.nanoTime() - start);
      assertTrue(took.compareTo(limit.multipliedBy(10)) > 0, "once only: " + took);
    }
  }
}
