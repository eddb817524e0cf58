package dev.interdict.event;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * What the subject wants of the object; {@code enum access} in {@code verdict.h}, a set of bits.
 * The words from {@link #MOUNT} on are those of {@link Hook#MOUNT}, and have bits that are other
 * words at other hooks.
 */
public enum Access {
  READ,
  WRITE,
  APPEND,
  CREATE,
  TRUNCATE,
  EXEC,
  MAP,
  CONNECT,
  SEND,
  RECEIVE,
  DELETE,
  MKDIR,
  MKNOD,
  SYMLINK,
  LINK,
  RENAME,
  CHMOD,
  CHOWN,
  XATTR,
  BIND,
  LISTEN,
  ACCEPT,
  MODULE,
  FIRMWARE,
  KEXEC,
  MEMORY,
  REQUEST,
  ATTACH,
  TRACEME,
  MOUNT,
  MOVE,
  REMOUNT,
  UNMOUNT,
  PIVOT,
  CHROOT;

  /** From a word's own number to that of the word whose bit it has at {@link Hook#MOUNT}. */
  private static final int SHARED = MOUNT.ordinal() - MODULE.ordinal();

  private final String id = name().toLowerCase(Locale.ROOT);

  /** This access as a bit of the key's {@code access}. */
  public int bit() {
    return 1 << (compareTo(MOUNT) < 0 ? ordinal() : ordinal() - SHARED);
  }

  /** The name in {@code input.access}, such as {@code read}. */
  public String id() {
    return id;
  }

  /** Whether {@code bits}, of a hook that has this word, holds this access. */
  public boolean in(int bits) {
    return (bits & bit()) != 0;
  }

  /** What {@code bits} says at {@code hook}, as a set of {@link #ordinal}s. */
  public static long words(Hook hook, int bits) {
    long all = Integer.toUnsignedLong(bits);
    if (hook != Hook.MOUNT) {
      return all & ((1L << MOUNT.ordinal()) - 1);
    }
    long shared = ((1L << values().length) - (1L << MOUNT.ordinal())) >>> SHARED;
    return (all & ~shared & ((1L << MOUNT.ordinal()) - 1)) | (all & shared) << SHARED;
  }

  /** What {@code bits} says at {@code hook}, in order. */
  public static List<Access> of(Hook hook, int bits) {
    List<Access> all = new ArrayList<>(2);
    for (long rest = words(hook, bits); rest != 0; rest &= rest - 1) {
      all.add(values()[Long.numberOfTrailingZeros(rest)]);
    }
    return all;
  }
}
