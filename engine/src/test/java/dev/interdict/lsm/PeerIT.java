package dev.interdict.lsm;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.interdict.event.Hook;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** Every way that the attack tool knows from one process to another. */
@Tag("lsm")
class PeerIT {
  private static final String POLICY = "trial-peer";

  /** Programs that are the attack tool by other names. */
  private static final Path FOLDER = Path.of("/usr/lib/trial-peer");

  /** The same, but what is undecided is refused, and one refusal uses the budget up. */
  private static final String STRICT = "trial-peer-strict";

  private static final String STRICT_COVERED = "/strict";

  /** Tells a look from an attack, which the masks of the others do not. */
  private static final String ATTACH = "trial-peer-attach";

  private static final Path FORBIDDEN = FOLDER.resolve("keeper");
  private static final Path ALLOWED = FOLDER.resolve("other");

  /** Deeper than is walked where others spin. */
  private static final Path DEEP = FOLDER.resolve("d/".repeat(100)).resolve("deep");

  /** Nobody else's, so that nothing is decided. */
  private static final int FIRST_USER = 2901;

  private static int users;

  @BeforeAll
  static void apply() throws IOException {
    Host host = Host.get();
    Files.createDirectories(FOLDER);
    Files.createDirectories(DEEP.getParent());
    for (Path program : new Path[] {FORBIDDEN, ALLOWED, DEEP}) {
      Files.copy(Attack.TOOL, program, StandardCopyOption.REPLACE_EXISTING);
      Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwxr-xr-x"));
    }
    host.apply(POLICY);
    host.apply(STRICT);
  }

  @AfterAll
  static void delete() {
    Host.get().delete(STRICT);
    Host.get().delete(POLICY);
  }

  @TestFactory
  Stream<DynamicTest> lookingIntoAForbiddenProcessMustBeRefusedByEveryDoor() {
    return trials(Hook.PTRACE, "%s");
  }

  @TestFactory
  Stream<DynamicTest> aSignalToAForbiddenProcessMustBeRefusedByEveryDoor() {
    return trials(Hook.SIGNAL, "SIGWINCH %s");
  }

  /** Where nobody can wait the first one has the fallback, and the next the answer. */
  @Test
  void whoIsToBeTheTracerIsAnsweredAboutAtOnceAndDecidedBehind() {
    String cgroup = Guest.COVERED + "/traced";
    int user = newUser();
    long before = Host.get().admin().counter("at_once");
    assertEquals("ok", traced(FORBIDDEN, ALLOWED, user, cgroup), "undecided, and nobody waits");
    assertTrue(Host.get().admin().counter("at_once") > before, "it is counted");
    Guest.eventually(() -> traced(FORBIDDEN, ALLOWED, user, cgroup).equals("EPERM"));
    assertEquals("ok", traced(ALLOWED, FORBIDDEN, user, cgroup), "the peer is the tracer");
    assertEquals("ok", traced(ALLOWED, FORBIDDEN, user, cgroup), "decided, too");
    assertEquals("ok", traced(FORBIDDEN, ALLOWED, user, Guest.UNCOVERED + "/traced"));
  }

  /** A signal that a child has asked for is nobody's act, whatever is denied to its parent. */
  @Test
  void whatAChildHasAskedForWhenItsParentEndsMustCome() {
    String cgroup = Guest.COVERED + "/orphan";
    int user = newUser();
    assertEquals("EPERM", run(cgroup, user, "peer -d kill " + FORBIDDEN));
    assertEquals("ok", run(cgroup, user, "orphan " + FORBIDDEN));
  }

  /** Where others spin nobody walks far: what lies too deep has no name. */
  @Test
  void aProgramTooDeepToBeNamedWhereOthersSpinCannotBeTold() {
    assertEquals("EPERM", run(Guest.COVERED + "/deep", newUser(), "peer -d kill " + DEEP));
    assertEquals("ok", run(Guest.UNCOVERED + "/deep", newUser(), "peer -d kill " + DEEP));
  }

