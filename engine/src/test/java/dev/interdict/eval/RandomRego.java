package dev.interdict.eval;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;

/**
 * Policies as authors write them, by lot: rules, helpers, comprehensions, builtins, over the facts
 * that events have. Each is well-typed and says at most {@link #RULES} things.
 */
public final class RandomRego {
  static final int RULES = 3;

  private static final List<String> WORDS =
      List.of("e", "/", "tool", "/etc/file1", "/etc/", "/usr/bin/tool2", "1", "10.0.0.1", "", "é");

  private final Random random;
  private final Map<String, List<String>> texts = new TreeMap<>();
  private final Map<String, List<String>> numbers = new TreeMap<>();
  private final Map<String, List<String>> flags = new TreeMap<>();
  private final StringBuilder helpers = new StringBuilder();
  private String name;
  private int count;

  /**
   * A generator of rules about what these documents have.
   *
   * @param inputs from which names and values of facts are learned
   */
  public RandomRego(Random random, List<Map<String, Object>> inputs) {
    this.random = random;
    inputs.forEach(input -> learn("input", input));
  }

  private void learn(String path, Object value) {
    switch (value) {
      case Map<?, ?> map -> map.forEach((key, v) -> learn(path + "." + key, v));
      case String text -> add(texts, path, '"' + text + '"');
      case Number number -> add(numbers, path, number.toString());
      case Boolean flag -> add(flags, path, flag.toString());
      default -> {}
    }
  }

  private static void add(Map<String, List<String>> facts, String path, String value) {
    List<String> values = facts.computeIfAbsent(path, p -> new ArrayList<>());
    if (!values.contains(value)) {
      values.add(value);
    }
  }

  /** The rules of one policy; its helpers and its reasons begin with {@code policy}. */
  public String policy(String policy) {
    name = policy;
    helpers.setLength(0);
    StringBuilder rules = new StringBuilder();
    for (int i = 1 + random.nextInt(RULES); i > 0; i--) {
      String set = pick(List.of("deny", "deny", "kill", "warn"));
      String reason = "\"%s %d\"".formatted(name, i);
      if (random.nextInt(2) == 0) {
        reason = "sprintf(\"%s %d %%v\", [%s])".formatted(name, i, any(2));
      } else if (random.nextInt(4) == 0) {
        reason = "$\"%s %d {%s}\"".formatted(name, i, pick(List.copyOf(texts.keySet())));
      }
      rules.append(set).append(" contains ").append(reason).append(" if {\n");
      for (int n = 1 + random.nextInt(2); n > 0; n--) {
        rules.append("\t").append(condition(2)).append("\n");
      }
      rules.append("}\n");
    }
    return rules.append(helpers).toString();
  }

  private String condition(int depth) {
    String fact = pick(List.copyOf(texts.keySet()));
    String number = pick(List.copyOf(numbers.keySet()));
    int kind = random.nextInt(depth > 0 ? 20 : 12);
    return switch (kind) {
      case 0 -> fact + " == " + value(texts, fact);
      case 1 -> fact + " != " + value(texts, fact);
      case 2 -> fact + " in {" + value(texts, fact) + ", " + text(1) + "}";
      case 3 -> number + pick(List.of(" < ", " <= ", " > ", " >= ", " == ")) + number(depth);
      case 4 -> pick(List.of("startswith", "endswith", "contains")) + call(fact, word());
      case 5 -> "glob.match(" + glob() + ", [\"/\"], " + fact + ")";
      case 6 -> "regex.match(`^/[a-z]+/(file|bin)`, " + text(1) + ")";
      case 7 -> "net.cidr_contains(\"10.0.0.0/31\", input.socket.address)";
      case 8 -> pick(List.of("", "not ")) + flag();
      case 9 ->
          "some a%d in input.access; a%1$d in {\"read\", \"send\", \"receive\"}".formatted(next());
      case 10 -> "every x in [" + fact + ", " + text(1) + "] { contains(x, " + word() + ") }";
      // A word that an enumerated fact never is would be an error.
      case 11 ->
          "lower(" + text(depth) + ")" + pick(List.of(" == ", " != ", " < ", " > ")) + text(depth);
      case 12, 13 -> pick(List.of("", "not ")) + helper(condition(depth - 1));
      case 14 -> "count([x | some x in [1, 2, 3]; x > " + number(1) + "]) == " + random.nextInt(4);
      case 15 -> function(fact);
      case 16 -> helper(condition(depth - 1)) + " with " + fact + " as " + value(texts, fact);
      case 17 -> branch(fact, condition(0)) + " == " + (1 + random.nextInt(3));
      case 18 -> "object.get(input, " + path(fact) + ", \"none\") == " + value(texts, fact);
      default ->
          "{x | x := " + fact + "; " + condition(0) + "} " + pick(List.of("==", "!=")) + " set()";
    };
  }

