package dev.interdict.policy;

import dev.interdict.policy.Condition.Match;
import dev.interdict.policy.Condition.Values;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.function.UnaryOperator;

/**
 * The expressions of one Rego body, all of which must hold, and the helper rules it refers to.
 *
 * <p>Rego evaluates the arguments of a call outside of the {@code not} before it: {@code not
 * input.file.path in {"/a"}} is undefined, not true, if there is no path, and with {@code
 * input.access[_]} it asks whether some access is not in the set, not whether none is. So only an
 * expression whose arguments are always there is negated in place. A reference to a helper rule has
 * no arguments.
 */
final class RegoBody {

  /**
   * One expression, which may go over several lines.
   *
   * @param negatable whether {@code not} before it says the opposite of it
   */
  record Line(Mark at, String expression, boolean negatable) {}

  /** A rule that a body refers to; several of one name are alternatives. */
  record Helper(String name, Mark at, RegoBody body) {}

  /** The helpers of one YAML rule. */
  static final class Helpers {
    private final String prefix;
    private final List<Helper> list = new ArrayList<>();
    private int named;

    Helpers(String prefix) {
      this.prefix = prefix;
    }

    List<Helper> list() {
      return list;
    }

    private String name(String kind) {
      return prefix + kind + ++named;
    }
  }

  private final Helpers helpers;
  private final List<Line> lines = new ArrayList<>();
  private int variables;

  RegoBody(Helpers helpers) {
    this.helpers = helpers;
  }

  List<Line> lines() {
    return lines;
  }

  /** Adds an expression that is never negated in place. */
  void add(Mark at, String expression) {
    add(at, expression, false);
  }

  private void add(Mark at, String expression, boolean negatable) {
    lines.add(new Line(at, expression, negatable));
  }

  /** Adds what makes {@code condition} hold. */
  void add(Condition condition) {
    switch (condition) {
      case Condition.All all -> all.of().forEach(this::add);
      case Condition.Any any -> any(any);
      case Condition.Not not -> not(not);
      case Match match -> match(match);
    }
  }

  private void any(Condition.Any any) {
    String name = helpers.name("any");
    add(any.at(), name, true);
    int before = helpers.list.size();
    List<Helper> alternatives = new ArrayList<>();
    for (Condition alternative : any.of()) {
      RegoBody body = new RegoBody(helpers);
      body.add(alternative);
      alternatives.add(new Helper(name, alternative.at(), body));
    }
    helpers.list.addAll(before, alternatives);
  }

  private void not(Condition.Not not) {
    RegoBody body = new RegoBody(helpers);
    int before = helpers.list.size();
    body.add(not.of());
    negate(not.at(), body, before);
  }

  private void negate(Mark at, RegoBody body, int before) {
    Line only = body.lines.size() == 1 ? body.lines.getFirst() : null;
    if (only != null && only.negatable) {
      add(at, "not " + only.expression);
      return;
    }
    String name = helpers.name("not");
    add(at, "not " + name);
    helpers.list.add(before, new Helper(name, at, body));
  }

  private void match(Match match) {
    String ref = "input." + match.field().path();
    boolean array = match.field().type() == Field.Type.STRINGS;
    boolean present =
        !match.field().optional()
            && !(match.values() instanceof Values.Fact other && other.field().optional());
    switch (match.operator()) {
      case EQUALS -> {
        String value = value(match);
        add(match.at(), array ? value + " in " + ref : ref + " == " + value, present);
      }
      case IN -> {
        String before = (array ? ref + "[_]" : ref) + " in ";
        add(match.at(), before + collection(match, before, RegoText::quote), present && !array);
      }
      case NOT_IN -> {
        RegoBody in = new RegoBody(helpers);
        in.match(new Match(match.field(), Operator.IN, match.values(), match.at()));
        negate(match.at(), in, helpers.list.size());
      }
      case PREFIX -> each(match, "prefix", v -> "startswith(" + ref + ", " + v + ")");
      case SUFFIX -> each(match, "suffix", v -> "endswith(" + ref + ", " + v + ")");
      case GLOB -> each(match, "pattern", v -> "glob.match(" + v + ", [\"/\"], " + ref + ")");
      case REGEX -> each(match, "pattern", v -> "regex.match(" + v + ", " + ref + ")");
      case CONTAINS -> each(match, "part", v -> "contains(" + ref + ", " + v + ")");
      case UNDER ->
          each(match, "folder", v -> "startswith(" + ref + ", concat(\"\", [" + v + ", \"/\"]))");
      case RANGE -> throw new IllegalArgumentException("a range is read as two comparisons");
      case CIDR -> each(match, "cidr", v -> "net.cidr_contains(" + v + ", " + ref + ")");
      case GT -> add(match.at(), ref + " > " + value(match), present);
      case LT -> add(match.at(), ref + " < " + value(match), present);
      case GE -> add(match.at(), ref + " >= " + value(match), present);
      case LE -> add(match.at(), ref + " <= " + value(match), present);
      case EXISTS -> {
        boolean wanted = (boolean) literal(match);
        add(match.at(), (wanted ? "" : "not ") + ref, wanted);
      }
    }
  }

  /** Compares with one value, or with some value of a list. */
  private void each(Match match, String noun, UnaryOperator<String> call) {
    if (match.values() instanceof Values.Literals one && one.values().size() == 1) {
      boolean present = !match.field().optional();
      add(match.at(), call.apply(RegoText.quotePattern(one.values().getFirst())), present);
      return;
    }
    String variable = noun + (variables++ == 0 ? "" : "_" + variables);
    String before = "some " + variable + " in ";
    add(match.at(), before + collection(match, before, RegoText::quotePattern));
    add(match.at(), call.apply(variable));
  }

  private static String collection(Match match, String before, Function<Object, String> quote) {
    return switch (match.values()) {
      case Values.Data data -> "data." + data.path();
      case Values.Literals literals -> RegoText.set(before, literals.values(), quote);
      case Values.Fact fact -> throw new IllegalArgumentException("no list: " + fact);
    };
  }

  /** What stands on the right side of a comparison with one value. */
  private static String value(Match match) {
    return match.values() instanceof Values.Fact other
        ? "input." + other.field().path()
        : RegoText.quote(literal(match));
  }

  private static Object literal(Match match) {
    return ((Values.Literals) match.values()).values().getFirst();
  }
}
