package dev.interdict.verdict;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.interdict.event.Context;
import dev.interdict.event.EventLayouts;
import dev.interdict.event.Hook;
import dev.interdict.event.Layout;
import dev.interdict.event.ObjectFlag;
import dev.interdict.event.ReadSet;
import dev.interdict.testkit.RecordBuilder;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

class KeyMaskTest {

  @Test
  void aRuleThatReadsNothingLeavesOneEntryAHook() {
    assertEquals(Set.of("hook", "mask_set"), kept(Hook.EXEC));
    VerdictKey one = mask(Hook.EXEC).apply(RecordBuilder.of(Hook.EXEC).uid(1).facts());
    assertEquals(one, mask(Hook.EXEC).apply(RecordBuilder.of(Hook.EXEC).uid(2).facts()));
    assertNotEquals(one, mask(Hook.EXEC).apply(RecordBuilder.of(Hook.FILE_OPEN).facts()));
  }

  @Test
  void aPathIsItsNamesAndWhetherItCouldBeNamed() {
    assertEquals(Set.of("hook", "mask_set", "flags", "path"), kept(Hook.FILE_OPEN, "file.path"));
    assertEquals(Set.of("hook", "mask_set", "exe_path"), kept(Hook.FILE_OPEN, "process.exe.path"));
  }

  @Test
  void aFlagIsOnlyKnownWithThePath() {
    assertEquals(Set.of("hook", "mask_set", "flags", "path"), kept(Hook.EXEC, "file.deleted"));
  }

  @Test
  void aWholeObjectIsAllItsFields() {
    assertEquals(
        kept(Hook.FILE_OPEN, "process.exe.path", "process.exe.dev", "process.exe.inode"),
        kept(Hook.FILE_OPEN, "process.exe"));
    assertTrue(kept(Hook.FILE_OPEN, "process").contains("image"));
    assertTrue(
        kept(Hook.FILE_OPEN, "")
            .containsAll(Set.of("access", "uid", "cgroup", "image", "path", "mode", "flags")));
    assertEquals(kept(Hook.FILE_OPEN, "access"), kept(Hook.FILE_OPEN, "access.0"));
  }

  @Test
  void theUnionIsReadAsTheHooksOwn() {
    assertEquals(Set.of("hook", "mask_set", "port"), kept(Hook.SOCKET_CONNECT, "socket.port"));
    assertEquals(Set.of("hook", "mask_set"), kept(Hook.FILE_OPEN, "socket.port"));
    assertEquals(Set.of("hook", "mask_set"), kept(Hook.XDP_INGRESS, "process.uid"));
  }

  /** A rule about one end is not tried at the other. */
  @Test
  void theNearEndIsNotTheFarOne() {
    for (Hook hook : Set.of(Hook.SOCKET_BIND, Hook.SOCKET_LISTEN, Hook.SOCKET_ACCEPT)) {
      assertEquals(
          Set.of("hook", "mask_set", "address", "family"), kept(hook, "socket.local.address"));
      assertEquals(Set.of("hook", "mask_set", "port"), kept(hook, "socket.local.port"));
      assertEquals(Set.of("hook", "mask_set"), kept(hook, "socket.address", "socket.port"));
    }
    assertEquals(Set.of("hook", "mask_set"), kept(Hook.SOCKET_CONNECT, "socket.local"));
  }

  /** Six is TCP, and of netlink xfrm. */
  @Test
  void aProtocolIsNamedByItsFamily() {
    assertEquals(
        Set.of("hook", "mask_set", "family", "protocol"),
        kept(Hook.SOCKET_CREATE, "socket.protocol"));
    RecordBuilder made = RecordBuilder.of(Hook.SOCKET_CREATE).socket("protocol", 6);
    KeyMask mask = mask(Hook.SOCKET_CREATE, "socket.protocol");
    assertNotEquals(
        mask.apply(made.fact("family", 2).facts()), mask.apply(made.fact("family", 16).facts()));
  }

  @Test
  void aPortIsThereOrNotByProtocolAndFragment() {
    assertEquals(
        Set.of("hook", "mask_set", "protocol", "flags", "destination_port"),
        kept(Hook.XDP_INGRESS, "packet.destination.port"));
    KeyMask mask = mask(Hook.XDP_INGRESS, "packet.destination.port");
    RecordBuilder packet = RecordBuilder.of(Hook.XDP_INGRESS).destination("10.0.0.1", 80);
    VerdictKey whole = mask.apply(packet.facts());
    assertNotEquals(whole, mask.apply(packet.objectFlags(ObjectFlag.FRAGMENT).facts()));
  }

  @Test
  void whatIsNotInTheKeyIsRefusedAndNeverIgnored() {
    for (String field : Set.of("process.args", "time", "file.pathology", "procesS.uid")) {
      IllegalArgumentException e =
          assertThrows(IllegalArgumentException.class, () -> mask(Hook.EXEC, "access", field));
      assertTrue(e.getMessage().contains("input." + field), e.getMessage());
    }
  }

