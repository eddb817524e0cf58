package dev.interdict.eval;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StaleCodeTest {
  private static final Duration LONG = StaleCode.KEPT.plusDays(1);
  private static final String NEW = "1".repeat(64);
  private static final String OLD = "2".repeat(64);
  private static final String BOTH = "dev.interdict.eval.code.Policy_both";
  private static final String ITS = "dev.interdict.eval.code.Policy_its";

  @TempDir Path folder;
  private Path root;
  private Path files;
  private ClassCache cache;

  @BeforeEach
  void open() throws IOException {
    root = folder.resolve("classes");
    cache = new ClassCache(root);
    try (Stream<Path> translators = Files.list(root)) {
      files = translators.findFirst().orElseThrow();
    }
    cache.prune(List.of());
    age("pruned", Duration.ofDays(2));
  }

  private static PolicyCode code(String... shared) {
    Map<String, byte[]> classes = new TreeMap<>();
    for (String name : shared) {
      classes.put(name, new byte[] {1});
    }
    return new PolicyCode("Main", List.of(shared), Map.of("Main", new byte[] {2}), classes);
  }

  private void age(String name, Duration age) throws IOException {
    Files.setLastModifiedTime(files.resolve(name), FileTime.from(Instant.now().minus(age)));
  }

  private Set<String> names() throws IOException {
    Set<String> names = new TreeSet<>();
    try (Stream<Path> all = Files.list(files)) {
      all.forEach(file -> names.add(file.getFileName().toString()));
    }
    names.remove("pruned");
    return names;
  }

  private void fill() throws IOException {
    cache.put(NEW, code(BOTH));
    cache.put(OLD, code(BOTH, ITS));
    for (String name : names()) {
      age(name, LONG);
    }
    age(NEW, Duration.ofDays(2));
  }

  @Test
  void aSharedClassGoesWithTheLastModuleThatNamesIt() throws IOException {
    fill();
    cache.prune(List.of());
    assertEquals(Set.of(NEW, BOTH), names());
    assertNotNull(cache.get(NEW));
  }

  @Test
  void whatThisProcessHasLoadedStaysHoweverOld() throws IOException {
    fill();
    cache.prune(List.of(OLD));
    assertEquals(Set.of(NEW, OLD, BOTH, ITS), names());
  }

  @Test
  void whatIsReadIsInUse() throws IOException {
    fill();
    assertNotNull(cache.get(OLD));
    cache.put("tried-a", new byte[0]);
    age("tried-a", LONG);
    assertTrue(cache.has("tried-a"));
    cache.prune(List.of());
    assertEquals(Set.of(NEW, OLD, BOTH, ITS, "tried-a"), names());
  }

  @Test
  void thereIsALookADayAndNoneOnTheFirst() throws IOException {
    fill();
    Files.delete(files.resolve("pruned")); // as in a cache that an image brings along
    cache.prune(List.of());
    cache.prune(List.of());
    assertEquals(4, names().size());
    age("pruned", Duration.ofDays(2));
    cache.prune(List.of());
    assertEquals(2, names().size());
    age(NEW, LONG);
    cache.prune(List.of());
    assertEquals(2, names().size(), "it is the same day");
  }

  /** Another process writes the shared classes first, then the module. */
  @Test
  void whatIsYoungMayBelongToAModuleThatIsAboutToCome() throws IOException {
    cache.put(BOTH, new byte[] {1});
    cache.put("new-1.tmp", new byte[0]);
    cache.prune(List.of());
    assertEquals(Set.of(BOTH, "new-1.tmp"), names());
    age(BOTH, Duration.ofDays(2));
    age("new-1.tmp", Duration.ofDays(2));
    age("pruned", Duration.ofDays(2));
    cache.prune(List.of());
    assertEquals(Set.of(), names());
  }

  @Test
  void aModuleWhoseSharedClassHasGoneIsMadeAnew() throws IOException {
    fill();
    Files.delete(files.resolve(ITS));
    assertNull(cache.get(OLD));
    cache.put(OLD, code(BOTH, ITS));
    assertNotNull(cache.get(OLD));
  }

  @Test
  void aSpoiledModuleNamesNothing() throws IOException {
    fill();
    Files.write(files.resolve(NEW), new byte[] {1, 2, 3});
    cache.prune(List.of());
    assertEquals(Set.of(NEW), names());
    assertNull(cache.get(NEW));
  }

  @Test
  void ofTooManyTheOldestGo() throws IOException {
    for (int i = 0; i < StaleCode.ENTRIES_MAX + 5; i++) {
      Files.createFile(files.resolve("tried-" + i));
      age("tried-" + i, Duration.ofMinutes(i));
    }
    cache.prune(List.of());
    assertEquals(StaleCode.ENTRIES_MAX, names().size());
    assertFalse(names().contains("tried-" + StaleCode.ENTRIES_MAX));
  }

  @Test
  void theFolderOfATranslatorThatNobodyHasGoes() throws IOException {
    for (String name : List.of("0123456789abcdef", "fedcba9876543210", "mine")) {
      Path other = Files.createDirectory(root.resolve(name));
      Files.createFile(other.resolve("file"));
      if (!name.startsWith("f")) {
        Files.setLastModifiedTime(other, FileTime.from(Instant.now().minus(LONG)));
      }
    }
    cache.prune(List.of());
    assertFalse(Files.exists(root.resolve("0123456789abcdef")));
    assertTrue(Files.exists(root.resolve("fedcba9876543210/file")));
    assertTrue(Files.exists(root.resolve("mine/file")), "it is no translator's");
  }

  @Test
  void whoLoadsAPolicyLooks() throws Exception {
    fill();
    new PolicyModules(root, Limits.DEFAULT).load(new TinyModule().policy());
    assertFalse(names().contains(OLD));
    assertTrue(names().contains(NEW));
  }
}
