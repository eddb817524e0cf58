package dev.interdict.event;

import java.util.Locale;

/**
 * A place in the kernel where a policy can be asked: {@code enum hook} in {@code verdict.h}, same
 * numbers.
 */
public enum Hook {
  EXEC(1),
  MMAP_EXEC(2),
  FILE_OPEN(3),
  SOCKET_CONNECT(4),
  XDP_INGRESS(5),
  FILE_CHANGE(6),
  SOCKET_BIND(7),
  SOCKET_LISTEN(8),
  SOCKET_CREATE(9),
  SOCKET_ACCEPT(10),
  USER_NAMESPACE(11),
  MODULE_LOAD(12),
  PTRACE(13),
  SIGNAL(14),
  MOUNT(15);

  /**
   * {@code HOOKS} of {@code limits.h}: the length of every array that is indexed by a hook's code.
   */
  public static final int ARRAY_LENGTH = 16;

  private static final Hook[] BY_CODE = new Hook[ARRAY_LENGTH];

  static {
    for (Hook hook : values()) {
      BY_CODE[hook.code] = hook;
    }
  }

  private final int code;
  private final String id;

  Hook(int code) {
    this.code = code;
    this.id = name().toLowerCase(Locale.ROOT);
  }

  /** The number that crosses the wire. */
  public int code() {
    return code;
  }

  /**
   * The name in {@code policy.yaml}, in {@code input.hook} and in logs, such as {@code file_open}.
   */
  public String id() {
    return id;
  }

  /**
   * Whether the object of this hook is a file, or a place in the tree of files; at {@code
   * module_load} it need not be.
   */
  public boolean isFile() {
    return this == EXEC
        || this == MMAP_EXEC
        || this == FILE_OPEN
        || this == FILE_CHANGE
        || this == MODULE_LOAD
        || this == MOUNT;
  }

  /** Whether the object of this hook is another process. */
  public boolean isPeer() {
    return this == PTRACE || this == SIGNAL;
  }

  /** Whether the address of this hook is the near end of a socket, not the far one. */
  public boolean isLocal() {
    return this == SOCKET_BIND || this == SOCKET_LISTEN || this == SOCKET_ACCEPT;
  }

  /**
   * The hook with this number.
   *
   * @throws IllegalArgumentException if no hook has it
   */
  public static Hook ofCode(int code) {
    Hook hook = code < 0 || code >= ARRAY_LENGTH ? null : BY_CODE[code];
    if (hook == null) {
      throw new IllegalArgumentException("no hook has the number " + code);
    }
    return hook;
  }
}
