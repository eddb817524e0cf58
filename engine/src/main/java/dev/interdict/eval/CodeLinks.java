package dev.interdict.eval;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.dylibso.chicory.runtime.Instance;
import com.dylibso.chicory.runtime.Machine;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import org.objectweb.asm.ClassReader;
import org.objectweb.asm.ClassVisitor;
import org.objectweb.asm.ClassWriter;
import org.objectweb.asm.MethodVisitor;
import org.objectweb.asm.Opcodes;
import org.objectweb.asm.Type;
import org.objectweb.asm.commons.ClassRemapper;
import org.objectweb.asm.commons.MethodRemapper;
import org.objectweb.asm.commons.Remapper;

/**
 * Rewrites the classes of one module so that part of them can be shared with other modules: those
 * get their names in {@link SharedCode}, and where they call one that stays the module's own, the
 * call goes to an interface that the module's machine implements. For each such method there is one
 * interface, with
 *
 * <pre>
 * static int func_222(int a, Memory memory, Instance instance) {
 *   return ((Link) instance.getMachine()).go(a, memory, instance);
 * }
 * int go(int a, Memory memory, Instance instance);
 * </pre>
 *
 * so the instance, always the last argument, decides whose function it is.
 */
final class CodeLinks {
  private static final String GO = "go";
  private static final String INSTANCE = Type.getDescriptor(Instance.class);

  /** A method of the module's own that shared code calls. */
  private record Target(String owner, String method, String type) {}

  private final String main;
  private final Set<String> own;
  private final Map<String, String> names;
  private final SortedMap<String, Target> targets = new TreeMap<>();

  /**
   * @param main the class that implements {@link Machine}
   * @param own classes that stay the module's own, by internal name
   * @param names of the others
   */
  CodeLinks(String main, Set<String> own, Map<String, String> names) {
    this.main = main;
    this.own = own;
    this.names = names;
  }

  /** Whether shared code can call this method of the module's own. */
  static boolean canLink(String methodAndType) {
    return methodAndType.matches("(func|call_indirect)_[0-9]+\\(.*" + INSTANCE + "\\).*");
  }

  /** A class for {@link SharedCode}. To be called for all before {@link #own}. */
  byte[] share(byte[] code) {
    ClassWriter writer = new ClassWriter(0);
    ClassRemapper renamed =
        new ClassRemapper(Opcodes.ASM9, opened(writer), renaming()) {
          @Override
          protected MethodVisitor createMethodRemapper(MethodVisitor visitor) {
            return linking(visitor);
          }
        };
    new ClassReader(code).accept(renamed, 0);
    return writer.toByteArray();
  }

  /* Others in the package, as its loader sees it, are not in the same one at run time. */
  private static ClassVisitor opened(ClassVisitor to) {
    return new ClassVisitor(Opcodes.ASM9, to) {
      @Override
      public void visit(
          int version, int access, String name, String sign, String base, String[] interfaces) {
        super.visit(version, access | Opcodes.ACC_PUBLIC, name, sign, base, interfaces);
      }
    };
  }

  private MethodVisitor linking(MethodVisitor to) {
    return new MethodRemapper(Opcodes.ASM9, to, renaming()) {
      @Override
      public void visitMethodInsn(int opcode, String owner, String name, String type, boolean itf) {
        if (own.contains(owner)) {
          mv.visitMethodInsn(opcode, link(owner, name, type), name, type, true);
        } else {
          super.visitMethodInsn(opcode, owner, name, type, itf);
        }
      }
    };
  }

  private String link(String owner, String method, String type) {
    String name =
        main
            + "Link_"
            + HexFormat.of().formatHex(ClassCache.sha256((method + type).getBytes(UTF_8)));
    targets.put(name, new Target(owner, method, type));
    return name;
  }

  private Remapper renaming() {
    return new Remapper(Opcodes.ASM9) {
      @Override
      public String map(String internalName) {
        return names.getOrDefault(internalName, internalName);
      }
    };
  }

