import static java.nio.charset.StandardCharsets.UTF_8;

import com.dylibso.chicory.compiler.InterpreterFallback;
import com.dylibso.chicory.compiler.internal.ByteClassCollector;
import com.dylibso.chicory.compiler.internal.Compiler;
import com.dylibso.chicory.compiler.internal.CompilerResult;
import com.dylibso.chicory.runtime.ImportValues;
import com.dylibso.chicory.runtime.Instance;
import com.dylibso.chicory.runtime.Machine;
import com.dylibso.chicory.wasi.WasiOptions;
import com.dylibso.chicory.wasi.WasiPreview1;
import com.dylibso.chicory.wasm.ChicoryException;
import com.dylibso.chicory.wasm.Encoding;
import com.dylibso.chicory.wasm.Parser;
import com.dylibso.chicory.wasm.WasmModule;
import com.dylibso.chicory.wasm.WasmWriter;
import com.dylibso.chicory.wasm.types.MutabilityType;
import com.dylibso.chicory.wasm.types.RawSection;
import com.dylibso.chicory.wasm.types.SectionId;
import com.dylibso.chicory.wasm.types.ValType;
import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Builds the Rego compiler for WASI with Go, translates it to JVM bytecode and initializes it: run
 * by policies/pom.xml with the folders of the Go sources, of the cache and of the classes.
 *
 * <p>Initializing the Go packages takes longer than compiling a policy. So it happens here, and
 * what is packed is the module after it: its memory and globals as they are then. The translated
 * functions do not change. All results are kept in the cache under the digest of everything they
 * depend on.
 */
class TranslateCompiler {
  private static final String PACKAGE = "dev/interdict/compiler/";
  private static final String MACHINE = "dev.interdict.compiler.RegoMachine";
  private static final int PAGE = 65536;
  // Zeroes between two data segments cost one byte each, a new segment about ten.
  private static final int GAP = 64;
  // Bodies of 45 KiB were seen to fit, of 50 KiB not.
  private static final int FUNCTION_BYTES = 48 << 10;

