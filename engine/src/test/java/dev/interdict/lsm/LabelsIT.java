package dev.interdict.lsm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.interdict.event.Hook;
import dev.interdict.testkit.Share;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** What has happened before counts, whoever of its descendants a process sends. */
@Tag("lsm")
class LabelsIT {
  private static final String POLICY = "trial-labels";
  private static final Path MARKER = Guest.FILES.resolve("label-marker");
  private static final Path AFTER = Guest.FILES.resolve("label-after");
  private static final Path APART = Guest.FILES.resolve("label-apart");
  private static final Path TOOL = Guest.FILES.resolve("label-tool");
  private static final Path BROKEN = Guest.FILES.resolve("label-broken");
  private static final Path REFUSED = Guest.FILES.resolve("label-refused");
  private static final Path TWIN = Guest.FILES.resolve("twin");

  private final Host host = Host.get();

  @BeforeAll
  static void apply() throws IOException {
    Host host = Host.get();
    Guest.file(MARKER, "content\n");
    Guest.file(AFTER, "content\n");
    for (Path program : List.of(TOOL, REFUSED)) {
      Guest.file(program, "");
      Files.write(program, Files.readAllBytes(Attack.TOOL));
    }
    Guest.file(BROKEN, "no program\n");
    host.apply(POLICY);
  }

  @AfterAll
  static void delete() {
    Host.get().delete(POLICY);
  }

  /** The neighbour is opened by whoever has the label, too. */
  @TestFactory
  Stream<DynamicTest> whoHasTheLabelMustBeRefusedInEveryDescendantAndThread() {
    return new Trials(
            Stream.concat(
                    Attack.list("label").stream()
                        .filter(door -> door[2].equals("all"))
                        .map(
                            door ->
                                trial(
                                    "label-" + door[1],
                                    "label -d " + door[1] + " " + MARKER + " %s")),
                    Stream.of(trial("label-started", "run " + TOOL + " open %s")))
                .toList())
        .tests();
  }

  private static Trial trial(String name, String command) {
    return new Trial(
        name,
        command,
        null,
        AFTER.toString(),
        TWIN.toString(),
        "EPERM",
        Hook.FILE_OPEN,
        Pattern.compile(Pattern.quote(AFTER.toString())),
        1,
        Set.of());
  }

  @Test
  void whoHasNoLabelMustNotBeRefused() {
    assertEquals("ok", open("none", "open " + AFTER));
    assertEquals("ok", open("none", "label -d self " + TWIN + " " + AFTER));
  }

  /** A verdict that two policies share has the labels of both. */
  @Test
  void whoIsNotCoveredMustNotGetTheLabelsOfThePolicyThatIsAskedBesideHis() {
    Guest.file(APART, "content\n");
    Guest.cgroup("/apart/one");
    host.apply("trial-labels-apart");
    try {
      assertEquals(
          "EPERM", Attack.run(Attack.in("/apart/one", selfOpens(APART))).result(), "its own");
      assertEquals("ok", open("shared", selfOpens(APART)));
      assertEquals("EPERM", open("shared", selfOpens(AFTER)), "but those of his");
    } finally {
      host.delete("trial-labels-apart");
    }
  }

  /** What the revision before has answered to a key stays in its verdict. */
  @Test
  void aRevisionThatHasGoneMustNotSetItsLabels() {
    Guest.file(APART, "content\n");
    Guest.cgroup("/apart/one");
    host.apply("trial-labels-apart");
    try {
      String opens = Attack.in("/apart/one", selfOpens(APART));
      assertEquals("EPERM", Attack.run(opens).result());
      host.admin().apply("trial-labels-narrow");
      Guest.eventually(() -> Attack.run(opens).ok());
      assertEquals("ok", Attack.run(opens).result());
    } finally {
      host.delete("trial-labels-apart");
    }
  }

  /** The kernel asks about a creation before it has looked whether the file is there. */
  @Test
  void whoOpensWhatIsThereMustNotGetTheLabelOfACreation() {
    Path there = Guest.FILES.resolve("label-made");
    Guest.file(there, "content\n");
    for (String name : List.of("first", "known")) {
      Guest.write(Path.of("/proc/sys/vm/drop_caches"), "2");
      assertEquals("ok", open(name, "label -d create " + there + " " + AFTER), name);
      assertEquals("EPERM", open(name, "label -d create " + there + "-" + name + " " + AFTER));
    }
  }

  private static String selfOpens(Path object) {
    return "label -d self " + MARKER + " " + object;
  }

  @Test
  void aLabelOfAnExecThatWasRefusedMustBeSetOnWhoTried() {
    Answer answer = Attack.run(in("refused", "label -d after-exec " + REFUSED + " " + AFTER));
    assertEquals("EPERM", answer.fact("exec"), answer::toString);
    assertEquals("EPERM", answer.result(), answer::toString);
  }

  @Test
  void aLabelOfAnExecThatHasFailedMustNotBeSet() {
    Answer answer = Attack.run(in("failed", "label -d after-exec " + BROKEN + " " + AFTER));
    assertEquals("ENOEXEC", answer.fact("exec"), answer::toString);
    assertEquals("ok", answer.result(), answer::toString);
    assertEquals("ok", open("failed", "label -d exec-after-exec " + BROKEN + " " + AFTER));
  }

  @Test
  void aLabelMustOutliveTheEngineThatHasNamedIt() throws IOException {
    assumeTrue(Share.isTurn(2));
    assertEquals("EPERM", open("known", "label -d self " + MARKER + " " + AFTER));
    Attack with = waiting("kept");
    host.engine().kill();
    try {
      go();
      // By what the kernel knows: nobody else is there.
      assertEquals("EPERM", with.await(Guest.STUCK).result());
      assertEquals("EPERM", open("dead", "label -d self " + MARKER + " " + AFTER));
    } finally {
      host.restart();
    }
    assertEquals("EPERM", open("anew", "label -d self " + MARKER + " " + AFTER));
  }

  @Test
  void aLabelMustMeanTheSameToTheNextEngine() throws IOException {
    assumeTrue(Share.isTurn(0)); // on one kernel: it rests on none
    Attack with = waiting("restarted");
    host.engine().stop();
    host.restart();
    go();
    assertEquals("EPERM", with.await(Guest.STUCK).result());
  }

  /** A process that has been given the label and waits for {@link #go}. */
  private static Attack waiting(String name) throws IOException {
    Path ready = Path.of(MARKER + ".ready");
    Files.deleteIfExists(ready);
    Files.deleteIfExists(Path.of(MARKER + ".go"));
    Attack attack = Attack.start(in(name, "label -d wait " + MARKER + " " + AFTER));
    while (!Files.exists(ready)) {
      assertTrue(attack.isAlive(), "it has ended before it was let go on");
      Guest.sleep(Duration.ofMillis(10));
    }
    return attack;
  }

  private static void go() {
    try {
      Files.createFile(Path.of(MARKER + ".go"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String in(String name, String command) {
    return Attack.in(Host.covered(name), command);
  }

  private static String open(String name, String command) {
    return Attack.run(in(name, command)).result();
  }
}
