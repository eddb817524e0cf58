package dev.interdict.eval;

import com.dylibso.chicory.runtime.Instance;
import com.dylibso.chicory.runtime.Machine;
import com.dylibso.chicory.wasm.ChicoryException;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.lang.invoke.MethodHandleProxies;
import java.lang.invoke.MethodHandles;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.function.Function;

/**
 * The translation of one module: the classes that are its own, and the names of those it shares
 * with others. Immutable.
 *
 * @param main implements {@link Machine}
 * @param functions the class of each function, by the module's number of it; its method is {@code
 *     func_NUMBER}
 * @param own code by name
 * @param shared code by name
 */
record PolicyCode(
    String main, List<String> functions, Map<String, byte[]> own, Map<String, byte[]> shared) {

  /** What can be run: classes in a loader of their own, gone with the policy. */
  record Loaded(Function<Instance, Machine> machines, List<String> functions, ClassLoader loader) {
    /** The class with the function of this number. */
    Class<?> function(int number) throws ClassNotFoundException {
      return loader.loadClass(functions.get(number));
    }
  }

  private static final class Loader extends ClassLoader {
    private final Map<String, byte[]> own;

    Loader(Map<String, byte[]> own) {
      super(SharedCode.LOADER);
      this.own = new HashMap<>(own);
    }

    @Override
    protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
      synchronized (getClassLoadingLock(name)) {
        Class<?> loaded = findLoadedClass(name);
        byte[] code = loaded == null ? own.remove(name) : null;
        if (code != null) {
          return defineClass(name, code, 0, code.length);
        }
        return loaded == null ? super.loadClass(name, resolve) : loaded;
      }
    }
  }

  /**
   * Defines and verifies the classes, so that no event waits for that; what other modules have
   * brought already is used again.
   *
   * @throws LinkageError if they are no classes
   */
  @SuppressWarnings("unchecked") // a constructor from Instance to Machine
  Loaded load() {
    SharedCode.LOADER.add(shared);
    Loader loader = new Loader(own);
    try {
      for (String name : own.keySet()) {
        Class.forName(name, true, loader); // verifies it
      }
      for (String name : functions) {
        Class.forName(name, true, loader);
      }
      Class<?> machine = loader.loadClass(main);
      return new Loaded(
          MethodHandleProxies.asInterfaceInstance(
              Function.class,
              MethodHandles.publicLookup()
                  .unreflectConstructor(machine.getConstructor(Instance.class))),
          functions,
          loader);
    } catch (ReflectiveOperationException e) {
      throw new ChicoryException(e);
    }
  }

  /** Its own classes and all names, as a file. */
  byte[] toBytes() throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (DataOutputStream out = new DataOutputStream(bytes)) {
      out.writeUTF(main);
      out.writeInt(functions.size());
      for (String function : functions) {
        out.writeUTF(function);
      }
      out.writeInt(own.size());
      for (String name : new TreeSet<>(own.keySet())) {
        out.writeUTF(name);
        out.writeInt(own.get(name).length);
        out.write(own.get(name));
      }
      out.writeInt(shared.size());
      for (String name : new TreeSet<>(shared.keySet())) {
        out.writeUTF(name);
      }
    }
    return bytes.toByteArray();
  }

  /** Where shared code comes from, by name; null if it is known already. */
  interface Source {
    byte[] get(String name) throws IOException;
  }

  /**
   * What {@link #toBytes} made.
   *
   * @param source asked for the shared classes
   * @throws IOException if it is damaged, or one of those classes is missing
   */
  static PolicyCode fromBytes(byte[] file, Source source) throws IOException {
    try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(file))) {
      String main = in.readUTF();
      List<String> functions = new ArrayList<>();
      for (int left = in.readInt(); left > 0; left--) {
        functions.add(in.readUTF());
      }
      Map<String, byte[]> own = new HashMap<>();
      for (int left = in.readInt(); left > 0; left--) {
        String name = in.readUTF();
        own.put(name, in.readNBytes(in.readInt()));
      }
      Map<String, byte[]> shared = new HashMap<>();
      for (int left = in.readInt(); left > 0; left--) {
        String name = in.readUTF();
        byte[] code = source.get(name);
        if (code != null) {
          shared.put(name, code);
        }
      }
      return new PolicyCode(main, functions, own, shared);
    }
  }
}
