package dev.interdict.cli;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.interdict.event.Hook;
import dev.interdict.recording.Gap;
import dev.interdict.recording.RecordedSet;
import dev.interdict.recording.RecordingReader;
import dev.interdict.recording.Tuple;
import dev.interdict.replay.Replay;
import dev.interdict.replay.Replay.Judged;
import dev.interdict.replay.Replay.Kind;
import dev.interdict.replay.Replay.Unread;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.Collectors;

/** What a replay has shown, by program and rule. For one thread. */
final class ReplayReport implements Replay.Listener {
  private static final int EXAMPLES = 10;

  /*
   * Reasons and programs may be as many as tuples, and as long as who made the file likes: what is
   * kept of them has a bound.
   */
  private static final int EXAMPLES_MAX = 2000;
  private static final int GROUPS_MAX = 1000;

  /** Tuples that are told from others, which takes some 100 bytes each. */
  private static final int TUPLES_MAX = 1_000_000;

  /** Of each kind, however many there are of another. */
  private static final int FEW = 1000;

  private static final int WHYS_MAX = 20;
  private static final int TEXT_MAX = 4096;
  private static final String OTHERS = "(others)";

  private static final int GROUPS_SHOWN = 20;
  private static final int NAMES_SHOWN = 5;

  private final Map<Kind, Count> counts = new EnumMap<>(Kind.class);
  private final Count outside = new Count();
  private final Map<String, Long> gaps = new TreeMap<>();
  private final Set<String> uncounted = new TreeSet<>();
  private final Set<String> unwatched = new TreeSet<>();
  private int examples;
  private Consumer<Judged> listener = judged -> {};
  private Function<RecordedSet, Set<String>> namesOf = set -> Set.of();
  private Function<RecordedSet, Map<Hook, Unread>> unreadOf = set -> Map.of();

  /** What becomes of what cannot be read, and which that is. */
  private final Map<Unread, Set<Hook>> unread = new EnumMap<>(Unread.class);

  private final int tuplesMax;
  private int tuples;

  ReplayReport() {
    this(TUPLES_MAX);
  }

  /**
   * @param tuplesMax as {@link #TUPLES_MAX}
   */
  ReplayReport(int tuplesMax) {
    this.tuplesMax = tuplesMax;
  }

  /** Tuples of one kind; one that was written several times is one. */
  private final class Count {
    private final Set<UUID> tuples = new HashSet<>();

    /** Whether there were others, of which nobody knows any more whether they were new. */
    private boolean more;

    private final Map<List<String>, Group> groups = new LinkedHashMap<>();
    private long asks;

    Group group(String program, String rule) {
      List<String> key = List.of(program, rule);
      boolean room = groups.size() < GROUPS_MAX || groups.containsKey(key);
      return groups.computeIfAbsent(room ? key : List.of(OTHERS, OTHERS), g -> new Group());
    }

    boolean add(Tuple tuple) {
      asks = plus(asks, tuple.asks());
      UUID one = identity(tuple);
      if (ReplayReport.this.tuples >= tuplesMax && tuples.size() >= FEW) {
        more |= !tuples.contains(one);
        return false;
      }
      boolean fresh = tuples.add(one);
      ReplayReport.this.tuples += fresh ? 1 : 0;
      return fresh;
    }

    String size() {
      return (more ? "at least " : "") + tuples.size();
    }
  }

  /** Of one program and rule. */
  private static final class Group {
    private long tuples;
    private long asks;
    private String example = "";
    private final List<Map<String, Object>> examples = new ArrayList<>();
  }

  /** Tells {@code also} of each tuple. */
  void listens(Consumer<Judged> also) {
    listener = also;
  }

  /** Which names of files nobody looked for. */
  void unwatched(Function<RecordedSet, Set<String>> names) {
    namesOf = names;
  }

  /** What becomes of what cannot be read. */
  void unread(Function<RecordedSet, Map<Hook, Unread>> of) {
    unreadOf = of;
  }

  private static UUID identity(Tuple tuple) {
    StringBuilder all = new StringBuilder(tuple.hook() + " " + tuple.detour());
    for (String path : new TreeSet<>(tuple.seen())) {
      all.append('\n').append(path).append('=').append(tuple.fact(path));
    }
    all.append('\n').append(new TreeSet<>(tuple.file().names())).append(tuple.file().foreign());
    all.append(new TreeSet<>(tuple.exe().names())).append(tuple.exe().foreign());
    return UUID.nameUUIDFromBytes(all.toString().getBytes(UTF_8));
  }

