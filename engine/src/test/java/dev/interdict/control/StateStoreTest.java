package dev.interdict.control;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.interdict.control.StateStore.Revision;
import dev.interdict.control.StateStore.Saved;
import dev.interdict.control.StateStore.SavedPolicy;
import dev.interdict.policy.Policy.Mode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StateStoreTest {
  @TempDir Path temp;

  /** The machine stops at its n-th step; a write that it interrupts is half done. */
  private static final class StoppingDisk implements Disk {
    private int steps;

    StoppingDisk(int steps) {
      this.steps = steps;
    }

    private boolean stops() {
      return steps-- <= 0;
    }

    @Override
    public void write(Path file, byte[] content) throws IOException {
      if (stops()) {
        Disk.REAL.write(file, Arrays.copyOf(content, content.length / 2));
        throw new IOException("stopped");
      }
      Disk.REAL.write(file, content);
    }

    @Override
    public void rename(Path from, Path to) throws IOException {
      if (stops()) {
        throw new IOException("stopped");
      }
      Disk.REAL.rename(from, to);
    }

    @Override
    public void delete(Path file) throws IOException {
      if (stops()) {
        throw new IOException("stopped");
      }
      Disk.REAL.delete(file);
    }

    @Override
    public void append(Path file, long keep, byte[] content) throws IOException {
      if (stops()) {
        Disk.REAL.append(file, keep, Arrays.copyOf(content, content.length / 2));
        throw new IOException("stopped");
      }
      Disk.REAL.append(file, keep, content);
    }
  }

  private static String digest(int number) {
    return Digest.of(sources(number));
  }

  private static SortedMap<String, byte[]> sources(int number) {
    return new TreeMap<>(Map.of("policy.yaml", ("policy " + number).getBytes(UTF_8)));
  }

  private static Saved state(int generation) {
    SavedPolicy policy =
        new SavedPolicy(
            "p",
            digest(generation),
            1L,
            "c" + generation,
            3,
            null,
            "2026-01-01T00:00:00Z",
            "",
            false);
    return new Saved(
        Saved.VERSION,
        generation,
        Mode.ENFORCE,
        List.of(policy),
        new TreeMap<>(),
        null,
        List.of(),
        null);
  }

  private static void apply(StateStore store, int generation) {
    SortedMap<String, byte[]> sources = sources(generation);
    Revision revision = new Revision(sources, sources.get("policy.yaml"));
    store.write("p", digest(generation), revision);
    store.save(state(generation));
    store.prune(List.of());
  }

  /** The generation that a new engine finds, after having read all that it names. */
  private static long found(Path directory) {
    StateStore store = new StateStore(directory);
    Saved saved = store.load();
    for (SavedPolicy policy : saved.policies()) {
      byte[] expected = ("policy " + saved.generation()).getBytes(UTF_8);
      Revision revision = store.read(policy.name(), policy.digest());
      assertArrayEquals(expected, revision.sources().get("policy.yaml"));
      assertArrayEquals(expected, revision.compiled());
    }
    return saved.generation();
  }

  private Path store(String name, int generations) {
    Path directory = temp.resolve(name);
    for (int i = 1; i <= generations; i++) {
      apply(new StateStore(directory), i);
    }
    return directory;
  }

  @Test
  void aNewStoreIsEmpty() {
    assertNull(new StateStore(temp.resolve("new")).load());
  }

  @Test
  void aCrashAtAnyStepLeavesTheOldOrTheNewStateWhole() {
    boolean completed = false;
    for (int step = 0; !completed; step++) {
      Path directory = store("crash" + step, 3);
      try {
        apply(new StateStore(directory, History.Memory.NONE, new StoppingDisk(step)), 4);
        completed = true; // deleting what is no longer needed may fail without harm
      } catch (StoreException e) {
        assertTrue(step < 5, e::toString);
      }
      long generation = found(directory);
      assertTrue(generation == 3 || generation == 4, "step " + step + ": " + generation);
      assertEquals(completed, generation == 4, "step " + step);
      apply(new StateStore(directory), 5);
      assertEquals(5, found(directory), "after step " + step);
    }
  }

  @Test
  void aDamagedStateFallsBackToTheOneBefore() throws IOException {
    Path directory = store("damaged", 3);
    byte[] whole = Files.readAllBytes(directory.resolve("state.json"));
    for (int length = 0; length < whole.length; length += 7) {
      Files.write(directory.resolve("state.json"), Arrays.copyOf(whole, length));
      assertEquals(2, found(directory), "cut after " + length);
    }
  }

  @Test
  void ifBothAreDamagedNothingIsGuessed() throws IOException {
    Path directory = store("both", 3);
    Files.writeString(directory.resolve("state.json"), "{");
    Files.writeString(directory.resolve("state.json.before"), "");
    assertThrows(StoreException.class, () -> new StateStore(directory).load());
  }

  @Test
  void aDamagedRevisionIsReportedAndTheOthersStay() throws IOException {
    Path directory = store("revision", 2);
    StateStore store = new StateStore(directory);
    Path zip;
    try (Stream<Path> files = Files.list(directory.resolve("policies"))) {
      zip =
          files
              .filter(f -> f.toString().contains(digest(2).substring(0, 16)))
              .findAny()
              .orElseThrow();
    }
    Files.write(zip, new byte[] {'P', 'K', 3, 4, 0});
    assertEquals(2, store.load().generation());
    assertThrows(StoreException.class, () -> store.read("p", digest(2)));
    store.read("p", digest(1));
  }

  /** By its name it would come into force as what it is not. */
  @Test
  void aRevisionInThePlaceOfAnotherIsNotRead() throws IOException {
    Path directory = store("swapped", 3);
    StateStore store = new StateStore(directory);
    Path policies = directory.resolve("policies");
    Files.copy(
        policies.resolve(StateStore.fileName("p", digest(2))),
        policies.resolve(StateStore.fileName("p", digest(3))),
        StandardCopyOption.REPLACE_EXISTING);
    store.read("p", digest(2));
    StoreException refused = assertThrows(StoreException.class, () -> store.read("p", digest(3)));
    assertTrue(refused.getMessage().contains("others have been put in their place"));
  }

  @Test
  void ofTooManyBytesTheOldestThatAreNotInForceMustGo() throws IOException {
    Path directory = temp.resolve("bytes");
    byte[] content = new byte[10_000];
    new Random(1).nextBytes(content);
    List<Map.Entry<String, String>> kept = new ArrayList<>();
    StateStore store = new StateStore(directory, History.Memory.NONE, Disk.REAL, 25_000);
    for (int i = 1; i <= 6; i++) {
      store.write("p", digest(i), new Revision(new TreeMap<>(), content));
      kept.add(Map.entry("p", digest(i)));
    }
    for (int i = 1; i <= 6; i++) { // 1 is the oldest
      Path file = directory.resolve("policies").resolve(StateStore.fileName("p", digest(i)));
      Files.setLastModifiedTime(file, FileTime.from(Instant.now().minusSeconds(7 - i)));
    }
    store.save(state(2));
    store.save(state(1));
    store.prune(kept);
    assertEquals(
        List.of(1, 2, 5, 6),
        IntStream.rangeClosed(1, 6).filter(i -> store.has("p", digest(i))).boxed().toList());
  }

  /** The change that is to name it is not there yet. */
  @Test
  void whatIsWrittenForAChangeUnderWayMustStay() {
    StateStore store = new StateStore(store("claimed", 2));
    Revision revision = new Revision(sources(7), new byte[] {7});
    boolean kept =
        store.written(
            Map.of("p", revision),
            () -> {
              store.prune(List.of());
              return store.has("p", digest(7));
            });
    assertTrue(kept);
    store.prune(List.of());
    assertFalse(store.has("p", digest(7)), "the change was not made");
  }

  private List<String> files(Path directory) throws IOException {
    try (Stream<Path> files = Files.list(directory.resolve("policies"))) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }

  /** Each try would take another part of what a full disk has left. */
  @Test
  void whatCouldNotBeWrittenMustNotStay() throws IOException {
    Path directory = store("full", 2);
    StepDisk disk = new StepDisk();
    StateStore store = new StateStore(directory, History.Memory.NONE, disk);
    List<String> before = files(directory);
    Revision revision = new Revision(sources(7), new byte[] {7});
    disk.renaming =
        file -> {
          throw new IOException("no space left on device");
        };
    for (int i = 0; i < 3; i++) {
      assertThrows(StoreException.class, () -> store.write("p", digest(7), revision));
      assertEquals(before, files(directory));
    }
    disk.deleting =
        file -> {
          throw new IOException("nor can it be taken away");
        };
    StoreException failure =
        assertThrows(StoreException.class, () -> store.write("p", digest(7), revision));
    assertEquals("nor can it be taken away", failure.getSuppressed()[0].getMessage());
    assertEquals(before.size() + 1, files(directory).size());
    disk.deleting = file -> {};
    store.prune(List.of());
    assertEquals(before, files(directory), "nobody writes there any more");
  }

  @Test
  void twoThatWriteTheSameRevisionMustNotDisturbEachOther() {
    StepDisk disk = new StepDisk();
    StateStore store = new StateStore(store("same", 1), History.Memory.NONE, disk);
    Revision revision = new Revision(sources(7), new byte[] {7});
    disk.renaming =
        file -> {
          disk.renaming = again -> {};
          store.write("p", digest(7), revision);
        };
    store.write("p", digest(7), revision);
    assertArrayEquals(new byte[] {7}, store.read("p", digest(7)).compiled());
  }

  /** Its writer, who waits for nobody, gives it its name while the others are looked through. */
  @Test
  void aFileThatGoesMeanwhileMustNotKeepTheOthers() throws IOException {
    Path directory = store("gone", 3);
    StepDisk disk = new StepDisk();
    StateStore store = new StateStore(directory, History.Memory.NONE, disk, 0);
    Path policies = directory.resolve("policies");
    Files.writeString(policies.resolve("x.1.new"), "half");
    store.write("p", digest(9), new Revision(sources(9), new byte[] {9}));
    disk.deleting =
        file -> {
          if (file.endsWith("x.1.new")) {
            Files.delete(file);
          }
        };
    store.prune(List.of(Map.entry("p", digest(9))));
    assertEquals(
        Stream.of(2, 3).map(i -> StateStore.fileName("p", digest(i))).sorted().toList(),
        files(directory),
        "and there is no room for the one that is not in force");
  }

  @Test
  void twoGenerationsAreKeptAndNoMore() throws IOException {
    Path directory = store("pruned", 6);
    try (Stream<Path> files = Files.list(directory.resolve("policies"))) {
      assertEquals(2, files.count());
    }
  }
}
