package dev.interdict.lsm;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What runtimes write about their containers, written without them. */
final class Containers {
  private static final Path CRUN = Path.of("/run/crun");
  private static final Path KUBERNETES =
      Path.of("/run/containerd/io.containerd.runtime.v2.task/k8s.io");

  private Containers() {}

  /**
   * Has a runtime tell of a container.
   *
   * @param container as in {@code input}, known, with its id
   */
  static void write(String cgroup, JsonNode container) {
    JsonNode pod = container.path("pod");
    Map<String, String> annotations = new TreeMap<>();
    if (pod.isMissingNode()) {
      annotations.put("org.opencontainers.image.ref.name", container.path("image").asString(""));
    } else {
      annotations.put("io.kubernetes.cri.image-name", container.path("image").asString(""));
      annotations.put("io.kubernetes.cri.container-name", container.path("name").asString(""));
      annotations.put("io.kubernetes.cri.sandbox-namespace", pod.path("namespace").asString(""));
      annotations.put("io.kubernetes.cri.sandbox-name", pod.path("name").asString(""));
    }
    Path folder = pod.isMissingNode() ? CRUN : KUBERNETES;
    write(
        folder.resolve(container.path("id").asString()),
        Map.of("linux", Map.of("cgroupsPath", cgroup), "annotations", annotations));
  }

  /** Has crun tell of one that it has called {@code id}. */
  static void write(String cgroup, String id, String image) {
    write(
        CRUN.resolve(id),
        Map.of(
            "linux",
            Map.of("cgroupsPath", cgroup),
            "annotations",
            Map.of("org.opencontainers.image.ref.name", image)));
  }

  private static void write(Path folder, Map<String, Object> config) {
    try {
      Files.createDirectories(folder);
      Files.write(folder.resolve("config.json"), JsonMapper.shared().writeValueAsBytes(config));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