  private String call(String first, String second) {
    return "(" + first + ", " + second + ")";
  }

  private String helper(String condition) {
    String rule = name + "_r" + next();
    helpers.append(rule).append(" if {\n\t").append(condition).append("\n}\n");
    return rule;
  }

  private String function(String fact) {
    String function = name + "_f" + next();
    helpers.append(
        "%s(x, y) if {\n\tlower(x) == y\n}\n%1$s(x, y) if {\n\tcontains(x, y)\n}\n"
            .formatted(function));
    return function + call(fact, text(1));
  }

  private String branch(String fact, String condition) {
    String rule = name + "_b" + next();
    helpers.append(
        "default %s := 3\n%1$s := 1 if {\n\t%s == %s\n} else := 2 if {\n\t%s\n}\n"
            .formatted(rule, fact, value(texts, fact), condition));
    return rule;
  }

  private String flag() {
    return pick(List.copyOf(flags.keySet()));
  }

  private String glob() {
    return pick(List.of("\"/etc/*\"", "\"/**\"", "\"/usr/{bin,sbin}/tool[12]\"", "\"*\""));
  }

  private static String path(String fact) {
    return "[\"" + fact.substring("input.".length()).replace(".", "\", \"") + "\"]";
  }

  private String any(int depth) {
    return switch (random.nextInt(4)) {
      case 0 -> number(depth);
      case 1 -> collection(depth);
      default -> text(depth);
    };
  }

  private String text(int depth) {
    if (depth == 0) {
      return random.nextInt(3) == 0 ? word() : pick(List.copyOf(texts.keySet()));
    }
    String t = text(depth - 1);
    return switch (random.nextInt(28)) {
      case 0 -> "lower(" + t + ")";
      case 1 -> "upper(" + t + ")";
      case 2 -> "concat(\"/\", [" + t + ", " + word() + "])";
      case 3 -> "replace(" + t + ", \"e\", \"oo\")";
      case 4 -> "substring(" + t + ", 1, " + (random.nextInt(5) - 1) + ")";
      case 5 -> "trim(" + t + ", \"/e1\")";
      case 6 -> "sprintf(\"%s-%d-%v\", [" + t + ", " + number(0) + ", " + collection(0) + "])";
      case 7 -> "format_int(" + number(1) + " % 1000, " + pick(List.of("2", "8", "10", "16")) + ")";
      case 8 -> "base64.encode(" + t + ")";
      case 9 -> "hex.encode(" + t + ")";
      case 10 -> "crypto.sha256(" + t + ")";
      case 11 -> "crypto.hmac.md5(" + t + ", \"key\")";
      case 12 -> "urlquery.encode(" + t + ")";
      case 13 -> "urlquery.encode_object({\"a b\": [" + t + ", \"&\"], \"c\": \"=\"})";
      // Of an object OPA's C code writes the keys in any order.
      case 14 -> "json.marshal([" + t + ", " + number(0) + ", true, null])";
      case 15 ->
          "json.marshal_with_options("
              + collection(0)
              + ", {\"indent\": \" \", \"prefix\": \"|\"})";
      case 16 ->
          "json.patch({\"a\": ["
              + t
              + ", 2]}, [{\"op\": \"add\", \"path\": \"a/1\", \"value\": "
              + word()
              + "}]).a[1]";
      case 17 -> "regex.replace(" + t + ", `[a-e]([a-z]?)`, \"<$1$0>\")";
      case 18 -> "regex.find_n(`[a-z]+`, " + t + ", 2)[0]";
      case 19 -> "split(" + t + ", \"/\")[" + random.nextInt(4) + "]";
      case 20 -> "strings.reverse(" + t + ")";
      case 21 ->
          "time.format(["
              + number(0)
              + " * 10000000000000007, \"Europe/Paris\", \"Mon Jan _2 15:04:05.000 -0700 2006\"])";
      case 22 -> "type_name(" + collection(0) + ")";
      case 23 -> "uri.parse(concat(\"\", [\"https://h%20.example\", " + t + ", \"?q=1\"])).path";
      case 24 -> "time.weekday(" + number(0) + " * 100000000000000)";
      case 25 -> "trim_suffix(trim_prefix(" + t + ", \"/\"), \"1\")";
      case 26 -> "regex.split(`[/i]`, " + t + ")[1]";
      default -> "strings.replace_n({\"/\": \"_\", \"1\": \"one\"}, " + t + ")";
    };
  }

