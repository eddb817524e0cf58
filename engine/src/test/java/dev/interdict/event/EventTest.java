package dev.interdict.event;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

final class EventTest {
  /** Else a link in a directory too deep for the kernel's walk would hide what a name protects. */
  @Test
  void aFileUnderAnotherNameMustHaveAKnownPath() {
    int flags = ObjectFlag.PATH_UNKNOWN.bit() | ObjectFlag.DELETED.bit();
    Event.Head head =
        new Event.Head(
            RecordKind.DECIDE,
            0,
            1,
            Hook.FILE_OPEN,
            1,
            flags,
            new byte[0],
            SlotSet.NONE,
            SlotSet.NONE,
            SlotSet.NONE);
    byte[] name = "/etc/shadow".getBytes(StandardCharsets.UTF_8);
    Event.FileEvent named =
        new Event.FileEvent(head, null, new byte[0], FileNames.NONE, 1, 2, 3, 4, 5, 6)
            .withPath(name);
    assertArrayEquals(name, named.path());
    assertEquals(ObjectFlag.DELETED.bit(), named.head().objectFlags());
    assertEquals(2, named.inode());
  }
}
