package dev.interdict.event;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * The Java twin of one C structure: its fields, their offsets and widths, declared in the order of
 * the header. The headers have no hidden padding, so an offset is the sum of what stands before.
 * Immutable.
 */
public final class Layout {

  /**
   * @param offset bytes from the start
   * @param size bytes
   */
  public record Field(String name, int offset, int size) {}

  private final String name;
  private final int size;
  private final Map<String, Field> fields;

  private Layout(String name, int size, Map<String, Field> fields) {
    this.name = name;
    this.size = size;
    this.fields = fields;
  }

  /** Starts the declaration of {@code struct name}. */
  static Builder struct(String name) {
    return new Builder(name);
  }

  public String name() {
    return name;
  }

  /** {@code sizeof}. */
  public int size() {
    return size;
  }

  public List<Field> fields() {
    return List.copyOf(fields.values());
  }

  /** Where {@code field} starts. */
  public int offset(String field) {
    return field(field).offset;
  }

  /** The field of this name. */
  public Field field(String field) {
    return Objects.requireNonNull(fields.get(field), () -> name + " has no " + field);
  }

  /** Collects fields, first to last. */
  static final class Builder {
    private final String name;
    private final List<Field> fields = new ArrayList<>();
    private int at;

    private Builder(String name) {
      this.name = name;
    }

    Builder u8(String... names) {
      return add(1, names);
    }

    Builder u16(String... names) {
      return add(2, names);
    }

    Builder u32(String... names) {
      return add(4, names);
    }

    Builder u64(String... names) {
      return add(8, names);
    }

    /** A field of {@code bytes} bytes: an array, a structure. */
    Builder bytes(String field, int bytes) {
      return add(bytes, field);
    }

    /** Slot masks. */
    Builder slots(String... names) {
      return add(8 * SlotSet.WORDS, names);
    }

    /** Structures that share their place; each is named in C as given here. */
    Builder union(Map<String, Layout> members) {
      int widest = 0;
      for (Map.Entry<String, Layout> member : members.entrySet()) {
        int bytes = member.getValue().size();
        fields.add(new Field(member.getKey(), at, bytes));
        widest = Math.max(widest, bytes);
      }
      at += widest;
      return this;
    }

    Layout end() {
      Map<String, Field> byName = new LinkedHashMap<>();
      fields.forEach(f -> byName.put(f.name, f));
      return new Layout(name, at, byName);
    }

    private Builder add(int bytes, String... names) {
      for (String field : names) {
        fields.add(new Field(field, at, bytes));
        at += bytes;
      }
      return this;
    }
  }
}