  /** A class of the module's own; the machine is given what shared code may ask it for. */
  byte[] own(byte[] code) {
    ClassReader reader = new ClassReader(code);
    ClassWriter writer = new ClassWriter(0);
    ClassVisitor to = reader.getClassName().equals(main) ? linked(writer) : writer;
    reader.accept(new ClassRemapper(to, renaming()), 0);
    return writer.toByteArray();
  }

  private ClassVisitor linked(ClassVisitor to) {
    return new ClassVisitor(Opcodes.ASM9, to) {
      @Override
      public void visit(
          int version, int access, String name, String sign, String base, String[] interfaces) {
        String[] all = new String[targets.size() + 1];
        targets.keySet().toArray(all);
        all[targets.size()] = Type.getInternalName(Machine.class);
        super.visit(version, access, name, sign, base, all);
      }

      @Override
      public void visitEnd() {
        targets.forEach((link, target) -> bridge(cv, target));
        super.visitEnd();
      }
    };
  }

  private static void bridge(ClassVisitor to, Target target) {
    MethodVisitor code =
        to.visitMethod(Opcodes.ACC_PUBLIC, GO + "_" + target.method(), target.type(), null, null);
    code.visitCode();
    int slots = load(code, target.type(), 1);
    code.visitMethodInsn(
        Opcodes.INVOKESTATIC, target.owner(), target.method(), target.type(), false);
    finish(code, target.type(), slots);
  }

  /** The interfaces that shared code calls, by name. */
  Map<String, byte[]> classes() {
    Map<String, byte[]> classes = new HashMap<>();
    targets.forEach((name, target) -> classes.put(name.replace('/', '.'), link(name, target)));
    return classes;
  }

  private static byte[] link(String name, Target target) {
    ClassWriter writer = new ClassWriter(0);
    writer.visit(
        Opcodes.V11,
        Opcodes.ACC_PUBLIC | Opcodes.ACC_INTERFACE | Opcodes.ACC_ABSTRACT,
        name,
        null,
        "java/lang/Object",
        null);
    String go = GO + "_" + target.method();
    writer
        .visitMethod(Opcodes.ACC_PUBLIC | Opcodes.ACC_ABSTRACT, go, target.type(), null, null)
        .visitEnd();
    MethodVisitor code =
        writer.visitMethod(
            Opcodes.ACC_PUBLIC | Opcodes.ACC_STATIC, target.method(), target.type(), null, null);
    code.visitCode();
    code.visitVarInsn(Opcodes.ALOAD, slots(target.type()) - 1);
    code.visitMethodInsn(
        Opcodes.INVOKEVIRTUAL,
        Type.getInternalName(Instance.class),
        "getMachine",
        Type.getMethodDescriptor(Type.getType(Machine.class)),
        false);
    code.visitTypeInsn(Opcodes.CHECKCAST, name);
    int slots = load(code, target.type(), 0);
    code.visitMethodInsn(Opcodes.INVOKEINTERFACE, name, go, target.type(), true);
    finish(code, target.type(), slots);
    writer.visitEnd();
    return writer.toByteArray();
  }

  private static int load(MethodVisitor code, String type, int first) {
    int slot = first;
    for (Type argument : Type.getArgumentTypes(type)) {
      code.visitVarInsn(argument.getOpcode(Opcodes.ILOAD), slot);
      slot += argument.getSize();
    }
    return slot;
  }

  private static int slots(String type) {
    int slots = 0;
    for (Type argument : Type.getArgumentTypes(type)) {
      slots += argument.getSize();
    }
    return slots;
  }

  private static void finish(MethodVisitor code, String type, int locals) {
    Type result = Type.getReturnType(type);
    code.visitInsn(result.getOpcode(Opcodes.IRETURN));
    code.visitMaxs(Math.max(locals + 1, result.getSize()), locals);
    code.visitEnd();
  }
}