  @Override
  public void judged(Judged judged) {
    Tuple tuple = judged.tuple();
    Count count = counts.computeIfAbsent(judged.kind(), k -> new Count());
    boolean fresh = count.add(tuple);
    if (judged.kind() == Kind.SAME) {
      return;
    }
    for (String rule : judged.rules()) {
      Group group = count.group(program(tuple), shortened(general(rule, tuple)));
      group.asks = plus(group.asks, tuple.asks());
      group.tuples += fresh ? 1 : 0;
      if (fresh) {
        exemplify(group, tuple);
      }
    }
    if (fresh) {
      listener.accept(judged);
    }
  }

  private void exemplify(Group group, Tuple tuple) {
    if (group.example.isEmpty()) {
      group.example = words(tuple);
    }
    if (group.examples.size() < EXAMPLES && examples < EXAMPLES_MAX) {
      group.examples.add(tree(tuple));
      examples++;
    }
  }

  private static String shortened(String text) {
    return text.length() <= TEXT_MAX ? text : text.substring(0, TEXT_MAX) + "...";
  }

  @Override
  public void outside(Tuple tuple) {
    outside.add(tuple);
  }

  @Override
  public void gap(Gap gap) {
    boolean room = gaps.size() < WHYS_MAX || gaps.containsKey(gap.why());
    String why = room ? shortened(gap.why()) : OTHERS;
    gaps.merge(why, gap.asks(), ReplayReport::plus);
    if (gap.asks() == 0) {
      uncounted.add(why);
    }
  }

  @Override
  public void circumstances(RecordedSet set) {
    unwatched.addAll(namesOf.apply(set));
    unreadOf
        .apply(set)
        .forEach(
            (hook, one) -> unread.computeIfAbsent(one, u -> EnumSet.noneOf(Hook.class)).add(hook));
  }

  /** A file may say that the engine was asked any number of times; what is too much stays so. */
  private static long plus(long some, long more) {
    return some > Long.MAX_VALUE - more ? Long.MAX_VALUE : some + more;
  }

  private static String program(Tuple tuple) {
    String fact = tuple.input().has("packet") ? "packet.source.address" : "process.exe.path";
    String value = tuple.fact(fact);
    return !tuple.seen().contains(fact)
        ? "(not seen)"
        : value.isEmpty() ? "(unknown)" : shortened(value);
  }

  /** The reason without the values of this tuple: all that a rule says is one then. */
  private static String general(String reason, Tuple tuple) {
    String text = reason;
    for (String path :
        List.of(
            "process.exe.path",
            "process.cgroup.path",
            "file.path",
            "socket.address",
            "packet.source.address",
            "packet.destination.address")) {
      String value = tuple.fact(path);
      text = value.length() < 2 ? text : text.replace(value, "{" + path + "}");
    }
    return text;
  }

  /** Whether what cannot be read is dealt with otherwise than before: no tuple tells it. */
  boolean isUnreadOther() {
    return unread.containsKey(Unread.NEWLY_REFUSED) || unread.containsKey(Unread.NEWLY_PASSED);
  }

  /** How many tuples were of this kind. */
  long tuples(Kind kind) {
    return counts.containsKey(kind) ? counts.get(kind).tuples.size() : 0;
  }

  /** Whether the recording says that it does not have something. */
  boolean missesSomething() {
    return !gaps.isEmpty();
  }

  /** How many the policy is asked about. */
  long judged() {
    return counts.values().stream().mapToLong(c -> c.tuples.size()).sum();
  }

