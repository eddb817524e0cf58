package dev.interdict.builtins;

import com.google.re2j.Matcher;
import com.google.re2j.Pattern;
import com.google.re2j.PatternSyntaxException;
import dev.interdict.builtins.Builtin.BuiltinException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/** {@code regex.*} that the module lacks, on RE2: linear time whatever the pattern. */
final class RegexBuiltins {
  private static final int CACHED_MAX = 256;

  /** Of all in the cache: some tens of megabytes. */
  private static final int CACHED_STEPS_MAX = 500_000;

  private static final int TEXT_MAX = 1 << 20;
  private static final Map<String, Pattern> CACHE = new ConcurrentHashMap<>();
  private static final AtomicInteger CACHED_STEPS = new AtomicInteger();

  private RegexBuiltins() {}

  static void addTo(Map<String, Builtin> table) {
    table.put("regex.find_n", RegexBuiltins::findN);
    table.put("regex.split", a -> split(pattern(a[0]), Rego.string(a[1])));
    table.put("regex.replace", a -> replace(Rego.string(a[0]), pattern(a[1]), Rego.string(a[2])));
    table.put("regex.template_match", RegexBuiltins::templateMatch);
    table.put("regex.globs_match", a -> GlobPair.meet(Rego.string(a[0]), Rego.string(a[1])));
    table.put("glob.quote_meta", a -> quoteGlob(Rego.string(a[0])));
  }

  private static Pattern pattern(Object value) throws BuiltinException {
    String text = Rego.string(value);
    Pattern known = CACHE.get(text);
    if (known != null) {
      return known;
    }
    try {
      Patterns.Compiled compiled = Patterns.compiled(text);
      int steps = CACHED_STEPS.addAndGet(compiled.steps());
      if (CACHE.size() >= CACHED_MAX || steps > CACHED_STEPS_MAX) {
        CACHE.clear();
        CACHED_STEPS.set(compiled.steps());
      }
      CACHE.put(text, compiled.pattern());
      return compiled.pattern();
    } catch (PatternSyntaxException e) {
      throw new BuiltinException("regex: " + e.getMessage());
    }
  }

  /* All matches as Go finds them: an empty one that abuts its predecessor does not count. */
  private static List<int[]> matches(Pattern pattern, String text, long limit) {
    List<int[]> matches = new ArrayList<>();
    Matcher matcher = pattern.matcher(new Watched(text));
    int previousEnd = -1;
    for (int at = 0; at <= text.length() && matches.size() < limit && matcher.find(at); ) {
      int[] groups = new int[2 * (matcher.groupCount() + 1)];
      for (int i = 0; i < groups.length; i += 2) {
        groups[i] = matcher.start(i / 2);
        groups[i + 1] = matcher.end(i / 2);
      }
      boolean empty = groups[1] == at;
      if (!empty || groups[0] != previousEnd) {
        matches.add(groups);
      }
      previousEnd = groups[1];
      at =
          !empty
              ? groups[1]
              : at < text.length() ? text.offsetByCodePoints(at, 1) : text.length() + 1;
    }
    return matches;
  }

  /** A text that is read no further once the evaluation's time is over: RE2's loops do not look. */
  private record Watched(String text) implements CharSequence {
    @Override
    public int length() {
      return text.length();
    }

    @Override
    public char charAt(int index) {
      Rego.checkInterrupt();
      return text.charAt(index);
    }

    @Override
    public CharSequence subSequence(int start, int end) {
      return text.substring(start, end);
    }

    @Override
    public String toString() {
      return text;
    }
  }

  private static Object findN(Object[] a) throws BuiltinException {
    String text = Rego.string(a[1]);
    long n = Rego.whole(a[2]);
    List<Object> found = new ArrayList<>();
    for (int[] match : matches(pattern(a[0]), text, n < 0 ? Long.MAX_VALUE : n)) {
      found.add(text.substring(match[0], match[1]));
    }
    return found;
  }

