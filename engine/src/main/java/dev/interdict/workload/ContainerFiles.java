package dev.interdict.workload;

import dev.interdict.event.Workload.Container;
import dev.interdict.event.Workload.Pod;
import dev.interdict.event.Workload.Word;
import dev.interdict.files.OwnPath;
import dev.interdict.libbpf.PlainFile;
import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * What container runtimes write down about their containers, for themselves.
 *
 * <p>A cgroup's name proves nothing: who was given a cgroup makes others below it. So a container
 * is known only by a file in a folder of its runtime's, which nobody but root can write to, nor to
 * any folder on the way, and which names this very cgroup.
 *
 * <p>The files are looked at anew each time. That may take as long as the file systems take. Safe
 * for use by many threads.
 */
final class ContainerFiles {
  private static final JsonMapper JSON = JsonMapper.shared();

  /** Far above what runtimes write: some tens of kilobytes. */
  static final int FILE_MAX = 1 << 20;

  /** The list of all containers that podman keeps has an entry of 1 KiB for each. */
  private static final int LIST_MAX = 16 << 20;

  /** More namespaces of containerd than anybody has. */
  static final int NAMESPACES_MAX = 64;

  private static final String WHY = "and a container is believed to be what stands there";

  /** Folders with one folder a container: those of runtimes that are used by themselves. */
  private static final List<String> STATES =
      List.of("run/runc", "run/crun", "run/user/0/runc", "run/user/0/crun");

  /** The same by namespace: those of containerd, and of Docker, whose namespace is {@code moby}. */
  private static final List<String> NAMESPACED =
      List.of(
          "run/containerd/runc",
          "run/docker/runtime-runc",
          "run/docker/runtime-crun",
          "run/containerd/io.containerd.runtime.v2.task");

  private static final String KUBERNETES = "k8s.io";
  private static final String DOCKER = "moby";

  /** Where podman keeps names and images, by how it stores what is in them. */
  private static final List<String> LISTS =
      List.of(
          "var/lib/containers/storage/overlay-containers/",
          "var/lib/containers/storage/vfs-containers/",
          "run/containers/storage/overlay-containers/",
          "run/containers/storage/vfs-containers/");

  /** The second has those that are removed when they end. */
  private static final List<String> LIST_NAMES =
      List.of("containers.json", "volatile-containers.json");

  private final Path root;
  private final String cgroups;

  /** Lists of podman, as they were when they were read; never more than there are. */
  private final Map<Path, Listed> lists = new ConcurrentHashMap<>();

  /**
   * @param root of the file system
   * @param cgroups where cgroups are mounted, as runtimes write it
   */
  ContainerFiles(Path root, String cgroups) {
    this.root = root;
    this.cgroups = cgroups;
  }

  /**
   * What was found.
   *
   * @param container null: none
   * @param complete whether there is nothing that is still to be written
   */
  record Found(Container container, boolean complete) {
    static final Found NOTHING = new Found(null, true);
  }

  private static final Found UNKNOWN = new Found(Container.UNKNOWN, false);

  /** A list of podman's, by id. */
  private record Listed(FileTime modified, Object key, long size, Map<String, Named> containers) {
    boolean is(BasicFileAttributes now) {
      return now.lastModifiedTime().equals(modified)
          && Objects.equals(now.fileKey(), key)
          && now.size() == size;
    }
  }

  private record Named(Word name, Word image) {}

  /** A folder that has one for each container. */
  private record Parent(String keeper, Path folder) {}

  /** Those there are, and whether there may be more that cannot be looked at. */
  private static final class Parents {
    final List<Parent> all = new ArrayList<>();
    boolean unread;
  }

  /** What is written about a container, whoever has written it. */
  private static final class Account {
    final String namespace;
    final Path folder;

    /** Whether it names the cgroup, whether it names another, and whether it cannot be read yet. */
    boolean here;

    boolean elsewhere;
    boolean unread;
    Map<String, String> annotations;

    Account(String namespace, Path folder) {
      this.namespace = namespace;
      this.folder = folder;
    }
  }