  /** Another process would find a decision of a moment that it has not lived through. */
  @Test
  void aDecisionThatRestsOnItsMomentIsOneProcesssAlone() {
    assertEquals(Set.of("hook", "mask_set", "image"), kept(Hook.EXEC, ReadSet.MOMENT));
    assertEquals(
        Set.of("hook", "mask_set", "image", "uid"), kept(Hook.EXEC, ReadSet.MOMENT, "process.uid"));
  }

  @Test
  void theUnionOfTwoMasksTellsApartWhatEitherDoes() {
    assertEquals(
        mask(Hook.EXEC, "process.uid", "access"),
        mask(Hook.EXEC, "process.uid").or(mask(Hook.EXEC, "access")));
  }

  @Test
  void anotherProcessIsNamedByItsProgramAndWhetherItCanBeTold() {
    assertEquals(Set.of("hook", "mask_set", "flags", "path"), kept(Hook.PTRACE, "peer.exe.path"));
    assertEquals(Set.of("hook", "mask_set", "signal"), kept(Hook.SIGNAL, "signal.name"));
    assertEquals(Set.of("hook", "mask_set", "uid"), kept(Hook.SIGNAL, "peer.uid"));
  }

  /** What was asked for is told; a fact of which one byte is missing is not. */
  @Test
  void aMaskTellsWhatItWasMadeForAndNothingThatItHidesInPart() {
    ReadSet all = new ReadSet(Set.of(""));
    for (Hook hook : Hook.values()) {
      assertEquals(KeyMask.fields(hook, all), KeyMask.of(hook, all).tells(hook));
      Set<String> always = // no place to mount on is made by the call
          hook == Hook.MOUNT ? Set.of("hook", "file.created") : Set.of("hook");
      assertEquals(always, KeyMask.none().tells(hook));
      for (String path : KeyMask.fields(hook, all)) {
        assertTrue(mask(hook, path).tells(hook).contains(path), hook + " " + path);
      }
    }
    assertEquals(
        Set.of("hook", "process.uid"), mask(Hook.FILE_OPEN, "process.uid").tells(Hook.FILE_OPEN));
    // The address also wants the family.
    assertEquals(
        Set.of("hook", "socket.family"),
        mask(Hook.SOCKET_CONNECT, "socket.family").tells(Hook.SOCKET_CONNECT));
  }

  /**
   * Of all that one word stands for each fact has its own places, and who reads none pays nothing.
   */
  @Test
  void theKeyHasTheWordOfTheContextWhereSomethingOfItIsRead() {
    int word = EventLayouts.VERDICT_KEY.offset("context");
    KeyMask tty = mask(Hook.EXEC, "process.tty");
    assertEquals(-1, tty.encode()[word]);
    assertEquals(Set.of("hook", "process.tty"), tty.tells(Hook.EXEC));
    byte[] read = new byte[Context.BYTES];
    read[EventLayouts.CONTEXT.offset("tty")] = -1;
    assertArrayEquals(read, tty.context());
    KeyMask uid = mask(Hook.EXEC, "process.uid");
    assertEquals(0, uid.encode()[word]);
    assertArrayEquals(new byte[Context.BYTES], uid.context());
    assertArrayEquals(read, uid.or(tty).context());
    assertEquals(-1, uid.or(tty).encode()[word]);
    assertEquals(0, mask(Hook.XDP_INGRESS, "").encode()[word], "a packet is nobody's");
  }

  @Test
  void theFieldsOfAReadSetAreThoseThatItMayRead() {
    assertEquals(
        Set.of("process.exe.dev", "process.exe.inode", "process.exe.path", "process.uid"),
        KeyMask.fields(
            Hook.SOCKET_CONNECT, new ReadSet(Set.of("process.exe", "process.uid", "file.path"))));
  }

  private static KeyMask mask(Hook hook, String... reads) {
    return KeyMask.of(hook, new ReadSet(Set.of(reads)));
  }

  /** The fields of the key that the mask keeps; none may be kept in part. */
  private static Set<String> kept(Hook hook, String... reads) {
    byte[] mask = mask(hook, reads).encode();
    Set<String> kept = new TreeSet<>();
    String object =
        hook.isFile()
            ? "file"
            : hook.isPeer() ? "peer" : hook == Hook.XDP_INGRESS ? "packet" : "socket";
    Layout layout =
        switch (object) {
          case "file" -> EventLayouts.FILE_IDENTITY;
          case "socket" -> EventLayouts.SOCKET_ADDRESS;
          case "peer" -> EventLayouts.PEER;
          default -> EventLayouts.PACKET_TUPLE;
        };
    for (Layout.Field field : EventLayouts.VERDICT_KEY.fields()) {
      if (field.name().equals(object)) {
        layout.fields().forEach(f -> keep(kept, mask, field.offset() + f.offset(), f));
      } else if (!Set.of("file", "socket", "packet", "peer").contains(field.name())) {
        keep(kept, mask, field.offset(), field);
      }
    }
    return kept;
  }

  private static void keep(Set<String> kept, byte[] mask, int at, Layout.Field field) {
    int bits = 0;
    for (int i = 0; i < field.size(); i++) {
      bits += Integer.bitCount(mask[at + i] & 0xff);
    }
    assertTrue(bits == 0 || bits == 8 * field.size(), field + " is kept in part");
    if (bits != 0) {
      kept.add(field.name());
    }
  }
}
