package dev.interdict.event;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.interdict.testkit.RecordBuilder;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.EnumSet;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class EventDecoderTest {
  private static final RecordBuilder OPEN =
      RecordBuilder.of(Hook.FILE_OPEN)
          .flags(RecordFlag.HELD)
          .uid(33)
          .exe("/usr/bin/cat")
          .path("/etc/shadow")
          .comm("cat")
          .access(Access.READ)
          .file("inode", 0xffff_ffff_ffff_fff0L)
          .file("device", 8 << 20 | 1)
          .file("mode", 0100640)
          .fact("cgroup", 5519)
          .asked(0, 255);

  /** ETH_P_8021Q does not fit into the byte that protocols of IP have. */
  @Test
  void aSocketThatIsMadeHasAFamilyAndItsProtocol() {
    Event.SocketEvent event =
        assertInstanceOf(
            Event.SocketEvent.class,
            RecordBuilder.of(Hook.SOCKET_CREATE)
                .fact("family", 17)
                .socket("type", 3)
                .socket("protocol", 0x8100)
                .event());
    assertEquals(List.of(17, 3, 0x8100), List.of(event.family(), event.type(), event.protocol()));
  }

  @Test
  void aFileEventHasAllThatTheRecordHas() {
    Event.FileEvent event = assertInstanceOf(Event.FileEvent.class, OPEN.event());
    assertEquals(Hook.FILE_OPEN, event.hook());
    assertEquals(RecordKind.DECIDE, event.head().kind());
    assertTrue(RecordFlag.HELD.in(event.head().flags()));
    assertEquals(1_000_000_000L, event.head().timeNs());
    assertEquals(SlotSet.of(0).with(255), event.head().asked());
    assertEquals(Access.READ.bit(), event.head().access());
    assertEquals(33, event.subject().uid());
    assertEquals(100, event.subject().pid());
    assertEquals(5519, event.subject().cgroup());
    assertEquals("/usr/bin/cat", text(event.subject().exePath()));
    assertEquals("cat", text(event.subject().comm()));
    assertEquals("/etc/shadow", text(event.path()));
    assertEquals(0xffff_ffff_ffff_fff0L, event.inode());
    assertEquals(8 << 20 | 1, event.device());
    assertEquals(0100640, event.mode());
  }

  @Test
  void whatTheKernelLoadsIsAFileOrHasANameOrNothing() {
    RecordBuilder record = RecordBuilder.of(Hook.MODULE_LOAD);
    Event.FileEvent file =
        assertInstanceOf(
            Event.FileEvent.class,
            record.access(Access.MODULE).path("/lib/modules/x.ko").file("inode", 7).event());
    assertTrue(file.hasFile());
    assertEquals(7, file.inode());
    Event.FileEvent request =
        assertInstanceOf(
            Event.FileEvent.class,
            RecordBuilder.of(Hook.MODULE_LOAD).access(Access.REQUEST).path("net-pf-21").event());
    assertFalse(request.hasFile());
    assertTrue(request.isRequest());
    assertEquals("net-pf-21", text(request.path()));
    Event.FileEvent memory =
        assertInstanceOf(
            Event.FileEvent.class,
            RecordBuilder.of(Hook.MODULE_LOAD).access(Access.KEXEC, Access.MEMORY).event());
    assertFalse(memory.hasFile() || memory.isRequest());
  }

  /** Its words have bits that are other words at other hooks. */
  @Test
  void whatIsDoneToMountsHasWordsOfItsOwn() {
    Event.FileEvent event =
        assertInstanceOf(
            Event.FileEvent.class,
            RecordBuilder.of(Hook.MOUNT).access(Access.UNMOUNT).path("/proc").event());
    assertTrue(event.hasFile());
    int all = -1;
    assertEquals(List.of(Access.UNMOUNT), Access.of(Hook.MOUNT, event.head().access()));
    assertEquals(List.of(Access.MEMORY), Access.of(Hook.MODULE_LOAD, event.head().access()));
    assertEquals(List.of(Access.BIND), Access.of(Hook.MOUNT, Access.BIND.bit()));
    List<Access> words = Access.of(Hook.MOUNT, all);
    assertTrue(words.containsAll(EnumSet.range(Access.MOUNT, Access.CHROOT)), words::toString);
    assertFalse(words.contains(Access.MODULE) || words.contains(Access.ATTACH), words::toString);
    assertEquals(
        List.copyOf(EnumSet.range(Access.READ, Access.TRACEME)), Access.of(Hook.SIGNAL, all));
  }

  @Test
  void theStateOfTheTaskIsItsOwn() {
    RecordBuilder record =
        RecordBuilder.of(Hook.USER_NAMESPACE)
            .context("capabilities", 1L << 63 | 1L << 40 | 1L << 21 | 1)
            .context("session_uid", 0xffff_fffe)
            .context("namespaces", 0x88)
            .context("no_new_privs", 1)
            .context("seccomp", 2)
            .context("tty", 1);
    Context context = record.event().subject().context();
    assertEquals(
        List.of("CAP_CHOWN", "CAP_SYS_ADMIN", "CAP_CHECKPOINT_RESTORE"), context.capabilityNames());
    assertEquals(List.of("user", "time"), context.namespaceNames());
    assertEquals(-2, context.sessionUid());
    assertTrue(context.hasSession() && context.noNewPrivs() && context.tty());
    assertEquals("filter", context.seccompName());
    assertArrayEquals(record.context(), context.encode(), "what the key's word is made of");
    assertEquals(Context.NONE, RecordBuilder.of(Hook.EXEC).event().subject().context());
    assertEquals(null, RecordBuilder.of(Hook.XDP_INGRESS).event().subject());
    assertEquals(List.of("ALL"), new Context(-1, 0, 0, false, 0, false).shownCapabilities());
    assertEquals("filter", new Context(0, 0, 0, false, 7, false).seccompName(), "of some day");
  }

  @Test
  void anotherProcessHasAProgramAndASignal() {
    Event.PeerEvent event =
        assertInstanceOf(
            Event.PeerEvent.class,
            RecordBuilder.of(Hook.SIGNAL)
                .access(Access.SEND)
                .path("/usr/bin/ssh-agent")
                .peer("inode", 7)
                .peer("device", 8 << 20 | 1)
                .peer("uid", 1000)
                .peer("cgroup", 5519)
                .peer("signal", 9)
                .event());
    assertEquals("/usr/bin/ssh-agent", text(event.peer().exePath()));
    assertEquals(7, event.peer().exeInode());
    assertEquals(8 << 20 | 1, event.peer().exeDevice());
    assertEquals(List.of(1000, 9), List.of(event.peer().uid(), event.signal()));
    assertEquals(5519, event.peer().cgroup());
  }

  @Test
  void aSocketEventHasItsAddress() {
    Event.SocketEvent event =
        assertInstanceOf(
            Event.SocketEvent.class,
            RecordBuilder.of(Hook.SOCKET_CONNECT)
                .to("10.1.2.3", 65535)
                .socket("type", 2)
                .fact("protocol", 17)
                .event());
    assertEquals(4, event.family());
    assertEquals(65535, event.port());
    assertEquals(2, event.type());
    assertEquals(17, event.protocol());
    assertArrayEquals(
        new byte[] {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, -1, -1, 10, 1, 2, 3}, event.address());
  }

  @Test
  void aPacketEventHasBothEnds() {
    Event.PacketEvent event =
        assertInstanceOf(
            Event.PacketEvent.class,
            RecordBuilder.of(Hook.XDP_INGRESS)
                .source("fd00::1", 40000)
                .destination("fd00::2", 443)
                .packet("interface", 7)
                .field("packet_bytes", 1514)
                .objectFlags(ObjectFlag.FRAGMENT)
                .event());
    assertEquals(6, event.family());
    assertEquals(40000, event.sourcePort());
    assertEquals(443, event.destinationPort());
    assertEquals(7, event.interfaceIndex());
    assertEquals(1514, event.bytes());
    assertEquals(1, event.source()[15]);
    assertEquals(2, event.destination()[15]);
    assertTrue(ObjectFlag.FRAGMENT.in(event.head().objectFlags()));
  }

  @Test
  void theKeyIsTheMaskedOne() {
    byte[] mask = new byte[EventLayouts.VERDICT_KEY.size()];
    mask[0] = -1;
    Event event = RecordBuilder.of(Hook.EXEC).uid(1).path("/bin/sh").mask(mask).event();
    byte[] expected = new byte[mask.length];
    expected[0] = 1;
    assertArrayEquals(expected, event.head().key());
  }

  @Test
  void anotherVersionKindOrHookIsRefusedByName() {
    int other = EventLayouts.WIRE_VERSION + 1;
    assertRefused("version " + other, 0, other);
    assertRefused("kind 3", 2, 3);
    assertRefused("kind 0", 2, 0);
    int hook = EventLayouts.EVENT.offset("facts");
    assertRefused("hook 0", hook, 0);
    assertRefused("hook 7", hook, 7);
    assertRefused("hook 255", hook, 255);
  }

  @Test
  void aLengthThatDoesNotFitIsRefused() {
    assertRefused("names of", EventLayouts.EVENT.offset("path_bytes"), 12);
    assertRefused("names of", EventLayouts.EVENT.offset("exe_path_bytes") + 1, 0xff);
    assertRefused("says it has", 7, 0xff); // the top byte of the size
    byte[] record = OPEN.build();
    for (int bytes = 0; bytes < record.length; bytes++) {
      int cut = bytes;
      assertThrows(
          RecordException.class, () -> EventDecoder.decode(MemorySegment.ofArray(record), 0, cut));
    }
  }

  /** The ring's room may be larger than what was written: the rest is not looked at. */
  @Test
  void roomBehindTheRecordIsIgnored() {
    byte[] record = OPEN.build();
    MemorySegment room = MemorySegment.ofArray(new byte[record.length + 512]);
    room.fill((byte) 0xff);
    MemorySegment.copy(record, 0, room, JAVA_BYTE, 8, record.length);
    Event.FileEvent event = (Event.FileEvent) EventDecoder.decode(room, 8, record.length + 504);
    assertEquals("/etc/shadow", text(event.path()));
  }

  /** Bytes outside the record are another segment's: touching them fails the test. */
  @Test
  void hostileBytesAreRefusedOrDecodedButNeverReadBeyond() {
    Random random = new Random(11);
    byte[] good = OPEN.build();
    int decoded = 0;
    for (int i = 0; i < 50_000; i++) {
      byte[] bytes = good.clone();
      for (int changes = random.nextInt(8); changes >= 0; changes--) {
        bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
      }
      try {
        assertNotNull(EventDecoder.decode(MemorySegment.ofArray(bytes), 0, bytes.length));
        decoded++;
      } catch (RecordException e) {
        assertNotNull(e.getMessage());
      }
    }
    assertTrue(decoded > 10_000 && decoded < 50_000, "both ways were taken: " + decoded);
  }

  private static void assertRefused(String because, int offset, int value) {
    byte[] record = OPEN.build();
    ByteBuffer.wrap(record).order(ByteOrder.nativeOrder()).put(offset, (byte) value);
    RecordException e =
        assertThrows(
            RecordException.class,
            () -> EventDecoder.decode(MemorySegment.ofArray(record), 0, record.length));
    assertTrue(e.getMessage().contains(because), e.getMessage());
  }

  private static String text(byte[] name) {
    return new String(name, StandardCharsets.UTF_8);
  }
}
