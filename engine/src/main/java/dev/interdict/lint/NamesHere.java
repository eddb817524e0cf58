package dev.interdict.lint;

import dev.interdict.compile.NamedFile;
import dev.interdict.policy.Diagnostic;
import dev.interdict.policy.LinkedFolders;
import dev.interdict.policy.LinkedFolders.Folder;
import dev.interdict.policy.LintRule;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Looks where the paths that a policy compares with lead on this host. A path stands for what it
 * leads to; but a file that a rule lets through must be named as what was opened, and where users
 * can write they say what a path leads to.
 */
final class NamesHere {
  private static final int GROUP_WRITES = 0020;
  private static final int OTHERS_WRITE = 0002;

  /** Groups below are the host's own. */
  private static final int FIRST_USER_GROUP = 1000;

  private static final String UNSEEN = " cannot be looked at on this host; root may see more";

  private NamesHere() {}

  /**
   * A finding for each name that nothing has here, that is a link and is to let a file through, or
   * that stands where others than root can write, and for each folder that is a link.
   *
   * @param root of the file system to look at
   */
  static List<Diagnostic> check(Path root, List<NamedFile> names) {
    List<Diagnostic> found = new ArrayList<>();
    List<Folder> folders = new ArrayList<>();
    for (NamedFile named : names) {
      if (named.folder()) {
        folders.add(new Folder(named.path(), named.file(), named.line(), named.column()));
        continue;
      }
      add(found, named, LintRule.NOT_HERE, problem(root, named));
      add(found, named, LintRule.WRITABLE_PATH, writable(root, named.path()));
    }
    found.addAll(LinkedFolders.here(root, folders));
    return found;
  }

  private static void add(List<Diagnostic> found, NamedFile named, LintRule rule, String problem) {
    if (problem != null) {
      found.add(
          new Diagnostic(
              Diagnostic.Severity.WARNING,
              named.file(),
              named.line(),
              named.column(),
              rule.id(),
              named.path() + problem));
    }
  }

  private static String problem(Path root, NamedFile named) {
    try {
      Path path = root.resolve(named.path().substring(1));
      try {
        Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
      } catch (NoSuchFileException e) {
        return " is no file on this host: nothing has this name now";
      } catch (IOException e) {
        return UNSEEN;
      }
      String real = "/" + root.toRealPath().relativize(path.toRealPath());
      return real.equals(named.path()) || !named.excepts()
          ? null
          : " leads to "
              + real
              + " on this host: a file is let through only under the name that is used, too. Write "
              + real;
    } catch (AccessDeniedException e) {
      return UNSEEN;
    } catch (IOException e) {
      return " is a link on this host that leads nowhere";
    } catch (InvalidPathException e) {
      return null; // no name of this host's character set
    }
  }

  /** Says which folder on the way others than root can write in. */
  private static String writable(Path root, String name) {
    try {
      Path at = root.resolve(name.substring(1)).getParent();
      for (; at != null && !at.equals(root); at = at.getParent()) {
        if (Files.exists(at) && isOthers(at)) {
          return ": others than root can write in /"
              + root.relativize(at)
              + " on this host, so they say what the path leads to. Name a file in a folder of"
              + " root's, or a prefix or glob if the folder is meant";
        }
      }
      return null;
    } catch (IOException | InvalidPathException e) {
      return null; // what cannot be looked at is no finding
    }
  }

  private static boolean isOthers(Path folder) throws IOException {
    Map<String, Object> stat = Files.readAttributes(folder, "unix:mode,uid,gid");
    int mode = (Integer) stat.get("mode");
    boolean group = (mode & GROUP_WRITES) != 0 && (Integer) stat.get("gid") >= FIRST_USER_GROUP;
    return (Integer) stat.get("uid") != 0 || group || (mode & OTHERS_WRITE) != 0;
  }
}
