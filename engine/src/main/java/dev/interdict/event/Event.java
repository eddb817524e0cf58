package dev.interdict.event;

import java.util.List;

/**
 * A decoded record: who wants what of which object, and what the kernel has answered so far.
 *
 * <p>Immutable as long as nobody writes to the arrays, which nobody may.
 */
public sealed interface Event {

  /** An event, its parts and its key without the names. */
  long BYTES = 704;

  /** What every record has. */
  Head head();

  /** Who acts; null: a packet. */
  Subject subject();

  /** The hook that reported it. */
  default Hook hook() {
    return head().hook();
  }

  /** About what it occupies, in bytes. */
  default long occupies() {
    return BYTES + nameBytes();
  }

  /** Of its names. */
  default long nameBytes() {
    long object =
        switch (this) {
          case FileEvent file -> file.path().length;
          case PeerEvent other -> other.peer().exePath().length;
          default -> 0;
        };
    return subject() == null ? object : object + subject().exePath().length;
  }

  /**
   * The frame of a record.
   *
   * @param kind decide or observe
   * @param flags bits of {@link RecordFlag}
   * @param timeNs {@code CLOCK_BOOTTIME} nanoseconds when the hook reserved the record
   * @param access bits of {@link Access}
   * @param objectFlags bits of {@link ObjectFlag}
   * @param key the masked key, as the kernel looked it up: {@code sizeof(struct verdict_key)} bytes
   * @param asked decide: the undecided slots that cover this event
   * @param refused observe: the slots that refused
   * @param would observe: the slots that deny but were not enforced
   */
  record Head(
      RecordKind kind,
      int flags,
      long timeNs,
      Hook hook,
      int access,
      int objectFlags,
      byte[] key,
      SlotSet asked,
      SlotSet refused,
      SlotSet would) {

    private Head withObjectFlags(int other) {
      return new Head(kind, flags, timeNs, hook, access, other, key, asked, refused, would);
    }
  }

  /**
   * The acting task. All numbers are those of the initial namespaces.
   *
   * @param pid thread group id
   * @param tid thread id
   * @param exeDevice the kernel's {@code dev_t}: major {@code << 20 |} minor
   * @param exePath path of the executable as the process sees it: bytes, empty if unknown
   * @param image identifies one execve of one process
   * @param names by which names that policies mention the executable is known
   * @param cgroup cgroup v2 id
   * @param comm the name the task gave itself; for display only
   * @param labels that policies have set on the process, sorted, each once
   * @param context the state it is in
   */
  record Subject(
      int pid,
      int tid,
      int parentPid,
      int uid,
      int gid,
      int euid,
      int egid,
      int exeDevice,
      long exeInode,
      byte[] exePath,
      FileNames names,
      long image,
      long cgroup,
      byte[] comm,
      List<String> labels,
      Context context) {

    /** One without labels, in no particular state. */
    public Subject(
        int pid,
        int tid,
        int parentPid,
        int uid,
        int gid,
        int euid,
        int egid,
        int exeDevice,
        long exeInode,
        byte[] exePath,
        FileNames names,
        long image,
        long cgroup,
        byte[] comm) {
      this(
          pid,
          tid,
          parentPid,
          uid,
          gid,
          euid,
          egid,
          exeDevice,
          exeInode,
          exePath,
          names,
          image,
          cgroup,
          comm,
          List.of(),
          Context.NONE);
    }

    /** The same with these labels. */
    public Subject withLabels(List<String> other) {
      return new Subject(
          pid, tid, parentPid, uid, gid, euid, egid, exeDevice, exeInode, exePath, names, image,
          cgroup, comm, other, context);
    }

    /** The same in another state. */
    public Subject in(Context other) {
      return new Subject(
          pid, tid, parentPid, uid, gid, euid, egid, exeDevice, exeInode, exePath, names, image,
          cgroup, comm, labels, other);
    }

    /** The same, running an executable of another path. */
    public Subject withExePath(byte[] other) {
      return new Subject(
          pid, tid, parentPid, uid, gid, euid, egid, exeDevice, exeInode, other, names, image,
          cgroup, comm, labels, context);
    }
  }

