package dev.interdict.event;

import java.util.Locale;

/**
 * What the subject wants of the object; {@code enum access} in {@code verdict.h}, a set of bits.
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
  TRACEME;

  private final String id = name().toLowerCase(Locale.ROOT);

  /** This access as a bit of the key's {@code access}. */
  public int bit() {
    return 1 << ordinal();
  }

  /** The name in {@code input.access}, such as {@code read}. */
  public String id() {
    return id;
  }

  /** Whether {@code bits} holds this access. */
  public boolean in(int bits) {
    return (bits & bit()) != 0;
  }
}
