package dev.interdict.cli;

import com.google.protobuf.ByteString;
import com.google.protobuf.Descriptors.EnumValueDescriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Duration;
import com.google.protobuf.Message;
import com.google.protobuf.Timestamp;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/**
 * Messages as maps and lists, for JSON and YAML: field names in camel case, enum values as words
 * ({@code audit}), times in ISO 8601, durations in nanoseconds. Every field is there, at its
 * default too, so that scripts need not ask whether one is.
 */
final class Trees {
  private static final long NS_PER_SECOND = 1_000_000_000;

  private Trees() {}

  static Map<String, Object> of(Message message) {
    Map<String, Object> tree = new LinkedHashMap<>();
    for (FieldDescriptor field : message.getDescriptorForType().getFields()) {
      if (field.hasPresence() && !message.hasField(field)) {
        continue;
      }
      tree.put(name(field), field(field, message.getField(field)));
    }
    return tree;
  }

  private static String name(FieldDescriptor field) {
    boolean duration =
        field.getJavaType() == FieldDescriptor.JavaType.MESSAGE
            && field.getMessageType().equals(Duration.getDescriptor());
    return duration ? field.getJsonName() + "Ns" : field.getJsonName();
  }

  private static Object field(FieldDescriptor field, Object value) {
    if (field.isMapField()) {
      Map<String, Object> entries = new TreeMap<>();
      for (Object entry : (List<?>) value) {
        Message pair = (Message) entry;
        var fields = pair.getDescriptorForType().getFields();
        entries.put(String.valueOf(pair.getField(fields.get(0))), pair.getField(fields.get(1)));
      }
      return entries;
    }
    return value instanceof List<?> list ? list.stream().map(Trees::value).toList() : value(value);
  }

  private static Object value(Object value) {
    return switch (value) {
      case Timestamp time -> instant(time).toString();
      case Duration time -> time.getSeconds() * NS_PER_SECOND + time.getNanos();
      case Message message -> of(message);
      case EnumValueDescriptor constant -> word(constant);
      case ByteString bytes -> bytes.toStringUtf8();
      default -> value;
    };
  }

  static Instant instant(Timestamp time) {
    return Instant.ofEpochSecond(time.getSeconds(), time.getNanos());
  }

  /** {@code MODE_AUDIT} of {@code Mode} is {@code audit}. */
  static String word(EnumValueDescriptor constant) {
    String prefix =
        constant.getType().getName().replaceAll("([a-z])([A-Z])", "$1_$2").toUpperCase(Locale.ROOT)
            + "_";
    String name = constant.getName();
    return (name.startsWith(prefix) ? name.substring(prefix.length()) : name)
        .toLowerCase(Locale.ROOT);
  }
}
