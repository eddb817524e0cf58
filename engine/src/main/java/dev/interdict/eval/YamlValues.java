package dev.interdict.eval;

import dev.interdict.eval.Builtin.BuiltinException;
import java.io.StringReader;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.yaml.snakeyaml.DumperOptions.ScalarStyle;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.error.YAMLException;
import org.yaml.snakeyaml.events.AliasEvent;
import org.yaml.snakeyaml.events.DocumentStartEvent;
import org.yaml.snakeyaml.events.Event;
import org.yaml.snakeyaml.events.MappingEndEvent;
import org.yaml.snakeyaml.events.NodeEvent;
import org.yaml.snakeyaml.events.ScalarEvent;
import org.yaml.snakeyaml.events.SequenceEndEvent;
import org.yaml.snakeyaml.events.SequenceStartEvent;

/**
 * Reads YAML into Rego's values: the first document, if all of them can be read. Of equal keys the
 * last counts. For one text.
 */
final class YamlValues {
  /** What has been read may be used again by aliases, as long as the whole stays below this. */
  private static final int NODES_MAX = 1 << 20;

  private static final int DEPTH_MAX = 60;

  /** A node under an anchor that has not ended yet. */
  private static final Node OPEN = new Node(null, 0);

  private record Node(Object value, int size) {}

  private final Iterator<Event> events;
  private final Map<String, Node> anchors = new HashMap<>();
  private int nodes;

  private YamlValues(Iterator<Event> events) {
    this.events = events;
  }

  /** The value; null, as a value, for no document. */
  static Object read(String text) throws BuiltinException {
    LoaderOptions options = new LoaderOptions();
    options.setCodePointLimit(Integer.MAX_VALUE); // arguments are bounded
    try {
      return new YamlValues(new Yaml(options).parse(new StringReader(text)).iterator()).documents();
    } catch (YAMLException e) {
      throw new BuiltinException("yaml: " + e.getMessage());
    }
  }

  private Object documents() throws BuiltinException {
    Object first = null;
    while (events.hasNext()) {
      if (events.next() instanceof DocumentStartEvent) {
        anchors.clear();
        Object value = node(events.next(), 0).value;
        first = first == null ? value : first;
      }
    }
    return first == null ? Values.Null.NULL : first;
  }

  private Node node(Event event, int depth) throws BuiltinException {
    Rego.checkInterrupt();
    if (depth > DEPTH_MAX) {
      throw new BuiltinException("yaml: nested deeper than " + DEPTH_MAX);
    }
    if (event instanceof AliasEvent alias) {
      return alias(alias.getAnchor());
    }
    String anchor = ((NodeEvent) event).getAnchor();
    if (anchor != null) {
      anchors.put(anchor, OPEN);
    }
    int before = nodes++;
    Object value =
        switch (event) {
          case ScalarEvent scalar -> scalar(scalar);
          case SequenceStartEvent start -> sequence(depth);
          default -> mapping(depth);
        };
    Node node = new Node(value, nodes - before);
    if (anchor != null) {
      anchors.put(anchor, node);
    }
    return node;
  }

  private Node alias(String name) throws BuiltinException {
    Node node = anchors.get(name);
    if (node == null || node.value == null) {
      throw new BuiltinException("yaml: alias " + name + " of nothing, or inside of itself");
    }
    nodes += node.size;
    if (nodes > NODES_MAX) {
      throw new BuiltinException("yaml: aliases make more than " + NODES_MAX + " values");
    }
    return node;
  }

  private static Object scalar(ScalarEvent scalar) throws BuiltinException {
    String tag = scalar.getTag();
    if (tag != null && !tag.equals("!")) {
      return json(YamlScalars.resolve(tag, scalar.getValue()));
    }
    boolean plain = scalar.getScalarStyle() == ScalarStyle.PLAIN;
    return plain ? json(YamlScalars.resolve(scalar.getValue())) : scalar.getValue();
  }

  private static Object json(Object value) throws BuiltinException {
    if (value instanceof YamlScalars.NotJson) {
      throw new BuiltinException("yaml: JSON has no such number");
    }
    return value;
  }

  private List<Object> sequence(int depth) throws BuiltinException {
    List<Object> list = new ArrayList<>();
    for (Event e = events.next(); !(e instanceof SequenceEndEvent); e = events.next()) {
      list.add(node(e, depth + 1).value);
    }
    return list;
  }

  private Map<Object, Object> mapping(int depth) throws BuiltinException {
    Map<Object, Object> map = new LinkedHashMap<>();
    List<Map<?, ?>> merged = new ArrayList<>();
    for (Event e = events.next(); !(e instanceof MappingEndEvent); e = events.next()) {
      boolean merge = isMerge(e);
      Object key = merge ? null : key(node(e, depth + 1).value);
      Object value = node(events.next(), depth + 1).value;
      if (merge) {
        addMerged(value, merged);
      } else {
        map.put(key, value);
      }
    }
    for (Map<?, ?> other : merged) {
      other.forEach(map::putIfAbsent);
    }
    return map;
  }

  private static boolean isMerge(Event event) {
    return event instanceof ScalarEvent scalar
        && scalar.getValue().equals("<<")
        && (scalar.getTag() == null
            ? scalar.getScalarStyle() == ScalarStyle.PLAIN
            : scalar.getTag().endsWith("merge"));
  }

  private static void addMerged(Object value, List<Map<?, ?>> merged) throws BuiltinException {
    for (Object one : value instanceof List<?> list ? list : List.of(value)) {
      merged.add(Rego.object(one));
    }
  }

  private static String shortText(BigDecimal number) {
    String sign = number.signum() < 0 ? "-" : "";
    return sign + GoFloat.general(new BigDecimal(Float.toString(number.abs().floatValue())), -1);
  }

  /* JSON's keys are text; Go writes a float among them as one of 32 bits. */
  private static String key(Object key) throws BuiltinException {
    return switch (key) {
      case String text -> text;
      case Boolean b -> b.toString();
      case Long whole -> whole.toString();
      case BigDecimal d -> d.scale() == 0 && d.precision() <= 20 ? d.toString() : shortText(d);
      default -> throw new BuiltinException("yaml: a key that JSON cannot have");
    };
  }
}
