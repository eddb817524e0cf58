package dev.interdict.eval;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The code that policies have in common, loaded once in a process: classes whose names say what
 * they do ({@link Translation}), so that whoever brings one first brings it for all. Safe for use
 * by many threads.
 *
 * <p>It keeps what it has: OPA's functions are 750, and a module of another release of its compiler
 * brings as many again.
 */
final class SharedCode extends ClassLoader {
  static {
    registerAsParallelCapable();
  }

  /** The one of this process. */
  static final SharedCode LOADER = new SharedCode();

  private static final byte[] DEFINED = {};

  private final Map<String, byte[]> code = new ConcurrentHashMap<>();

  private SharedCode() {
    super(SharedCode.class.getClassLoader());
  }

  /** Whether code of this name was added. */
  boolean has(String name) {
    return code.containsKey(name);
  }

  /** Adds what is new, by name. */
  void add(Map<String, byte[]> classes) {
    classes.forEach(code::putIfAbsent);
  }

  @Override
  protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
    if (!code.containsKey(name)) {
      return super.loadClass(name, resolve);
    }
    synchronized (getClassLoadingLock(name)) {
      byte[] bytes = code.get(name);
      if (bytes.length == 0) { // it is defined
        return findLoadedClass(name);
      }
      Class<?> defined = defineClass(name, bytes, 0, bytes.length);
      code.put(name, DEFINED);
      return defined;
    }
  }
}
