package dev.interdict.policy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.interdict.event.Workload;
import dev.interdict.event.Workload.Container;
import dev.interdict.event.Workload.Pod;
import dev.interdict.event.Workload.Word;
import dev.interdict.policy.Policy.Scope;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ScopeTest {
  private static final Container WEB =
      new Container(
          Word.of("c3"),
          true,
          Word.of("containerd"),
          Word.of("web"),
          Word.of("docker.io/library/nginx:1.27"),
          new Pod(Word.of("shop"), Word.of("web-5"), null));

  private static Scope of(String cgroups, String units) {
    return Scope.of(words(cgroups), List.of(), words(units), List.of());
  }

  private static List<String> words(String text) {
    return text == null ? List.of() : List.of(text.split(" ", -1));
  }

  private static Boolean covers(Scope scope, String cgroup, Container container) {
    byte[] path = cgroup == null ? null : cgroup.getBytes(StandardCharsets.UTF_8);
    return scope.covers(cgroup, Workload.of(path).with(container, true));
  }

  private static boolean covers(Map<String, String> entry, Container container) {
    Scope scope = Scope.of(List.of(), List.of(), List.of(), List.of(entry));
    return covers(scope, "/kubepods.slice/c3", container);
  }

  @ParameterizedTest
  @CsvSource({
    "/system.slice/ssh.service, , /system.slice/ssh.service, true",
    "/system.slice/ssh.service, , /system.slice/ssh.service/a, true",
    "/system.slice/ssh.service, , /system.slice/ssh.services, false",
    "/, , /any, true",
    "/*.slice/ssh.service, , /system.slice/ssh.service/a/b, true",
    "/*.slice/ssh.service, , /a.slice/b.slice/ssh.service, false",
    "/kubepods.slice/**, , /kubepods.slice/a/b, true",
    "/kubepods.slice/**, , /kubepods.slice, false",
    "/*, , /, false",
    "/a /b*, , /bc, true",
    ", ssh.service, /system.slice/ssh.service/a, true",
    ", ssh.service, /ssh.service, true",
    ", ssh.service, /system.slice/sshd.service, false",
    ", app-*.service, /a.slice/a-b.slice/app-7.service, true",
    ", app-*.service, /a.slice/user@7.service/app-7.service, false",
    ", app-*.service, /a.slice, false",
    "/a, ssh.service, /a/b, true",
    "/a, ssh.service, /system.slice/ssh.service, true",
    "/a, ssh.service, /system.slice/cron.service, false",
  })
  void oneEntryIsEnough(String cgroups, String units, String cgroup, boolean expected) {
    assertEquals(expected, covers(of(cgroups, units), cgroup, null));
  }

  @Test
  void whatCannotBeToldIsSaidToBeSo() {
    assertNull(covers(of("/a*", null), null, null));
    assertNull(covers(of("/a", null), null, null));
    assertNull(covers(of(null, "a.service"), null, null));
    assertNull(of("/a*", null).covers(null, Workload.NONE));
    assertTrue(
        of("/a*", "c.service")
            .covers(null, Workload.of("/c.service".getBytes(StandardCharsets.UTF_8))));
    assertEquals(false, of(null, "a.service").covers(null, Workload.NONE), "nobody asks the path");
  }

  @Test
  void aContainerIsInIfAllOfAnEntryFits() {
    assertTrue(covers(Map.of("image", "docker.io/library/nginx:*"), WEB));
    assertFalse(covers(Map.of("image", "docker.io/*:1.27"), WEB), "a star stays within a name");
    assertTrue(covers(Map.of("image", "**/nginx:*", "namespace", "shop"), WEB));
    assertFalse(covers(Map.of("image", "**/nginx:*", "namespace", "other"), WEB));
    assertTrue(covers(Map.of("name", "web", "pod", "web-*"), WEB));
    assertFalse(covers(Map.of("name", "web", "pod", "db-*"), WEB));
    assertTrue(covers(Map.of("state", "known"), WEB));
    assertFalse(covers(Map.of("state", "known"), null));
    Container plain = new Container(Word.of("x"), true, Word.of("crun"), null, null, null);
    assertFalse(covers(Map.of("image", "**"), plain), "what it does not have");
    assertFalse(covers(Map.of("namespace", "**"), plain));
  }

  @Test
  void whatOnlyMayBeAContainerIsInOnlyIfThatIsWritten() {
    assertFalse(covers(Map.of("image", "**"), Container.UNKNOWN));
    assertFalse(covers(Map.of("state", "known"), Container.UNKNOWN));
    assertTrue(covers(Map.of("state", "unknown"), Container.UNKNOWN));
    assertFalse(covers(Map.of("state", "unknown"), WEB));
    assertFalse(covers(Map.of("state", "unknown"), null));
  }

  @Test
  void theFactsThatItGoesByAreThoseThatItAsksFor() {
    assertEquals(Set.of(), of("/a /b", null).facts(), "the kernel knows");
    assertEquals(Set.of(), of("/ /b*", "a.service").facts(), "everybody");
    assertEquals(Set.of("process.cgroup.path"), of("/a /b*", null).facts());
    assertEquals(Set.of("process.cgroup.path", "process.unit"), of("/a", "a.service").facts());
    Scope containers =
        Scope.of(
            List.of(),
            List.of(),
            List.of(),
            List.of(Map.of("pod", "a", "namespace", "b", "name", "c")));
    assertEquals(
        Set.of(
            "process.container.state",
            "process.container.name",
            "process.container.pod.name",
            "process.container.pod.namespace"),
        containers.facts());
  }

  @Test
  void itIsReadAsItIsWritten() {
    List<Map<String, String>> containers =
        List.of(
            Map.of("image", "a*", "namespace", "n", "pod", "p", "name", "x"),
            Map.of("state", "unknown"),
            Map.of("state", "known"));
    Scope scope =
        Scope.of(List.of("/a", "/b*"), List.of("eth0"), List.of("u*.service"), containers);
    assertEquals(List.of("/a", "/b*"), scope.cgroupTexts());
    assertEquals(List.of("u*.service"), scope.unitTexts());
    assertEquals(containers, scope.containerTexts());
    assertEquals(
        scope,
        Scope.of(
            scope.cgroupTexts(), scope.interfaces(), scope.unitTexts(), scope.containerTexts()));
    assertEquals(new Scope(List.of("/a"), List.of()), of("/a", null));
  }
}
