package dev.interdict.attach;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.interdict.event.Hook;
import dev.interdict.libbpf.BpfLink;
import dev.interdict.libbpf.BpfProgram;
import dev.interdict.libbpf.Cgroups;
import dev.interdict.libbpf.Interfaces;
import dev.interdict.libbpf.KernelObjects;
import dev.interdict.testkit.Bpffs;
import dev.interdict.testkit.FdLeaks;
import dev.interdict.testkit.Share;
import dev.interdict.testkit.TestObject;
import dev.interdict.verdict.EngineState;
import dev.interdict.verdict.Posture;
import dev.interdict.verdict.Postures;
import dev.interdict.verdict.Scopes;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * LSM programs attached for real, for a cgroup of the test's own; in the virtual machine. Spread
 * over the kernels: that all programs load and attach, and that the next engine adopts them, each
 * of them shows by the engine of the other classes.
 */
@Tag("lsm")
@ExtendWith(FdLeaks.class)
class HookSetLsmIT {
  /** But file_change, whose many programs take the emulated machine's verifier a minute. */
  private static final Set<Hook> ALL =
      Set.of(
          Hook.EXEC,
          Hook.MMAP_EXEC,
          Hook.FILE_OPEN,
          Hook.SOCKET_CONNECT,
          Hook.SOCKET_BIND,
          Hook.SOCKET_LISTEN,
          Hook.SOCKET_CREATE,
          Hook.SOCKET_ACCEPT,
          Hook.USER_NAMESPACE,
          Hook.MODULE_LOAD,
          Hook.PTRACE,
          Hook.SIGNAL,
          Hook.MOUNT);

  /** Of one program: libbpf loads another before, to see whether it may. */
  private static final int ONE_LOAD = 2;

  @RegisterExtension final Bpffs bpffs = new Bpffs();

  private Pins pins;
  private Path cgroup;

  @BeforeEach
  void makeCgroup() throws IOException {
    pins = new Pins(bpffs.pins());
    try (Cgroups cgroups = new Cgroups()) {
      cgroup = Files.createTempDirectory(cgroups.root(), "interdict-test");
    }
  }

  @AfterEach
  void removeCgroup() throws IOException {
    pins.uninstall();
    Files.delete(cgroup);
  }

  @Test
  void allHooksAttachAndFewerDetachTheRest() {
    assumeTrue(Share.isTurn(0));
    try (HookSet hooks = HookSet.open(TestObject.product(), pins, Map.of())) {
      hooks.attach(ALL);
      assertEquals(ALL, hooks.attached());
      hooks.attach(Set.of(Hook.EXEC));
      assertEquals(Set.of(Hook.EXEC), hooks.attached());
      List<String> programs = new ArrayList<>(pins.links());
      programs.remove("tp_signal_generate"); // where the kernel needs it
      assertEquals(List.of("lsm_exec"), programs, "what no policy uses is not in the kernel");
      hooks.attach(Set.of());
      assertEquals(List.of(), pins.links());
    }
  }

  @Test
  void enforcementGoesOnWithoutTheEngineAndTheNextOneAdoptsItAsItIs() throws Exception {
    assumeTrue(Share.isTurn(1));
    assertTrue(opens());
    try (HookSet hooks = HookSet.open(TestObject.product(), pins, Map.of())) {
      refuseOpens(hooks);
      hooks.attach(Set.of(Hook.FILE_OPEN));
      assertFalse(opens());
    }
    assertFalse(opens(), "the engine is gone, the pins are not");
    int link = programOf("lsm_file_open");
    try (HookSet next = HookSet.open(TestObject.product(), pins, Map.of())) {
      assertTrue(next.adopted());
      assertEquals(Set.of(Hook.FILE_OPEN), next.attached());
      next.attach(Set.of(Hook.FILE_OPEN));
      assertEquals(link, programOf("lsm_file_open"), "equal programs are not replaced");
      int last = lastProgram();
      next.attach(Set.of(Hook.FILE_OPEN));
      next.attach(Set.of(Hook.FILE_OPEN, Hook.EXEC));
      assertTrue(programOf("lsm_exec") <= last + ONE_LOAD, "what runs is not loaded again");
      assertFalse(opens());
    }
    int last = lastProgram();
    try (HookSet next = HookSet.open(TestObject.product(), pins, Map.of())) {
      next.attach(Set.of(Hook.FILE_OPEN, Hook.EXEC));
      next.attach(Set.of(Hook.FILE_OPEN));
      next.attach(Set.of(Hook.FILE_OPEN, Hook.EXEC));
      assertTrue(programOf("lsm_exec") <= last + ONE_LOAD, "nor is what an equal engine has left");
    }
    pins.uninstall();
    assertTrue(opensSoon());
  }

