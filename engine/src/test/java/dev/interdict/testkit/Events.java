package dev.interdict.testkit;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.interdict.event.Access;
import dev.interdict.event.Context;
import dev.interdict.event.Event;
import dev.interdict.event.Event.FileEvent;
import dev.interdict.event.Event.Head;
import dev.interdict.event.Event.PacketEvent;
import dev.interdict.event.Event.Peer;
import dev.interdict.event.Event.PeerEvent;
import dev.interdict.event.Event.SocketEvent;
import dev.interdict.event.Event.Subject;
import dev.interdict.event.Event.SubjectEvent;
import dev.interdict.event.FileNames;
import dev.interdict.event.Hook;
import dev.interdict.event.ObjectFlag;
import dev.interdict.event.RecordKind;
import dev.interdict.event.SlotSet;
import java.util.random.RandomGenerator;

/** Events, as the decoder would make them. */
public final class Events {
  private static final int KEY_BYTES = 120;

  private Events() {}

  /** {@code exe}, run by user {@code uid}, opens a file for reading. */
  public static FileEvent open(String exe, int uid, String path) {
    return new FileEvent(
        head(Hook.FILE_OPEN, Access.READ.bit(), 0),
        subject(exe, uid),
        path.getBytes(UTF_8),
        FileNames.NONE,
        8 << 20 | 1,
        1234,
        1,
        0,
        0,
        0100640);
  }

  /** The same attempt in another frame. */
  public static FileEvent with(FileEvent event, Head head) {
    return new FileEvent(
        head,
        event.subject(),
        event.path(),
        event.names(),
        event.device(),
        event.inode(),
        event.generation(),
        event.uid(),
        event.gid(),
        event.mode());
  }

  /** The frame of a record that asks for a decision. */
  public static Head head(Hook hook, int access, int objectFlags) {
    byte[] key = new byte[KEY_BYTES];
    key[0] = (byte) hook.code();
    return new Head(
        RecordKind.DECIDE,
        0,
        1,
        hook,
        access,
        objectFlags,
        key,
        SlotSet.NONE,
        SlotSet.NONE,
        SlotSet.NONE);
  }

  /** A process of user {@code uid} that runs {@code exe}. */
  public static Subject subject(String exe, int uid) {
    return new Subject(
        812,
        812,
        1,
        uid,
        uid,
        uid,
        uid,
        8 << 20 | 1,
        4711,
        exe.getBytes(UTF_8),
        FileNames.NONE,
        99,
        5519,
        "x".getBytes(UTF_8));
  }

  /** Any event of this hook, the strange ones more often than in life. */
  public static Event random(RandomGenerator random, Hook hook) {
    Head head = head(hook, random.nextInt(1 << Access.MOUNT.ordinal()), flags(random));
    if (hook.isFile()) {
      return new FileEvent(
          head,
          randomSubject(random),
          path(random),
          FileNames.NONE,
          random.nextInt(),
          number(random),
          random.nextInt(),
          id(random),
          id(random),
          random.nextInt(1 << 16));
    }
    if (hook.isPeer()) {
      Peer peer =
          new Peer(
              id(random),
              random.nextInt(),
              random.nextInt(3) == 0 ? 0 : number(random),
              path(random),
              FileNames.NONE,
              random.nextInt(4) == 0 ? number(random) : random.nextLong(4));
      int signal = hook == Hook.SIGNAL ? 1 + random.nextInt(64) : 0;
      return new PeerEvent(head, randomSubject(random), peer, signal);
    }
    if (hook == Hook.USER_NAMESPACE) {
      return new SubjectEvent(head, randomSubject(random));
    }
    return hook != Hook.XDP_INGRESS
        ? new SocketEvent(
            head,
            randomSubject(random),
            hook == Hook.SOCKET_CREATE ? family(random) : random.nextBoolean() ? 4 : 6,
            address(random),
            random.nextInt(65536),
            random.nextInt(12),
            random.nextInt(hook == Hook.SOCKET_CREATE && random.nextBoolean() ? 1 << 16 : 256))
        : packet(random, head);
  }

  /* AF_INET, AF_INET6, AF_NETLINK, AF_PACKET, or any, one that has no name yet among them. */
  private static int family(RandomGenerator random) {
    int[] families = {2, 10, 16, 17, random.nextInt(47)};
    return families[random.nextInt(families.length)];
  }

  private static PacketEvent packet(RandomGenerator random, Head head) {
    int[] protocols = {1, 6, 17, 58, 132, 47, 99};
    return new PacketEvent(
        head,
        new int[] {0, 4, 6}[random.nextInt(3)],
        protocols[random.nextInt(protocols.length)],
        address(random),
        address(random),
        random.nextInt(4) == 0 ? 0 : random.nextInt(65536),
        random.nextInt(4) == 0 ? 0 : random.nextInt(65536),
        random.nextInt(4),
        random.nextInt(2000));
  }

  private static int flags(RandomGenerator random) {
    return random.nextBoolean() ? 0 : random.nextInt(1 << ObjectFlag.values().length);
  }

  private static Subject randomSubject(RandomGenerator random) {
    return new Subject(
        id(random),
        id(random),
        id(random),
        id(random),
        id(random),
        id(random),
        id(random),
        random.nextInt(),
        number(random),
        path(random),
        FileNames.NONE,
        random.nextLong(),
        random.nextInt(4) == 0 ? number(random) : random.nextLong(4),
        path(random),
        RecordBuilder.labels(random.nextInt(3) == 0 ? random.nextLong() : random.nextLong(3)),
        randomContext(random));
  }

  private static Context randomContext(RandomGenerator random) {
    return new Context(
        random.nextInt(3) == 0 ? random.nextLong() : random.nextLong(3),
        random.nextBoolean() ? Context.NO_SESSION : id(random),
        random.nextInt(256),
        random.nextBoolean(),
        random.nextInt(5),
        random.nextBoolean());
  }

  private static int id(RandomGenerator random) {
    return random.nextInt(4) == 0 ? random.nextInt() : random.nextInt(3);
  }

  private static long number(RandomGenerator random) {
    return random.nextInt(4) == 0 ? random.nextLong() : random.nextLong(100);
  }

  private static byte[] path(RandomGenerator random) {
    return switch (random.nextInt(6)) {
      case 0 -> new byte[0];
      case 1 -> "/etc/shadow".getBytes(UTF_8);
      case 2 -> "/home/zoë/\uef80\uef00 \"\\\n".getBytes(UTF_8);
      case 3 -> bytes(random, random.nextInt(100));
      case 4 -> bytes(random, random.nextInt(10) == 0 ? 4096 : 7);
      default -> ("/usr/bin/" + Long.toString(random.nextLong(1L << 40), 36)).getBytes(UTF_8);
    };
  }

  private static byte[] bytes(RandomGenerator random, int length) {
    byte[] bytes = new byte[length];
    random.nextBytes(bytes);
    return bytes;
  }

  private static byte[] address(RandomGenerator random) {
    byte[] address = bytes(random, 16);
    int zeros = random.nextInt(17);
    for (int i = 0; i < zeros; i++) {
      address[random.nextInt(16)] = 0;
    }
    if (random.nextBoolean()) {
      for (int i = 0; i < 12; i++) {
        address[i] = (byte) (i < 10 ? 0 : 0xff);
      }
    }
    return address;
  }
}
