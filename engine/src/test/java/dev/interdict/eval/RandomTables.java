package dev.interdict.eval;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.IntFunction;

/**
 * Random policies of rules that differ in constants alone, by the dozen, in the ways in which
 * people write them and YAML is lowered: what the compiler makes tables and indexes of. Few values,
 * those of {@code RandomEvent}, so that rules hold often enough.
 */
final class RandomTables {
  static final String DATA =
      """
      {"trusted": ["/etc/file1", "/usr/bin/tool2"], "ids": [0, 2], "lists": {"begin": ["/etc/", "/usr/bin/tool1"], \
      "folders": ["/etc", "/srv", "/usr/bin", "/opt", "/é", "/a", "/b", "/usr/bin/tool1", "/etc/file", "/c"]}}""";

  /** So that one decision has no more reasons than it may have. */
  private static final int RULES_MAX = 60;

  private final Random random;
  private final List<IntFunction<String>> templates =
      List.of(
          i ->
              rule("deny", i, "input.file.path == " + path(), "input.process.uid != " + id())
                  + named(i),
          i ->
              "deny contains $\"r%d by {input.process.exe.path}\" if {\n\tinput.file.path in {%s, %s}\n\tnot _n%d\n}\n_n%d if input.process.exe.path in {%s, %s}\n"
                  .formatted(i, path(), path(), i, i, path(), path()),
          i ->
              rule(
                  "kill",
                  i,
                  "startswith(input.file.path, " + begin() + ")",
                  "not input.process.exe.path == " + path()),
          i ->
              rule(
                  "warn",
                  i,
                  "some p in {%s, %s}".formatted(begin(), begin()),
                  "startswith(input.process.exe.path, p)",
                  "input.file.uid > " + id()),
          i ->
              rule(
                  "deny",
                  i,
                  "input.socket.port == " + port(),
                  "net.cidr_contains(" + network() + ", input.socket.address)"),
          i ->
              rule(
                  "deny",
                  i,
                  "input.process.uid in {%d, %d}".formatted(id(), id()),
                  quote(word()) + " in input.access",
                  "not input.file.path in data.trusted"),
          i ->
              rule("deny", i, "_a" + i)
                  + "_a%d if input.file.path == %s\n_a%d if {\n\tinput.process.exe.path == %s\n\tnot _b%d\n}\n_b%d if input.process.gid in {%d, 7}\n"
                      .formatted(i, path(), i, path(), i, i, id()),
          i ->
              rule(
                  "warn",
                  i,
                  "glob.match(%s, [\"/\"], input.file.path)".formatted(quote(glob())),
                  "input.process.uid in data.ids"),
          i ->
              rule(
                  "deny",
                  i,
                  "input.packet.destination.port in {%d, %d}".formatted(port(), port()),
                  "input.packet.source.address == " + address()),
          i ->
              rule(
                  "deny",
                  i,
                  "endswith(input.file.path, \"%d\")".formatted(id()),
                  "input.file.deleted in {false, \"no\"}",
                  "not input.file.created in {true, %d}".formatted(id())),
          i ->
              "deny contains reason if {\n\tsome x in input.access\n\tx in {%s, %s}\n\tinput.file.path == %s\n\treason := sprintf(\"r%d %%s\", [x])\n}\n"
                  .formatted(quote(word()), quote(word()), path(), i),
          i -> rule("deny", i, "input.file.path in known", "input.process.exe.path != " + path()),
          i ->
              "warn contains reason if reason := {%s: \"r%d a\", %s: \"r%d b\"}[input.file.path]\n"
                  .formatted("\"/etc/file1\"", i, "\"/etc/file2\"", i),
          i ->
              rule(
                  "deny",
                  i,
                  "count({x | some x in {%s, %s}; x == input.file.path}) > 0"
                      .formatted(path(), path())),
          i ->
              rule(
                  "deny",
                  i,
                  "some begin in data.lists.begin",
                  "startswith(input.file.path, begin)",
                  "input.process.euid == " + id()),
          i ->
              rule("deny", i, "_u" + i, "input.process.uid < " + (1 + id()))
                  + "_u%d if input.file.path in {%s, %s}\n_u%d if startswith(input.file.path, %s)\n"
                      .formatted(i, path(), path(), i, begin()),
          i ->
              rule(
                  "warn",
                  i,
                  "some p in {%s}".formatted(begins()),
                  "startswith(input.process.exe.path, p)",
                  "not input.file.path == " + path()),
          i ->
              rule(
                  "deny",
                  i,
                  "some p in data.lists.folders",
                  "startswith(input.file.path, concat(\"\", [p, \"/\"]))",
                  "input.process.gid == " + id()),
          i ->
              rule(
                  "kill",
                  i,
                  "input.process.exe.path == " + path(),
                  "input.hook in {\"exec\", \"file_open\"}"));

  RandomTables(Random random) {
    this.random = random;
  }

  String policy() {
    StringBuilder rego = new StringBuilder("known := {%s, %s}\n".formatted(path(), path()));
    int rules = 0;
    for (int kinds = 2 + random.nextInt(3); kinds > 0; kinds--) {
      IntFunction<String> template = templates.get(random.nextInt(templates.size()));
      for (int n = 1 + random.nextInt(20); n > 0 && rules < RULES_MAX; n--) {
        rego.append(template.apply(rules++));
      }
    }
    return rego.toString();
  }

  /* Some rules are told apart by more than constants. */
  private String named(int i) {
    return random.nextInt(8) > 0
        ? ""
        : rule("deny", i, "input.file.uid == " + id(), "input.file.path != " + path());
  }

  private String rule(String set, int i, String... lines) {
    List<String> body = new ArrayList<>(List.of(lines));
    return "%s contains \"r%d\" if {\n\t%s\n}\n".formatted(set, i, String.join("\n\t", body));
  }

  private static String quote(String text) {
    return "\"" + text + "\"";
  }

  private int id() {
    return random.nextInt(3);
  }

  private int port() {
    return 80 + random.nextInt(4);
  }

  private String word() {
    return List.of("read", "create", "exec", "connect").get(random.nextInt(4));
  }

  private String path() {
    return quote((random.nextBoolean() ? "/etc/file" : "/usr/bin/tool") + (1 + random.nextInt(4)));
  }

  private String begin() {
    return quote(
        List.of("/etc/", "/etc/file1", "/etc/file2", "/usr/bin/", "/usr/bin/tool3", "/é/")
            .get(random.nextInt(6)));
  }

  /* Enough for look-ups by length, some of them longer than what they are compared with. */
  private String begins() {
    StringBuilder all = new StringBuilder("\"/usr/bin/tool1/longer\", \"/etc/file1/\"");
    for (String folder : List.of("/a/", "/b/", "/c/", "/d/", "/e/", "/é/", "/etc", "/usr")) {
      all.append(", \"").append(folder).append('"');
    }
    return all.append(", ").append(begin()).toString();
  }

  private String glob() {
    return List.of("/etc/*", "/etc/file[12]", "/**", "/usr/*").get(random.nextInt(4));
  }

  private String address() {
    return quote(List.of("10.0.0.1", "10.0.0.2", "fd00::2").get(random.nextInt(3)));
  }

  private String network() {
    return quote(List.of("10.0.0.0/31", "10.0.0.2/32", "fd00::/8").get(random.nextInt(3)));
  }
}
