package dev.interdict.policy;

import java.io.StringReader;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import org.yaml.snakeyaml.DumperOptions.ScalarStyle;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.error.MarkedYAMLException;
import org.yaml.snakeyaml.error.YAMLException;
import org.yaml.snakeyaml.events.AliasEvent;
import org.yaml.snakeyaml.events.DocumentStartEvent;
import org.yaml.snakeyaml.events.Event;
import org.yaml.snakeyaml.events.MappingEndEvent;
import org.yaml.snakeyaml.events.MappingStartEvent;
import org.yaml.snakeyaml.events.NodeEvent;
import org.yaml.snakeyaml.events.ScalarEvent;
import org.yaml.snakeyaml.events.SequenceEndEvent;
import org.yaml.snakeyaml.events.SequenceStartEvent;
import org.yaml.snakeyaml.reader.ReaderException;

/**
 * Reads the subset of YAML that policies are written in: one document of mappings, lists and
 * scalars.
 *
 * <p>Composes from SnakeYAML's events, not from its nodes: there an alias is already replaced by
 * what it stands for, and scalars are already typed by YAML 1.1. Anchors, aliases, tags,
 * directives, further documents, duplicate keys, keys that are not scalars and deep nesting are
 * errors, each reported; only a syntax error, which has no certain continuation, ends the reading.
 */
public final class YamlReader {

  /** A policy of 256 KiB has thousands of rules; lists of that length belong into data. */
  public static final int MAX_BYTES = 256 << 10;

  /** The deepest valid policy (any in not in all in rules) stays below 12. */
  static final int MAX_DEPTH = 20;

  private final String file;
  private final Findings findings;
  private Iterator<Event> events;
  private final Map<String, YamlNode> anchored = new HashMap<>();
  private boolean tooDeep;

  private YamlReader(String file, Findings findings) {
    this.file = file;
    this.findings = findings;
  }

  /**
   * Reads a file.
   *
   * @param maxBytes more is an error
   * @return the document, or null after an error that leaves nothing to look at
   */
  public static YamlNode read(String file, byte[] bytes, int maxBytes, Findings findings) {
    if (bytes.length > maxBytes) {
      findings.error(
          file,
          "yaml.size",
          bytes.length + " bytes; at most " + maxBytes + " are read. Move long lists to data.json");
      return null;
    }
    String text = decode(file, bytes, "yaml.encoding", findings);
    return text == null ? null : new YamlReader(file, findings).read(text);
  }

