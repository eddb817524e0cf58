package dev.interdict.recording;

import dev.interdict.eval.HostNames;
import dev.interdict.eval.InputJson;
import dev.interdict.eval.PolicySet;
import dev.interdict.event.Event;
import dev.interdict.event.Event.FileEvent;
import dev.interdict.event.Event.Subject;
import dev.interdict.event.FileNames;
import dev.interdict.event.ObjectFlag;
import dev.interdict.recording.Tuple.Answer;
import dev.interdict.recording.Tuple.KnownAs;
import dev.interdict.verdict.KeyMask;
import dev.interdict.verdict.Verdict;
import dev.interdict.verdict.VerdictKey;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * The tuples that wait to be written: one a key, as long as the same policies are in force. For one
 * thread.
 */
final class Batch {
  /**
   * What a tuple occupies beside its paths: the document as a tree, the key, its places in maps.
   */
  private static final long BYTES = 4096;

  private static final long BYTES_A_CHARACTER = 2;

  private static final String PEER = "peer.exe.path";

  /** The masked key does not tell detours: the kernel sees to them itself. */
  record Same(VerdictKey key, boolean detour) implements Comparable<Same> {
    private static final Comparator<Same> ORDER =
        Comparator.comparing(Same::key).thenComparing(Same::detour);

    /** Since somebody else chooses them: see {@link VerdictKey}. */
    @Override
    public int compareTo(Same other) {
      return ORDER.compare(this, other);
    }
  }

  private final Map<Same, Pending> byKey = new LinkedHashMap<>();
  private final Set<String> redacted;
  private long bytes;
  private long asks;

  /** A tuple that grows. */
  private static final class Pending {
    JsonNode input;
    Set<String> seen;
    KnownAs file;
    KnownAs exe;
    boolean detour;
    Instant first;
    Instant last;
    long asks;
    Verdict verdict;

    Tuple tuple(Map<String, Answer> answers) {
      return new Tuple(input, seen, file, exe, first, last, asks, answers, detour);
    }
  }

  /**
   * @param redacted facts to leave out, by their dotted paths, each with all below it
   */
  Batch(Set<String> redacted) {
    this.redacted = redacted;
  }

  /**
   * Adds one ask.
   *
   * @param mask that made the event's key
   */
  void add(Event event, KeyMask mask, Verdict verdict, Instant at, HostNames names) {
    Pending known =
        byKey.computeIfAbsent(
            new Same(
                VerdictKey.of(event.head().key()),
                ObjectFlag.DETOUR.in(event.head().objectFlags())),
            k -> pending(event, mask, verdict, names));
    known.first = known.first == null || at.isBefore(known.first) ? at : known.first;
    known.last = known.last == null || at.isAfter(known.last) ? at : known.last;
    known.asks++;
    asks++;
    // Of a key that the kernel has lost, or that is asked about in several scopes, the latest
    // verdict has not all that was said.
    known.verdict = known.verdict == null ? verdict : known.verdict.with(verdict);
  }

  private Pending pending(Event event, KeyMask mask, Verdict verdict, HostNames names) {
    Pending one = new Pending();
    one.detour = ObjectFlag.DETOUR.in(event.head().objectFlags());
    ObjectNode input = JsonMapper.shared().valueToTree(InputJson.tree(event, names));
    one.seen = mask.tells(event.hook());
    one.file =
        known(objectNames(event), event.hook().isPeer() ? PEER : "file.path", one.seen, names);
    one.exe = known(exeNames(event), "process.exe.path", one.seen, names);
    // These were looked up now, not when the policies were asked: what is gone since cannot be
    // told.
    dropUnlessThere("process.cgroup.path", input, one.seen);
    if (!one.seen.contains("process.cgroup.path")) {
      one.seen.remove("process.unit"); // that it is in none cannot be told either
    }
    if (!one.seen.contains("process.cgroup.path")
        || verdict.expiresNs() != 0
        || !settled(event, names)) {
      one.seen.removeIf(fact -> isWithin(fact, "process.container")); // it was shown as it was then
    }
    dropUnlessThere("peer.cgroup.path", input, one.seen);
    dropUnlessThere("packet.interface.name", input, one.seen);
    one.input = input;
    if (!redacted.isEmpty()) {
      redact(one, input);
      // What rests on a fact that was left out is none any more, such as a port without its
      // protocol.
      one.seen.removeAll(one.tuple(Map.of()).untold());
    }
    bytes += BYTES + BYTES_A_CHARACTER * input.toString().length();
    return one;
  }

