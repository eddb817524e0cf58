package dev.interdict.workload;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

class SuspectTest {
  private static final String ID = "0123456789abcdef".repeat(4);
  private static final String OTHER = "fedcba9876543210".repeat(4);

  /** As {@code id@cgroup}, what only may be one with a question mark. */
  private static List<String> on(String path) {
    return Suspect.on(path.getBytes(ISO_8859_1)).stream()
        .map(s -> s.id() + (s.likely() ? "@" : "?") + s.cgroup())
        .toList();
  }

  @Test
  void runtimesNameCgroupsByTheirContainers() {
    for (String path :
        List.of(
            "/system.slice/docker-" + ID + ".scope",
            "/machine.slice/libpod-" + ID + ".scope",
            "/kubepods.slice/kubepods-pod7_1.slice/cri-containerd-" + ID + ".scope",
            "/kubepods.slice/crio-" + ID + ".scope",
            "/machine.slice/machine-" + ID + ".scope",
            "/machine.slice/" + ID + ".scope",
            "/kubepods.slice/crio-" + ID,
            "/system.slice/web.service/libpod-payload-" + ID)) {
      assertEquals(List.of(ID + "@" + path), on(path));
    }
    assertEquals(
        List.of("docker?/docker", ID + "@/docker/" + ID), on("/docker/" + ID), "without systemd");
    assertEquals(
        List.of("libpod_parent?/libpod_parent", ID + "@/libpod_parent/libpod-" + ID),
        on("/libpod_parent/libpod-" + ID),
        "podman without systemd");
    String any = "/system.slice/my-own-web-1.scope";
    assertEquals(
        List.of("my-own-web-1?" + any, "own-web-1?" + any, "web-1?" + any, "1?" + any),
        on(any),
        "any prefix, which may have dashes");
    assertEquals(List.of("web?/web.scope"), on("/web.scope"), "no prefix");
    assertEquals(List.of("web-1@/user.slice/crun-web-1.scope"), on("/user.slice/crun-web-1.scope"));
    assertEquals(List.of("a@/runc-a.scope"), on("/runc-a.scope"));
    assertEquals(List.of("default?/default", "web?/default/web"), on("/default/web"));
  }

  /** Of containers within containers the outermost is the host's. */
  @Test
  void theOutermostComesFirst() {
    String outer = "/system.slice/docker-" + ID + ".scope";
    assertEquals(List.of(ID + "@" + outer, "init?" + outer + "/init"), on(outer + "/init"));
    assertEquals(
        List.of(
            ID + "@" + outer,
            "docker?" + outer + "/docker",
            OTHER + "@" + outer + "/docker/" + OTHER),
        on(outer + "/docker/" + OTHER));
  }

  @Test
  void unitsAndMonitorsAreNone() {
    for (String path :
        List.of(
            "/",
            "/system.slice/nginx.service",
            "/user.slice/user-1000.slice/session-3.scope",
            "/machine.slice/libpod-conmon-" + ID + ".scope",
            "/machine.slice/crio-conmon-" + ID + ".scope",
            "/machine.slice/crio-conmon-" + ID,
            "/init.scope",
            "/user.slice/user-0.slice/session-c2.scope",
            "/system.slice/run-u7.scope",
            "/system.slice/run-r0123456789abcdef.scope",
            "/system.slice/run-p12-i34.scope")) {
      assertEquals(List.of(), on(path), path);
    }
    for (String id : List.of(ID.substring(1), ID.toUpperCase(java.util.Locale.ROOT))) {
      assertTrue(on("/a.slice/docker-" + id + ".scope").stream().noneMatch(s -> s.contains("@")));
    }
    assertEquals(List.of(), on("/..").stream().toList());
    assertEquals(List.of(), on("/.hidden/a b/-x/\u00e4"));
    assertEquals(Suspect.DEPTH_MAX, on("/a".repeat(500)).size(), "bounded");
    assertEquals(Suspect.DEPTH_MAX, on("/a" + "-a".repeat(100) + ".scope").size(), "and so");
    List<Suspect> all = Suspect.on("/a/b/c".getBytes(ISO_8859_1));
    assertSame(all.getFirst().path(), all.getLast().path(), "not a text for each");
  }

  @Test
  void whatAUserHasBeenGivenIsHisWord() {
    String below =
        "/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-" + ID + ".scope";
    assertTrue(Suspect.isUsers(below.getBytes(ISO_8859_1)));
    assertFalse(Suspect.isUsers(below.replace("1000", "0").getBytes(ISO_8859_1)), "root's own");
    assertFalse(
        Suspect.isUsers(
            ("/system.slice/docker-" + ID + ".scope/user@1.service").getBytes(ISO_8859_1)));
  }
}
