package dev.interdict.files;

import java.io.IOException;
import java.nio.file.FileSystemLoopException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Map;
import java.util.Set;

/**
 * Files that only root or the engine's user can write, or put another in the place of: the folders
 * on the way to them, and the links, are theirs as well. So nobody else can change what a name
 * means between a look and the next.
 */
public final class OwnPath {
  /** Group and others, as in {@code chmod go-w}. */
  private static final int OTHERS_WRITE = 0022;

  /** What is in such a folder can be renamed and removed by its owner only. */
  private static final int STICKY = 01000;

  private static final int TYPE = 0170000;
  private static final int LINK = 0120000;

  /** As many as the kernel follows. */
  private static final int LINKS_MAX = 40;

  private OwnPath() {}

  /** Others can write to a path, or to one on the way to it. */
  public static final class NotOwnException extends IOException {
    private static final long serialVersionUID = 1;

    NotOwnException(Path path, String why) {
      super(
          "%s can be written to by others, %s; chown root %s && chmod go-w %s"
              .formatted(path, why, path, path));
    }
  }

  /**
   * Where {@code path} leads: a path without links.
   *
   * @param why that matters, for who reads the exception
   * @throws NotOwnException if others can write to it, to its folder, or to one on the way
   * @throws IOException if there is nothing, or it cannot be looked at
   */
  public static Path resolve(Path path, String why) throws IOException {
    Path at = follow(path, why);
    if (at.getParent() != null) {
      require(at.getParent(), false, why); // in /tmp a file of another may come when ours has gone
    }
    return require(at, false, why);
  }

  /**
   * Where a folder is that is there to stay: it may stand in one like {@code /tmp}.
   *
   * @param why as above
   * @throws NotOwnException if others can write to it, or to one on the way
   * @throws IOException if there is nothing, or it cannot be looked at
   */
  public static Path folder(Path path, String why) throws IOException {
    return require(follow(path, why), false, why);
  }

  /**
   * The same of a folder that is made, with those above it, if need be; not in one of others.
   *
   * @param mode of what is made
   * @param why as above
   * @throws NotOwnException if others can write to it, or to one on the way
   * @throws IOException if it cannot be made, or looked at
   */
  public static Path make(Path path, Set<PosixFilePermission> mode, String why) throws IOException {
    Path there = path.toAbsolutePath();
    while (!Files.exists(there, LinkOption.NOFOLLOW_LINKS)) {
      there = there.getParent();
    }
    follow(there, why);
    if (!Files.isDirectory(path)) {
      Files.createDirectories(path, PosixFilePermissions.asFileAttribute(mode));
    }
    return folder(path, why);
  }

  private static Path follow(Path path, String why) throws IOException {
    Path root = path.toAbsolutePath().getRoot();
    Path at = require(root, true, why);
    Deque<Path> steps = new ArrayDeque<>();
    push(steps, path.toAbsolutePath());
    int links = 0;
    while (!steps.isEmpty()) {
      Path step = steps.pop();
      if (step.toString().equals("..")) {
        at = at.equals(root) ? at : at.getParent();
        continue;
      }
      Path next = require(at.resolve(step).normalize(), true, why);
      if (!Files.isSymbolicLink(next)) {
        at = next;
        continue;
      }
      if (++links > LINKS_MAX) {
        throw new FileSystemLoopException(path.toString());
      }
      Path target = Files.readSymbolicLink(next);
      at = target.isAbsolute() ? root : at;
      push(steps, target);
    }
    return at;
  }

  private static void push(Deque<Path> steps, Path path) {
    for (int i = path.getNameCount() - 1; i >= 0; i--) {
      steps.push(path.getName(i));
    }
  }

  /**
   * Looks at nothing but the path itself.
   *
   * @param why as above
   * @throws NotOwnException if others can write to it
   * @throws IOException if there is nothing, or it cannot be looked at
   */
  public static void require(Path path, String why) throws IOException {
    require(path, false, why);
  }

  /**
   * @param sticky whether others may add names, as in {@code /tmp}
   * @return the same
   */
  private static Path require(Path path, boolean sticky, String why) throws IOException {
    Map<String, Object> found =
        Files.readAttributes(path, "unix:mode,uid", LinkOption.NOFOLLOW_LINKS);
    int mode = (Integer) found.get("mode");
    int owner = (Integer) found.get("uid");
    int own = (Integer) Files.getAttribute(Path.of("/proc/self"), "unix:uid");
    boolean open =
        (mode & TYPE) != LINK && (mode & OTHERS_WRITE) != 0 && !(sticky && (mode & STICKY) != 0);
    if (open || (owner != 0 && owner != own)) {
      throw new NotOwnException(path, why);
    }
    return path;
  }
}
