package dev.interdict.attach;

import static dev.interdict.attach.PacketKernel.DROP;
import static dev.interdict.attach.PacketKernel.PASS;
import static dev.interdict.attach.PacketKernel.PORT;
import static dev.interdict.attach.PacketKernel.SLOT;
import static dev.interdict.attach.PacketKernel.TIMING;
import static dev.interdict.attach.PacketKernel.frame;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.interdict.event.Hook;
import dev.interdict.testkit.Bpffs;
import dev.interdict.testkit.FdLeaks;
import dev.interdict.testkit.Packets;
import dev.interdict.verdict.Posture;
import java.util.Arrays;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.RegisterExtension;

/** What the packet program makes of frames: no header hides another, none is taken for another. */
@Tag("native")
@ExtendWith(FdLeaks.class)
class PacketParseIT {
  private static final byte[] SIX = Packets.udp("fd77::2", 1234, "fd77::1", PORT);
  private static final int ROUTING = 43;

  @RegisterExtension final Bpffs bpffs = new Bpffs();

  private PacketKernel kernel;

  @BeforeEach
  void attach() {
    kernel = new PacketKernel(bpffs.pins());
    kernel.use(true, false);
  }

  @AfterEach
  void detach() {
    kernel.close();
  }

  @Test
  void aVlanTagHidesNothing() {
    kernel.deny(SIX);
    assertEquals(DROP, kernel.answer(SIX));
    assertEquals(DROP, kernel.answer(Packets.vlan(7, SIX)));
    assertEquals(DROP, kernel.answer(Packets.vlan(8, Packets.vlan(7, SIX))));
    assertEquals(DROP, kernel.answer(Packets.serviceVlan(8, SIX)));
    assertEquals(DROP, kernel.answer(Packets.serviceVlan(8, Packets.vlan(7, SIX))));
    assertEquals(PASS, kernel.answer(Packets.udp("fd77::3", 1234, "fd77::1", PORT)));
  }

  @Test
  void whatCannotBeReadTakesTheSlotsDefault() {
    byte[] cut = Arrays.copyOf(frame(), 14 + 20 + 4);
    assertEquals(DROP, kernel.answer(cut));
    kernel.use(
        TIMING,
        new Posture.Slot(
            SLOT,
            Set.of(Hook.XDP_INGRESS),
            true,
            true,
            false,
            false,
            false,
            Set.of(Hook.XDP_INGRESS)));
    assertEquals(PASS, kernel.answer(cut));
    kernel.use(false, false);
    assertEquals(PASS, kernel.answer(cut), "audit");
    assertEquals(3, kernel.counted("undecidable"));
    assertEquals(1, kernel.counted("denied"));
    assertEquals(1, kernel.counted("would_deny"));
  }

  /** What stands where the ports would be is somebody's data. */
  @Test
  void aLaterFragmentHasNoPorts() {
    assertEquals(PASS, kernel.answer(frame()));
    byte[] first = frame();
    first[14 + 6] = 0x20; // more fragments
    assertEquals(PASS, kernel.answer(first));
    byte[] later = frame();
    later[14 + 6] = 0;
    later[14 + 7] = 1; // offset of 8 bytes
    assertEquals(DROP, kernel.answer(later));
    assertEquals(1, kernel.counted("undecidable"));
  }

  /** With hops left the packet goes on to another destination than the one that it shows. */
  @Test
  void aRoutingHeaderCountsOnlyWhenItIsUsedUp() {
    kernel.deny(SIX);
    assertEquals(DROP, kernel.answer(Packets.extended(SIX, ROUTING, 0)), "the same flow");
    assertEquals(0, kernel.counted("undecidable"));
    byte[] allowed = Packets.udp("fd77::3", 1234, "fd77::1", PORT);
    assertEquals(PASS, kernel.answer(Packets.extended(allowed, ROUTING, 0)));
    assertEquals(DROP, kernel.answer(Packets.extended(allowed, ROUTING, 1)));
    assertEquals(1, kernel.counted("undecidable"));
  }
}
