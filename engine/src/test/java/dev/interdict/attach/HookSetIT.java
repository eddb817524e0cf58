package dev.interdict.attach;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.interdict.libbpf.BpfException;
import dev.interdict.libbpf.BpfLink;
import dev.interdict.libbpf.BpfProgram;
import dev.interdict.libbpf.KernelMap;
import dev.interdict.libbpf.KernelObjects;
import dev.interdict.libbpf.KernelObjects.KernelObject;
import dev.interdict.libbpf.MapInfo;
import dev.interdict.testkit.Bpffs;
import dev.interdict.testkit.FdLeaks;
import dev.interdict.testkit.Net;
import dev.interdict.testkit.TestObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The real object, in a bpffs and network namespaces of the test's own. */
@Tag("native")
@ExtendWith(FdLeaks.class)
class HookSetIT {
  private static final byte[] ELF = TestObject.product();

  @RegisterExtension final Bpffs bpffs = new Bpffs();

  @Test
  void mapsArePinnedAdoptedWithWhatTheyHoldAndUninstalledWithoutRest() throws IOException {
    Pins pins = new Pins(bpffs.pins());
    assertEquals(List.of(), pins.list());
    int id;
    try (HookSet first = HookSet.open(ELF, pins, Map.of("verdicts", 100))) {
      assertFalse(first.adopted());
      assertEquals(100, first.map("verdicts").info().maxEntries());
      assertTrue(pins.list().contains(Path.of("verdicts")));
      for (Path of : List.of(bpffs.pins(), bpffs.pins().resolve("links"))) {
        assertEquals("rwx------", PosixFilePermissions.toString(Files.getPosixFilePermissions(of)));
      }
      first.map("scopes").update(new byte[8], new byte[32]);
      id = first.map("scopes").info().id();
    }
    try (HookSet second = HookSet.open(ELF, pins, Map.of())) {
      assertTrue(second.adopted());
      assertEquals(100, second.map("verdicts").info().maxEntries(), "adopted maps keep their size");
      assertEquals(id, second.map("scopes").info().id());
      assertTrue(second.map("scopes").lookup(new byte[8]).isPresent());
      assertEquals(Set.of(), second.attached());
    }
    assertFalse(pins.uninstall().isEmpty());
    assertEquals(List.of(), pins.list());
    assertFalse(Files.exists(bpffs.pins()));
  }

  @Test
  void thePacketProgramRunsOnTheInterfacesThatAreNamed() {
    Pins pins = new Pins(bpffs.pins());
    try (Net net = new Net()) {
      net.here(
          () -> {
            try (HookSet hooks = HookSet.open(ELF, pins, Map.of())) {
              assertNull(hooks.attachXdp(Set.of("here")).get("here").problem());
              assertEquals(Map.of("here", XdpInterface.Mode.NATIVE), hooks.attachedXdp());
              Map<String, XdpPlace> places = hooks.attachXdp(Set.of("here", "nowhere"));
              assertTrue(places.get("nowhere").missing());
              assertNull(places.get("here").problem());
              assertTrue(xdpOn(net), "it was there before");
            }
            assertTrue(xdpOn(net), "the pin keeps it");
            try (HookSet hooks = HookSet.open(ELF, pins, Map.of())) {
              assertEquals(Set.of("here"), hooks.attachedXdp().keySet());
              hooks.attachXdp(Set.of("here", "lo"));
              assertEquals(
                  Map.of("here", XdpInterface.Mode.NATIVE, "lo", XdpInterface.Mode.GENERIC),
                  hooks.attachedXdp());
              hooks.attachXdp(Set.of("lo"));
            }
            assertFalse(xdpStays(net, "here"));
            pins.uninstall();
            assertFalse(xdpStays(net, "lo"));
            return null;
          });
    }
  }

  @Test
  void whoIsOnTheInterfaceAlreadyIsNamed() {
    Pins others = new Pins(bpffs.pins().resolveSibling("others"));
    try (Net net = new Net()) {
      net.here(
          () -> {
            try (HookSet first = HookSet.open(ELF, others, Map.of());
                HookSet second = HookSet.open(ELF, new Pins(bpffs.pins()), Map.of())) {
              first.attachXdp(Set.of("here"));
              String problem = second.attachXdp(Set.of("here")).get("here").problem();
              assertTrue(problem.contains("another XDP program"), problem);
            }
            return null;
          });
    }
  }

  @Test
  void anInterfaceThatComesAgainIsGuardedAgain() {
    Pins pins = new Pins(bpffs.pins());
    try (Net net = new Net()) {
      net.here(
          () -> {
            try (HookSet hooks = HookSet.open(ELF, pins, Map.of())) {
              int first = hooks.attachXdp(Set.of("here")).get("here").at().index();
              net.ip("here", "link del here");
              assertTrue(hooks.attachXdp(Set.of("here")).get("here").missing());
              net.ip("here", "link add here type veth peer name back");
              int second = hooks.attachXdp(Set.of("here")).get("here").at().index();
              assertNotEquals(first, second);
              assertTrue(xdpOn(net));
              net.ip("here", "link set here name other");
              assertTrue(hooks.attachXdp(Set.of("here")).get("here").missing());
              assertFalse(xdpStays(net, "other"));
              net.ip("here", "link set other name here");
              assertEquals(second, hooks.attachXdp(Set.of("here")).get("here").at().index());
            }
            return null;
          });
    }
  }