  private static Object split(Pattern pattern, String text) {
    List<Object> parts = new ArrayList<>();
    if (text.isEmpty() && !pattern.pattern().isEmpty()) {
      return List.of("");
    }
    int from = 0;
    int end = 0;
    for (int[] match : matches(pattern, text, Long.MAX_VALUE)) {
      end = match[0];
      if (match[1] != 0) {
        parts.add(text.substring(from, end));
      }
      from = match[1];
    }
    if (end != text.length()) {
      parts.add(text.substring(from));
    }
    return parts;
  }

  private static Object replace(String text, Pattern pattern, String template)
      throws BuiltinException {
    StringBuilder out = new StringBuilder();
    int from = 0;
    for (int[] match : matches(pattern, text, Long.MAX_VALUE)) {
      out.append(text, from, match[0]);
      expand(pattern, template, text, match, out);
      from = match[1];
      if (out.length() > TEXT_MAX) {
        throw new BuiltinException("regex.replace: longer than " + TEXT_MAX);
      }
    }
    return out.append(text.substring(from)).toString();
  }

  /* Go's templates: $name, ${name} and $$; what does not exist is empty. */
  private static void expand(
      Pattern pattern, String template, String text, int[] match, StringBuilder out) {
    int at = 0;
    while (at < template.length()) {
      char c = template.charAt(at++);
      if (c != '$' || at == template.length()) {
        out.append(c);
        continue;
      }
      if (template.charAt(at) == '$') {
        out.append('$');
        at++;
        continue;
      }
      boolean brace = template.charAt(at) == '{';
      int start = brace ? at + 1 : at;
      int end = start;
      while (end < template.length() && isWord(template.codePointAt(end))) {
        end = template.offsetByCodePoints(end, 1);
      }
      if (end == start || (brace && (end == template.length() || template.charAt(end) != '}'))) {
        out.append('$');
        continue;
      }
      int group = group(pattern, template.substring(start, end));
      if (group >= 0 && 2 * group < match.length && match[2 * group] >= 0) {
        out.append(text, match[2 * group], match[2 * group + 1]);
      }
      at = brace ? end + 1 : end;
    }
  }

  private static boolean isWord(int c) {
    return c == '_' || Character.isLetterOrDigit(c);
  }

  private static int group(Pattern pattern, String name) {
    return name.matches("[0-9]{1,8}")
        ? Integer.parseInt(name)
        : pattern.namedGroups().getOrDefault(name, -1);
  }

  private static Object templateMatch(Object[] a) throws BuiltinException {
    String template = Rego.string(a[0]);
    String open = Rego.string(a[2]);
    String close = Rego.string(a[3]);
    if (open.length() != 1 || close.length() != 1) {
      throw new BuiltinException("regex.template_match: delimiters are one character each");
    }
    StringBuilder regex = new StringBuilder("^");
    int depth = 0;
    int from = 0;
    for (int i = 0; i < template.length(); i++) {
      if (template.charAt(i) == open.charAt(0) && depth++ == 0) {
        regex.append(Pattern.quote(template.substring(from, i)));
        from = i + 1;
      } else if (template.charAt(i) == close.charAt(0) && --depth == 0) {
        regex.append('(').append(template, from, i).append(')');
        from = i + 1;
      }
      if (depth < 0) {
        throw new BuiltinException("regex.template_match: unbalanced delimiters");
      }
    }
    if (depth != 0) {
      throw new BuiltinException("regex.template_match: unbalanced delimiters");
    }
    regex.append(Pattern.quote(template.substring(from))).append('$');
    return pattern(regex.toString()).matcher(new Watched(Rego.string(a[1]))).find();
  }

  private static String quoteGlob(String text) {
    StringBuilder quoted = new StringBuilder();
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      quoted.append("*?\\[]{}".indexOf(c) >= 0 ? "\\" : "").append(c);
    }
    return quoted.toString();
  }
}
