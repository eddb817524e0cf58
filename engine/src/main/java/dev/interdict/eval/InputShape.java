package dev.interdict.eval;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.interdict.event.ReadSet;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.ObjIntConsumer;
import java.util.function.Predicate;
import java.util.function.ToIntFunction;
import java.util.function.ToLongFunction;

/**
 * One object of a prepared document, while it is being laid out, and the list of what must be done
 * for each event. A field that no rule can read gets a place and nothing to do.
 *
 * @param <E> what the fields are taken from
 */
final class InputShape<E> {

  /** What the shapes of one instance have in common. */
  record Site(OpaInstance instance, InputCells cells, ReadSet reads) {
    Site(OpaInstance instance, ReadSet reads) {
      this(instance, new InputCells(instance.memory()), reads);
    }
  }

  /** A key whose value is another object for another event. */
  private record Choice(String key, List<Integer> slots) {}

  private final Site site;
  private final String path;
  private final List<byte[]> keys = new ArrayList<>();
  private final List<Integer> addresses = new ArrayList<>();
  private final List<Choice> choices = new ArrayList<>();
  private final List<Consumer<E>> work;

  /**
   * Begins an object.
   *
   * @param path where it is below {@code input}
   * @param work gets what must be done for each event
   */
  InputShape(Site site, String path, List<Consumer<E>> work) {
    this.site = site;
    this.path = path;
    this.work = work;
  }

  /** Another object, of the same values under the keys so far but for these. */
  InputShape<E> without(Set<String> absent) {
    InputShape<E> other = new InputShape<>(site, path, work);
    for (int i = 0; i < keys.size(); i++) {
      if (!absent.contains(new String(keys.get(i), UTF_8))) {
        other.keys.add(keys.get(i));
        other.addresses.add(addresses.get(i));
      }
    }
    choices.stream().filter(c -> !absent.contains(c.key)).forEach(other.choices::add);
    return other;
  }

  /** Lays the object out, with the keys so far; more keys and another layout may follow. */
  int build() {
    int[] values = addresses.stream().mapToInt(Integer::intValue).toArray();
    int object = site.instance.writer().object(keys, values);
    for (Choice choice : choices) {
      choice.slots.add(site.instance.values().slot(object, choice.key.getBytes(UTF_8)));
    }
    return object;
  }

  InputShape<E> number(String key, ToLongFunction<E> value) {
    int cell = place(key, site.instance.writer().number(0));
    return each(key, event -> site.cells.number(cell, value.applyAsLong(event)));
  }

  InputShape<E> bool(String key, Predicate<E> value) {
    int cell = place(key, site.instance.writer().bool(false));
    return each(key, event -> site.cells.bool(cell, value.test(event)));
  }

  /** A text that {@code write} puts into the cell. */
  InputShape<E> text(String key, ObjIntConsumer<E> write) {
    int cell = place(key, site.instance.writer().text(""));
    return each(key, event -> write.accept(event, cell));
  }

  /** The name that a table gives a number; the number in decimal where it has none. */
  InputShape<E> named(String key, String[] names, ToIntFunction<E> number) {
    int cell = place(key, site.instance.writer().text(""));
    int[] texts = new int[names.length];
    for (int i = 0; i < texts.length; i++) {
      texts[i] = names[i] == null ? 0 : site.instance.writer().text(names[i]);
    }
    PolicyMemory memory = site.instance.memory();
    return each(
        key,
        event -> {
          int n = number.applyAsInt(event);
          int text = n >= 0 && n < texts.length ? texts[n] : 0;
          if (text == 0) {
            site.cells.decimal(cell, n);
          } else {
            site.cells.text(cell, memory.readInt(text + 8), memory.readInt(text + 4));
          }
        });
  }

  /** An array that {@code write} fills; {@code array} is its address. */
  InputShape<E> array(String key, int array, Consumer<E> write) {
    place(key, array);
    return each(key, write);
  }

  /** An object that is always the same one. */
  InputShape<E> child(String key, int object) {
    place(key, object);
    return this;
  }

  /**
   * An object that is chosen for each event.
   *
   * @param deciding the key below it, or "", whose readers make the choice matter
   */
  InputShape<E> choice(String key, String deciding, int first, ToIntFunction<E> object) {
    place(key, first);
    Choice choice = new Choice(key, new ArrayList<>());
    choices.add(choice);
    PolicyMemory memory = site.instance.memory();
    return each(
        deciding.isEmpty() ? key : key + "." + deciding,
        event -> {
          int chosen = object.applyAsInt(event);
          for (int i = 0; i < choice.slots.size(); i++) {
            memory.writeI32(choice.slots.get(i), chosen);
          }
        });
  }

  private int place(String key, int address) {
    keys.add(key.getBytes(UTF_8));
    addresses.add(address);
    return address;
  }

  private InputShape<E> each(String key, Consumer<E> step) {
    if (site.reads.mayRead(path.isEmpty() ? key : path + "." + key)) {
      work.add(step);
    }
    return this;
  }
}