  /** Of the forbidden program, which is denied before: nobody is asked. */
  @Test
  void whatIsNobodysBusinessPasses() {
    String cgroup = Guest.COVERED + "/nobody";
    int user = newUser();
    for (String door : List.of("kill-nothing", "addresses")) {
      assertEquals("ok", run(cgroup, user, "peer -d " + door + " " + FORBIDDEN), door);
    }
    assertEquals("EPERM", run(cgroup, user, "peer -d kill " + FORBIDDEN));
    assertEquals("ok", by(FORBIDDEN, user, cgroup, "peer -d kill-itself " + ALLOWED));
    assertEquals(
        "ok",
        Attack.run(Attack.in(cgroup, "peer -d kill-kernel " + ALLOWED)).result(),
        "a thread of the kernel has no program, and that is known");
  }

  /** A look is not an attack, and is not taken for one that was decided. */
  @Test
  void whoOnlyLooksDoesNotAttach() {
    Host host = Host.get();
    String cgroup = "/attach/look";
    Guest.cgroup(cgroup); // before the policy: a scope that comes later is found a moment later
    host.apply(ATTACH);
    try {
      int user = newUser();
      Map<String, Long> before = host.unanswered();
      assertEquals(
          "EPERM",
          run(cgroup, user, "peer -d seize " + FORBIDDEN),
          () -> "unanswered before: " + before + ", now: " + host.unanswered());
      String look = "peer -n 0 -d exe " + FORBIDDEN;
      assertEquals("ok", run(cgroup, user, look), "undecided");
      host.settle();
      assertEquals("ok", run(cgroup, user, look), "decided");
      assertEquals("EPERM", run(cgroup, user, "peer -n 0 -d pidfd-getfd " + FORBIDDEN));
    } finally {
      host.delete(ATTACH);
    }
  }

  /** Each is another program in another unit; one more than one would disarm the policy. */
  @Test
  void whatTheFallbackRefusesAtOnceSpendsNoBudget() {
    for (int i = 0; i < 4; i++) {
      String cgroup = STRICT_COVERED + "/group-" + i;
      int user = newUser();
      String group = "peer -n 0 -d group " + ALLOWED;
      assertEquals("EPERM", run(cgroup, user, group), "undecided, and the fallback denies");
      Guest.eventually(() -> run(cgroup, user, group).equals("ok"));
    }
  }

  /** Its memory is gone, and with it its program, while its descriptors can be taken. */
  @Test
  void nothingIsTakenFromAForbiddenProcessWhileItEnds() {
    String ending = "ending -n 256 " + FORBIDDEN;
    String result = run(STRICT_COVERED + "/ending", newUser(), ending);
    assertTrue(List.of("ESRCH", "EBADF").contains(result), result);
    assertEquals("ok", run(Guest.UNCOVERED + "/ending", newUser(), ending));
  }

  private static synchronized int newUser() {
    return FIRST_USER + users++;
  }

  private static String run(String cgroup, int user, String command) {
    return Attack.run(Attack.in(cgroup, user, command)).result();
  }

  private static String traced(Path tracer, Path child, int user, String cgroup) {
    return by(tracer, user, cgroup, "traced " + child);
  }

  /** What the attack tool does under another name of its own. */
  private static String by(Path program, int user, String cgroup, String command) {
    List<String> words = new ArrayList<>(List.of(program.toString()));
    words.addAll(List.of(Attack.in(cgroup, user, command).split(" ", -1)));
    try {
      Process process = new ProcessBuilder(words).redirectErrorStream(true).start();
      return Answer.parse(new String(process.getInputStream().readAllBytes(), UTF_8).strip())
          .result();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** What cannot wait comes after what can, of the same key: two events. */
  private static Stream<DynamicTest> trials(Hook hook, String shown) {
    return new Trials(
            Attack.list("peer").stream()
                .filter(door -> door[2].equals(hook.id()))
                .map(
                    door ->
                        new Trial(
                            "peer-" + door[1],
                            "peer -d " + door[1] + " %s",
                            null,
                            FORBIDDEN.toString(),
                            ALLOWED.toString(),
                            door[3],
                            hook,
                            Pattern.compile(Pattern.quote(shown.formatted(FORBIDDEN))),
                            Integer.parseInt(door[4]),
                            Set.of()))
                .toList())
        .tests();
  }
}
