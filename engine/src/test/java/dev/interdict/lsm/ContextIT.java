package dev.interdict.lsm;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.interdict.event.Hook;
import dev.interdict.lsm.Trial.Who;
import java.io.IOException;
import java.nio.file.Path;
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

/** The state of who acts counts at the moment, whoever he was when he was asked about before. */
@Tag("lsm")
class ContextIT {
  private static final String POLICY = "trial-context";
  private static final Path TWIN = Guest.FILES.resolve("twin");

  /** Nobody in it, or in those whose name begins so, is refused anything for his capabilities. */
  private static final String NONE = "none";

  /** What everybody can enter. */
  private static final Set<String> OPEN =
      Set.of("user", "no_new_privs", "seccomp", "tty", "session_uid");

  private static final List<String> STATES =
      Attack.list("state").stream()
          .map(state -> state[1])
          .filter(state -> !state.startsWith(NONE))
          .toList();

  @BeforeAll
  static void apply() throws IOException {
    for (String state : STATES) {
      Guest.file(file(state), "content\n");
    }
    Host.get().apply(POLICY);
  }

  @AfterAll
  static void delete() {
    Host.get().delete(POLICY);
  }

  @TestFactory
  Stream<DynamicTest> whoIsInTheStateMustBeRefused() {
    return new Trials(STATES.stream().map(ContextIT::trial).toList()).tests();
  }

  private static Trial trial(String state) {
    String path = file(state).toString();
    return new Trial(
        "context-" + state,
        "state -d " + state + " %s",
        null,
        path,
        TWIN.toString(),
        "EPERM",
        Hook.FILE_OPEN,
        Pattern.compile(Pattern.quote(path)),
        1,
        OPEN.contains(state) ? Set.of() : Set.of(Who.USER));
  }

  /** A hit is not another's: of the same program and user, to the same file. */
  @Test
  void whoIsNotInTheStateMustNotBeRefused() {
    for (String state : STATES) {
      assertEquals("EPERM", open(state, file(state)), state);
      assertEquals("ok", open(NONE, file(state)), state);
      assertEquals("EPERM", open(state, file(state)), state);
    }
    assertEquals("ok", open("tty", file("session_uid")), "another state");
    assertEquals("ok", open("mnt", file("net")), "another namespace");
    assertEquals("ok", open("none-no_new_privs", file("bounding")), "an execve gives nothing back");
    assertEquals("ok", open("none-noroot", file("bounding")), "nor where root has no privileges");
  }

  private static String open(String state, Path file) {
    String command = "state -d " + state + " " + file;
    return Attack.run(Attack.in(Host.covered("context"), command)).result();
  }

  private static Path file(String state) {
    return Guest.FILES.resolve("context-" + state);
  }
}
