package dev.interdict.builtins;

import dev.interdict.builtins.Builtin.BuiltinException;
import java.math.BigDecimal;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ThreadLocalRandom;

/**
 * What is the same throughout one evaluation and may be different in the next: the clock, and what
 * was drawn by lot. For one thread.
 */
public final class Moment {
  private final Map<Object, Object> drawn = new HashMap<>();
  private Object now;

  /** What a builtin does in its moment. */
  @FunctionalInterface
  private interface Draw {
    Object from(Moment moment, Object[] arguments) throws BuiltinException;
  }

  /** A builtin that rests on the moment. */
  private record OfMoment(Draw draw) implements Builtin {
    @Override
    public Object apply(Object[] arguments) {
      throw new AssertionError("called without its moment");
    }

    @Override
    public Object apply(Object[] arguments, Moment moment) throws BuiltinException {
      return draw.from(moment, arguments);
    }
  }

  static void addTo(Map<String, Builtin> table) {
    table.put("time.now_ns", new OfMoment((moment, a) -> moment.now()));
    table.put("rand.intn", new OfMoment(Moment::random));
    table.put("uuid.rfc4122", new OfMoment((moment, a) -> moment.uuid(a[0])));
  }

  /** The next evaluation begins. */
  public void pass() {
    if (now != null) {
      now = null;
    }
    if (!drawn.isEmpty()) {
      drawn.clear();
    }
  }

  private Object now() {
    if (now == null) {
      now = ChronoUnit.NANOS.between(Instant.EPOCH, Instant.now());
    }
    return now;
  }

  /* Below a number's distance from zero; the text tells draws of one evaluation apart. */
  private Object random(Object[] arguments) throws BuiltinException {
    BigDecimal limit = Rego.number(arguments[1]).abs();
    long below = Rego.whole(limit);
    List<Object> which = List.of(Rego.string(arguments[0]), below);
    return below == 0
        ? 0L
        : drawn.computeIfAbsent(which, w -> ThreadLocalRandom.current().nextLong(below));
  }

  private Object uuid(Object which) {
    return drawn.computeIfAbsent(List.of(which), w -> UUID.randomUUID().toString());
  }
}
