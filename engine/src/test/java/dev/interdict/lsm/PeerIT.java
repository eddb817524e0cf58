package dev.interdict.lsm;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.interdict.event.Hook;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
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

/** Every way that the attack tool knows from one process to another. */
@Tag("lsm")
class PeerIT {
  private static final String POLICY = "trial-peer";

  /** Programs that are the attack tool by other names. */
  private static final Path FOLDER = Path.of("/usr/lib/trial-peer");

  private static final Path FORBIDDEN = FOLDER.resolve("keeper");
  /** Nobody else's, so that nothing is decided. */
  private static final String USER = "2901";

  private static final Path ALLOWED = FOLDER.resolve("other");

  @BeforeAll
  static void apply() throws IOException {
    Host host = Host.get();
    Files.createDirectories(FOLDER);
    for (Path program : new Path[] {FORBIDDEN, ALLOWED}) {
      Files.copy(Attack.TOOL, program, StandardCopyOption.REPLACE_EXISTING);
      Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwxr-xr-x"));
    }
    host.apply(POLICY);
  }

  @AfterAll
  static void delete() {
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
  void whoLetsHimselfBeTracedIsAnsweredAtOnceAndDecidedBehind() {
    String cgroup = Guest.COVERED + "/traced";
    assertEquals("ok", traced(FORBIDDEN, cgroup), "undecided, and nobody waits");
    Guest.eventually(() -> traced(FORBIDDEN, cgroup).equals("EPERM"));
    assertEquals("EPERM", traced(FORBIDDEN, cgroup));
    assertEquals("ok", traced(ALLOWED, cgroup));
    assertEquals("ok", traced(FORBIDDEN, Guest.UNCOVERED + "/traced"));
  }

  private static String traced(Path program, String cgroup) {
    List<String> words =
        List.of(program.toString(), "-g", Guest.cgroup(cgroup).toString(), "-u", USER, "traced");
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