  /**
   * An execve, an executable mapping or an open of a file; or what the kernel is to load, which may
   * be no file.
   *
   * @param path as the caller sees it: bytes, empty if unknown ({@link ObjectFlag#PATH_UNKNOWN});
   *     of a module that the kernel asks for its name, and empty for what comes from memory
   * @param names by which names that policies mention the file is known
   * @param mode {@code st_mode}: type and permission bits
   */
  record FileEvent(
      Head head,
      Subject subject,
      byte[] path,
      FileNames names,
      int device,
      long inode,
      int generation,
      int uid,
      int gid,
      int mode)
      implements Event {

    /** Whether there is a file. */
    public boolean hasFile() {
      return hook() != Hook.MODULE_LOAD || !(Access.MEMORY.in(head.access()) || isRequest());
    }

    /** Whether the kernel asks for a module by a name. */
    public boolean isRequest() {
      return hook() == Hook.MODULE_LOAD && Access.REQUEST.in(head.access());
    }

    /** The same under another path, which is known whatever the kernel could tell. */
    public FileEvent withPath(byte[] other) {
      Head known = head.withObjectFlags(head.objectFlags & ~ObjectFlag.PATH_UNKNOWN.bit());
      return new FileEvent(known, subject, other, names, device, inode, generation, uid, gid, mode);
    }

    /** The same by another subject. */
    public FileEvent withSubject(Subject other) {
      return new FileEvent(head, other, path, names, device, inode, generation, uid, gid, mode);
    }
  }

  /**
   * A connect, or a send with an address; or a bind, listen or accept; or a socket that is made,
   * which has no address.
   *
   * @param family 4 or 6; of a socket that is made {@code AF_}
   * @param address of the far end, at a {@linkplain Hook#isLocal local} hook of the near one: 16
   *     bytes, network order; IPv4 as {@code ::ffff:a.b.c.d}
   * @param type {@code SOCK_STREAM} and so on
   * @param protocol {@code IPPROTO_TCP} and so on; of a socket that is made its family's
   */
  record SocketEvent(
      Head head, Subject subject, int family, byte[] address, int port, int type, int protocol)
      implements Event {

    /** The same by another subject. */
    public SocketEvent withSubject(Subject other) {
      return new SocketEvent(head, other, family, address, port, type, protocol);
    }
  }

  /** What is done to nothing that has facts of its own. */
  record SubjectEvent(Head head, Subject subject) implements Event {

    /** The same by another subject. */
    public SubjectEvent withSubject(Subject other) {
      return new SubjectEvent(head, other);
    }
  }

  /**
   * Another process.
   *
   * @param exePath of its program, as the acting process would see it: bytes, empty if unknown
   *     ({@link ObjectFlag#PATH_UNKNOWN}) or if it has none, as threads of the kernel
   * @param names by which names that policies mention its program is known
   * @param cgroup cgroup v2 id
   */
  record Peer(
      int uid, int exeDevice, long exeInode, byte[] exePath, FileNames names, long cgroup) {}

  /**
   * What is done to another process.
   *
   * @param signal the number; 0 but at {@link Hook#SIGNAL}
   */
  record PeerEvent(Head head, Subject subject, Peer peer, int signal) implements Event {

    /** The same by another subject. */
    public PeerEvent withSubject(Subject other) {
      return new PeerEvent(head, other, peer, signal);
    }

    /** The same to one whose program has another path, which is known. */
    public PeerEvent withPath(byte[] other) {
      Head known = head.withObjectFlags(head.objectFlags & ~ObjectFlag.PATH_UNKNOWN.bit());
      Peer named =
          new Peer(peer.uid, peer.exeDevice, peer.exeInode, other, peer.names, peer.cgroup);
      return new PeerEvent(known, subject, named, signal);
    }
  }

  /**
   * A packet on its way in.
   *
   * @param family 4 or 6; 0 if not even that could be read
   * @param source 16 bytes as {@link SocketEvent#address}
   * @param sourcePort ICMP: the type
   * @param destinationPort ICMP: the code
   * @param interfaceIndex ifindex
   * @param bytes length on the wire
   */
  record PacketEvent(
      Head head,
      int family,
      int protocol,
      byte[] source,
      byte[] destination,
      int sourcePort,
      int destinationPort,
      int interfaceIndex,
      int bytes)
      implements Event {

    @Override
    public Subject subject() {
      return null;
    }
  }
}