  /** The text of a UTF-8 file, or null after an error of this {@code code}. */
  static String decode(String file, byte[] bytes, String code, Findings findings) {
    ByteBuffer in = ByteBuffer.wrap(bytes);
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(in).toString();
    } catch (CharacterCodingException e) {
      int line = 1;
      for (int i = 0; i < in.position(); i++) {
        line += bytes[i] == '\n' ? 1 : 0;
      }
      findings.error(
          file,
          new Mark(line, 0),
          code,
          "not UTF-8: byte 0x%02x at offset %d".formatted(bytes[in.position()], in.position()));
      return null;
    }
  }

  private YamlNode read(String text) {
    LoaderOptions options = new LoaderOptions();
    options.setCodePointLimit(Integer.MAX_VALUE); // bounded above, in bytes
    try {
      events = new Yaml(options).parse(new StringReader(text)).iterator();
      return document();
    } catch (MarkedYAMLException e) {
      var mark = e.getProblemMark();
      String context = e.getContext() == null ? "" : e.getContext() + ", ";
      findings.error(
          file,
          mark == null ? Mark.START : new Mark(mark.getLine() + 1, mark.getColumn() + 1),
          "yaml.syntax",
          context + e.getProblem());
    } catch (ReaderException e) {
      String before =
          text.substring(
              0,
              text.offsetByCodePoints(
                  0, Math.min(e.getPosition(), text.codePointCount(0, text.length()))));
      int lineStart = before.lastIndexOf('\n') + 1;
      findings.error(
          file,
          new Mark(
              (int) before.lines().count() + (before.endsWith("\n") ? 1 : 0),
              before.length() - lineStart + 1),
          "yaml.syntax",
          "control character U+%04X; write it as an escape in double quotes"
              .formatted(e.getCodePoint()));
    } catch (YAMLException e) {
      findings.error(file, Mark.START, "yaml.syntax", e.getMessage());
    }
    return null;
  }

  private YamlNode document() {
    YamlNode root = null;
    while (events.hasNext() && !tooDeep) {
      Event event = events.next();
      if (event instanceof DocumentStartEvent start) {
        if (root != null) {
          findings.error(
              file,
              mark(event),
              "yaml.documents",
              "a second document starts here; write each policy into a file of its own");
          return root;
        }
        if (start.getVersion() != null || (start.getTags() != null && !start.getTags().isEmpty())) {
          findings.error(
              file,
              mark(event),
              "yaml.directive",
              "directives are not read; remove the line that starts with %");
        }
        root = node(events.next(), 1);
      }
    }
    if (root == null && !tooDeep) {
      findings.error(file, "yaml.empty", "the file has no content");
    }
    return tooDeep ? null : root;
  }

  private YamlNode node(Event event, int depth) {
    Mark at = mark(event);
    if (depth > MAX_DEPTH) {
      findings.error(file, at, "yaml.depth", "nested more than " + MAX_DEPTH + " levels deep");
      tooDeep = true;
      return new YamlNode.Scalar("", true, false, at);
    }
    refuseTricks(event, at);
    YamlNode node = plain(event, at, depth);
    if (event instanceof NodeEvent named && named.getAnchor() != null && isFlat(node)) {
      anchored.putIfAbsent(named.getAnchor(), node);
    }
    return node;
  }

  /** Of such a node an alias is shown as what it stands for: then it is the only error there. */
  private static boolean isFlat(YamlNode node) {
    return switch (node) {
      case YamlNode.Scalar scalar -> true;
      case YamlNode.Sequence list ->
          list.items().stream().allMatch(YamlNode.Scalar.class::isInstance);
      case YamlNode.Mapping map ->
          map.entries().stream().allMatch(e -> e.value() instanceof YamlNode.Scalar);
    };
  }

  private YamlNode plain(Event event, Mark at, int depth) {
    YamlNode named = event instanceof AliasEvent alias ? anchored.get(alias.getAnchor()) : null;
    if (named != null) {
      return named;
    }
    return switch (event) {
      case ScalarEvent s ->
          new YamlNode.Scalar(
              s.getValue(),
              s.getScalarStyle() == ScalarStyle.PLAIN,
              s.getScalarStyle() == ScalarStyle.LITERAL,
              at);
      case SequenceStartEvent sequence -> sequence(at, depth);
      case MappingStartEvent mapping -> mapping(at, depth);
      default -> new YamlNode.Scalar("", true, false, at); // an alias, already reported
    };
  }

  private void refuseTricks(Event event, Mark at) {
    if (event instanceof AliasEvent alias) {
      findings.error(
          file, at, "yaml.alias", "alias *" + alias.getAnchor() + ": write the value out");
    } else if (event instanceof NodeEvent node && node.getAnchor() != null) {
      findings.error(
          file, at, "yaml.anchor", "anchor &" + node.getAnchor() + ": anchors are not read");
    }
    String tag =
        switch (event) {
          case ScalarEvent s -> s.getTag();
          case SequenceStartEvent s -> s.getTag();
          case MappingStartEvent m -> m.getTag();
          default -> null;
        };
    if (tag != null) {
      findings.error(
          file, at, "yaml.tag", "tag " + tag + ": tags are not read; write the plain value");
    }
  }

  private YamlNode sequence(Mark at, int depth) {
    List<YamlNode> items = new ArrayList<>();
    for (Event e = events.next(); !(e instanceof SequenceEndEvent); e = events.next()) {
      items.add(node(e, depth + 1));
      if (tooDeep) {
        break;
      }
    }
    return new YamlNode.Sequence(items, at);
  }

  private YamlNode mapping(Mark at, int depth) {
    List<YamlNode.Entry> entries = new ArrayList<>();
    Map<String, Mark> seen = new HashMap<>();
    for (Event e = events.next(); !(e instanceof MappingEndEvent); e = events.next()) {
      YamlNode key = node(e, depth + 1);
      YamlNode value = tooDeep ? key : node(events.next(), depth + 1);
      if (tooDeep) {
        break;
      }
      if (!(key instanceof YamlNode.Scalar scalar)) {
        findings.error(file, key.at(), "yaml.type", "a key must be a string, not " + key.kind());
        continue;
      }
      Mark first = seen.putIfAbsent(scalar.text(), key.at());
      if (first == null) {
        entries.add(new YamlNode.Entry(scalar.text(), key.at(), value));
      } else {
        findings.error(
            file,
            key.at(),
            "yaml.duplicate-key",
            "\"" + scalar.text() + "\" is already set in line " + first.line());
      }
    }
    return new YamlNode.Mapping(entries, at);
  }

  private static Mark mark(Event event) {
    var mark = event.getStartMark();
    return new Mark(mark.getLine() + 1, mark.getColumn() + 1);
  }
}