  /**
   * Reads a file and an account, as a look does, but none that could be on a dead file system:
   * somebody waits for the first look at a container, and is not to wait for classes that are
   * loaded.
   *
   * @return what the account says
   */
  static Container warmUp() {
    try {
      var ignored = PlainFile.read(Path.of("/proc/self/cgroup"), FILE_MAX);
    } catch (IOException e) {
      // without /proc no look finds anything either
    }
    String id = "0".repeat(64);
    Account account = new Account("", Path.of("/", STATES.getFirst(), id));
    annotate(JSON.readTree("{\"config\":{\"labels\":[\"io.container.manager=cri-o\"]}}"), account);
    return new ContainerFiles(Path.of("/"), "/").container(Word.of(id), account);
  }

  /**
   * Looks for the outermost of {@code suspects} that is a container. What cannot be looked at, for
   * another reason than that it is not there, makes the answer unknown, never none.
   */
  Found find(List<Suspect> suspects) {
    Parents parents = parents();
    for (Suspect suspect : suspects) {
      Found found = find(suspect, parents);
      if (found.container != null) {
        return found;
      }
    }
    return Found.NOTHING;
  }

  private Found find(Suspect suspect, Parents parents) {
    List<Account> here = new ArrayList<>();
    Map<String, List<Path>> folders = new TreeMap<>();
    boolean unread = parents.unread;
    for (Parent parent : parents.all) {
      Path folder = parent.folder.resolve(suspect.id());
      try {
        if (isFolder(folder)) {
          OwnPath.resolve(folder, WHY);
          folders.computeIfAbsent(parent.keeper, g -> new ArrayList<>()).add(folder);
        }
      } catch (IOException e) {
        unread |= !isAbsent(e);
      }
    }
    for (List<Path> group : folders.values()) {
      Account account = read(group, suspect);
      if (account.here) {
        here.add(account);
      }
      unread |= account.unread || !(account.here || account.elsewhere);
    }
    if (here.size() != 1 || here.getFirst().unread || here.getFirst().annotations == null) {
      // None yet, not all of it yet, or several say that it is theirs: then nobody is believed.
      return unread || suspect.likely() || !here.isEmpty() ? UNKNOWN : Found.NOTHING;
    }
    Container known = container(Word.of(suspect.id()), here.getFirst());
    return known == null ? UNKNOWN : new Found(known, true);
  }

  /** Looked at anew each time, once for all suspects. */
  private Parents parents() {
    Parents parents = new Parents();
    for (String state : STATES) {
      add(new Parent("/" + state, root.resolve(state)), parents);
    }
    for (String parent : NAMESPACED) {
      Path folder = root.resolve(parent);
      int count = 0;
      try (DirectoryStream<Path> names = Files.newDirectoryStream(folder)) {
        for (Path one : names) {
          if (++count > NAMESPACES_MAX) {
            parents.unread = true;
            break;
          }
          add(new Parent(one.getFileName().toString(), one), parents);
        }
      } catch (IOException | DirectoryIteratorException e) {
        parents.unread |= !(e instanceof IOException io && isAbsent(io));
      }
    }
    return parents;
  }

  /** Whoever can write there can make a container's account as well as take it away. */
  private static void add(Parent parent, Parents parents) {
    try {
      if (isFolder(parent.folder)) {
        OwnPath.resolve(parent.folder, WHY);
        parents.all.add(parent);
      }
    } catch (IOException e) {
      parents.unread |= !isAbsent(e);
    }
  }

