package dev.interdict.replay;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.interdict.compile.CompiledPolicy;
import dev.interdict.eval.PolicyModule;
import dev.interdict.event.Hook;
import dev.interdict.policy.Policy;
import dev.interdict.recording.Gap;
import dev.interdict.recording.RecordedSet;
import dev.interdict.recording.RecordingReader;
import dev.interdict.recording.Tuple;
import dev.interdict.replay.Replay.Judged;
import dev.interdict.replay.Replay.Kind;
import dev.interdict.testkit.RegoToWasm;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** A recording of a release that knew fewer facts. */
class OlderRecordingTest {
  private static final String BY_PATH = "deny contains \"x\" if input.file.path == \"/etc/shadow\"";

  @Test
  void itIsReadAndOnlyWhatRestsOnAFactThatItLacksCannotBeTold() throws Exception {
    Set<Kind> told = kinds(BY_PATH);
    assertEquals(Set.of(Kind.SAME, Kind.NEWLY_DENIED), told);
    List<Judged> untold = replay(BY_PATH + "\ndeny contains \"y\" if input.process.tty");
    assertEquals(
        Set.of(List.of("process.tty was not seen")),
        untold.stream().map(Judged::rules).collect(Collectors.toSet()));
    assertEquals(Set.of(Kind.CANNOT_TELL), kinds("deny contains \"y\" if input.process.tty"));
  }

  private static Set<Kind> kinds(String rego) throws Exception {
    return replay(rego).stream().map(Judged::kind).collect(Collectors.toSet());
  }

  private static List<Judged> replay(String rego) throws Exception {
    CompiledPolicy compiled = RegoToWasm.compile("protect-shadow", rego, "{}");
    Policy policy =
        new Policy(
            "protect-shadow",
            "",
            Map.of(),
            EnumSet.of(Hook.FILE_OPEN),
            Policy.Mode.AUDIT,
            new Policy.Scope(List.of(), List.of()),
            Policy.OnMiss.HOLD,
            Policy.Fallback.ALLOW,
            false,
            false,
            null,
            Map.of(),
            new byte[0]);
    List<Judged> all = new ArrayList<>();
    Path file = Path.of(OlderRecordingTest.class.getResource("wire-9.irec").toURI());
    try (JudgedPolicy candidate =
        new JudgedPolicy(policy, compiled, PolicyModule.load(compiled, null))) {
      RecordingReader.read(file, new Replay(candidate, null, new Listener(all)));
    }
    return all;
  }

  private record Listener(List<Judged> all) implements Replay.Listener {
    @Override
    public void judged(Judged one) {
      all.add(one);
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
    public void circumstances(RecordedSet set) {}
  }
}
