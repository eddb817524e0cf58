package dev.interdict.policy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Files in a policy's folder that somebody wrote to be read and that are not: Rego in a subfolder,
 * {@code data.yml}. A rule nobody reads denies nothing, so each is an error.
 */
final class UnreadFiles {
  private static final Pattern MEANT = Pattern.compile("(policy|data|cases)\\.(ya?ml|json)");

  /** Deeper than anybody nests, and an end to what is looked through. */
  private static final int MAX_DEPTH = 8;

  private static final int MAX_ENTRIES = 10_000;

  private UnreadFiles() {}

  /**
   * Reports them. Hidden files and folders are left alone: version control and mounts have them.
   */
  static void report(Path folder, Findings findings) throws IOException {
    List<Path> all;
    try (Stream<Path> walk = Files.walk(folder, MAX_DEPTH)) {
      all =
          walk.limit(MAX_ENTRIES)
              .map(folder::relativize)
              .filter(p -> Stream.of(p.toString().split("/", -1)).noneMatch(n -> n.startsWith(".")))
              .filter(p -> isMeant(folder, p))
              .sorted()
              .toList();
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
    for (Path path : all) {
      String name = path.getFileName().toString();
      boolean below = path.getNameCount() > 1;
      findings.error(
          path.toString(),
          "policy.not-read",
          below
              ? "is not read: a policy's files lie in one folder; move it up, or to a policy of its own"
              : "is not read: name it " + readName(name));
    }
  }

  /** Reports what belongs to a folder's policy.yaml that is read without its folder. */
  static void reportBeside(Path folder, Findings findings) {
    try (Stream<Path> list = Files.list(folder)) {
      list.map(p -> p.getFileName().toString())
          .filter(name -> PolicySource.isPart(name) && !name.equals(PolicySource.POLICY_YAML))
          .sorted()
          .forEach(
              name ->
                  findings.error(
                      name,
                      "policy.not-read",
                      "belongs to the policy, and is not read if policy.yaml is named alone; name its"
                          + " folder"));
    } catch (IOException e) {
      findings.error(
          folder.toString(), "policy.unreadable", "cannot list the folder: " + FileTrouble.of(e));
    }
  }

  private static boolean isMeant(Path folder, Path path) {
    String name = path.getFileName().toString();
    String lower = name.toLowerCase(Locale.ROOT);
    boolean read = path.getNameCount() == 1 && PolicySource.isPart(name);
    return !read
        && (lower.endsWith(".rego") || MEANT.matcher(lower).matches())
        && Files.isRegularFile(folder.resolve(path));
  }

  private static String readName(String name) {
    String lower = name.toLowerCase(Locale.ROOT);
    boolean spelling = lower.equals("data.json") || lower.endsWith(".rego");
    return spelling ? lower : lower.substring(0, lower.indexOf('.')) + ".yaml";
  }
}
