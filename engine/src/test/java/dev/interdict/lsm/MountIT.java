package dev.interdict.lsm;

import dev.interdict.event.Hook;
import dev.interdict.lsm.Trial.Who;
import java.nio.file.Path;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestFactory;

/**
 * Every way that the attack tool knows to change the tree of mounts, or a root: as root in mounts
 * of his own, and as somebody who has them by a user namespace.
 */
@Tag("lsm")
class MountIT {
  private static final String POLICY = "trial-mount";
  private static final Path PLACES = Path.of("/trial/mount");

  @BeforeAll
  static void apply() {
    for (String folder : new String[] {"from", "root", "closed", "open"}) {
      Guest.directory(PLACES.resolve(folder));
    }
    for (String[] door : Attack.list("mount")) {
      Guest.directory(Path.of(place("closed", door[2])));
      Guest.directory(Path.of(place("open", door[2])));
    }
    Host.get().apply(POLICY);
  }

  @AfterAll
  static void delete() {
    Host.get().delete(POLICY);
  }

  /** Each place is closed to one kind of change; the door's own preparations there pass. */
  @TestFactory
  Stream<DynamicTest> changingTheTreeOfMountsMustBeRefusedByEveryDoor() {
    return new Trials(
            Attack.list("mount").stream()
                .map(
                    door ->
                        new Trial(
                            "mount-" + door[1],
                            "mount -d " + door[1] + " %s",
                            null,
                            place("closed", door[2]),
                            place("open", door[2]),
                            "EPERM",
                            Hook.MOUNT,
                            Pattern.compile(Pattern.quote(place("closed", door[2]))),
                            1,
                            door[3].equals("root") ? Set.of(Who.USER) : Set.of()))
                .toList())
        .tests();
  }

  private static String place(String folder, String access) {
    return PLACES.resolve(folder).resolve(access).toString();
  }
}
