package dev.interdict.eval;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.interdict.event.Event;
import dev.interdict.event.Event.FileEvent;
import dev.interdict.event.FileNames;
import dev.interdict.event.Hook;
import dev.interdict.event.ObjectFlag;
import dev.interdict.event.ReadSet;
import dev.interdict.testkit.RecordBuilder;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Under which paths a policy that mentions some is shown an event. */
final class ReadingsTest {
  private static final HostNames NAMES =
      new HostNames() {
        @Override
        public byte[] cgroupPath(long id) {
          return null;
        }

        @Override
        public byte[] interfaceName(int index) {
          return null;
        }

        @Override
        public Set<String> fileNames(int number) {
          return List.of(
                  Set.<String>of(),
                  Set.of("/etc/shadow"),
                  Set.of("/usr/bin/python3"),
                  Set.of("/not/ours"))
              .get(number);
        }
      };

  private final Readings readings =
      new Readings(
          new ReadSet(Set.of("file.path", "process.exe.path")),
          Set.of("/etc/shadow", "/usr/bin/python3"),
          NAMES);

  @Test
  void aFileIsShownUnderTheNameThatWasUsedAndUnderThePolicysOwn() {
    assertEquals(List.of("/tmp/x", "/etc/shadow"), paths("/tmp/x", new FileNames(0, 1, false)));
    assertEquals(List.of("/tmp/x", "/etc/shadow"), paths("/tmp/x", new FileNames(1, 0, true)));
    assertEquals(List.of("/etc/shadow"), paths("/etc/shadow", new FileNames(1, 0, false)));
    assertEquals(List.of("/tmp/x"), paths("/tmp/x", new FileNames(3, 0, false)));
  }

  @Test
  void aNameThatMayBeArrangedSatisfiesNoList() {
    assertEquals(
        List.of("/etc/shadow", Readings.FOREIGN), paths("/etc/shadow", new FileNames(0, 0, true)));
    assertEquals(
        List.of("/usr/bin/python3", Readings.FOREIGN),
        programs("/usr/bin/python3", new FileNames(0, 0, true)));
    assertEquals(
        List.of("/usr/bin/python3", Readings.FOREIGN),
        programs("/usr/bin/python3", new FileNames(2, 0, true)),
        "what the kernel says of a program can be a lie there");
  }

  @Test
  void anotherProcessIsShownAsAFileIs() {
    Readings peers =
        new Readings(new ReadSet(Set.of("peer.exe.path")), Set.of("/usr/bin/python3"), NAMES);
    Event event =
        RecordBuilder.of(Hook.PTRACE)
            .path("/usr/bin/python3.11")
            .names(new FileNames(2, 0, false))
            .event();
    assertEquals(
        List.of("/usr/bin/python3.11", "/usr/bin/python3"),
        peers.of(event).stream()
            .map(e -> new String(((Event.PeerEvent) e).peer().exePath(), UTF_8))
            .toList());
    assertFalse(peers.isUnknown(event));
    Event untold = RecordBuilder.of(Hook.PTRACE).objectFlags(ObjectFlag.PATH_UNKNOWN).event();
    assertTrue(peers.isUnknown(untold));
    assertFalse(peers.isUnknown(RecordBuilder.of(Hook.PTRACE).event()), "a thread of the kernel");
    for (String number : List.of("peer.exe.inode", "peer.exe.dev")) {
      Readings numbers = new Readings(new ReadSet(Set.of(number)), Set.of(), NAMES);
      assertTrue(numbers.isUnknown(untold), "anybody can make his program one that is not told");
      Event deep =
          RecordBuilder.of(Hook.PTRACE)
              .peer("inode", 7)
              .objectFlags(ObjectFlag.PATH_UNKNOWN)
              .event();
      assertFalse(numbers.isUnknown(deep), "its number is known");
      assertTrue(peers.isUnknown(deep));
    }
    Readings others = new Readings(new ReadSet(Set.of("peer.uid")), Set.of(), NAMES);
    assertFalse(others.isUnknown(untold));
    Readings cgroups = new Readings(new ReadSet(Set.of("peer.cgroup.path")), Set.of(), NAMES);
    assertTrue(cgroups.isUnknown(event), "it has no path here");
  }

  @Test
  void aProgramIsShownUnderThePolicysOwnNames() {
    assertEquals(
        List.of("/usr/bin/python3"), programs("/usr/bin/python3.11", new FileNames(2, 0, false)));
    assertEquals(
        List.of("/usr/bin/python3.11"),
        programs("/usr/bin/python3.11", new FileNames(3, 0, false)));
  }

  @Test
  void whoDoesNotReadAPathIsShownTheEventOnce() {
    Readings blind = new Readings(new ReadSet(Set.of("file.uid")), Set.of("/etc/shadow"), NAMES);
    Event event = record("/tmp/x").names(new FileNames(1, 0, true)).event();
    assertEquals(List.of(event), blind.of(event));
    assertFalse(blind.isUnknown(record("/x").objectFlags(ObjectFlag.PATH_UNKNOWN).event()));
  }

  @Test
  void aPathThatCannotBeToldIsUnknownToWhoReadsIt() {
    assertFalse(readings.isUnknown(record("/tmp/x").event()));
    assertTrue(readings.isUnknown(record("").objectFlags(ObjectFlag.PATH_UNKNOWN).event()));
    assertTrue(readings.isUnknown(record("/tmp/x").exe("").event()), "so with the program's");
  }

  /** A unit is what the path says: who asks for it is not told that there is none. */
  @Test
  void whatACgroupIsOfIsUnknownWithItsPath() {
    for (String fact : List.of("process.cgroup.path", "process.unit", "process")) {
      ReadSet reads = new ReadSet(Set.of(fact));
      assertTrue(new Readings(reads, Set.of(), NAMES).isUnknown(record("/tmp/x").event()), fact);
    }
    ReadSet id = new ReadSet(Set.of("process.cgroup.id"));
    assertFalse(new Readings(id, Set.of(), NAMES).isUnknown(record("/tmp/x").event()));
  }

  @Test
  void whoHasNoProgramIsNotRefusedForItsPath() {
    assertFalse(
        readings.isUnknown(RecordBuilder.of(Hook.FILE_OPEN).path("/tmp/x").event()),
        "a thread of the kernel");
  }

  private List<String> paths(String path, FileNames names) {
    return readings.of(record(path).names(names).event()).stream()
        .map(e -> new String(((FileEvent) e).path(), UTF_8))
        .toList();
  }

  private List<String> programs(String exe, FileNames names) {
    return readings.of(record("/tmp/x").exe(exe).exeNames(names).event()).stream()
        .map(e -> new String(((FileEvent) e).subject().exePath(), UTF_8))
        .toList();
  }

  private static RecordBuilder record(String path) {
    return RecordBuilder.of(Hook.FILE_OPEN).fact("exe_inode", 7).exe("/usr/bin/cat").path(path);
  }
}
