package dev.interdict.verdict;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.interdict.event.EventLayouts;
import dev.interdict.libbpf.MapInfo;
import dev.interdict.testkit.FakeBpfMap;
import dev.interdict.verdict.NamedFiles.FileId;
import dev.interdict.verdict.NamedFiles.Place;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** The order in which a program on another processor sees a change. */
class NamedFilesTest {
  private static final int DEVICE = 0x800001;
  private static final long FOLDER = 4711;
  private static final long FILE = 4712;
  private static final Map<Place, Integer> PLACES = Map.of(new Place(DEVICE, FOLDER, "secret"), 1);
  private static final Map<FileId, Integer> FILES = Map.of(new FileId(DEVICE, FILE), 1);

  private final FakeBpfMap page =
      new FakeBpfMap(MapInfo.ARRAY, 4, EventLayouts.ENGINE_STATE.size(), 1);
  private final EngineState state = new EngineState(page);
  private final FakeBpfMap places =
      new FakeBpfMap(MapInfo.HASH, EventLayouts.NAMED_PLACE.size(), 4, 8);
  private final FakeBpfMap files =
      new FakeBpfMap(MapInfo.HASH, EventLayouts.NAMED_FILE.size(), 4, 8);
  private final NamedFiles named = new NamedFiles(places, files, state);
  private final List<String> seen = new ArrayList<>();

  private boolean mayBeNamed(long inode) {
    int bit = NamesFilter.bit(inode, DEVICE);
    long start = EventLayouts.ENGINE_STATE.offset("names_filter");
    long at = start + (long) Long.BYTES * (bit / Long.SIZE);
    return (page.memory().get(ValueLayout.JAVA_LONG, at) >>> bit & 1) != 0;
  }

  private int epoch() {
    return page.memory().get(ValueLayout.JAVA_INT, EventLayouts.ENGINE_STATE.offset("names_epoch"));
  }

  /** How many folders and how many names of them the map has. */
  private String held() {
    long folders =
        places.keys().stream()
            .filter(
                key -> ByteBuffer.wrap(key).getLong(EventLayouts.NAMED_PLACE.offset("name")) == 0)
            .count();
    return folders + " folders, " + (places.size() - folders) + " names";
  }

  @Test
  void theFilterHasABitBeforeItsEntryIsThere() {
    places.beforeWrite(0, () -> seen.add("folder " + mayBeNamed(FOLDER)));
    files.beforeWrite(0, () -> seen.add("file " + mayBeNamed(FILE)));
    named.write(PLACES, FILES, true);
    assertEquals(List.of("folder true", "file true"), seen);
  }

  @Test
  void theFilterHasABitUntilItsEntryIsGone() {
    named.write(PLACES, FILES, true);
    places.beforeDelete(() -> seen.add("folder " + mayBeNamed(FOLDER)));
    files.beforeDelete(() -> seen.add("file " + mayBeNamed(FILE)));
    named.write(Map.of(), Map.of(), true);
    assertEquals(List.of("folder true", "folder true", "file true"), seen);
    assertTrue(!mayBeNamed(FOLDER) && !mayBeNamed(FILE));
  }

  /** Who finds no folder asks for none of its names. */
  @Test
  void aFolderIsThereBeforeItsNamesAndUntilTheyAreGone() {
    for (int name = 0; name < 16; name++) { // by chance one is first
      Map<Place, Integer> one = Map.of(new Place(DEVICE, FOLDER, "secret" + name), 1);
      places.beforeWrite(places.writes() + 1, () -> seen.add(held()));
      named.write(one, FILES, true);
      places.beforeDelete(() -> seen.add(held()));
      named.write(Map.of(), FILES, true);
      places.beforeDelete(() -> {});
      assertEquals(List.of("1 folders, 0 names", "1 folders, 1 names", "1 folders, 0 names"), seen);
      seen.clear();
    }
  }

  /** It may have been killed after it had changed a map, and before it said so. */
  @Test
  void whatProgramsRememberIsVoidAfterAnEngineThatWasKilled() {
    named.write(PLACES, FILES, true);
    int before = epoch();
    NamedFiles next = new NamedFiles(places, files, state);
    assertNotEquals(before, epoch());
    before = epoch();
    next.write(PLACES, FILES, true);
    assertEquals(before, epoch(), "nothing has changed");
  }
}
