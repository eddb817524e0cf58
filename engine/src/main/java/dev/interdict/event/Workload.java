package dev.interdict.event;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Set;

/**
 * Whose a cgroup is: what its path tells, and whose container it is. Immutable.
 *
 * @param told whether the path is known; if not, nothing else is
 * @param unit the systemd unit; null: none
 * @param container null: none
 * @param settled whether that stays so as long as the cgroup is there; if not, it may be looked up
 *     with another result a moment later
 */
public record Workload(boolean told, Word unit, Container container, boolean settled) {
  /** The path of the cgroup cannot be told. */
  public static final Workload UNTOLD = new Workload(false, null, null, true);

  /** In no unit and no container. */
  public static final Workload NONE = new Workload(true, null, null, true);

  /** What systemd names no unit longer than. */
  private static final int UNIT_MAX = 255;

  /** Of all names in a workload, in bytes. */
  public static final int NAMES_MAX = UNIT_MAX + 8 * Word.MAX;

  /** Kinds of units that have processes of their own. */
  private static final Set<String> KINDS = Set.of("service", "scope", "socket", "mount", "swap");

  private static final String SLICE = ".slice";

  /** A name, and its UTF-8. */
  public record Word(String text, byte[] utf8) {
    /** Of what others than systemd call something, in bytes: longer is no name. */
    public static final int MAX = 512;

    /** The same of a text; null of null. */
    public static Word of(String text) {
      return text == null ? null : new Word(text, text.getBytes(StandardCharsets.UTF_8));
    }

    /**
     * The same of a text that somebody else has written: null if it is empty, too long, has control
     * characters, or some that stand for bytes in other names.
     */
    public static Word ifPlain(String text) {
      Word word = of(text);
      boolean plain =
          text != null
              && !text.isEmpty()
              && word.utf8.length <= MAX
              && text.chars().noneMatch(Character::isISOControl)
              && Names.toText(word.utf8).equals(text);
      return plain ? word : null;
    }

    @Override
    public boolean equals(Object o) {
      return o instanceof Word other && text.equals(other.text);
    }

    @Override
    public int hashCode() {
      return text.hashCode();
    }

    @Override
    public String toString() {
      return text;
    }
  }

  /**
   * A container.
   *
   * @param id null if it is not known: what a cgroup is called is whoever's word that made it
   * @param known whether its runtime's own files tell of it; if not, it only may be one, and all
   *     else is null
   * @param runtime who manages it, such as docker or cri-o
   * @param name null: it has none, or it is not told
   * @param image what the runtime calls it; null: not told
   * @param pod null: it is in none
   */
  public record Container(Word id, boolean known, Word runtime, Word name, Word image, Pod pod) {
    private static final Word IS_KNOWN = Word.of("known");
    private static final Word IS_UNKNOWN = Word.of("unknown");

    /** What only may be one. */
    public static final Container UNKNOWN = new Container(null, false, null, null, null, null);

    /** {@code known} or {@code unknown}. */
    public Word state() {
      return known ? IS_KNOWN : IS_UNKNOWN;
    }
  }

  /**
   * A pod of Kubernetes.
   *
   * @param uid null: not told
   */
  public record Pod(Word namespace, Word name, Word uid) {}

  /** What a path below the cgroup root tells by itself; null: the path is not known. */
  public static Workload of(byte[] cgroupPath) {
    if (cgroupPath == null) {
      return UNTOLD;
    }
    String unit = unit(new String(cgroupPath, StandardCharsets.ISO_8859_1));
    return unit == null ? NONE : new Workload(true, Word.of(unit), null, true);
  }

  /** The same cgroup, found to be of this container, or of none. */
  public Workload with(Container found, boolean forGood) {
    return new Workload(told, unit, found, forGood);
  }

  /**
   * The unit that {@code path} is of, as systemd itself reads it: the first name that is no slice.
   * What stands below it is the unit's, or of whom it was given to (a user's own systemd, a
   * container), who can name it as he likes; above it only root can make a cgroup.
   *
   * @return null: there is none
   */
  private static String unit(String path) {
    return Arrays.stream(path.split("/"))
        .filter(name -> !name.isEmpty())
        .dropWhile(name -> isUnit(name, SLICE))
        .limit(1)
        .map(Workload::unescape)
        .filter(name -> KINDS.stream().anyMatch(kind -> isUnit(name, "." + kind)))
        .findFirst()
        .orElse(null);
  }

  /** Whether a cgroup of this name is, or may be, systemd's own: a unit or a slice. */
  public static boolean isUnit(String name) {
    return isUnit(name, SLICE)
        || KINDS.stream().anyMatch(kind -> isUnit(unescape(name), "." + kind));
  }

  /* The kernel has files of its own beside the cgroups, whose names systemd keeps clear of. */
  private static String unescape(String name) {
    return name.startsWith("_") ? name.substring(1) : name;
  }

  private static boolean isUnit(String name, String ending) {
    return name.endsWith(ending)
        && name.length() > ending.length()
        && name.length() <= UNIT_MAX
        && name.chars().allMatch(Workload::standsInUnits);
  }

  private static boolean standsInUnits(int c) {
    return (c >= 'a' && c <= 'z')
        || (c >= 'A' && c <= 'Z')
        || (c >= '0' && c <= '9')
        || ":-_.\\@".indexOf(c) >= 0;
  }
}
