package dev.interdict.workload;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.interdict.event.Workload.Container;
import dev.interdict.workload.ContainerFiles.Found;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ContainerFilesTest {
  private static final String ID = "0123456789abcdef".repeat(4);
  private static final String OTHER = "fedcba9876543210".repeat(4);
  private static final String SCOPE = "/system.slice/docker-" + ID + ".scope";

  @TempDir Path temporary;
  private Path root;
  private ContainerFiles files;

  @BeforeEach
  void open() throws IOException {
    root = temporary.toRealPath();
    files = new ContainerFiles(root, "/sys/fs/cgroup");
  }

  private Path write(String path, String text) throws IOException {
    Path file = root.resolve(path);
    Files.createDirectories(
        file.getParent(),
        PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwxr-xr-x")));
    Files.writeString(file, text.replace('\'', '"'));
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r--r--"));
    return file;
  }

  private Found find(String cgroup) {
    return files.find(Suspect.on(cgroup.getBytes(ISO_8859_1)));
  }

  /** {@code state runtime name image namespace/name/uid}, with dashes for what is not there. */
  private String found(String cgroup) {
    Found found = find(cgroup);
    Container c = found.container();
    String pod =
        c == null || c.pod() == null
            ? null
            : c.pod().namespace() + "/" + c.pod().name() + "/" + c.pod().uid();
    return c == null
        ? "none"
        : "%s %s %s %s %s%s"
            .formatted(
                c.state(), c.runtime(), c.name(), c.image(), pod, found.complete() ? "" : " ...")
            .replace("null", "-");
  }

  private static String runcState(String cgroup, String labels) {
    return "{'id':'x','cgroup_paths':{'':'/sys/fs/cgroup%s'},'config':{'labels':[%s]}}"
        .formatted(cgroup, labels);
  }

  @Test
  void theWarmUpMustReadAnAccountToItsEnd() {
    assertEquals("cri-o", String.valueOf(ContainerFiles.warmUp().runtime()));
  }

  @Test
  void kubernetesByContainerd() throws IOException {
    String scope =
        "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod7_1.slice/cri-containerd-"
            + ID
            + ".scope";
    write(
        "run/containerd/io.containerd.runtime.v2.task/k8s.io/" + ID + "/config.json",
        """
        {'linux':{'cgroupsPath':'kubepods-burstable-pod7_1.slice:cri-containerd:%s'},
         'annotations':{'io.kubernetes.cri.container-name':'web','io.kubernetes.cri.image-name':'a.io/nginx:1.27',
         'io.kubernetes.cri.sandbox-name':'web-5','io.kubernetes.cri.sandbox-namespace':'shop','io.kubernetes.cri.sandbox-uid':'7-1'}}
        """
            .formatted(ID));
    assertEquals("known containerd web a.io/nginx:1.27 shop/web-5/7-1", found(scope));
    assertEquals("known containerd web a.io/nginx:1.27 shop/web-5/7-1", found(scope + "/sub/x"));
    String moved = scope.replace("burstable", "besteffort");
    assertEquals("unknown - - - - ...", found(moved), "the file names another cgroup");
  }

  @Test
  void docker() throws IOException {
    write("run/docker/runtime-runc/moby/" + ID + "/state.json", runcState(SCOPE, "'bundle=/x'"));
    assertEquals("unknown - - - - ...", found(SCOPE), "its name and image are not there yet");
    write(
        "var/lib/docker/containers/" + ID + "/config.v2.json",
        "{'ID':'%s','Name':'/web','Config':{'Image':'nginx:1.27'}}".formatted(ID));
    assertEquals("known docker web nginx:1.27 -", found(SCOPE));
    write(
        "run/containerd/io.containerd.runtime.v2.task/moby/" + ID + "/config.json",
        "{'linux':{'cgroupsPath':'system.slice:docker:%s'}}".formatted(ID));
    assertEquals("known docker web nginx:1.27 -", found(SCOPE), "two files of one");
    write("run/runc/" + ID + "/state.json", runcState(SCOPE, ""));
    assertEquals("unknown - - - - ...", found(SCOPE), "two say that it is theirs");
  }

  @Test
  void podmanByCrun() throws IOException {
    String scope = "/machine.slice/libpod-" + ID + ".scope";
    write("run/crun/" + ID + "/status", "{'cgroup-path':'%s/container'}".formatted(scope));
    assertEquals("unknown - - - - ...", found(scope), "what it was to be is not told yet");
    write(
        "run/crun/" + ID + "/config.json",
        "{'annotations':{'io.container.manager':'libpod'},'linux':{'cgroupsPath':'machine.slice:libpod:%s'}}"
            .formatted(ID));
    assertEquals("unknown - - - - ...", found(scope));
    write(
        "var/lib/containers/storage/overlay-containers/containers.json",
        "[{'id':'%s','names':['web'],'metadata':'{\\'image-name\\':\\'docker.io/library/nginx\\'}'},{'id':'x'}]"
            .formatted(ID)
            .replace("\\'", "\\\""));
    assertEquals("known podman web docker.io/library/nginx -", found(scope));
    assertEquals("known podman web docker.io/library/nginx -", found(scope + "/container"));
  }

  @Test
  void crio() throws IOException {
    String scope = "/kubepods.slice/crio-" + ID + ".scope";
    write(
        "run/runc/" + ID + "/state.json",
        runcState(
            scope,
            "'io.container.manager=cri-o','io.kubernetes.container.name=web','io.kubernetes.pod.name=web-5',"
                + "'io.kubernetes.pod.namespace=shop','io.kubernetes.cri-o.ImageName=a.io/x@sha256:1=2'"));
    assertEquals("known cri-o web a.io/x@sha256:1=2 shop/web-5/-", found(scope));
  }

  @Test
  void runtimesByThemselves() throws IOException {
    write(
        "run/crun/web/config.json",
        "{'linux':{'cgroupsPath':'/apps/web'},'annotations':{'org.opencontainers.image.ref.name':'nginx:1'}}");
    assertEquals("known crun web nginx:1 -", found("/apps/web"), "before it has a status");
    assertEquals("none", found("/apps/web2"));
    write("run/runc/db/state.json", runcState("/db", ""));
    assertEquals("known runc db - -", found("/db"));
    write("run/runc/bare/other", "");
    assertEquals("unknown - - - - ...", found("/bare"), "a container is being made");
  }

  /** Whoever was given a cgroup makes one of any name below it. */
  @Test
  void aNameProvesNothing() throws IOException {
    write("run/runc/db/state.json", runcState("/db", ""));
    assertEquals("none", found("/system.slice/users.service/db"));
    write("run/docker/runtime-runc/moby/" + ID + "/state.json", runcState(SCOPE, ""));
    assertEquals(
        "unknown - - - - ...", found("/system.slice/users.service/docker-" + ID + ".scope"));
    assertEquals("unknown - - - - ...", found("/machine.slice/libpod-" + OTHER + ".scope"));
    assertEquals(
        "unknown - - - - ...", found("/libpod-" + OTHER + ".scope" + SCOPE), "the outer one");
  }

  @Test
  void whatOthersCanWriteIsNoAccount() throws IOException {
    Path state = write("run/runc/db/state.json", runcState("/db", ""));
    Files.setPosixFilePermissions(state, PosixFilePermissions.fromString("rw-rw-r--"));
    assertEquals("unknown - - - - ...", found("/db"), "the file");
    Files.setPosixFilePermissions(state, PosixFilePermissions.fromString("rw-r--r--"));
    Path folder = state.getParent();
    Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxrwxrwx"));
    assertEquals("unknown - - - - ...", found("/db"), "its folder");
    Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
    Files.setPosixFilePermissions(folder.getParent(), PosixFilePermissions.fromString("rwxrwxr-x"));
    assertEquals("unknown - - - - ...", found("/db"), "the one above");
    assertEquals("unknown - - - - ...", found("/x"), "where anybody takes accounts away");
    Files.setPosixFilePermissions(folder.getParent(), PosixFilePermissions.fromString("rwxr-xr-x"));
    assertEquals("known runc db - -", found("/db"));
  }

  @Test
  void whatCannotBeReadIsUnknownAndAskedForAgain() throws Exception {
    Path state = write("run/runc/db/state.json", "{'cgroup_paths':{'':");
    assertEquals("unknown - - - - ...", found("/db"), "half written");
    Files.write(state, new byte[ContainerFiles.FILE_MAX + 1]);
    assertEquals("unknown - - - - ...", found("/db"), "too long");
    Files.writeString(state, "[]");
    assertEquals("unknown - - - - ...", found("/db"), "something else");
    Files.writeString(state, "{\"cgroup_paths\":[7],\"config\":{\"labels\":{\"a\":1}}}");
    assertEquals("unknown - - - - ...", found("/db"), "of other types");
    Files.delete(state);
    Files.createDirectory(state);
    assertEquals("unknown - - - - ...", found("/db"), "a folder");
    Files.delete(state);
    new ProcessBuilder("mkfifo", "-m", "644", state.toString()).start().waitFor();
    assertEquals("unknown - - - - ...", found("/db"), "a FIFO that nobody writes to");
    Files.delete(state);
    Files.createSymbolicLink(state, Path.of("state.json"));
    assertEquals("unknown - - - - ...", found("/db"), "a link to itself");
  }

  /** What is not looked at may be the container's. */
  @Test
  void onlyWhatIsNotThereIsNone() throws IOException {
    assertEquals("none", found("/db"), "no runtime");
    write("run/docker/runtime-runc", "a file");
    assertEquals("none", found("/db"), "a file");
    for (int i = 0; i < ContainerFiles.NAMESPACES_MAX; i++) {
      write("run/containerd/runc/n" + i + "/x/y", "");
    }
    assertEquals("none", found("/db"));
    write("run/containerd/runc/more/x/y", "");
    assertEquals("unknown - - - - ...", found("/db"), "more than are looked at");
    write("run/runc/db/state.json", runcState("/db", ""));
    assertEquals("known runc db - -", found("/db"), "it is told of");
  }

  @Test
  void whatFailsIsNotAbsent() throws IOException {
    Files.createDirectories(root.resolve("run/containerd"));
    Path loop = root.resolve("run/containerd/runc");
    Files.createSymbolicLink(loop, Path.of("runc"));
    assertEquals("unknown - - - - ...", found("/db"), "a link to itself");
    Files.delete(loop);
    assertEquals("none", found("/db"));
  }

  /** Where it is counts, not where it was to be. */
  @Test
  void theBundleSaysNothingOfAContainerThatIsThere() throws IOException {
    write("run/crun/web/status", "{'cgroup-path':'/apps/other/web'}");
    write("run/crun/web/config.json", "{'linux':{'cgroupsPath':'/apps/web'},'annotations':{}}");
    assertEquals("none", found("/apps/web"));
    assertEquals("known crun web - -", found("/apps/other/web"));
    write("run/crun/web/status", "{'cgroup-p");
    assertEquals("unknown - - - - ...", found("/apps/web"), "it may say something else");
  }

  /** They are listed apart, and for as long as they run. */
  @Test
  void podmansContainersThatAreRemovedWhenTheyEnd() throws IOException {
    String scope = "/machine.slice/libpod-" + ID + ".scope";
    write("run/crun/" + ID + "/status", "{'cgroup-path':'%s'}".formatted(scope));
    write("run/crun/" + ID + "/config.json", "{'annotations':{'io.container.manager':'libpod'}}");
    String list = "[{'id':'%s','names':['%s']}]";
    for (String folder : new String[] {"var/lib/containers/storage", "run/containers/storage"}) {
      String file = folder + "/overlay-containers/volatile-containers.json";
      assertEquals("unknown - - - - ...", found(scope));
      write(file, list.formatted(ID, "once"));
      assertEquals("known podman once - -", found(scope), folder);
      write(file, list.formatted(ID, "another"));
      assertEquals("known podman another - -", found(scope), "it is read again");
      write(file, list.formatted(OTHER, "another"));
    }
  }

  /** A name is told as it is, or not at all. */
  @Test
  void whatIsNoNameIsNotTold() throws IOException {
    String state = runcState("/db", "'org.opencontainers.image.ref.name=%s'");
    for (String name : new String[] {"a\\u0007b", "x".repeat(513), "\\uef80", "", "a\\nb"}) {
      write("run/runc/db/state.json", state.formatted(name));
      Container container = find("/db").container();
      assertTrue(container.known());
      assertNull(container.image(), name);
    }
    write("run/runc/db/state.json", state.formatted("\u00e4:1"));
    assertEquals("\u00e4:1", find("/db").container().image().text());
  }

  @Test
  void slicesOfSystemdStandInEachOther() throws IOException {
    write("run/crun/a/config.json", "{'linux':{'cgroupsPath':':crun:a'},'annotations':{}}");
    assertEquals("known crun a - -", found("/system.slice/crun-a.scope"));
    write("run/crun/a/config.json", "{'linux':{'cgroupsPath':'-.slice:crun:a'},'annotations':{}}");
    assertEquals("known crun a - -", found("/crun-a.scope"));
    assertFalse(find("/system.slice/crun-a.scope").complete());
  }
}