  public static void main(String[] args) throws Exception {
    Path sources = Path.of(args[0]);
    Path classes = Path.of(args[2]);
    String go = go();
    String digest = digest(sources, output(sources, List.of(go, "version")));
    Path built = Path.of(args[1], "compiler", digest);
    Files.createDirectories(built.getParent());
    // One build at a time: others wait and find it done.
    try (var channel =
            FileChannel.open(
                built.resolveSibling("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        var unused = channel.lock()) {
      if (!Files.exists(built)) {
        // They are on the class path: the new program would be started with the old one's code.
        clear(classes.resolve(PACKAGE));
        build(go, sources, built, digest);
      }
    }
    Path have = classes.resolve(PACKAGE + "digest");
    if (!Files.exists(have) || !Files.readString(have).equals(digest)) {
      replace(built.resolve(PACKAGE), classes.resolve(PACKAGE));
    }
  }

  private static void build(String go, Path sources, Path built, String digest) throws Exception {
    Path draft = Files.createTempDirectory(built.getParent(), "draft");
    Path into = Files.createDirectories(draft.resolve(PACKAGE));
    Path wasm = draft.resolve("compiler.wasm");
    System.out.println("Building the Rego compiler for WASI (about a minute, once) ...");
    output(
        sources,
        List.of(
            go,
            "build",
            "-trimpath",
            "-buildmode=c-shared",
            "-ldflags=-s -w",
            "-o",
            wasm.toString(),
            "."));
    System.out.println("Translating it to JVM bytecode (one to three minutes, once) ...");
    translate(wasm, into);
    Files.writeString(into.resolve("digest"), digest);
    Files.delete(wasm);
    Files.move(draft, built, StandardCopyOption.ATOMIC_MOVE);
  }

  private static void translate(Path wasm, Path into) throws Exception {
    byte[] code = Files.readAllBytes(wasm);
    WasmModule module = Parser.parse(code);
    CompilerResult result;
    try {
      result = translate(module, InterpreterFallback.FAIL, tooLarge(code, module));
    } catch (ChicoryException e) { // one more was too large; this way takes several attempts
      result = translate(module, InterpreterFallback.SILENT, Set.of());
    }
    for (Map.Entry<String, byte[]> type : result.classBytes().entrySet()) {
      String name = type.getKey().replace('.', '/');
      Files.write(into.resolve(name.substring(PACKAGE.length()) + ".class"), type.getValue());
    }
    System.out.println(
        "Functions too large for a Java method, left to the interpreter: "
            + result.interpretedFunctions());
    Path root = into.getParent().getParent().getParent();
    Files.write(
        into.resolve("rego.wasm"), start(code, module, root, result.interpretedFunctions()));
  }

  private static CompilerResult translate(
      WasmModule module, InterpreterFallback fallback, Set<Integer> interpreted) {
    return Compiler.builder(module)
        .withClassName(MACHINE)
        .withClassCollectorFactory(ByteClassCollector::new)
        .withInterpreterFallback(fallback)
        .withInterpretedFunctions(interpreted)
        .build()
        .compile();
  }

  /** Functions that will not fit the JVM's 64 KiB a method, by their size. */
  private static Set<Integer> tooLarge(byte[] code, WasmModule module) {
    Set<Integer> functions = new HashSet<>();
    Parser.parseWithoutDecoding(
        code,
        section -> {
          if (section.sectionId() == SectionId.CODE) {
            ByteBuffer in = ByteBuffer.wrap(((RawSection) section).contents());
            int count = (int) Encoding.readVarUInt32(in);
            for (int i = 0; i < count; i++) {
              int size = (int) Encoding.readVarUInt32(in);
              in.position(in.position() + size);
              if (size > FUNCTION_BYTES) {
                functions.add(module.importSection().importCount() + i);
              }
            }
          }
        });
    return functions;
  }

  /**
   * The module as it is once its packages are initialized, without the bodies of the translated
   * functions.
   */
  private static byte[] start(
      byte[] code, WasmModule module, Path classes, Set<Integer> interpreted) throws Exception {
    try (var loader = new URLClassLoader(new URL[] {classes.toUri().toURL()});
        var wasi =
            WasiPreview1.builder()
                .withOptions(
                    WasiOptions.builder()
                        .withArguments(List.of("compiler"))
                        .withStderr(System.err)
                        .build())
                .build()) {
      var machine = loader.loadClass(MACHINE).getConstructor(Instance.class);
      Instance instance =
          Instance.builder(module)
              .withStart(false)
              .withImportValues(ImportValues.builder().addFunction(wasi.toHostFunctions()).build())
              .withMachineFactory(
                  i -> {
                    try {
                      return (Machine) machine.newInstance(i);
                    } catch (ReflectiveOperationException e) {
                      throw new IllegalStateException(e);
                    }
                  })
              .build();
      instance.export("_initialize").apply();
      var writer = new WasmWriter();
      Parser.parseWithoutDecoding(
          code,
          section -> {
            byte[] contents = ((RawSection) section).contents();
            switch (section.sectionId()) {
              case SectionId.CUSTOM -> {}
              case SectionId.MEMORY -> writer.writeSection(SectionId.MEMORY, memory(instance));
              case SectionId.GLOBAL -> writer.writeSection(SectionId.GLOBAL, globals(instance));
              case SectionId.CODE ->
                  writer.writeSection(SectionId.CODE, bodies(contents, module, interpreted));
              case SectionId.DATA -> writer.writeSection(SectionId.DATA, data(instance));
              default -> writer.writeSection((RawSection) section);
            }
          });
      return writer.bytes();
    }
  }

  private static byte[] memory(Instance instance) {
    var out = new ByteArrayOutputStream();
    out.write(1); // one memory
    out.write(0); // without a maximum
    WasmWriter.writeVarUInt32(out, instance.memory().pages());
    return out.toByteArray();
  }

  private static byte[] globals(Instance instance) {
    var out = new ByteArrayOutputStream();
    WasmWriter.writeVarUInt32(out, instance.globalCount());
    for (int i = 0; i < instance.globalCount(); i++) {
      var global = instance.global(i);
      boolean wide = global.getType().equals(ValType.I64);
      out.write(wide ? 0x7e : 0x7f);
      out.write(global.getMutabilityType() == MutabilityType.Var ? 1 : 0);
      out.write(wide ? 0x42 : 0x41); // i64.const, i32.const
      writeSigned(out, wide ? global.getValue() : (int) global.getValue());
      out.write(0x0b);
    }
    return out.toByteArray();
  }

  private static byte[] data(Instance instance) {
    byte[] memory = instance.memory().readBytes(0, instance.memory().pages() * PAGE);
    List<int[]> ranges = new ArrayList<>();
    int end = 0;
    for (int i = 0; i < memory.length; i++) {
      if (memory[i] != 0) {
        if (ranges.isEmpty() || i - end > GAP) {
          ranges.add(new int[] {i, i + 1});
        }
        end = i + 1;
        ranges.getLast()[1] = end;
      }
    }
    var out = new ByteArrayOutputStream(memory.length);
    WasmWriter.writeVarUInt32(out, ranges.size());
    for (int[] range : ranges) {
      out.write(0); // active, memory 0
      out.write(0x41);
      writeSigned(out, range[0]);
      out.write(0x0b);
      WasmWriter.writeVarUInt32(out, range[1] - range[0]);
      out.write(memory, range[0], range[1] - range[0]);
    }
    return out.toByteArray();
  }

  private static byte[] bodies(byte[] contents, WasmModule module, Set<Integer> interpreted) {
    ByteBuffer in = ByteBuffer.wrap(contents);
    var out = new ByteArrayOutputStream();
    int count = (int) Encoding.readVarUInt32(in);
    WasmWriter.writeVarUInt32(out, count);
    for (int i = 0; i < count; i++) {
      byte[] body = new byte[(int) Encoding.readVarUInt32(in)];
      in.get(body);
      if (!interpreted.contains(module.importSection().importCount() + i)) {
        body = new byte[] {0, 0, 0x0b}; // no locals, unreachable, end
      }
      WasmWriter.writeVarUInt32(out, body.length);
      out.writeBytes(body);
    }
    return out.toByteArray();
  }

  private static void writeSigned(ByteArrayOutputStream out, long value) {
    long rest = value;
    while (rest < -64 || rest > 63) {
      out.write((int) (rest & 0x7f | 0x80));
      rest >>= 7;
    }
    out.write((int) (rest & 0x7f));
  }

  private static String digest(Path sources, String goVersion) throws Exception {
    var sha = MessageDigest.getInstance("SHA-256");
    sha.update(goVersion.getBytes(UTF_8));
    sha.update(Files.readAllBytes(sources.resolveSibling("src/build/java/TranslateCompiler.java")));
    sha.update(
        Path.of(Compiler.class.getProtectionDomain().getCodeSource().getLocation().toURI())
            .getFileName()
            .toString()
            .getBytes(UTF_8));
    try (Stream<Path> files = Files.list(sources)) {
      for (Path file : files.filter(TranslateCompiler::isSource).sorted().toList()) {
        sha.update(file.getFileName().toString().getBytes(UTF_8));
        sha.update(Files.readAllBytes(file));
      }
    }
    return HexFormat.of().formatHex(sha.digest()).substring(0, 32);
  }

  private static boolean isSource(Path file) {
    String name = file.getFileName().toString();
    return name.endsWith(".go") && !name.endsWith("_test.go")
        || name.endsWith(".txt")
        || name.equals("go.mod")
        || name.equals("go.sum");
  }

  private static String go() {
    List<Path> places = new ArrayList<>();
    String goroot = System.getenv("GOROOT");
    if (goroot != null) {
      places.add(Path.of(goroot, "bin"));
    }
    for (String folder : System.getenv("PATH").split(File.pathSeparator)) {
      places.add(Path.of(folder));
    }
    places.add(Path.of("/usr/local/go/bin"));
    places.add(Path.of("/usr/lib/go/bin"));
    for (Path place : places) {
      if (Files.isExecutable(place.resolve("go"))) {
        return place.resolve("go").toString();
      }
    }
    throw new IllegalStateException(
        "no go found on the PATH, in GOROOT or in /usr/local/go: the Rego compiler needs Go 1.26 or newer");
  }

  private static String output(Path folder, List<String> command)
      throws IOException, InterruptedException {
    var builder =
        new ProcessBuilder(command)
            .directory(folder.toFile())
            .redirectError(ProcessBuilder.Redirect.INHERIT);
    builder.environment().putAll(Map.of("GOOS", "wasip1", "GOARCH", "wasm"));
    Process process = builder.start();
    process.getOutputStream().close();
    String text = new String(process.getInputStream().readAllBytes(), UTF_8);
    if (process.waitFor() != 0) {
      throw new IllegalStateException(
          String.join(" ", command)
              + " failed with status "
              + process.exitValue()
              + " in "
              + folder);
    }
    return text;
  }

  private static void clear(Path folder) throws IOException {
    Files.createDirectories(folder);
    try (Stream<Path> old = Files.list(folder)) {
      for (Path file : old.toList()) {
        Files.delete(file);
      }
    }
  }

  private static void replace(Path from, Path to) throws IOException {
    clear(to);
    try (Stream<Path> files = Files.list(from)) {
      // The digest last: it tells that all the others are there.
      for (Path file :
          files
              .sorted((a, b) -> Boolean.compare(a.endsWith("digest"), b.endsWith("digest")))
              .toList()) {
        Files.copy(file, to.resolve(file.getFileName()));
      }
    }
  }
}
