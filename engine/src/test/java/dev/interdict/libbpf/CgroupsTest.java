package dev.interdict.libbpf;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class CgroupsTest {
  private static String below(String root, String directory) {
    return Cgroups.below(bytes(root), bytes(directory))
        .map(path -> new String(path, StandardCharsets.UTF_8))
        .orElse(null);
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  @Test
  void aPathIsToldFromTheMountPointOn() {
    assertEquals("/", below("/sys/fs/cgroup", "/sys/fs/cgroup"));
    assertEquals("/a.slice/b", below("/sys/fs/cgroup", "/sys/fs/cgroup/a.slice/b"));
  }

  @Test
  void whatIsNotBelowTheMountPointHasNoPath() {
    assertEquals(null, below("/sys/fs/cgroup", "/a"), "a mount that was taken away");
    assertEquals(null, below("/sys/fs/cgroup", "/sys/fs/cgroups/a"));
    assertEquals(null, below("/sys/fs/cgroup", ""));
  }
}
