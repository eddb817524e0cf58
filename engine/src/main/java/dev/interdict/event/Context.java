package dev.interdict.event;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The state of the task that acts, at that moment: {@code struct context} of {@code verdict.h}.
 * Immutable.
 *
 * @param capabilities permitted ones and, of root, what an execve gives back, by the kernel's
 *     numbers, in the task's own user namespace
 * @param sessionUid that somebody has logged in as; {@link #NO_SESSION}: nobody, or not known
 * @param namespaces bits of {@link Namespace}: those that are not the host's
 * @param seccomp {@code SECCOMP_MODE_}
 * @param tty whether it has a controlling terminal
 */
public record Context(
    long capabilities, int sessionUid, int namespaces, boolean noNewPrivs, int seccomp, boolean tty)
    implements Comparable<Context> {

  /** In the place of a user. */
  public static final int NO_SESSION = -1;

  /** Nobody's: no capability, no session, the host's namespaces. */
  public static final Context NONE = new Context(0, NO_SESSION, 0, false, 0, false);

  /** {@code sizeof(struct context)}. */
  public static final int BYTES = EventLayouts.CONTEXT.size();

  /** Capabilities by the kernel's numbers; what a later kernel has beyond them has no name here. */
  public static final List<String> CAPABILITIES =
      Arrays.stream(
              ("CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP"
                      + " LINUX_IMMUTABLE NET_BIND_SERVICE NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK"
                      + " IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN"
                      + " SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE"
                      + " AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE MAC_ADMIN SYSLOG WAKE_ALARM"
                      + " BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE")
                  .split(" ", -1))
          .map(name -> "CAP_" + name)
          .toList();

  /** The bits of all that have names. */
  public static final long ALL_CAPABILITIES = (1L << CAPABILITIES.size()) - 1;

  /** By {@code SECCOMP_MODE_}; the last is of one that its filter is about to kill. */
  public static final List<String> SECCOMP = List.of("none", "strict", "filter", "filter");

  private static final List<String> NAMESPACES =
      Arrays.stream(Namespace.values()).map(Namespace::id).toList();

  private static final Comparator<Context> ORDER =
      Comparator.comparingLong(Context::capabilities)
          .thenComparingInt(Context::sessionUid)
          .thenComparingInt(Context::namespaces)
          .thenComparing(Context::noNewPrivs)
          .thenComparingInt(Context::seccomp)
          .thenComparing(Context::tty);

  /** Whether somebody has logged in, of whose session it is. */
  public boolean hasSession() {
    return sessionUid != NO_SESSION;
  }

  /** The capabilities by name, in the order of their numbers. */
  public List<String> capabilityNames() {
    return names(CAPABILITIES, capabilities);
  }

  /** The same for people: {@code ALL}, if it has every one that has a name. */
  public List<String> shownCapabilities() {
    boolean all = (capabilities & ALL_CAPABILITIES) == ALL_CAPABILITIES;
    return all ? List.of("ALL") : capabilityNames();
  }

  /** Which of {@link #SECCOMP} it is; a mode that a later kernel has is some filter. */
  public int seccompWord() {
    return Math.min(seccomp, SECCOMP.size() - 1);
  }

  /** The mode of seccomp by name. */
  public String seccompName() {
    return SECCOMP.get(seccompWord());
  }

  /** The kinds of namespaces by name, in the order of their bits. */
  public List<String> namespaceNames() {
    return names(NAMESPACES, namespaces);
  }

  /** As the kernel has it: what the key's word is made of. */
  public byte[] encode() {
    return ByteBuffer.allocate(BYTES)
        .order(ByteOrder.nativeOrder())
        .putLong(capabilities)
        .putInt(sessionUid)
        .put((byte) namespaces)
        .put((byte) (noNewPrivs ? 1 : 0))
        .put((byte) seccomp)
        .put((byte) (tty ? 1 : 0))
        .array();
  }

  @Override
  public int compareTo(Context other) {
    return ORDER.compare(this, other);
  }

  private static List<String> names(List<String> table, long bits) {
    return IntStream.range(0, table.size())
        .filter(i -> (bits >>> i & 1) != 0)
        .mapToObj(table::get)
        .toList();
  }
}
