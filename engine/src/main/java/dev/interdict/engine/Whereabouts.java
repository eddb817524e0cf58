package dev.interdict.engine;

import dev.interdict.verdict.NamedFiles.FileId;
import dev.interdict.verdict.NamedFiles.Place;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotLinkException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Where a path leads on this host: the places where its file stands (more than one if symbolic
 * links lead from the first to the last), whether or not it is there, and the file.
 *
 * <p>Who may write in one of the folders can let the path lead elsewhere, and while we look. So
 * nothing counts that is not that person's own: otherwise a rule about a path in somebody's folder
 * would be a rule about any file of that person's choice.
 *
 * <p>A file system that tells user space another device number than the kernel uses (btrfs
 * subvolumes, overlayfs) has none of this.
 */
final class Whereabouts {
  private static final int LINKS_MAX = 40;
  private static final int LINK = 0120000;
  private static final int FOLDER = 0040000;
  private static final int STICKY = 01000;

  /** Groups below are the host's own. */
  private static final int FIRST_USER_GROUP = 1000;

  /**
   * What was found.
   *
   * @param places none: a folder on the way is missing, or is not to be trusted
   * @param file null: there is none, or it may be anybody's
   * @param distrusted something was found that did not count
   */
  record Found(Set<Place> places, FileId file, boolean distrusted) {
    static final Found NOTHING = new Found(Set.of(), null, false);
  }

  /** What {@code lstat} says. */
  private record Stat(int device, long inode, int mode, int uid, int gid, int links) {
    /** Null if there is nothing. */
    static Stat ifThere(Path path) throws IOException {
      try {
        return of(path);
      } catch (NoSuchFileException e) {
        return null;
      }
    }

    static Stat of(Path path) throws IOException {
      Map<String, Object> all =
          Files.readAttributes(path, "unix:dev,ino,mode,uid,gid,nlink", LinkOption.NOFOLLOW_LINKS);
      return new Stat(
          kernelDevice((Long) all.get("dev")),
          (Long) all.get("ino"),
          (Integer) all.get("mode"),
          (Integer) all.get("uid"),
          (Integer) all.get("gid"),
          (Integer) all.get("nlink"));
    }

    boolean is(int type) {
      return (mode & 0170000) == type;
    }

    /** Whether others than its owner may put something into this folder. */
    boolean isShared() {
      boolean group = (mode & 0020) != 0 && gid >= FIRST_USER_GROUP && gid != uid;
      return group || (mode & 0002) != 0;
    }

    /** Whether others than its owner may take away what is in this folder. */
    boolean isOpen() {
      return isShared() && (mode & STICKY) == 0;
    }
  }

  private final Set<Place> places = new HashSet<>();

  /** Who else than root could have sent us elsewhere; null stands for anybody. */
  private final Set<Integer> guides = new HashSet<>();

  private final Deque<String> rest = new ArrayDeque<>();
  private Path at = Path.of("/");
  private int links;
  private boolean distrusted;

  private Whereabouts() {}

  /**
   * Looks for {@code name}, an absolute path. May take as long as the file systems on the way.
   *
   * @throws IOException if it cannot be looked at
   */
  static Found find(String name) throws IOException {
    try {
      return new Whereabouts().walk(name);
    } catch (NoSuchFileException | NotLinkException | InvalidPathException e) {
      return Found.NOTHING; // a folder was taken away meanwhile, or no path has such a name
    }
  }

  private Found walk(String name) throws IOException {
    push(name);
    Stat folder = Stat.of(at);
    while (!rest.isEmpty()) {
      String step = rest.pop();
      if (step.equals("..")) {
        at = at.getNameCount() > 1 ? at.getParent() : Path.of("/");
        folder = Stat.of(at);
        continue;
      }
      Path next = at.resolve(step);
      boolean last = rest.isEmpty();
      if (last) {
        place(folder, step);
      }
      Stat found = Stat.ifThere(next);
      if (found == null) {
        return new Found(last ? Set.copyOf(places) : Set.of(), null, distrusted);
      }
      if (last && !found.is(LINK)) {
        return found(folder, found);
      }
      guidedBy(folder, found);
      if (found.is(LINK)) {
        follow(next, found);
        folder = Stat.of(at);
      } else {
        at = next;
        folder = found;
      }
    }
    return new Found(Set.copyOf(places), null, distrusted);
  }

  private void push(String path) {
    List<String> steps = List.of(path.split("/"));
    steps.reversed().stream().filter(s -> !s.isEmpty() && !s.equals(".")).forEach(rest::push);
  }

  private void follow(Path link, Stat stat) throws IOException {
    if (++links > LINKS_MAX) {
      throw new IOException(link + ": too many links");
    }
    if (stat.uid() != 0) {
      guides.add(stat.uid());
    }
    String target = Files.readSymbolicLink(link).toString();
    if (target.startsWith("/")) {
      at = Path.of("/");
    }
    push(target);
  }

  private void guidedBy(Stat folder, Stat entry) {
    if (folder.uid() != 0) {
      guides.add(folder.uid());
    }
    if (folder.isShared() && entry.uid() != 0) {
      guides.add(entry.uid());
    }
    if (folder.isOpen()) {
      guides.add(null);
    }
  }

  private boolean trusted(Stat found) {
    boolean so = guides.isEmpty() || guides.equals(Set.of(found.uid()));
    distrusted |= !so;
    return so;
  }

  private void place(Stat folder, String name) {
    if (trusted(folder)) {
      places.add(new Place(folder.device(), folder.inode(), name));
    }
  }

  private Found found(Stat folder, Stat file) {
    boolean counts = trusted(file) && !lent(folder, file);
    FileId id = counts ? new FileId(file.device(), file.inode()) : null;
    return new Found(Set.copyOf(places), id, distrusted);
  }

  /** A hard link that somebody may have made to another's file. */
  private boolean lent(Stat folder, Stat file) {
    boolean linked = file.links() > 1 && !file.is(FOLDER);
    boolean others = (folder.uid() != 0 && folder.uid() != file.uid()) || folder.isOpen();
    distrusted |= linked && others;
    return linked && others;
  }

  /** From the form of {@code struct stat} (sysmacros.h) to that of {@code kdev_t.h}. */
  static int kernelDevice(long device) {
    long major = ((device >>> 8) & 0xfff) | ((device >>> 32) & ~0xfffL);
    long minor = (device & 0xff) | ((device >>> 12) & ~0xffL);
    return (int) ((major << 20) | (minor & 0xfffff));
  }
}
