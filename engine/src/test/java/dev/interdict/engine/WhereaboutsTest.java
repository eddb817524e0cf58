package dev.interdict.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.interdict.verdict.NamedFiles.FileId;
import dev.interdict.verdict.NamedFiles.Place;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Root's, because who owns what is the point. */
final class WhereaboutsTest {
  private static final int EVE = 4242;

  @TempDir Path temporary;
  private Path folder;
  private Path hers;

  @BeforeEach
  void prepare() throws IOException {
    assumeTrue((Integer) Files.getAttribute(Path.of("/proc/self"), "unix:uid") == 0, "not root");
    // /tmp is sticky, and what is below it is root's.
    folder = Files.createDirectory(temporary.toRealPath().resolve("roots"));
    hers = Files.createDirectory(folder.resolve("hers"));
    own(hers, EVE);
  }

  @Test
  void aFileIsFoundWithThePlaceWhereItStands() throws IOException {
    Path file = Files.writeString(folder.resolve("secret"), "x");
    Whereabouts.Found found = find(file);
    assertEquals(Set.of(place(folder, "secret")), found.places());
    assertEquals(id(file), found.file());
    assertFalse(found.distrusted());
  }

  @Test
  void aPlaceIsKnownBeforeItsFileIsThere() throws IOException {
    Whereabouts.Found found = find(folder.resolve("later"));
    assertEquals(Set.of(place(folder, "later")), found.places());
    assertNull(found.file());
    assertEquals(Whereabouts.Found.NOTHING, find(folder.resolve("missing/later")));
  }

  @Test
  void linksOfRootLeadOnWhereverTheyStand() throws IOException {
    Path program = Files.writeString(folder.resolve("python3.11"), "x");
    Path link = Files.createSymbolicLink(folder.resolve("python3"), Path.of("python3.11"));
    Path run = Files.createSymbolicLink(folder.resolve("varrun"), Path.of("../roots"));

    Whereabouts.Found found = find(link);
    assertEquals(Set.of(place(folder, "python3"), place(folder, "python3.11")), found.places());
    assertEquals(id(program), found.file());
    assertEquals(Set.of(place(folder, "python3.11")), find(run.resolve("python3.11")).places());
    assertEquals(Set.of(place(folder, "new")), find(run.resolve("new")).places());
  }

  @Test
  void aLinkOfAUserLeadsToHerOwnFilesOnly() throws IOException {
    Path libc = Files.writeString(folder.resolve("libc.so"), "x");
    Path own = Files.writeString(hers.resolve("dotfile"), "x");
    own(own, EVE);
    Path bad = link(hers.resolve(".netrc"), libc);
    Path good = link(hers.resolve(".inputrc"), own);

    Whereabouts.Found found = find(bad);
    assertEquals(Set.of(place(hers, ".netrc")), found.places());
    assertNull(found.file());
    assertTrue(found.distrusted());
    assertEquals(id(own), find(good).file());
    assertTrue(find(good).places().contains(place(hers, "dotfile")));
  }

  @Test
  void aFolderThatIsALinkOfAUserLeadsToHerOwnFoldersOnly() throws IOException {
    Files.writeString(folder.resolve("passwd"), "x");
    link(hers.resolve(".aws"), folder);
    Whereabouts.Found found = find(hers.resolve(".aws/passwd"));
    assertEquals(Set.of(), found.places());
    assertNull(found.file());
  }

  /** Between two looks she may put a link in its place. */
  @Test
  void belowAFolderOfAUserOnlyHersCounts() throws IOException {
    Path inner = Files.createDirectory(hers.resolve("conf"));
    Path file = Files.writeString(inner.resolve("key"), "x");
    assertEquals(Set.of(), find(file).places(), "root's folder in hers");
    own(inner, EVE);
    assertEquals(Set.of(place(inner, "key")), find(file).places());
    assertNull(find(file).file(), "root's file in hers");
    own(file, EVE);
    assertEquals(id(file), find(file).file());
  }

  @Test
  void aHardLinkInAFolderOfAUserIsNotTheOthersFile() throws IOException {
    Path libc = Files.writeString(folder.resolve("libc.so"), "x");
    Path link = Files.createLink(hers.resolve(".netrc"), libc);
    assertNull(find(link).file());
    assertEquals(Set.of(place(hers, ".netrc")), find(link).places());
    assertEquals(id(libc), find(libc).file(), "under its own name it is itself");
  }

  @Test
  void whereEverybodyMayReplaceAFileAHardLinkDoesNotCount() throws IOException {
    Path open = Files.createDirectory(folder.resolve("open"));
    Path file = Files.writeString(open.resolve("shared"), "x");
    Files.createLink(folder.resolve("other"), file);
    Files.setAttribute(open, "unix:mode", 0777);
    assertNull(find(file).file());
    Files.setAttribute(open, "unix:mode", 01777);
    assertEquals(id(file), find(file).file());
  }

  @Test
  void deviceNumbersAreThoseOfTheKernel() {
    // makedev(8, 1) and makedev(0x123, 0xabcde) of glibc
    assertEquals(8 << 20 | 1, Whereabouts.kernelDevice(0x801));
    assertEquals(0x123 << 20 | 0xabcde, Whereabouts.kernelDevice(0xabc123deL));
  }

  private static Whereabouts.Found find(Path name) throws IOException {
    return Whereabouts.find(name.toString());
  }

  private static Path link(Path name, Path target) throws IOException {
    Files.createSymbolicLink(name, target);
    Files.setAttribute(name, "unix:uid", EVE, LinkOption.NOFOLLOW_LINKS);
    return name;
  }

  private static void own(Path file, int uid) throws IOException {
    Files.setAttribute(file, "unix:uid", uid);
  }

  private static Place place(Path folder, String name) throws IOException {
    FileId id = id(folder);
    return new Place(id.device(), id.inode(), name);
  }

  private static FileId id(Path file) throws IOException {
    Map<String, Object> all = Files.readAttributes(file, "unix:dev,ino");
    return new FileId(Whereabouts.kernelDevice((Long) all.get("dev")), (Long) all.get("ino"));
  }
}
