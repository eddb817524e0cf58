package dev.interdict.eval;

import dev.interdict.compile.Concerns.Concern;
import dev.interdict.compile.Concerns.Operator;
import dev.interdict.event.Event;
import dev.interdict.event.SlotSet;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.BiFunction;

/**
 * Which of many policies an event can concern, by what the event has and not by asking each of
 * them. It narrows and never decides: a policy that it leaves out has no rule that can hold; one
 * whose conditions it cannot read is always in. Immutable; safe for use by many threads.
 */
final class ConcernIndex {

  /** Beginnings or ends of texts, by length: as many look-ups as there are lengths. */
  private static final class Affixes {
    private final boolean ends;
    private final Map<String, SlotSet> slots = new HashMap<>();
    private int[] lengths = {};

    Affixes(boolean ends) {
      this.ends = ends;
    }

    void add(String affix, int slot) {
      slots.merge(affix, SlotSet.of(slot), SlotSet::or);
      Set<Integer> all = new TreeSet<>(Set.of(affix.length()));
      Arrays.stream(lengths).forEach(all::add);
      lengths = all.stream().mapToInt(Integer::intValue).toArray();
    }

    SlotSet of(String text, SlotSet so) {
      SlotSet found = so;
      for (int length : lengths) {
        if (length > text.length()) {
          break;
        }
        String affix = ends ? text.substring(text.length() - length) : text.substring(0, length);
        SlotSet hit = slots.get(affix);
        found = hit == null ? found : found.or(hit);
      }
      return found;
    }
  }

  /** All that policies compare one field with. */
  private static final class Field {
    private final BiFunction<Event, HostNames, Object> reader;
    private final Map<Object, SlotSet> values = new HashMap<>();
    private final Affixes prefixes = new Affixes(false);
    private final Affixes suffixes = new Affixes(true);

    /** Slots that are concerned with any value. */
    private SlotSet present = SlotSet.NONE;

    Field(BiFunction<Event, HostNames, Object> reader) {
      this.reader = reader;
    }

    void add(Operator operator, Object value, int slot) {
      switch (operator) {
        case IN, CONTAINS -> values.merge(key(value), SlotSet.of(slot), SlotSet::or);
        case PREFIX -> prefixes.add((String) value, slot);
        case SUFFIX -> suffixes.add((String) value, slot);
        // Networks are few and their arithmetic is the policy's: that there is an address will do.
        case CIDR -> present = present.with(slot);
      }
    }

    private static Object key(Object value) {
      return value instanceof Integer n ? (Object) n.longValue() : value;
    }

    SlotSet of(Event event, HostNames names, SlotSet so) {
      Object value = reader.apply(event, names);
      if (value == null) {
        return so;
      }
      SlotSet found = so.or(present);
      if (value instanceof List<?> list) {
        for (Object item : list) {
          found = found.or(values.getOrDefault(item, SlotSet.NONE));
        }
        return found;
      }
      found = found.or(values.getOrDefault(value, SlotSet.NONE));
      return value instanceof String text ? suffixes.of(text, prefixes.of(text, found)) : found;
    }
  }

  private final HostNames names;
  private final Field[] fields;
  private final SlotSet always;

  /**
   * @param modules by slot; null: none
   */
  ConcernIndex(PolicyModule[] modules, HostNames names) {
    this.names = names;
    Map<String, Field> byName = new TreeMap<>();
    SlotSet everything = SlotSet.NONE;
    for (int slot = 0; slot < modules.length; slot++) {
      if (modules[slot] == null) {
        continue;
      }
      List<Concern> any = modules[slot].concerns().any();
      if (any == null || !any.stream().allMatch(ConcernIndex::readable)) {
        everything = everything.with(slot);
        continue;
      }
      for (Concern concern : any) {
        Field field =
            byName.computeIfAbsent(
                concern.field(), name -> new Field(EventFacts.reader(concern.field())));
        for (Object value : concern.values()) {
          field.add(concern.operator(), value, slot);
        }
      }
    }
    this.fields = byName.values().toArray(Field[]::new);
    this.always = everything;
  }

  private static boolean readable(Concern concern) {
    boolean list = concern.operator() == Operator.CONTAINS;
    return EventFacts.reader(concern.field()) != null
        && list == concern.field().equals("access")
        && concern.values().stream()
            .allMatch(
                v ->
                    v instanceof String
                        || (concern.operator() == Operator.IN
                            && (v instanceof Integer || v instanceof Long)));
  }

  /** Slots whose policy can have a rule that holds for the event. */
  SlotSet of(Event event) {
    SlotSet found = always;
    for (Field field : fields) {
      found = field.of(event, names, found);
    }
    return found;
  }
}
