package dev.interdict.engine;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import dev.interdict.eval.HostNames.Location;
import dev.interdict.event.Workload;
import dev.interdict.libbpf.Cgroups;
import dev.interdict.workload.Workloads;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class KernelNamesTest {
  private static final String USERS = "/user.slice/user-7.slice/user@7.service/";

  /** Whose path is too long to be told. */
  private static final long DEEP = 5000;

  private final Map<Long, String> host = new HashMap<>();
  private final Workloads workloads = new Workloads(Path.of("/sys/fs/cgroup"));
  private final KernelNames names =
      new KernelNames(this::place, new NameSets(), workloads, bits -> List.of());
  private int asked;

  private Optional<Cgroups.Place> place(long id) {
    asked++;
    return Optional.ofNullable(host.get(id))
        .map(path -> new Cgroups.Place(path.getBytes(UTF_8), id != DEEP));
  }

  @AfterEach
  void close() {
    workloads.close();
  }

  /** Else a decision would be kept for good that was made when too many files were open. */
  @Test
  void aPathThatCannotBeToldNowIsNotSettled() {
    assertNotEquals(0, names.settle(7, 1));
    assertEquals(Workload.UNTOLD, names.workload(7));
    host.put(7L, "/system.slice/nginx.service");
    assertNotEquals(0, names.settle(7, 1), "not for each event");
    assertEquals(1, asked);
    names.refresh();
    assertEquals(0, names.settle(7, 1));
    assertEquals("nginx.service", names.workload(7).unit().text());
  }

  /** For rules it has no path; a scope covers it as it covers what is above it. */
  @Test
  void whatIsTooDeepIsWhereTheNearestIsWhosePathCanBeTold() {
    host.put(DEEP, "/system.slice/nginx.service/x");
    host.put(7L, "/system.slice/nginx.service");
    assertNull(names.cgroupPath(DEEP));
    assertEquals(Workload.UNTOLD, names.workload(DEEP));
    Location deep = names.location(DEEP);
    assertArrayEquals("/system.slice/nginx.service/x".getBytes(UTF_8), deep.path());
    assertEquals("nginx.service", deep.whose().unit().text());
    assertArrayEquals(names.cgroupPath(7), names.location(7).path());
    assertEquals(names.workload(7), names.location(7).whose());
    Location gone = names.location(8);
    assertNull(gone.path());
    assertEquals(Workload.UNTOLD, gone.whose());
  }

  /** They make as many as they like, with paths as long as they like. */
  @Test
  void usersPushOutNobodyElses() {
    host.put(1L, "/system.slice/nginx.service");
    names.workload(1);
    for (long id = 2; id < 3000; id++) {
      host.put(id, USERS + "a".repeat(4000));
      assertNull(names.workload(id).container());
    }
    int before = asked;
    assertArrayEquals("/system.slice/nginx.service".getBytes(UTF_8), names.cgroupPath(1));
    assertEquals(before, asked);
    names.cgroupPath(2);
    assertEquals(before + 1, asked, "theirs have a bound");
  }
}