  private String number(int depth) {
    if (depth == 0) {
      return random.nextInt(3) == 0
          ? pick(List.of("0", "1", "7", "-3", "80", "1000"))
          : pick(List.copyOf(numbers.keySet()));
    }
    String n = number(depth - 1);
    return switch (random.nextInt(16)) {
      case 0 -> "(" + n + " + " + number(depth - 1) + ")";
      case 1 -> "(" + n + " - " + number(depth - 1) + ")";
      case 2 -> "(" + n + " * " + pick(List.of("3", "-7", "0")) + ")";
      case 3 -> "(" + n + " % 7)";
      case 4 -> "abs(" + n + ")";
      case 5 -> "count(" + text(1) + ")";
      case 6 -> "indexof(" + text(1) + ", \"e\")";
      case 7 -> "max([" + n + ", 3, " + number(depth - 1) + "])";
      case 8 -> "sum([" + n + ", 4])";
      case 9 -> "bits.and(abs(" + n + "), 13)";
      case 10 -> "to_number(format_int(" + n + " % 1000, 10))";
      case 11 -> "time.parse_duration_ns(sprintf(\"%dms\", [" + n + "]))";
      case 12 -> "units.parse_bytes(sprintf(\"%dKi\", [abs(" + n + ")]))";
      case 13 -> "semver.compare(sprintf(\"1.%d.0\", [abs(" + n + ")]), \"1.7.0-rc.1\")";
      case 14 ->
          "time.parse_ns(\"2006-01-02 15:04\", sprintf(\"20%02d-01-02 03:04\", [abs("
              + n
              + ") % 100]))";
      default -> "strings.count(" + text(1) + ", \"e\")";
    };
  }

  private String collection(int depth) {
    String t = text(depth);
    return switch (random.nextInt(9)) {
      case 0 -> "[" + t + ", " + number(depth) + ", null, true]";
      case 1 -> "{" + t + ", \"x\"}";
      case 2 -> "{\"k\": " + t + ", \"n\": " + number(depth) + "}";
      case 3 -> "[x | some x in split(" + t + ", \"/\")]";
      case 4 -> "object.union({\"k\": " + t + "}, {\"l\": [1, {" + number(depth) + "}]})";
      case 5 -> "numbers.range(1, (abs(" + number(0) + ") % 5) + 1)";
      case 6 -> "sort({" + t + ", " + word() + "})";
      case 7 -> "net.cidr_merge([\"10.0.0.0/25\", \"10.0.0.128/25\"])";
      default -> "{k: v | some k, v in {\"a\": " + t + ", \"b\": " + number(0) + "}}";
    };
  }

  private String word() {
    return '"' + pick(WORDS) + '"';
  }

  private String value(Map<String, List<String>> facts, String fact) {
    return pick(facts.get(fact));
  }

  private int next() {
    return ++count;
  }

  private <T> T pick(List<T> list) {
    return list.get(random.nextInt(list.size()));
  }
}
