package dev.interdict.recording;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.interdict.eval.PolicyModule;
import dev.interdict.eval.PolicySet;
import dev.interdict.eval.PolicySetEvaluator;
import dev.interdict.eval.SlotDecisions;
import dev.interdict.event.Access;
import dev.interdict.event.Event;
import dev.interdict.event.Hook;
import dev.interdict.event.SlotSet;
import dev.interdict.policy.Policy;
import dev.interdict.testkit.GoProgram;
import dev.interdict.testkit.RecordBuilder;
import dev.interdict.testkit.RegoToWasm;
import dev.interdict.verdict.KeyMask;
import dev.interdict.verdict.RandomEvent;
import dev.interdict.verdict.Verdict;
import dev.interdict.worker.Workers;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * {@code policies/host-keys.irec}, the recording that the page for newcomers replays, is what the
 * recorder makes of these events; and a file that an earlier release has written is read. When this
 * fails and the change is meant: {@code cp engine/target/host-keys.irec policies/}.
 */
class SampleRecordingTest {
  private static final Path BUNDLED = GoProgram.root().resolve("policies/host-keys.irec");
  private static final int SLOT = 0;
  private static final String ACTIVE =
      """
      deny contains "no" if {
        input.file.path == "/etc/shadow"
        not input.process.exe.path in {"/usr/bin/passwd", "/usr/bin/ssh-keygen", "/usr/sbin/sshd"}
      }
      """;

  private static final List<String> OPENS =
      List.of(
          "3 /usr/sbin/sshd /etc/ssh/ssh_host_ed25519_key",
          "3 /usr/sbin/sshd /etc/ssh/ssh_host_rsa_key",
          "40 /usr/sbin/sshd /etc/shadow",
          "1 /usr/bin/ssh-keygen /etc/ssh/ssh_host_ed25519_key",
          "2 /usr/bin/cat /etc/ssh/ssh_host_ed25519_key.pub",
          "1 /usr/bin/cat /etc/ssh/ssh_host_rsa_key",
          "2 /usr/bin/borg /etc/ssh/ssh_host_ed25519_key",
          "2 /usr/bin/borg /etc/ssh/ssh_host_rsa_key",
          "2 /usr/bin/borg /etc/shadow",
          "900 /usr/sbin/nginx /var/www/index.html",
          "7 /usr/bin/bash /etc/passwd");

  @TempDir Path folder;

  @Test
  void theBundledRecordingIsWhatTheRecorderMakes() throws Exception {
    Path made = folder.resolve("made");
    record(made);
    Path target = GoProgram.root().resolve("engine/target/host-keys.irec");
    Files.write(target, Files.readAllBytes(made));
    assertEquals(lines(made), lines(BUNDLED), "see engine/target/host-keys.irec");
  }

  private void record(Path file) throws Exception {
    var compiled = RegoToWasm.compile("protect-shadow", ACTIVE, "{}");
    KeyMask mask = KeyMask.of(Hook.FILE_OPEN, compiled.reads());
    PolicySet set =
        PolicySet.builder(1, RandomEvent.NAMES)
            .add(SLOT, PolicyModule.load(compiled, null), compiled.literals())
            .where(
                SLOT,
                new PolicySet.Where(
                    Set.of(Hook.FILE_OPEN),
                    new Policy.Scope(List.of(), List.of()),
                    Set.of(Hook.FILE_OPEN)))
            .build();
    PolicySetEvaluator decider = set.newEvaluator();
    try (Recorder recorder =
            Recorder.start(
                folder, RandomEvent.NAMES, (hook, s) -> mask, "sample", new Workers(w -> {}));
        OutputStream out = Files.newOutputStream(file)) {
      long id = recorder.begin(null, Set.of()).id();
      for (String open : OPENS) {
        String[] words = open.split(" ", -1);
        for (int i = 0; i < Integer.parseInt(words[0]); i++) {
          Event event =
              RecordBuilder.of(Hook.FILE_OPEN)
                  .access(Access.READ)
                  .exe(words[1])
                  .path(words[2])
                  .file("mode", 0100600)
                  .mask(mask)
                  .event();
          SlotDecisions said = decider.decide(event, SlotSet.of(SLOT));
          recorder.asked(event, set, new Verdict(said.decided(), said.deny(), said.kill()));
        }
      }
      recorder.stop();
      recorder.export(id, out);
    }
    decider.release();
  }

  /** All but the times. */
  private static List<String> lines(Path file) {
    List<String> lines = new ArrayList<>();
    RecordingReader.read(
        file,
        new RecordingReader.Visitor() {
          @Override
          public void tuple(RecordedSet set, Tuple t) {
            Instant no = Instant.EPOCH;
            lines.add(set.policies() + " " + set.literals().stream().sorted().toList());
            lines.add(
                new Tuple(
                        t.input(),
                        t.seen(),
                        t.file(),
                        t.exe(),
                        no,
                        no,
                        t.asks(),
                        t.answers(),
                        t.detour())
                    .toString());
          }

          @Override
          public void gap(Gap gap) {
            lines.add(gap.toString());
          }
        });
    return lines;
  }
}
