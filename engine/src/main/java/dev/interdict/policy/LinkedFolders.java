package dev.interdict.policy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Finds prefixes, patterns and folders of rules that lead through a symbolic link. A path as it
 * stands means what it leads to; what is compared by its beginning is the name that was used, and
 * the kernel reports that with all links followed: such a comparison never holds.
 */
public final class LinkedFolders {

  /** Links on nearly every host since 2020; each with what it leads to. */
  static final List<List<String>> MERGED =
      List.of(
          List.of("/bin/", "/usr/bin/"),
          List.of("/sbin/", "/usr/sbin/"),
          List.of("/sbin/", "/usr/bin/"),
          List.of("/lib/", "/usr/lib/"),
          List.of("/lib32/", "/usr/lib32/"),
          List.of("/lib64/", "/usr/lib64/"),
          List.of("/libx32/", "/usr/libx32/"),
          List.of("/var/run/", "/run/"),
          List.of("/var/lock/", "/run/lock/"));

  private static final Pattern WILDCARD = Pattern.compile("[*?\\[{\\\\]");

  /** The beginning of an expression that stands for itself. */
  private static final Pattern ANCHORED = Pattern.compile("\\^((?:/[A-Za-z0-9_-]+)+/).*");

  private final String file;
  private final Findings findings;
  private final List<Folder> folders = new ArrayList<>();

  LinkedFolders(String file, Findings findings) {
    this.file = file;
    this.findings = findings;
  }

  /**
   * A folder that a rule says something begins with.
   *
   * @param path absolute, without a slash at the end
   * @param file of the source
   * @param line from 1
   * @param column from 1
   */
  public record Folder(String path, String file, int line, int column) {}

  /** Those of the rules that have been read, but for what was found to be a link anywhere. */
  List<Folder> folders() {
    return List.copyOf(folders);
  }

  /** Warns of links that are nearly everywhere; what others there are, only a host knows. */
  void look(Field field, Operator operator, List<String> values, Mark at) {
    if (!field.isPath()) {
      return;
    }
    for (String value : values) {
      String begins = beginning(operator, value);
      List<String> link = merged(begins);
      if (link == null) {
        String folder = begins.substring(0, Math.max(0, begins.lastIndexOf('/')));
        if (!folder.isEmpty()) {
          folders.add(new Folder(folder, file, at.line(), at.column()));
        }
      } else if (!values.contains(through(link, operator, value))) {
        findings.warning(
            file,
            at,
            LintRule.MERGED_USR.id(),
            "%s leads through %s, which is a link to %s on most hosts and in most images: the kernel reports %s. Write that, or both"
                .formatted(
                    value,
                    withoutSlash(link.get(0)),
                    withoutSlash(link.get(1)),
                    through(link, operator, value)));
      }
    }
  }

  private static String through(List<String> link, Operator operator, String value) {
    int at = operator == Operator.REGEX ? 1 : 0;
    String rest = (value + "/").substring(at + link.get(0).length());
    return withoutSlash(value.substring(0, at) + link.get(1) + rest);
  }

  private static String withoutSlash(String text) {
    return text.substring(0, text.length() - 1);
  }

  /**
   * A warning for each of {@code folders} that leads through a link here.
   *
   * @param root of the file system to look at
   */
  public static List<Diagnostic> here(Path root, List<Folder> folders) {
    List<Diagnostic> found = new ArrayList<>();
    for (Folder folder : folders) {
      String real = real(root, folder.path());
      Folder other = new Folder(real, folder.file(), folder.line(), folder.column());
      if (!real.equals(folder.path()) && !folders.contains(other)) {
        found.add(
            new Diagnostic(
                Diagnostic.Severity.WARNING,
                folder.file(),
                folder.line(),
                folder.column(),
                LintRule.LINKED_FOLDER.id(),
                "%s leads to %s on this host, and what is compared by its beginning is the name with all links followed: here nothing is below %1$s. Write %2$s, or both"
                    .formatted(folder.path(), real)));
      }
    }
    return found.stream().distinct().toList();
  }

  /** Where {@code folder} leads, as far as it is there; itself if that cannot be found out. */
  private static String real(Path root, String folder) {
    try {
      Path whole = root.resolve(folder.substring(1));
      Path there = whole;
      while (!there.equals(root) && !Files.exists(there, LinkOption.NOFOLLOW_LINKS)) {
        there = there.getParent();
      }
      Path real = root.toRealPath().relativize(there.toRealPath());
      return "/" + real.resolve(there.relativize(whole));
    } catch (IOException | InvalidPathException e) {
      return folder; // what cannot be looked at, or leads nowhere, is no finding
    }
  }

  private static String beginning(Operator operator, String text) {
    return switch (operator) {
      case UNDER -> text + "/";
      case PREFIX -> text;
      case GLOB -> {
        Matcher wildcard = WILDCARD.matcher(text);
        yield wildcard.find() ? text.substring(0, wildcard.start()) : text;
      }
      case REGEX -> {
        Matcher anchored = ANCHORED.matcher(text);
        yield anchored.matches() ? anchored.group(1) : "";
      }
      default -> "";
    };
  }

  private static List<String> merged(String begins) {
    for (List<String> link : MERGED) {
      if ((begins + "/").startsWith(link.get(0))) {
        return link;
      }
    }
    return null;
  }
}
