package dev.interdict.lsm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.interdict.event.Hook;
import dev.interdict.testkit.Share;
import dev.interdict.v1.Container;
import dev.interdict.v1.Decision;
import dev.interdict.v1.Mode;
import dev.interdict.v1.Outcome;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.json.JsonMapper;

/** Containers of Debian's crun: the first program of each is judged by whose it is. */
@Tag("lsm")
class ContainerIT {
  private static final String POLICY = "trial-containers";
  private static final String CLOSED = "trial.test/closed:1";
  private static final String OPEN = "trial.test/open:1";
  private static final Path BUNDLES = Path.of("/run/trial-bundles");

  private final Host host = Host.get();

  /** What it shows rests on none. */
  @BeforeAll
  static void onOneKernel() {
    assumeTrue(Share.isTurn(1));
  }

  @BeforeEach
  void apply() {
    Guest.cgroup("/containers");
    host.apply(POLICY);
  }

  @AfterEach
  void delete() {
    host.delete(POLICY);
  }

  private static Path bundle(String id, String cgroup, String image) {
    try {
      Path bundle = BUNDLES.resolve(id);
      Path entry = bundle.resolve("rootfs/bin/entry");
      Files.createDirectories(entry.getParent());
      for (String made : List.of("proc", "dev", "sys")) {
        Files.createDirectories(bundle.resolve("rootfs").resolve(made));
      }
      Files.write(entry, Files.readAllBytes(Attack.TOOL));
      Files.setPosixFilePermissions(entry, PosixFilePermissions.fromString("rwxr-xr-x"));
      Map<String, Object> config =
          Map.of(
              "ociVersion",
              "1.0.2",
              "process",
              Map.of(
                  "user", Map.of("uid", 0, "gid", 0),
                  "args", List.of("/bin/entry", "list"),
                  "cwd", "/"),
              "root",
              Map.of("path", "rootfs"),
              "mounts",
              List.of(Map.of("destination", "/proc", "type", "proc", "source", "proc")),
              "linux",
              Map.of(
                  "cgroupsPath",
                  cgroup,
                  "namespaces",
                  List.of(Map.of("type", "pid"), Map.of("type", "mount"))),
              "annotations",
              Map.of("org.opencontainers.image.ref.name", image));
      Files.write(bundle.resolve("config.json"), JsonMapper.shared().writeValueAsBytes(config));
      return bundle;
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  /** Whether the container's first program ran; if not, it was refused. */
  private static boolean runs(String id, String cgroup, String image, String... options) {
    List<String> command = new ArrayList<>(List.of("crun", "run"));
    command.addAll(List.of(options));
    command.addAll(List.of("--no-pivot", "-b", bundle(id, cgroup, image).toString(), id));
    try {
      Process crun = new ProcessBuilder(command).redirectErrorStream(true).start();
      crun.getOutputStream().close();
      String output =
          new String(crun.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
      boolean ran = crun.waitFor() == 0;
      assertTrue(
          ran || output.contains("Operation not permitted"),
          () -> "it failed otherwise: " + output);
      return ran;
    } catch (IOException e) {
      throw new AssertionError("crun is not there", e);
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  private void oneEvent(String cgroup, String id, Outcome outcome) {
    host.settle();
    List<Decision> events = host.decisions().of(cgroup, Hook.EXEC);
    assertEquals(1, events.size(), events::toString);
    Decision event = events.getFirst();
    assertEquals(outcome, event.getOutcome());
    assertEquals("/bin/entry", event.getObject());
    assertEquals(
        Container.newBuilder()
            .setId(id)
            .setKnown(true)
            .setRuntime("crun")
            .setName(id)
            .setImage(CLOSED)
            .build(),
        event.getSubject().getContainer());
    assertEquals(List.of(id + " may not run its own program"), event.getFindings(0).getDenyList());
  }

  @Test
  void theFirstProgramMustBeJudgedByItsContainersImage() {
    assertTrue(runs("control", "/uncovered/control", CLOSED), "without the policy");
    assertEquals(false, runs("enforced", "/containers/enforced", CLOSED));
    oneEvent("/containers/enforced", "enforced", Outcome.OUTCOME_DENIED);
    assertTrue(runs("twin", "/containers/twin", OPEN), "another image");
    host.settle();
    assertEquals(List.of(), host.decisions().of("/containers/twin", Hook.EXEC));
    host.mode(Mode.MODE_AUDIT);
    try {
      // Nobody waits, so the engine may look when the program has ended. Detached, crun keeps its
      // account until somebody deletes it.
      assertTrue(runs("audited", "/containers/audited", CLOSED, "--detach"), "in audit");
      oneEvent("/containers/audited", "audited", Outcome.OUTCOME_WOULD_DENY);
      Guest.run("crun", "delete", "--force", "audited");
    } finally {
      host.mode(Mode.MODE_ENFORCE);
    }
  }

  /** The same id, the same cgroup's path, and another container. */
  @Test
  void anIdThatComesAgainMustNotBeTakenForTheOneBefore() {
    assertTrue(runs("again", "/containers/again", OPEN));
    assertEquals(false, runs("again", "/containers/again", CLOSED));
    assertTrue(runs("again", "/containers/again", OPEN));
    assertEquals(false, runs("again", "/containers/again", CLOSED));
  }

  /** Who was given a cgroup makes others below it; who has a folder writes what he likes. */
  @Test
  void aCgroupMustNotBeBelievedForItsNameNorAFileThatAnybodyCanWrite() throws IOException {
    String run = "exec " + Guest.FILES.resolve("companion");
    Containers.write("/containers/real", "real", OPEN);
    assertEquals("ok", result(Attack.in("/containers/real", run)));
    assertEquals("ok", result(Attack.in("/containers/real/below", run)));
    assertEquals("EPERM", result(Attack.in("/containers/users/real", 2000, run)));
    Containers.write("/containers/forged", "forged", OPEN);
    Files.setPosixFilePermissions(
        Path.of("/run/crun/forged/config.json"), PosixFilePermissions.fromString("rw-rw-rw-"));
    assertEquals("EPERM", result(Attack.in("/containers/forged", 2001, run)));
    Files.setPosixFilePermissions(
        Path.of("/run/crun/forged/config.json"), PosixFilePermissions.fromString("rw-r--r--"));
    Guest.eventually(() -> result(Attack.in("/containers/forged", 2002, run)).equals("ok"));
    assertEquals("ok", result(Attack.in("/containers/forged", 2003, run)));
  }

  private static String result(String line) {
    return Attack.run(line).result();
  }

  @Test
  void withoutAnEngineTheFallbackMustAnswer() {
    assertTrue(runs("before", "/containers/before", OPEN));
    host.engine().freeze();
    try {
      assertEquals(false, runs("lost", "/containers/lost", OPEN));
    } finally {
      host.engine().thaw();
    }
    assertTrue(runs("after", "/containers/after", OPEN));
  }
}