  private static boolean isFolder(Path path) throws IOException {
    return Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS)
        .isDirectory();
  }

  private static boolean isAbsent(IOException e) {
    return e instanceof NoSuchFileException
        || e instanceof NotDirectoryException
        || (e instanceof FileSystemException f && "Not a directory".equals(f.getReason()));
  }

  private Account read(List<Path> folders, Suspect suspect) {
    Path first = folders.getFirst();
    boolean plain = STATES.contains(root.relativize(first.getParent()).toString());
    Account account = new Account(plain ? "" : first.getParent().getFileName().toString(), first);
    for (Path folder : folders) {
      runc(folder, suspect, account);
      crun(folder, suspect, account);
    }
    // Where it is counts, not where it was to be.
    boolean placed = account.here || account.elsewhere;
    for (Path folder : folders) {
      bundle(folder, placed, suspect, account);
    }
    return account;
  }

  /** {@code state.json}: the cgroup, and the annotations as {@code key=value}. */
  private void runc(Path folder, Suspect suspect, Account account) {
    JsonNode state = json(folder.resolve("state.json"), FILE_MAX, account);
    if (state == null) {
      return;
    }
    named(state.path("cgroup_paths").path("").asString(""), suspect, account);
    annotate(state, account);
  }

  private static void annotate(JsonNode state, Account account) {
    Map<String, String> annotations = new TreeMap<>();
    for (JsonNode label : state.path("config").path("labels")) {
      String[] pair = label.asString("").split("=", 2);
      if (pair.length == 2) {
        annotations.put(pair[0], pair[1]);
      }
    }
    account.annotations = annotations;
  }

  /** {@code status}: the cgroup. The annotations are in the copy of {@code config.json} beside. */
  private void crun(Path folder, Suspect suspect, Account account) {
    JsonNode status = json(folder.resolve("status"), FILE_MAX, account);
    if (status != null) {
      named(status.path("cgroup-path").asString(""), suspect, account);
    }
  }

  /**
   * {@code config.json}: what the container was to be, with the cgroup it was to get.
   *
   * @param placed whether it has one
   */
  private void bundle(Path folder, boolean placed, Suspect suspect, Account account) {
    JsonNode config = json(folder.resolve("config.json"), FILE_MAX, account);
    if (config == null) {
      return;
    }
    if (!placed) {
      named(expanded(config.path("linux").path("cgroupsPath").asString("")), suspect, account);
    }
    Map<String, String> annotations = new TreeMap<>();
    config
        .path("annotations")
        .properties()
        .forEach(e -> annotations.put(e.getKey(), e.getValue().asString("")));
    account.annotations = annotations;
  }

  /** {@code SLICE:PREFIX:NAME} is a scope of systemd's below a slice, whose name has its place. */
  private static String expanded(String path) {
    String[] parts = path.split(":", -1);
    if (parts.length != 3) {
      return path;
    }
    String scope = parts[1].isEmpty() ? parts[2] : parts[1] + "-" + parts[2];
    if (!scope.endsWith(".slice")) {
      scope += ".scope";
    }
    StringBuilder folders = new StringBuilder();
    String slice = parts[0].isEmpty() ? "system.slice" : parts[0];
    String stem = slice.endsWith(".slice") ? slice.substring(0, slice.length() - 6) : slice;
    if (!stem.equals("-")) {
      StringBuilder so = new StringBuilder();
      for (String part : stem.split("-", -1)) {
        so.append(so.isEmpty() ? "" : "-").append(part);
        folders.append('/').append(so).append(".slice");
      }
    }
    return folders + "/" + scope;
  }

  private void named(String path, Suspect suspect, Account account) {
    if (path.isEmpty()) {
      return;
    }
    String cgroup = suspect.cgroup();
    String below = path.startsWith(cgroups + "/") ? path.substring(cgroups.length()) : path;
    String named = below.startsWith("/") ? below : "/" + below;
    // What the runtime itself makes within the container's cgroup is the container's.
    boolean here = (named + "/").startsWith(cgroup + "/");
    account.here |= here;
    account.elsewhere |= !here;
  }

  /** Null if there is none, or none that counts. */
  private JsonNode json(Path file, int most, Account account) {
    byte[] bytes;
    try {
      bytes = PlainFile.read(OwnPath.resolve(file, WHY), most + 1);
    } catch (IOException | InvalidPathException e) {
      account.unread |= !(e instanceof IOException io && isAbsent(io));
      return null;
    }
    try {
      JsonNode read = bytes.length > most ? null : JSON.readTree(bytes);
      if (read != null && read.isObject()) {
        return read;
      }
    } catch (JacksonException e) {
      // it may be half written
    }
    account.unread = true;
    return null;
  }

  /** Null: what its name and image are stands elsewhere, and cannot be read there. */
  private Container container(Word id, Account account) {
    Map<String, String> notes = account.annotations;
    String manager = notes.getOrDefault("io.container.manager", "");
    if (account.namespace.equals(KUBERNETES)) {
      return new Container(
          id,
          true,
          Word.of("containerd"),
          word(notes, "io.kubernetes.cri.container-name"),
          word(notes, "io.kubernetes.cri.image-name"),
          pod(
              word(notes, "io.kubernetes.cri.sandbox-namespace"),
              word(notes, "io.kubernetes.cri.sandbox-name"),
              word(notes, "io.kubernetes.cri.sandbox-uid")));
    }
    if (account.namespace.equals(DOCKER)) {
      return docker(id, account);
    }
    if (!account.namespace.isEmpty()) {
      return new Container(id, true, Word.of("containerd"), null, null, null);
    }
    if (manager.equals("cri-o")) {
      return new Container(
          id,
          true,
          Word.of("cri-o"),
          word(notes, "io.kubernetes.container.name"),
          word(notes, "io.kubernetes.cri-o.ImageName"),
          pod(
              word(notes, "io.kubernetes.pod.namespace"),
              word(notes, "io.kubernetes.pod.name"),
              word(notes, "io.kubernetes.pod.uid")));
    }
    if (manager.equals("libpod")) {
      return podman(id);
    }
    boolean crun = account.folder.getParent().endsWith("crun");
    return new Container(
        id,
        true,
        Word.of(crun ? "crun" : "runc"),
        id, // who uses these by themselves calls it so
        word(notes, "org.opencontainers.image.ref.name"),
        null);
  }

  private static Pod pod(Word namespace, Word name, Word uid) {
    return namespace == null || name == null ? null : new Pod(namespace, name, uid);
  }

  private static Word word(Map<String, String> notes, String key) {
    return Word.ifPlain(notes.get(key));
  }

  private Container docker(Word id, Account account) {
    Path file = root.resolve("var/lib/docker/containers").resolve(id.text());
    JsonNode config = json(file.resolve("config.v2.json"), FILE_MAX, account);
    if (config == null || !config.path("ID").asString("").equals(id.text())) {
      return null;
    }
    String name = config.path("Name").asString("");
    return new Container(
        id,
        true,
        Word.of("docker"),
        Word.ifPlain(name.startsWith("/") ? name.substring(1) : name),
        Word.ifPlain(config.path("Config").path("Image").asString("")),
        null);
  }

  private Container podman(Word id) {
    Named named = null;
    for (String folder : LISTS) {
      for (String name : LIST_NAMES) {
        Named here = list(root.resolve(folder + name)).get(id.text());
        named = here == null ? named : here;
      }
    }
    return named == null
        ? null
        : new Container(id, true, Word.of("podman"), named.name, named.image, null);
  }

  /** Empty if it is not there or cannot be read: then the container is not told of yet. */
  private Map<String, Named> list(Path file) {
    try {
      Path own = OwnPath.resolve(file, WHY);
      BasicFileAttributes now = Files.readAttributes(own, BasicFileAttributes.class);
      Listed known = lists.get(file);
      if (known != null && known.is(now)) {
        return known.containers;
      }
      byte[] bytes = PlainFile.read(own, LIST_MAX + 1);
      Map<String, Named> all =
          bytes.length > LIST_MAX ? Map.of() : containers(JSON.readTree(bytes));
      lists.put(file, new Listed(now.lastModifiedTime(), now.fileKey(), now.size(), all));
      return all;
    } catch (IOException | JacksonException e) {
      lists.remove(file);
      return Map.of();
    }
  }

  private static Map<String, Named> containers(JsonNode list) {
    Map<String, Named> all = new HashMap<>();
    for (JsonNode one : list) {
      String image = "";
      try {
        String metadata = one.path("metadata").asString("");
        image = metadata.isEmpty() ? "" : JSON.readTree(metadata).path("image-name").asString("");
      } catch (JacksonException e) {
        // then it is not told
      }
      Word name = Word.ifPlain(one.path("names").path(0).asString(""));
      all.put(one.path("id").asString(""), new Named(name, Word.ifPlain(image)));
    }
    return all;
  }
}
