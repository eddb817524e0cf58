package dev.interdict.eval;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.interdict.event.Event;
import dev.interdict.event.Event.FileEvent;
import dev.interdict.event.Event.PacketEvent;
import dev.interdict.event.Event.PeerEvent;
import dev.interdict.event.Event.SocketEvent;
import dev.interdict.event.Event.Subject;
import dev.interdict.event.Event.SubjectEvent;
import dev.interdict.event.FileNames;
import dev.interdict.event.ReadSet;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/**
 * Under which paths an event is shown to a policy. It is refused if the policy objects under one of
 * them, so that no name takes an objection away.
 *
 * <ul>
 *   <li>A file is shown under the path that was used, and under each name of the policy that leads
 *       to it on this host.
 *   <li>A program is shown under the names of the policy that lead to it, or else under the path it
 *       has: so that a link to a program may stand in a list of those that may do something.
 *   <li>What somebody without privilege may have arranged (mounts and roots in user namespaces) is
 *       shown under {@link #FOREIGN}, too, which is no path: it satisfies no list.
 * </ul>
 */
public final class Readings {
  /** Stands for a path that may be a lie. No path of the kernel looks like it. */
  static final String FOREIGN = "(foreign)";

  private static final byte[] FOREIGN_PATH = FOREIGN.getBytes(UTF_8);

  static final String CGROUP = "process.cgroup.path";

  static final String PEER_PATH = "peer.exe.path";
  private static final String PEER_PROGRAM = "peer.exe";
  private static final String PEER_CGROUP = "peer.cgroup.path";

  /** What the engine looks up elsewhere. */
  static final String CONTAINER = "process.container";

  /** What the path of the cgroup tells. */
  private static final List<String> OF_CGROUP = List.of(CGROUP, "process.unit", CONTAINER);

  private final ReadSet reads;
  private final Set<String> literals;
  private final HostNames names;

  /**
   * Shows events to one policy.
   *
   * @param literals the paths that it mentions
   */
  public Readings(ReadSet reads, Set<String> literals, HostNames names) {
    this.reads = reads;
    this.literals = literals;
    this.names = names;
  }

  /** The event as it is shown, once or more often. */
  public List<Event> of(Event event) {
    return switch (event) {
      case FileEvent file -> {
        List<Event> all = new ArrayList<>();
        List<byte[]> others = otherPaths("file.path", file.names(), file.path());
        for (Subject subject : subjects(file.subject())) {
          FileEvent by = file.withSubject(subject);
          all.add(by);
          others.forEach(path -> all.add(by.withPath(path)));
        }
        yield all;
      }
      case SocketEvent socket ->
          subjects(socket.subject()).stream().<Event>map(socket::withSubject).toList();
      case SubjectEvent plain ->
          subjects(plain.subject()).stream().<Event>map(plain::withSubject).toList();
      case PeerEvent other -> {
        List<Event> all = new ArrayList<>();
        List<byte[]> others = otherPaths(PEER_PATH, other.peer().names(), other.peer().exePath());
        for (Subject subject : subjects(other.subject())) {
          PeerEvent by = other.withSubject(subject);
          all.add(by);
          others.forEach(path -> all.add(by.withPath(path)));
        }
        yield all;
      }
      case PacketEvent packet -> List.of(packet);
    };
  }

  /**
   * Whether every policy is shown the event as it is, once, and all its paths are known.
   *
   * @param names null: no policy asks for what the path of the cgroup tells
   */
  static boolean isPlain(Event event, HostNames names) {
    return switch (event) {
      case FileEvent file ->
          file.names().equals(FileNames.NONE)
              && !Facts.pathUnknown(file)
              && isPlain(file.subject(), names);
      case SocketEvent socket -> isPlain(socket.subject(), names);
      case SubjectEvent plain -> isPlain(plain.subject(), names);
      case PeerEvent other ->
          other.peer().names().equals(FileNames.NONE)
              && !Facts.pathUnknown(other)
              && (names == null || names.cgroupPath(other.peer().cgroup()) != null)
              && isPlain(other.subject(), names);
      case PacketEvent packet -> true;
    };
  }

