package dev.interdict.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.interdict.control.Unit;
import dev.interdict.policy.Policy.Scope;
import dev.interdict.verdict.UnitPlace;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class UnitsTest {
  private static final UnitPlace PLACE = new UnitPlace(1, 2);

  @TempDir Path root;
  @TempDir Path proc;
  private Units units;

  @BeforeEach
  void make() throws IOException {
    for (String path :
        List.of(
            "system.slice/a.service/deep", "system.slice/b.service", "user.slice/user-0.slice/s")) {
      Files.createDirectories(root.resolve(path));
    }
    try (Stream<Path> all = Files.walk(root)) {
      for (Path cgroup : all.toList()) {
        Files.writeString(cgroup.resolve("cgroup.threads"), "");
        Files.writeString(cgroup.resolve("cgroup.events"), "populated 0\nfrozen 0\n");
      }
    }
    Files.delete(root.resolve("cgroup.events")); // as in a real one
    units = new Units(root, proc, path -> OptionalLong.of(path.length()));
  }

  private static void thread(Path proc, int number, long flags) throws IOException {
    Files.createDirectories(proc.resolve("" + number));
    Files.writeString(
        proc.resolve(number + "/stat"),
        number + " (a (b) c) S 1 1 1 0 -1 " + flags + " 100 0",
        StandardCharsets.US_ASCII);
  }

  private void threads(String cgroup, String numbers) throws IOException {
    Files.writeString(root.resolve(cgroup).resolve("cgroup.threads"), numbers);
  }

  private Set<String> populated(Scope scope) {
    return units.of(List.of(scope), PLACE).stream()
        .filter(Unit::populated)
        .map(Unit::cgroup)
        .collect(Collectors.toSet());
  }

  /** Most cgroups of a host are slices whose tasks are below, or wait for somebody to use them. */
  @Test
  void aUnitWithoutATaskIsNobody() throws IOException {
    assertEquals(Set.of(), populated(scope()));
    Path service = root.resolve("system.slice/a.service/cgroup.events");
    Files.writeString(service, "populated 1\nfrozen 0\n"); // the task may be deep in it
    assertEquals(Set.of("/system.slice/a.service"), populated(scope()));
    assertEquals(Set.of("/system.slice/a.service"), populated(scope("/system.slice")));
    assertEquals(Set.of(), populated(scope("/system.slice/a.service")), "below it is another");
    thread(proc, 7, 0x400140);
    threads("system.slice", "6\n7\n");
    assertEquals(Set.of("/system.slice", "/system.slice/a.service"), populated(scope()));
    threads("system.slice", "6\n");
    assertEquals(Set.of("/system.slice/a.service"), populated(scope()), "its last one has ended");
  }

  @Test
  void threadsOfTheKernelAreNobody() throws IOException {
    thread(proc, 2, 0x208040);
    threads("", "2\n");
    assertEquals(Set.of(), populated(scope()));
    thread(proc, 8, 0x400100);
    threads("", "2\n8\n");
    assertEquals(Set.of("/"), populated(scope()));
  }

  @Test
  void aUnitOfWhichNobodyCanSayMustNotBeTakenForEmpty() throws IOException {
    Path events = root.resolve("system.slice/b.service/cgroup.events");
    Files.delete(events);
    assertEquals(Set.of(), populated(scope()), "it is about to go: its files go first");
    Files.createDirectory(events);
    String message = assertThrows(UncheckedIOException.class, () -> of(scope())).getMessage();
    assertTrue(message.endsWith("system.slice/b.service"), message);
    Files.delete(events);
    threads("system.slice", "9\n");
    Files.createDirectories(proc.resolve("9/stat"));
    message = assertThrows(UncheckedIOException.class, () -> of(scope())).getMessage();
    assertTrue(message.endsWith("thread 9 is"), message);
  }

  private Set<String> of(Scope... scopes) {
    return units.of(List.of(scopes), PLACE).stream().map(Unit::cgroup).collect(Collectors.toSet());
  }

  private static Scope scope(String... cgroups) {
    return new Scope(List.of(cgroups), List.of());
  }

  @Test
  void ofTheWholeHostTheyAreTwoLevelsBelowTheRoot() {
    Set<String> expected =
        Set.of(
            "/",
            "/system.slice",
            "/system.slice/a.service",
            "/system.slice/b.service",
            "/user.slice",
            "/user.slice/user-0.slice");
    assertEquals(expected, of(scope()));
    assertEquals(expected, of(scope("/")));
    assertEquals(expected, of(scope("/system.slice"), scope()), "one of the two is");
    Scope units = Scope.of(List.of("/user.slice"), List.of(), List.of("a.service"), List.of());
    assertEquals(expected, of(units), "of such a scope the kernel knows nothing");
  }

  @Test
  void ofAScopeTheyAreBelowItsTopmostCgroups() {
    assertEquals(
        Set.of("/system.slice", "/system.slice/a.service", "/system.slice/b.service"),
        of(scope("/system.slice"), scope("/system.slice/a.service")));
    assertEquals(
        Set.of("/system.slice/a.service", "/system.slice/a.service/deep"),
        of(scope("/system.slice/a.service")));
    assertEquals(Set.of("/gone"), of(scope("/gone")), "its number says that it is there");
  }

  @Test
  void theyComeInTheOrderOfTheirPlaces() {
    List<Unit> all = units.of(List.of(scope("/system.slice")), PLACE);
    for (Unit unit : all) {
      double percent = 100.0 * PLACE.of(unit.cgroup().length()) / UnitPlace.ALL;
      assertEquals(percent, unit.percent());
      assertTrue(unit.isIn(100));
    }
    assertEquals(
        all.stream().map(Unit::percent).sorted().toList(),
        all.stream().map(Unit::percent).toList());
  }

  @Test
  void whatHasGoneMeanwhileIsNotListed() {
    Units none = new Units(root, proc, path -> OptionalLong.empty());
    assertEquals(List.of(), none.of(List.of(scope()), PLACE));
  }
}
