package dev.interdict.lint;

import dev.interdict.compile.NamedFile;
import dev.interdict.policy.Diagnostic;
import dev.interdict.policy.LintRule;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Looks where the names that a policy compares paths with lead on this host. The kernel reports
 * where a symbolic link leads to, never the link: the list of programs that has {@code
 * /usr/bin/python3} has no program.
 */
final class NamesHere {
  private NamesHere() {}

  /**
   * A finding for each name that is a link here, goes through one, or that nothing has.
   *
   * @param root of the file system to look at
   */
  static List<Diagnostic> check(Path root, List<NamedFile> names) {
    List<Diagnostic> found = new ArrayList<>();
    for (NamedFile named : names) {
      String problem = problem(root, named.path());
      if (problem != null) {
        found.add(
            new Diagnostic(
                Diagnostic.Severity.WARNING,
                named.file(),
                named.line(),
                named.column(),
                LintRule.NOT_HERE.id(),
                named.path() + problem));
      }
    }
    return found;
  }

  private static String problem(Path root, String name) {
    try {
      Path path = root.resolve(name.substring(1));
      if (!Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
        return " is no file on this host: nothing has this name now";
      }
      String real = "/" + root.toRealPath().relativize(path.toRealPath());
      return real.equals(name)
          ? null
          : " leads to "
              + real
              + " on this host, and that is the name the kernel reports: write it";
    } catch (IOException e) {
      return " is a link on this host that leads nowhere";
    } catch (InvalidPathException e) {
      return null; // no name of this host's character set
    }
  }
}