  private static boolean isPlain(Subject subject, HostNames names) {
    return subject.names().equals(FileNames.NONE)
        && subject.exePath().length != 0
        && (names == null || names.workload(subject.cgroup()).told());
  }

  /** Whether all names that the event speaks of are known here. */
  boolean areKnown(Event event) {
    return switch (event) {
      case FileEvent file -> areKnown(file.names()) && areKnown(file.subject().names());
      case SocketEvent socket -> areKnown(socket.subject().names());
      case SubjectEvent plain -> areKnown(plain.subject().names());
      case PeerEvent other -> areKnown(other.peer().names()) && areKnown(other.subject().names());
      case PacketEvent packet -> true;
    };
  }

  private boolean areKnown(FileNames of) {
    return names.fileNames(of.place()) != null && names.fileNames(of.file()) != null;
  }

  /** Whether it rests on a path that cannot be told, and neither can who is at the other end. */
  public boolean isUnknown(Event event) {
    return switch (event) {
      case FileEvent file ->
          (reads.mayRead("file.path") && Facts.pathUnknown(file)) || isUnknown(file.subject());
      case SocketEvent socket -> isUnknown(socket.subject());
      case SubjectEvent plain -> isUnknown(plain.subject());
      case PeerEvent other ->
          (reads.mayRead(PEER_PATH) && Facts.pathUnknown(other))
              || (reads.mayRead(PEER_PROGRAM) && Facts.programUnknown(other))
              || (reads.mayRead(PEER_CGROUP) && names.cgroupPath(other.peer().cgroup()) == null)
              || isUnknown(other.subject());
      case PacketEvent packet -> false;
    };
  }

  private boolean isUnknown(Subject subject) {
    boolean program = subject.exeInode() != 0; // threads of the kernel have none
    return (reads.mayRead("process.exe.path") && program && subject.exePath().length == 0)
        || (rest(reads) && !names.workload(subject.cgroup()).told());
  }

  /** Whether decisions rest on the path of the cgroup. */
  static boolean rest(ReadSet reads) {
    return OF_CGROUP.stream().anyMatch(reads::mayRead);
  }

  /** The same of the cgroup of either process. */
  static boolean restOnAny(ReadSet reads) {
    return rest(reads) || reads.mayRead(PEER_CGROUP);
  }

  private List<byte[]> otherPaths(String fact, FileNames of, byte[] used) {
    if (!reads.mayRead(fact) || of.equals(FileNames.NONE)) {
      return List.of();
    }
    Set<String> known = mentioned(of);
    List<byte[]> paths = new ArrayList<>(others(known, used));
    if (of.foreign() && known.isEmpty()) {
      paths.add(FOREIGN_PATH);
    }
    return paths;
  }

  private List<Subject> subjects(Subject subject) {
    if (!reads.mayRead("process.exe.path") || subject.names().equals(FileNames.NONE)) {
      return List.of(subject);
    }
    Set<String> known = mentioned(subject.names());
    List<byte[]> others = new ArrayList<>(others(known, subject.exePath()));
    List<Subject> all = new ArrayList<>();
    if (others.size() == known.size() && !known.isEmpty() && !subject.names().foreign()) {
      others.forEach(path -> all.add(subject.withExePath(path)));
      return all;
    }
    if (subject.names().foreign()) {
      others.add(FOREIGN_PATH);
    }
    all.add(subject);
    others.forEach(path -> all.add(subject.withExePath(path)));
    return all;
  }

  private Set<String> mentioned(FileNames of) {
    Set<String> all = new TreeSet<>(names.fileNames(of.place()));
    all.addAll(names.fileNames(of.file()));
    all.retainAll(literals);
    return all;
  }

  private static List<byte[]> others(Set<String> names, byte[] used) {
    return names.stream()
        .map(name -> name.getBytes(UTF_8))
        .filter(name -> !Arrays.equals(name, used))
        .toList();
  }
}
