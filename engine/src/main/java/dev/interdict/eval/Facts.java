package dev.interdict.eval;

import dev.interdict.event.Access;
import dev.interdict.event.Context;
import dev.interdict.event.Event.FileEvent;
import dev.interdict.event.Event.PacketEvent;
import dev.interdict.event.Event.PeerEvent;
import dev.interdict.event.Hook;
import dev.interdict.event.ObjectFlag;
import java.util.Arrays;
import java.util.stream.Stream;

/**
 * What the numbers of an event are called in {@code input}: the meaning that {@link InputJson} and
 * {@link InputWriter} share. The schemas in {@code policies/schema} say the same to authors.
 */
final class Facts {
  /** {@code hook} by code. */
  static final String[] HOOKS =
      table(
          Hook.ARRAY_LENGTH,
          Stream.of(Hook.values()).flatMap(h -> Stream.of(h.code(), h.id())).toArray());

  /** {@code file.type} by {@link #fileType}. */
  static final String[] FILE_TYPES = fileTypes();

  /** {@code family}. */
  static final String[] FAMILIES = table(7, 4, "inet", 6, "inet6");

  /** {@code socket.family} of a socket that is made, by {@code AF_}. */
  static final String[] SOCKET_FAMILIES = socketFamilies();

  /** {@code socket.type} by {@code SOCK_}. */
  static final String[] SOCKET_TYPES =
      table(
          11, 1, "stream", 2, "dgram", 3, "raw", 4, "rdm", 5, "seqpacket", 6, "dccp", 10, "packet");

  /** {@code process.seccomp} by {@code SECCOMP_MODE_}. */
  static final String[] SECCOMP = Context.SECCOMP.toArray(String[]::new);

  /** {@code protocol} by {@code IPPROTO_}. */
  static final String[] PROTOCOLS =
      table(
          256, 1, "icmp", 2, "igmp", 6, "tcp", 17, "udp", 33, "dccp", 47, "gre", 50, "esp", 51,
          "ah", 58, "icmpv6", 132, "sctp", 136, "udplite");

  /** The same for a socket of the family {@code netlink}. */
  static final String[] NETLINK_PROTOCOLS =
      table(
          23,
          0,
          "route",
          2,
          "usersock",
          3,
          "firewall",
          4,
          "sock_diag",
          5,
          "nflog",
          6,
          "xfrm",
          7,
          "selinux",
          8,
          "iscsi",
          9,
          "audit",
          10,
          "fib_lookup",
          11,
          "connector",
          12,
          "netfilter",
          13,
          "ip6_fw",
          14,
          "dnrtmsg",
          15,
          "kobject_uevent",
          16,
          "generic",
          18,
          "scsitransport",
          19,
          "ecryptfs",
          20,
          "rdma",
          21,
          "crypto",
          22,
          "smc");

  /** {@code signal.name} by number. */
  static final String[] SIGNALS =
      Stream.of(
              ("- HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD"
                      + " CONT STOP TSTP TTIN TTOU URG XCPU XFSZ VTALRM PROF WINCH IO PWR SYS")
                  .split(" ", -1))
          .map(name -> name.equals("-") ? null : "SIG" + name)
          .toArray(String[]::new);

  private static final String[] NO_NAMES = {};

  private Facts() {}

  private static String[] table(int length, Object... numbersAndNames) {
    String[] table = new String[length];
    for (int i = 0; i < numbersAndNames.length; i += 2) {
      table[(int) numbersAndNames[i]] = (String) numbersAndNames[i + 1];
    }
    return table;
  }

  private static String[] socketFamilies() {
    String[] families = new String[256];
    Arrays.fill(families, "other");
    String known =
        "unspec unix inet ax25 ipx appletalk netrom bridge atmpvc x25 inet6 rose decnet netbeui"
            + " security key netlink packet ash econet atmsvc rds sna irda pppox wanpipe llc ib"
            + " mpls can tipc bluetooth iucv rxrpc isdn phonet ieee802154 caif alg nfc vsock kcm"
            + " qipcrtr smc xdp mctp";
    String[] words = known.split(" ", -1);
    System.arraycopy(words, 0, families, 0, words.length);
    return families;
  }

  /** The names that protocols have in a family of {@link #SOCKET_FAMILIES}. */
  static String[] protocols(int family) {
    return switch (SOCKET_FAMILIES[family & 0xff]) {
      case "inet", "inet6" -> PROTOCOLS;
      case "netlink" -> NETLINK_PROTOCOLS;
      default -> NO_NAMES;
    };
  }

  private static String[] fileTypes() {
    // What has none of these types is what mknod takes as a regular file.
    String[] types = new String[16];
    Arrays.fill(types, "regular");
    types[1] = "fifo";
    types[2] = "char";
    types[4] = "directory";
    types[6] = "block";
    types[10] = "symlink";
    types[12] = "socket";
    return types;
  }

  /** The index of an {@code st_mode} in {@link #FILE_TYPES}. */
  static int fileType(int mode) {
    return mode >>> 12 & 15;
  }

  /** The name of a number; null if it has none. */
  static String name(String[] table, int number) {
    return number >= 0 && number < table.length ? table[number] : null;
  }

  static boolean pathKnown(FileEvent event) {
    return event.hasFile()
        && event.path().length != 0
        && !ObjectFlag.PATH_UNKNOWN.in(event.head().objectFlags());
  }

  /** Whether there is a file whose path cannot be told. */
  static boolean pathUnknown(FileEvent event) {
    return event.hasFile() && !pathKnown(event);
  }

  /** Whether the program of the other process cannot be told; if not, it may have none. */
  static boolean pathUnknown(PeerEvent event) {
    return ObjectFlag.PATH_UNKNOWN.in(event.head().objectFlags());
  }

  /** Whether not even the number of its program can be told. */
  static boolean programUnknown(PeerEvent event) {
    return pathUnknown(event) && event.peer().exeInode() == 0;
  }

  static boolean hasPath(PeerEvent event) {
    return event.peer().exePath().length != 0 && !pathUnknown(event);
  }

  static boolean created(FileEvent event) {
    return Access.CREATE.in(event.head().access());
  }

  /** Whether not even the IP header could be read. */
  static boolean isBare(PacketEvent event) {
    return event.family() == 0;
  }

  /** A fragment that does not carry the transport header counts as one that could not be read. */
  static boolean parsed(PacketEvent event) {
    return !ObjectFlag.UNPARSED.in(event.head().objectFlags());
  }

  static boolean hasIcmp(PacketEvent event) {
    return (event.protocol() == 1 || event.protocol() == 58) && parsed(event);
  }

  static boolean hasPorts(PacketEvent event) {
    return switch (event.protocol()) {
      case 6, 17, 33, 132, 136 -> parsed(event);
      default -> false;
    };
  }
}
