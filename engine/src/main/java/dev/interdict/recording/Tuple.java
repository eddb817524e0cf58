package dev.interdict.recording;

import dev.interdict.eval.HostNames;
import dev.interdict.eval.InputEvent;
import dev.interdict.eval.InputJson;
import dev.interdict.event.Event;
import dev.interdict.event.FileNames;
import dev.interdict.event.Hook;
import dev.interdict.event.Names;
import dev.interdict.event.Workload;
import dev.interdict.event.Workload.Container;
import dev.interdict.event.Workload.Pod;
import dev.interdict.event.Workload.Word;
import java.time.Instant;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * All events that were one to the policies: what they had in common, and what was said about them.
 * Immutable as long as nobody writes to the document, which nobody may.
 *
 * @param input the document that policies were shown of the first of them
 * @param seen the facts that all of them had in common, by their dotted paths; the others are the
 *     first one's alone
 * @param file the names of its file that policies mention
 * @param exe the same of its executable
 * @param first when the engine was asked for the first time, and {@code last}, for the last time
 * @param asks how often it was
 * @param answers what each policy said, by its name
 * @param detour whether it is of sockets that may send elsewhere than to their address
 */
public record Tuple(
    JsonNode input,
    Set<String> seen,
    KnownAs file,
    KnownAs exe,
    Instant first,
    Instant last,
    long asks,
    Map<String, Answer> answers,
    boolean detour) {

  /** What a policy said. */
  public enum Answer {
    ALLOW,
    DENY,
    KILL,
    /** It gave no answer. */
    NONE;

    /** Whether the event is refused. */
    public boolean denies() {
      return this == DENY || this == KILL;
    }
  }

  /**
   * By which names that policies mention a file is known.
   *
   * @param foreign whether its path may be what somebody without privilege has arranged
   */
  public record KnownAs(Set<String> names, boolean foreign) {
    /** No policy mentions it. */
    public static final KnownAs NOTHING = new KnownAs(Set.of(), false);

    public KnownAs {
      names = Set.copyOf(names);
    }

    private FileNames numbered(int number) {
      return new FileNames(names.isEmpty() ? 0 : number, 0, foreign);
    }
  }

  private static final int FILE = 1;
  private static final int EXE = 2;

  /** The hook; null if this release does not know it. */
  public Hook hook() {
    return InputEvent.hook(input);
  }

  /** The value of a fact as text, in common or not; empty if there is none. */
  public String fact(String path) {
    JsonNode value = input.at("/" + path.replace('.', '/'));
    return value.isString() ? value.asString() : value.isMissingNode() ? "" : value.toString();
  }

  /**
   * The event, as the decider was shown it.
   *
   * @throws IllegalArgumentException if the document is of no event
   */
  public Event event() {
    return InputEvent.of(input, file.numbered(FILE), exe.numbered(EXE));
  }

  /**
   * What is called seen and {@link #event} does not have like this: of a tuple of ours, nothing.
   *
   * @throws IllegalArgumentException as {@link #event}
   */
  public Set<String> untold() {
    JsonNode again = JsonMapper.shared().valueToTree(InputJson.tree(event(), names()));
    Set<String> untold = new TreeSet<>();
    for (String path : seen) {
      String pointer = "/" + path.replace('.', '/');
      if (!again.at(pointer).toString().equals(input.at(pointer).toString())) {
        untold.add(path);
      }
    }
    return untold;
  }

  /** What the numbers in {@link #event} stand for. */
  public HostNames names() {
    return new HostNames() {
      @Override
      public byte[] cgroupPath(long id) {
        boolean other = id == number("peer.cgroup.id") && id != number("process.cgroup.id");
        return bytes(other ? "peer.cgroup.path" : "process.cgroup.path");
      }

      @Override
      public Workload workload(long cgroup) {
        return new Workload(true, word("unit"), container(), true);
      }

      @Override
      public byte[] interfaceName(int index) {
        return bytes("packet.interface.name");
      }

      @Override
      public Set<String> fileNames(int number) {
        return number == FILE ? file.names() : number == EXE ? exe.names() : Set.of();
      }
    };
  }

  private Container container() {
    String state = text("process.container.state");
    if (state == null) {
      return null;
    }
    Word id = word("container.id");
    if (id == null || !state.equals("known")) {
      return Container.UNKNOWN; // a recording of before may name one
    }
    Word namespace = word("container.pod.namespace");
    Word name = word("container.pod.name");
    return new Container(
        id,
        true,
        word("container.runtime"),
        word("container.name"),
        word("container.image"),
        namespace == null || name == null
            ? null
            : new Pod(namespace, name, word("container.pod.uid")));
  }

  private Word word(String ofProcess) {
    return Word.of(text("process." + ofProcess));
  }

  private byte[] bytes(String path) {
    String text = text(path);
    return text == null ? null : Names.toBytes(text);
  }

  /** As the event has it: 0 where the document has none. */
  private long number(String path) {
    JsonNode value = input.at("/" + path.replace('.', '/'));
    return value.isIntegralNumber() ? value.bigIntegerValue().longValue() : 0;
  }

  private String text(String path) {
    JsonNode value = input.at("/" + path.replace('.', '/'));
    return value.isString() ? value.asString() : null;
  }
}
