package dev.interdict.pipeline;

import dev.interdict.event.Event;
import dev.interdict.event.Names;
import java.util.List;
import java.util.Set;

/**
 * What a host needs to start, to be logged in to, and to be put right, among attempts that were
 * made. What is known beforehand of a policy says lint ({@code lint.Lockouts}).
 */
final class ProtectedSet {
  private static final Set<String> PROGRAMS =
      Set.of(
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
          "/usr/bin/udevadm");

  private static final List<String> FOLDERS =
      List.of("/usr/lib/systemd/", "/lib/systemd/", "/usr/lib/openssh/", "/usr/lib/interdict/");

  private ProtectedSet() {}

  /**
   * Whether PID 1 or such a program made it, or such a program was to be started or read. Not what
   * others do to the process of one: to refuse that takes nothing from the host.
   */
  static boolean has(Event attempt) {
    Event.Subject subject = attempt.subject();
    return subject != null
        && (subject.pid() == 1
            || isOf(subject.exePath())
            || (attempt instanceof Event.FileEvent file && isOf(file.path())));
  }

  private static boolean isOf(byte[] bytes) {
    String path = Names.toText(bytes);
    return PROGRAMS.contains(path) || FOLDERS.stream().anyMatch(path::startsWith);
  }
}
