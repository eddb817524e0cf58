package dev.interdict.bundle;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.cfg.JsonNodeFeature;
import tools.jackson.databind.json.JsonMapper;

/** JSON of bundles, strict: no duplicate keys, no text after the document, bounded depth. */
final class Json {
  private static final int MAX_DEPTH = 100;

  /**
   * Of all data in a bundle. As a tree a value takes up to a hundred bytes, however short it is
   * written: this is what an engine can spare for a bundle that nobody has verified yet.
   */
  static final int MAX_VALUES = 500_000;

  static final JsonMapper MAPPER =
      JsonMapper.builder(
              JsonFactory.builder()
                  .streamReadConstraints(
                      StreamReadConstraints.builder().maxNestingDepth(MAX_DEPTH).build())
                  .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                  .build())
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
          .enable(JsonNodeFeature.WRITE_PROPERTIES_SORTED)
          .enable(SerializationFeature.ORDER_MAP_ENTRIES_BY_KEYS)
          .build();

  /** Go compares strings by their bytes, Java by UTF-16: they differ beyond the basic plane. */
  static final Comparator<String> BY_CODE_POINT =
      (a, b) -> {
        int[] left = a.codePoints().toArray();
        int[] right = b.codePoints().toArray();
        return java.util.Arrays.compare(left, right);
      };

  private Json() {}

  /** A number as it is written: {@code 1.0} and {@code 1} are different texts. */
  record Literal(String text) {}

  /**
   * Reads a document.
   *
   * @throws BundleException if it is no JSON
   */
  static JsonNode read(String file, byte[] json) throws BundleException {
    count(file, json);
    try {
      return MAPPER.readTree(json);
    } catch (JacksonException e) {
      throw new BundleException(file + " is no JSON: " + e.getOriginalMessage(), e);
    }
  }

  /**
   * The document as sorted maps, lists, strings, {@link Literal}, Boolean and null.
   *
   * @throws BundleException if it is no JSON
   */
  static Object literally(String file, byte[] json) throws BundleException {
    count(file, json);
    try (JsonParser parser = MAPPER.createParser(json)) {
      parser.nextToken();
      return value(parser);
    } catch (JacksonException e) {
      throw new BundleException(file + " is no JSON: " + e.getOriginalMessage(), e);
    }
  }

  /**
   * How many values, keys and brackets a document has; looks at all of it and keeps nothing.
   *
   * @throws BundleException if it is no JSON, or has more than {@link #MAX_VALUES}
   */
  static int count(String file, byte[] json) throws BundleException {
    int count = 0;
    int open = 0;
    try (JsonParser parser = MAPPER.createParser(json)) {
      for (JsonToken token = parser.nextToken(); token != null; token = parser.nextToken()) {
        if (open == 0 && count > 0) {
          throw new BundleException(file + " is no JSON: something follows after its end");
        }
        open += token.isStructStart() ? 1 : token.isStructEnd() ? -1 : 0;
        if (++count > MAX_VALUES) {
          throw new BundleException(file + " has more than " + MAX_VALUES + " values");
        }
      }
    } catch (JacksonException e) {
      throw new BundleException(file + " is no JSON: " + e.getOriginalMessage(), e);
    }
    if (count == 0) {
      throw new BundleException(file + " is empty");
    }
    return count;
  }

  private static Object value(JsonParser parser) {
    return switch (parser.currentToken()) {
      case START_OBJECT -> {
        SortedMap<String, Object> object = new TreeMap<>(BY_CODE_POINT);
        while (parser.nextToken() != JsonToken.END_OBJECT) {
          String key = parser.currentName();
          parser.nextToken();
          object.put(key, value(parser));
        }
        yield object;
      }
      case START_ARRAY -> {
        List<Object> array = new ArrayList<>();
        while (parser.nextToken() != JsonToken.END_ARRAY) {
          array.add(value(parser));
        }
        yield array;
      }
      case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> new Literal(parser.getString());
      case VALUE_TRUE -> true;
      case VALUE_FALSE -> false;
      case VALUE_NULL -> null;
      default -> parser.getString();
    };
  }
}