  private static boolean settled(Event event, HostNames names) {
    Subject subject = event.subject();
    return subject == null || names.workload(subject.cgroup()).settled();
  }

  private static void dropUnlessThere(String path, JsonNode input, Set<String> seen) {
    if (input.at(pointer(path)).isMissingNode()) {
      seen.remove(path);
    }
  }

  private static FileNames objectNames(Event event) {
    return switch (event) {
      case FileEvent file -> file.names();
      case Event.PeerEvent other -> other.peer().names();
      default -> FileNames.NONE;
    };
  }

  private static FileNames exeNames(Event event) {
    Subject subject = event.subject();
    return subject == null ? FileNames.NONE : subject.names();
  }

  /** The names; where nobody knows them any more, the path is nothing that was seen. */
  private static KnownAs known(FileNames of, String path, Set<String> seen, HostNames names) {
    Set<String> place = names.fileNames(of.place());
    Set<String> file = names.fileNames(of.file());
    if (place == null || file == null) {
      seen.remove(path);
      return KnownAs.NOTHING;
    }
    Set<String> all = new TreeSet<>(place);
    all.addAll(file);
    return new KnownAs(all, of.foreign());
  }

  private void redact(Pending one, ObjectNode input) {
    for (String path : redacted) {
      one.seen.removeIf(fact -> isWithin(fact, path));
      if (isWithin("file.path", path) || isWithin(PEER, path)) {
        one.file = KnownAs.NOTHING;
      }
      if (isWithin("process.exe.path", path)) {
        one.exe = KnownAs.NOTHING;
      }
      // Without its number an executable of unknown path looks like a thread of the kernel.
      if (isWithin("process.exe.inode", path)) {
        dropUnlessThere("process.exe.path", input, one.seen);
      }
      if (isWithin("peer.exe.inode", path)) {
        dropUnlessThere(PEER, input, one.seen);
      }
      int dot = path.lastIndexOf('.');
      if (input.at(pointer(dot < 0 ? "" : path.substring(0, dot))) instanceof ObjectNode parent) {
        parent.remove(path.substring(dot + 1));
      }
    }
  }

  private static boolean isWithin(String fact, String path) {
    return fact.equals(path) || fact.startsWith(path + ".");
  }

  private static String pointer(String path) {
    return path.isEmpty() ? "" : "/" + path.replace('.', '/');
  }

  boolean isEmpty() {
    return byKey.isEmpty();
  }

  /** About what it occupies. */
  long bytes() {
    return bytes;
  }

  /** How often the engine was asked about what is in it. */
  long asks() {
    return asks;
  }

  /** What is in it; it is empty afterwards. */
  List<Tuple> take(PolicySet set) {
    try {
      List<Tuple> all = new ArrayList<>();
      byKey.values().forEach(one -> all.add(one.tuple(answers(one.verdict, set))));
      return all;
    } finally {
      byKey.clear();
      bytes = 0;
      asks = 0;
    }
  }

  private static Map<String, Answer> answers(Verdict verdict, PolicySet set) {
    Map<String, Answer> answers = new TreeMap<>();
    set.slots()
        .and(verdict.answered())
        .forEach(
            slot ->
                answers.put(
                    set.name(slot),
                    verdict.kill().contains(slot)
                        ? Answer.KILL
                        : verdict.deny().contains(slot)
                            ? Answer.DENY
                            : verdict.decided().contains(slot) ? Answer.ALLOW : Answer.NONE));
    return answers;
  }
}