  /** As one writes it, such as {@code newly-denied}. */
  static String id(Enum<?> word) {
    return word.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  void table(PrintWriter out, Style style, RecordingReader.Outcome outcome) {
    Table table = new Table("RESULT", "TUPLES", "ASKS");
    for (Kind kind : Kind.values()) {
      Count count = counts.getOrDefault(kind, new Count());
      table.row(id(kind).replace('-', ' '), count.size(), count.asks);
    }
    out.print(table.render());
    counts.forEach((kind, count) -> groups(out, style, kind, count));
    notes(out, style, outcome);
  }

  private static void groups(PrintWriter out, Style style, Kind kind, Count count) {
    if (count.groups.isEmpty()) {
      return;
    }
    out.println();
    out.println(style.yellow(id(kind).replace('-', ' ')));
    Table table =
        new Table(
            "PROGRAM",
            kind == Kind.CANNOT_TELL || kind == Kind.ERROR ? "WHY" : "RULE",
            "TUPLES",
            "ASKS",
            "FOR EXAMPLE");
    sorted(count).stream()
        .limit(GROUPS_SHOWN)
        .forEach(
            e ->
                table.row(
                    Text.word(e.getKey().get(0)),
                    e.getKey().get(1),
                    e.getValue().tuples,
                    e.getValue().asks,
                    e.getValue().example));
    out.print(table.render());
    if (count.groups.size() > GROUPS_SHOWN) {
      out.println("and " + (count.groups.size() - GROUPS_SHOWN) + " more; all: -o yaml");
    }
  }

  private static List<Map.Entry<List<String>, Group>> sorted(Count count) {
    return count.groups.entrySet().stream()
        .sorted(
            Comparator.<Map.Entry<List<String>, Group>>comparingLong(e -> -e.getValue().tuples)
                .thenComparing(e -> e.getKey().toString()))
        .toList();
  }

  private static String words(Tuple tuple) {
    String object =
        List.of("file.path", "socket.address", "packet.destination.address").stream()
            .filter(tuple.seen()::contains)
            .map(tuple::fact)
            .filter(value -> !value.isEmpty())
            .findFirst()
            .orElse("");
    return tuple.hook().id() + (object.isEmpty() ? "" : " " + Text.word(shortened(object)));
  }

  private void notes(PrintWriter out, Style style, RecordingReader.Outcome outcome) {
    if (!outside.tuples.isEmpty()) {
      out.printf("%nnot asked about %s tuples%n", outside.size());
    }
    gaps.forEach(
        (why, asks) ->
            out.println(
                style.yellow(
                    "missing in the recording: %s%d asks, %s"
                        .formatted(uncounted.contains(why) ? "at least " : "", asks, word(why)))));
    if (!unwatched.isEmpty()) {
      out.println(
          style.yellow(
              "by the name that was used only, nobody looked for their other names: "
                  + String.join(
                      ", ", unwatched.stream().limit(NAMES_SHOWN).map(Text::word).toList())
                  + (unwatched.size() > NAMES_SHOWN
                      ? " and " + (unwatched.size() - NAMES_SHOWN) + " more"
                      : "")));
    }
    unread.forEach(
        (one, hooks) -> {
          if (one != Unread.SAME) {
            out.println(
                style.yellow(
                    "%s, and in no recording: %s (unparsed)"
                        .formatted(
                            id(one).replace('-', ' '),
                            hooks.stream()
                                .map(ReplayReport::unreadable)
                                .collect(Collectors.joining(", ")))));
          }
        });
    if (outcome.cut() != null) {
      out.println(style.red(Text.line(outcome.cut())));
    }
  }

  private static String unreadable(Hook hook) {
    return hook == Hook.XDP_INGRESS
        ? "packets whose headers cannot be read"
        : "sockets that may send elsewhere than to their address";
  }

  private static String word(String why) {
    return switch (why) {
      case "queue" -> "too fast to be written";
      case "disk" -> "the disk refused";
      case "bound" -> "the oldest of too much";
      case "error" -> "an error of the engine's, its log has it";
      case "damaged" -> "changed on the disk";
      case "mask" -> "of keys that nobody knew any more";
      default -> Text.line(why);
    };
  }

  Map<String, Object> tree(RecordingReader.Outcome outcome) {
    Map<String, Object> tree = new LinkedHashMap<>();
    Map<String, Object> results = new LinkedHashMap<>();
    for (Kind kind : Kind.values()) {
      results.put(id(kind), tree(counts.getOrDefault(kind, new Count())));
    }
    tree.put("results", results);
    tree.put("notAskedAbout", outside.tuples.size());
    tree.put("missing", gaps);
    tree.put("missingUncounted", List.copyOf(uncounted));
    tree.put("namesNotLookedFor", List.copyOf(unwatched));
    Map<String, Object> unreadable = new LinkedHashMap<>();
    unread.forEach(
        (one, hooks) -> {
          if (one != Unread.SAME) {
            unreadable.put(id(one), hooks.stream().map(Hook::id).toList());
          }
        });
    tree.put("unread", unreadable);
    tree.put("blocks", outcome.blocks());
    tree.put("cut", outcome.cut() == null ? "" : outcome.cut());
    return tree;
  }

  private static Map<String, Object> tree(Count count) {
    Map<String, Object> tree = new LinkedHashMap<>();
    tree.put("tuples", count.tuples.size());
    tree.put("more", count.more);
    tree.put("asks", count.asks);
    List<Map<String, Object>> groups = new ArrayList<>();
    for (Map.Entry<List<String>, Group> entry : sorted(count)) {
      Map<String, Object> group = new LinkedHashMap<>();
      group.put("program", entry.getKey().get(0));
      group.put("rule", entry.getKey().get(1));
      group.put("tuples", entry.getValue().tuples);
      group.put("asks", entry.getValue().asks);
      group.put("examples", entry.getValue().examples);
      groups.add(group);
    }
    tree.put("groups", groups);
    return tree;
  }

  private static Map<String, Object> tree(Tuple tuple) {
    Map<String, Object> tree = new LinkedHashMap<>();
    tree.put("hook", tuple.hook().id());
    tree.put("first", tuple.first().toString());
    tree.put("last", tuple.last().toString());
    tree.put("asks", tuple.asks());
    Map<String, Object> facts = new TreeMap<>();
    tuple.seen().forEach(path -> facts.put(path, shortened(tuple.fact(path))));
    tree.put("seen", facts);
    return tree;
  }
}
