package dev.interdict.pipeline;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.interdict.event.Event;
import dev.interdict.event.Event.FileEvent;
import dev.interdict.testkit.Events;
import java.util.List;
import org.junit.jupiter.api.Test;

class ProtectedSetTest {
  private static FileEvent open(String exe, String path) {
    return Events.open(exe, 0, path);
  }

  /** The same by another process. */
  private static Event by(int pid, FileEvent open) {
    Event.Subject of = open.subject();
    return open.withSubject(
        new Event.Subject(
            pid,
            pid,
            of.parentPid(),
            of.uid(),
            of.gid(),
            of.euid(),
            of.egid(),
            of.exeDevice(),
            of.exeInode(),
            of.exePath(),
            of.names(),
            of.image(),
            of.cgroup(),
            of.comm()));
  }

  @Test
  void theFirstProcessIsInItWhateverItRuns() {
    FileEvent plain = open("/usr/bin/cat", "/srv/a");
    assertFalse(ProtectedSet.has(by(2, plain)));
    assertTrue(ProtectedSet.has(by(1, plain)));
  }

  @Test
  void whatStartsAHostLogsInAndPutsItRightIsInItAsProgramAndAsFile() {
    for (String path :
        List.of(
            "/usr/sbin/init",
            "/sbin/init",
            "/usr/sbin/sshd",
            "/usr/sbin/agetty",
            "/usr/bin/login",
            "/usr/bin/sudo",
            "/usr/bin/su",
            "/usr/sbin/sulogin",
            "/usr/bin/systemctl",
            "/usr/bin/dbus-daemon",
            "/usr/bin/udevadm",
            "/usr/lib/systemd/systemd-journald",
            "/lib/systemd/systemd",
            "/usr/lib/openssh/sftp-server",
            "/usr/lib/interdict/interdict")) {
      assertTrue(ProtectedSet.has(by(7, open(path, "/srv/a"))), path);
      assertTrue(ProtectedSet.has(by(7, open("/usr/bin/cat", path))), path);
    }
  }

  @Test
  void whatOnlyLooksLikeItIsNot() {
    for (String path :
        List.of("/usr/sbin/sshd2", "/home/u/usr/sbin/sshd", "/usr/lib/systemd", "/srv/su")) {
      assertEquals(false, ProtectedSet.has(by(7, open(path, "/srv/a"))), path);
    }
  }
}
