package dev.interdict.eval;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.dylibso.chicory.compiler.InterpreterFallback;
import com.dylibso.chicory.compiler.internal.ByteClassCollector;
import com.dylibso.chicory.compiler.internal.Compiler;
import com.dylibso.chicory.wasm.WasmModule;
import com.dylibso.chicory.wasm.types.ExternalType;
import java.security.MessageDigest;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.objectweb.asm.ClassReader;
import org.objectweb.asm.ClassVisitor;
import org.objectweb.asm.MethodVisitor;
import org.objectweb.asm.Opcodes;

/**
 * One module as JVM classes, one a function, in two parts: what is this policy's, and what any
 * module may have in common with it.
 *
 * <p>Most functions of a policy are OPA's own, byte for byte the same in each. Such a function is
 * given a name that is a digest of its code and of all code that it reaches, so that equal names
 * are equal functions, whatever module they came from: one class serves all, and is compiled by the
 * JVM once. Where shared code calls what differs from policy to policy, it goes through the
 * instance it works for ({@link CodeLinks}).
 *
 * <p>Which functions are a policy's own is told by their names in the module. That decides what is
 * shared, not what is the same: a module that lies about its names shares less, or what nobody else
 * has.
 */
final class Translation {
  private static final String MAIN = "dev/interdict/eval/code/Policy";
  private static final String FUNCTION = MAIN + "FuncGroup_";
  private static final String SHADED = MAIN + "Shaded";

  /** OPA's compiler writes these anew for each policy; the planned functions have a number. */
  private static final Pattern OWN =
      Pattern.compile("eval|opa_boolean|builtins|entrypoints|_initialize|g[0-9]+\\..*");

  /** A class and what it calls. */
  private record Node(byte[] code, SortedMap<String, Set<String>> calls) {
    Set<String> callees() {
      return calls.keySet();
    }
  }

  private final Map<String, Node> nodes = new HashMap<>();
  private final Set<String> own = new TreeSet<>();
  private final Map<String, String> names = new HashMap<>();
  private final int functions;

  private Translation(WasmModule wasm) {
    Map<String, byte[]> classes = compile(wasm);
    classes.forEach((name, code) -> nodes.put(name.replace('.', '/'), read(code)));
    int imports = wasm.importSection().count(ExternalType.FUNCTION);
    functions = imports + wasm.functionSection().functionCount();
    for (String name : nodes.keySet()) {
      if (!name.startsWith(FUNCTION) && !name.equals(SHADED)) {
        own.add(name);
      }
    }
    for (int i = imports; i < functions; i++) {
      String name = wasm.nameSection() == null ? null : wasm.nameSection().nameOfFunction(i);
      if (name != null && OWN.matcher(name).matches()) {
        own.add(FUNCTION + i);
      }
    }
    if (!isOfOpa()) {
      own.addAll(nodes.keySet());
    }
  }

  /**
   * Translates a module.
   *
   * @throws com.dylibso.chicory.wasm.ChicoryException if it cannot be
   */
  static PolicyCode of(WasmModule wasm) {
    return new Translation(wasm).split();
  }

  private static Map<String, byte[]> compile(WasmModule wasm) {
    return Compiler.builder(wasm)
        .withClassName(MAIN.replace('/', '.'))
        .withMaxFunctionsPerClass(1)
        .withClassCollectorFactory(ByteClassCollector::new)
        // Interpreted, a function would be a thousand times slower: the policy would never answer.
        .withInterpreterFallback(InterpreterFallback.FAIL)
        .build()
        .compile()
        .classBytes();
  }

  private static Node read(byte[] code) {
    SortedMap<String, Set<String>> calls = new TreeMap<>();
    new ClassReader(code)
        .accept(
            new ClassVisitor(Opcodes.ASM9) {
              @Override
              public MethodVisitor visitMethod(
                  int access, String name, String type, String signature, String[] exceptions) {
                return new MethodVisitor(Opcodes.ASM9) {
                  @Override
                  public void visitMethodInsn(
                      int opcode, String owner, String method, String type, boolean isInterface) {
                    if (owner.startsWith(MAIN)) {
                      calls.computeIfAbsent(owner, o -> new TreeSet<>()).add(method + type);
                    }
                  }
                };
              }
            },
            ClassReader.SKIP_FRAMES | ClassReader.SKIP_DEBUG);
    return new Node(code, calls);
  }

  /* Calls that CodeLinks can make; others, such as for several results, OPA's modules do not have. */
  private boolean isOfOpa() {
    return nodes.entrySet().stream()
        .filter(node -> !own.contains(node.getKey()))
        .flatMap(node -> node.getValue().calls().entrySet().stream())
        .filter(call -> own.contains(call.getKey()))
        .flatMap(call -> call.getValue().stream())
        .allMatch(CodeLinks::canLink);
  }

  private PolicyCode split() {
    Map<String, byte[]> digests = new HashMap<>();
    nodes.forEach((name, node) -> digests.put(name, digest(node)));
    for (String name : nodes.keySet()) {
      if (!own.contains(name)) {
        names.put(name, MAIN + "_" + HexFormat.of().formatHex(digest(name, digests)));
      }
    }
    CodeLinks links = new CodeLinks(MAIN, own, names);
    Map<String, byte[]> shared = new HashMap<>();
    names.forEach(
        (name, global) -> shared.put(binary(global), links.share(nodes.get(name).code())));
    Map<String, byte[]> mine = new HashMap<>();
    for (String name : own) {
      mine.put(binary(name), links.own(nodes.get(name).code()));
    }
    shared.putAll(links.classes());
    List<String> byNumber = new ArrayList<>();
    for (int i = 0; i < functions; i++) {
      byNumber.add(binary(names.getOrDefault(FUNCTION + i, FUNCTION + i)));
    }
    return new PolicyCode(binary(MAIN), byNumber, mine, shared);
  }

  private static String binary(String internalName) {
    return internalName.replace('/', '.');
  }

  /** Of a class by itself, and of which of its calls go through the instance. */
  private byte[] digest(Node node) {
    MessageDigest digest = ClassCache.newSha256();
    digest.update(ClassCache.sha256(node.code()));
    for (String callee : node.callees()) {
      digest.update((callee + (own.contains(callee) ? " own\n" : " shared\n")).getBytes(UTF_8));
    }
    return digest.digest();
  }

  /** Of a class with all it reaches: the name, since code speaks of itself by the names of here. */
  private byte[] digest(String name, Map<String, byte[]> digests) {
    SortedMap<String, byte[]> reached = new TreeMap<>();
    Deque<String> left = new ArrayDeque<>(Set.of(name));
    while (!left.isEmpty()) {
      String next = left.pop();
      if (reached.putIfAbsent(next, digests.get(next)) == null) {
        nodes.get(next).callees().stream().filter(c -> !own.contains(c)).forEach(left::push);
      }
    }
    MessageDigest digest = ClassCache.newSha256();
    digest.update((name + "\n").getBytes(UTF_8));
    reached.forEach(
        (other, its) -> {
          digest.update((other + "\n").getBytes(UTF_8));
          digest.update(its);
        });
    return digest.digest();
  }
}