  @Test
  void anotherLayoutReplacesTheOldProgramsWithoutAGap() throws Exception {
    assumeTrue(Share.isTurn(1));
    try (HookSet old = HookSet.open(TestObject.product(), pins, Map.of())) {
      refuseOpens(old);
      old.attach(Set.of(Hook.FILE_OPEN));
    }
    int before = programOf("lsm_file_open");
    Pins.delete(pins.map("wire_version"));
    try (HookSet next = HookSet.open(TestObject.product(), pins, Map.of())) {
      assertFalse(next.adopted());
      assertFalse(opens(), "the old programs run on with their maps");
      refuseOpens(next);
      next.attach(Set.of(Hook.FILE_OPEN));
      assertFalse(before == programOf("lsm_file_open"));
      assertFalse(opens());
    }
    try (HookSet last = HookSet.open(TestObject.product(), pins, Map.of())) {
      assertTrue(last.adopted());
    }
  }

  /** Somebody has put another program of ours behind the name of one. */
  @Test
  void whatHasTheNameOfAProgramAndIsAnotherMustBeReplaced() throws Exception {
    assumeTrue(Share.isTurn(2));
    try (HookSet hooks = HookSet.open(TestObject.product(), pins, Map.of())) {
      refuseOpens(hooks);
      hooks.attach(Set.of(Hook.FILE_OPEN, Hook.EXEC));
    }
    Pins.delete(pins.link("lsm_file_open"));
    Pins.move(pins.link("lsm_exec"), pins.link("lsm_file_open"));
    assertTrue(opens());
    try (HookSet next = HookSet.open(TestObject.product(), pins, Map.of())) {
      next.attach(Set.of(Hook.FILE_OPEN));
      assertFalse(opens());
    }
  }

  /** A slot that refuses every open of the cgroup that is not decided, and none is. */
  private void refuseOpens(HookSet hooks) {
    EngineState state = new EngineState(hooks.map("engine_state"));
    try (Cgroups cgroups = new Cgroups()) {
      new Scopes(
              hooks.map("scopes"),
              hooks.map("interfaces"),
              path -> cgroups.id(path.getBytes(StandardCharsets.UTF_8)),
              Interfaces::index)
          .widen(Map.of(0, List.of("/" + cgroup.getFileName())), Map.of());
    }
    Posture.Slot slot =
        new Posture.Slot(0, Set.of(Hook.FILE_OPEN), false, true, false, true, false, Set.of());
    new Postures(hooks.map("postures"), hooks.map("key_masks"), hooks.map("context_masks"), state)
        .use(() -> new Posture(List.of(slot), Posture.Timing.DEFAULT), Map.of());
  }

  /** Whether a shell in the cgroup can open a file. */
  private boolean opens() throws IOException, InterruptedException {
    Process shell =
        new ProcessBuilder(
                "sh", "-c", "echo $$ > " + cgroup + "/cgroup.procs && read line < /etc/passwd")
            .redirectErrorStream(true)
            .start();
    String said = new String(shell.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    boolean opened = shell.waitFor() == 0;
    assertTrue(opened || said.contains("Operation not permitted"), said);
    return opened;
  }

  /** The kernel lets go of a link some time after its last name is gone. */
  private boolean opensSoon() throws IOException, InterruptedException {
    for (int i = 0; i < 1000 && !opens(); i++) {
      Thread.sleep(10);
    }
    return opens();
  }

  /** The highest number of all programs: numbers are given in order. */
  private static int lastProgram() {
    return KernelObjects.list().stream()
        .filter(object -> object.kind() == KernelObjects.Kind.PROGRAM)
        .mapToInt(KernelObjects.KernelObject::id)
        .max()
        .orElseThrow();
  }

  /** A number that differs from program to program: when it was loaded. */
  private int programOf(String name) {
    try (BpfLink link = BpfLink.openPinned(pins.link(name));
        BpfProgram program = link.program()) {
      return program.id();
    }
  }
}