  @Test
  void pinsOfInterfacesThatAreGoneAreRemoved() {
    Pins pins = new Pins(bpffs.pins());
    try (Net net = new Net()) {
      net.here(
          () -> {
            try (HookSet hooks = HookSet.open(ELF, pins, Map.of())) {
              hooks.attachXdp(Set.of("here"));
              net.ip("here", "link del here");
              assertEquals(Map.of(), hooks.attachedXdp());
              assertEquals(List.of(), pins.links());
            }
            return null;
          });
    }
  }

  /** The packet program runs on, from the old layout's maps to the new one's. */
  @Test
  void anotherLayoutIsReplacedAsAWholeAndTheInterfaceKeepsAProgram() {
    Pins pins = new Pins(bpffs.pins());
    try (Net net = new Net()) {
      net.here(
          () -> {
            int before;
            try (HookSet old = HookSet.open(ELF, pins, Map.of())) {
              old.attachXdp(Set.of("here"));
              before = old.map("verdicts").info().id();
            }
            pretendOtherLayout(pins);
            try (HookSet next = HookSet.open(ELF, pins, Map.of())) {
              assertFalse(next.adopted());
              assertTrue(xdpOn(net));
              next.attachXdp(Set.of("here"));
              assertTrue(xdpOn(net));
              try (BpfLink link = BpfLink.openPinned(pins.link(pins.links().getFirst()));
                  BpfProgram program = link.program()) {
                assertTrue(program.maps().contains(next.map("flows").info().id()));
              }
              next.attach(Set.of());
              assertEquals(Set.of("here"), next.attachedXdp().keySet());
              assertFalse(Files.exists(bpffs.pins().resolve("old_map")));
              assertFalse(Files.exists(bpffs.pins().resolve("next")));
            }
            try (KernelMap now = KernelMap.openPinned(pins.map("verdicts"))) {
              assertNotEquals(before, now.info().id());
            }
            return null;
          });
    }
  }

  /**
   * A version does not tell everything: what is adopted has the layout that the programs expect.
   */
  @Test
  void aMapOfAnotherLayoutIsNotAdoptedWhateverItsName() {
    Pins pins = new Pins(bpffs.pins());
    HookSet.open(ELF, pins, Map.of()).close();
    Pins.delete(pins.map("flows"));
    try (KernelMap other = KernelMap.create("flows", MapInfo.ARRAY, 4, 4, 1, 0)) {
      other.pin(pins.map("flows"));
    }
    try (HookSet next = HookSet.open(ELF, pins, Map.of())) {
      assertFalse(next.adopted());
      assertNotEquals(1, next.map("flows").info().maxEntries());
    }
    pins.uninstall();
  }

  @Test
  void withoutABpffsTheRemedyIsNamed() throws IOException {
    Path plain = Files.createTempDirectory("plain");
    Pins pins = new Pins(plain.resolve("x"));
    BpfException e = assertThrows(BpfException.class, () -> HookSet.open(ELF, pins, Map.of()));
    assertTrue(e.getMessage().contains("mount -t bpf"), e.getMessage());
    pins.uninstall();
    Files.delete(plain);
  }

  /** Others may make and drop objects meanwhile, so only those that were ours are looked for. */
  @Test
  void nothingOfOursIsLeftInTheKernelAfterUninstall() throws InterruptedException {
    Pins pins = new Pins(bpffs.pins());
    List<KernelObject> ours;
    try (Net net = new Net()) {
      ours =
          net.here(
              () -> {
                try (HookSet hooks = HookSet.open(ELF, pins, Map.of())) {
                  hooks.attachXdp(Set.of("here"));
                  List<Integer> maps = new ArrayList<>();
                  for (String name : List.of("verdicts", "flows", "engine_state")) {
                    maps.add(hooks.map(name).info().id());
                  }
                  int program = programId(pins);
                  return KernelObjects.list().stream()
                      .filter(
                          o ->
                              switch (o.kind()) {
                                case MAP -> maps.contains(o.id());
                                case PROGRAM -> o.id() == program;
                                case LINK -> o.name().equals("program " + program);
                              })
                      .toList();
                }
              });
      assertEquals(5, ours.size(), "three maps, a program, a link: " + ours);
      assertTrue(KernelObjects.list().containsAll(ours), "pinned");
      pins.uninstall();
      // The kernel frees in the background.
      for (int i = 0; i < 100 && !Collections.disjoint(KernelObjects.list(), ours); i++) {
        Thread.sleep(50);
      }
      assertTrue(Collections.disjoint(KernelObjects.list(), ours));
    }
  }

  private static int programId(Pins pins) {
    try (BpfLink link = BpfLink.openPinned(pins.link(pins.links().getFirst()));
        BpfProgram program = link.program()) {
      return program.id();
    }
  }

  private static void pretendOtherLayout(Pins pins) {
    Pins.delete(pins.map("wire_version"));
    try (KernelMap old = KernelMap.create("old_map", MapInfo.ARRAY, 4, 4, 1, 0)) {
      old.pin(pins.map("old_map"));
    }
  }

  private static boolean xdpOn(Net net) {
    return xdpOn(net, "here");
  }

  private static boolean xdpOn(Net net, String name) {
    return net.ip("here", "link show " + name).contains("prog/xdp");
  }

  /** The kernel lets go of a link in the background. */
  private static boolean xdpStays(Net net, String name) throws InterruptedException {
    for (int i = 0; i < 100 && xdpOn(net, name); i++) {
      Thread.sleep(50);
    }
    return xdpOn(net, name);
  }
}
