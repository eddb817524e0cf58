package dev.interdict.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.interdict.control.Unit;
import dev.interdict.policy.Policy.Scope;
import dev.interdict.verdict.UnitPlace;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class UnitsTest {
  private static final UnitPlace PLACE = new UnitPlace(1, 2);

  @TempDir Path root;
  private Units units;

  @BeforeEach
  void make() throws IOException {
    for (String path :
        List.of(
            "system.slice/a.service/deep", "system.slice/b.service", "user.slice/user-0.slice/s")) {
      Files.createDirectories(root.resolve(path));
    }
    Files.writeString(root.resolve("system.slice/cgroup.procs"), "");
    units = new Units(root, path -> OptionalLong.of(path.length()));
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
    Units none = new Units(root, path -> OptionalLong.empty());
    assertEquals(List.of(), none.of(List.of(scope()), PLACE));
  }
}
