package dev.interdict.event;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class WorkloadTest {
  private static String unit(String path) {
    Workload workload = Workload.of(path.getBytes(ISO_8859_1));
    assertTrue(workload.told());
    return workload.unit() == null ? null : workload.unit().text();
  }

  @Test
  void theUnitIsTheFirstNameThatIsNoSlice() {
    assertEquals("nginx.service", unit("/system.slice/nginx.service"));
    assertEquals("nginx.service", unit("/nginx.service"));
    assertEquals("init.scope", unit("/init.scope"));
    assertEquals("session-3.scope", unit("/user.slice/user-1000.slice/session-3.scope"));
    assertEquals("getty@tty1.service", unit("/system.slice/system-getty.slice/getty@tty1.service"));
    assertEquals("dev-disk-by\\x2duuid-4.swap", unit("/system.slice/dev-disk-by\\x2duuid-4.swap"));
    assertEquals("a.socket", unit("/system.slice/a.socket"));
    assertEquals("run-x.mount", unit("/system.slice/run-x.mount"));
    assertEquals("udev.service", unit("/system.slice/udev.service/udev"));
  }

  /** The kernel has a file cgroup.service or so in every folder: systemd writes an underscore. */
  @Test
  void anUnderscoreInFrontIsSystemds() {
    assertEquals("cgroup.service", unit("/system.slice/_cgroup.service"));
    assertEquals("_a.service", unit("/system.slice/__a.service"));
  }

  /** Who has a cgroup of his own calls those below it as he likes. */
  @Test
  void whatSomebodyMakesBelowHisOwnCountsForNothing() {
    String own = "/user.slice/user-1000.slice/user@1000.service";
    assertEquals("user@1000.service", unit(own + "/app.slice/nginx.service"));
    assertEquals("user@1000.service", unit(own + "/system.slice/nginx.service"));
    assertEquals("user@1000.service", unit(own + "/nginx.service"));
    assertEquals("docker-1.scope", unit("/system.slice/docker-1.scope/system.slice/nginx.service"));
    assertNull(unit("/docker/1/system.slice/nginx.service"));
    assertNull(unit("/lxc.payload.a/nginx.service"));
  }

  @Test
  void whatIsNoUnitHasNone() {
    for (String path :
        new String[] {
          "/",
          "/system.slice",
          "/.service",
          "/system.slice/.slice/nginx.service",
          "/system.slice/a b.service",
          "/system.slice/\u00e4.service",
          "/system.slice/nginx.service.d",
          "/system.slice/nginx.target",
          "/system.slice/" + "a".repeat(248) + ".service"
        }) {
      assertNull(unit(path), path);
    }
    assertEquals("a".repeat(247) + ".service", unit("/" + "a".repeat(247) + ".service"));
  }

  @Test
  void withoutAPathNothingIsTold() {
    assertSame(Workload.UNTOLD, Workload.of(null));
    assertFalse(Workload.UNTOLD.told());
  }
}
