package dev.interdict.lsm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.interdict.event.Hook;
import dev.interdict.testkit.Share;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What is named changes while it is checked: the answer must be about what is really used. */
@Tag("lsm")
class RacesIT {
  static final Path FOLDER = Path.of("/trial/race");

  private final Host host = Host.get();

  RacesIT() {
    Guest.file(FOLDER.resolve("file-0"), "content\n");
    Guest.file(FOLDER.resolve("file-1"), "content\n");
    Guest.file(FOLDER.resolve("runs-42"), "#!/bin/sh\nexit 42\n");
    Guest.file(FOLDER.resolve("runs-43"), "#!/bin/sh\nexit 43\n");
    Guest.cgroup("/race"); // covered before anything happens in it
    host.admin().apply("trial-race");
  }

  /**
   * A path is walked anew where only mounts have changed: whoever mounts must not make it unknown.
   */
  @Test
  void mountsThatComeAndGoMustNotHideAPath() {
    String race = "race-mounts -n 1500 " + Host.files(2, 2).resolve("forbidden-0");
    Answer control = Attack.run(Attack.in(Guest.UNCOVERED + "/race", race));
    assertEquals(1500, control.number("forbidden"), control::toString);
    assertTrue(control.number("mounts") > 10, () -> "proves nothing: " + control);
    long undecidable = host.admin().counter(Hook.FILE_OPEN, "undecidable");
    Answer enforced = Attack.run(Attack.in(Host.covered("mounts"), race));
    assertEquals(1500, enforced.number("refused"), enforced::toString);
    assertTrue(enforced.number("mounts") > 10, enforced::toString);
    assertEquals(undecidable, host.admin().counter(Hook.FILE_OPEN, "undecidable"));
  }

  @ParameterizedTest
  @CsvSource({
    "0, race-open -n 50000 /trial/race/file-0 /trial/race/file-1",
    "1, race-open -d links -n 50000 /trial/race/file-0 /trial/race/file-1",
    "2, race-net -n 20000 127.0.0.2 7778 127.0.0.3",
    "3, race-exec -n 100 /trial/race/runs-42 /trial/race/runs-43",
    "4, race-exec -d links -n 100 /trial/race/runs-42 /trial/race/runs-43",
  })
  void theForbiddenObjectMustNeverBeReached(int number, String tries) {
    // Of the many tries all on one kernel, a fifth on the others.
    String race =
        Share.isTurn(number)
            ? tries
            : tries.replace(" 50000 ", " 10000 ").replace(" 20000 ", " 4000 ");
    Answer control = Attack.run(Attack.in(Guest.UNCOVERED + "/race", race));
    assertTrue(control.number("forbidden") > 0, () -> "proves nothing: " + control);
    assertTrue(control.number("allowed") > 0, () -> "proves nothing: " + control);
    Answer enforced = Attack.run(Attack.in("/race/" + Integer.toHexString(race.hashCode()), race));
    assertEquals(0, enforced.number("forbidden"), enforced::toString);
    assertTrue(enforced.number("refused") > 0, enforced::toString);
    assertTrue(enforced.number("allowed") > 0, enforced::toString);
  }
}
