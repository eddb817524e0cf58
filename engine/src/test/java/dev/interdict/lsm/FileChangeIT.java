package dev.interdict.lsm;

import dev.interdict.event.Hook;
import dev.interdict.lsm.Trial.Who;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestFactory;

/** Every change of a name or an attribute that the attack tool knows. */
@Tag("lsm")
class FileChangeIT {
  private static final String POLICY = "trial-change";
  private static final Path FILES = Path.of("/trial/change");
  private static final Set<Who> NOBODY = EnumSet.noneOf(Who.class);
  private static final Set<Who> USER = EnumSet.of(Who.USER);

  /**
   * What the caller sees where it is not the real name; of a folder what stands before the name.
   */
  private static final Map<String, String> SEEN =
      Map.of(
          "userdir", "/trial/change/work-\\w+/mounted/",
          "binddir", "/trial/change/work-\\w+/mounted/",
          "bind", "/trial/change/work-\\w+/bound");

  /** The command that prepares what a door needs. */
  private static final Map<String, String> BEFORE =
      Map.of("there", "file %s", "owned", "file %s", "folder", "folder %s", "absent", "absent %s");

  /** In audit the second name is asked about, too: what comes there is the forbidden file. */
  private static final int NAMES_OF_A_MOVED_FILE = 2;

  @BeforeAll
  static void apply() {
    Guest.directory(FILES);
    Guest.directory(FILES.resolve("below"));
    Host.get().apply(POLICY);
  }

  @AfterAll
  static void delete() {
    Host.get().delete(POLICY);
  }

  @TestFactory
  Stream<DynamicTest> changingAForbiddenFileMustBeRefusedByEveryDoor() {
    return new Trials(Attack.list("change").stream().map(d -> trial(d[1], d[2], "direct")).toList())
        .tests();
  }

  @TestFactory
  Stream<DynamicTest> changingAForbiddenFileMustBeRefusedUnderEveryName() {
    return new Trials(
            Stream.of("relative", "dots", "procroot", "proccwd", "procfd", "userdir", "binddir")
                .flatMap(
                    alias ->
                        Stream.of(trial("unlink", "there", alias), trial("mkdir", "absent", alias)))
                .toList())
        .tests();
  }

  /** A symbolic link is deleted itself; what it leads to is changed through it. */
  @TestFactory
  Stream<DynamicTest> changingAForbiddenFileThroughALinkMustBeRefused() {
    return new Trials(
            Stream.of("symlink", "chain", "bind")
                .flatMap(
                    alias ->
                        Stream.of(
                            trial("truncate", "there", alias), trial("chmod", "owned", alias)))
                .toList())
        .tests();
  }

  private static Trial trial(String door, String kind, String alias) {
    String forbidden = kind.equals("absent") ? "new" : "secret";
    boolean moved = door.contains("link") || door.contains("rename");
    boolean root = kind.equals("owned") || alias.startsWith("bind");
    return new Trial(
        door + "-" + alias,
        "change -d " + door + " -a " + alias + " %s",
        BEFORE.get(kind),
        FILES.resolve(forbidden).toString(),
        FILES.resolve(kind.equals("absent") ? "free" : "twin").toString(),
        "EPERM",
        Hook.FILE_CHANGE,
        Pattern.compile(
            SEEN.getOrDefault(alias, "/trial/change/")
                + (alias.endsWith("dir") || !SEEN.containsKey(alias) ? forbidden : "")),
        moved ? NAMES_OF_A_MOVED_FILE : 1,
        root ? USER : NOBODY);
  }
}
