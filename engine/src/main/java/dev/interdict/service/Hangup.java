package dev.interdict.service;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Proxy;

/**
 * SIGHUP, which the JVM otherwise takes as a request to end.
 *
 * <p>Java has no way to take a signal but {@code sun.misc.Signal} of the module jdk.unsupported. It
 * is there to be used, but javac warns of it where it is named, and nothing can keep it from that;
 * so it is found by its name.
 */
final class Hangup {
  private static final Logger LOG = System.getLogger(Hangup.class.getName());

  private Hangup() {}

  /**
   * From now on has {@code action} run, by a thread of the JVM, at each SIGHUP. A process that was
   * started to ignore it, as by nohup, goes on to: the JVM leaves that as it is.
   *
   * @return whether it will
   */
  static boolean handle(Runnable action) {
    try {
      Class<?> signal = Class.forName("sun.misc.Signal");
      Class<?> handler = Class.forName("sun.misc.SignalHandler");
      InvocationHandler run = (self, method, arguments) -> run(self, method.getName(), action);
      Object ours = Proxy.newProxyInstance(Hangup.class.getClassLoader(), array(handler), run);
      Object hangup = signal.getConstructor(String.class).newInstance("HUP");
      Object before = signal.getMethod("handle", signal, handler).invoke(null, hangup, ours);
      if (!handler.getField("SIG_IGN").get(null).equals(before)) {
        return true;
      }
      LOG.log(Level.WARNING, "SIGHUP does not reload: the engine was started to ignore it (nohup)");
    } catch (ReflectiveOperationException e) { // such as of a JVM with -Xrs
      LOG.log(Level.WARNING, "SIGHUP ends the engine instead of reloading", e);
    }
    return false;
  }

  private static Class<?>[] array(Class<?> type) {
    return new Class<?>[] {type};
  }

  /** A proxy is asked for equals, hashCode and toString, too. */
  private static Object run(Object self, String method, Runnable action) {
    return switch (method) {
      case "handle" -> {
        action.run();
        yield null;
      }
      case "hashCode" -> System.identityHashCode(self);
      case "toString" -> "reload";
      default -> false;
    };
  }
}
