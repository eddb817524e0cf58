package dev.interdict.testkit;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import java.util.zip.Deflater;
import java.util.zip.DeflaterOutputStream;
import java.util.zip.InflaterInputStream;

/**
 * Native Go programs over the very OPA that the compiler carries: built inside its module, once for
 * each state of the sources, into the folder for costly build outputs.
 */
public final class GoProgram {
  private static final Path COMPILER = root().resolve("policies/compiler");

  private GoProgram() {}

  /** The compiler itself. */
  static synchronized Path compiler() throws IOException, InterruptedException {
    return build("compiler", ".");
  }

  /**
   * What {@code cases.go} makes of all of OPA's cases in the language that policies are written in,
   * one JSON document a line. Made once for each state of the compiler, the program and the list of
   * builtins.
   */
  public static synchronized BufferedReader opaCases() throws IOException, InterruptedException {
    Path program = build("cases", root().resolve("engine/src/test/go/cases.go").toString());
    Path made = program.resolveSibling(program.getFileName() + ".json.gz");
    if (!Files.exists(made)) {
      Path fresh = Files.createTempFile(made.getParent(), "new", "");
      Path cases = opa().resolve("v1/test/cases/testdata/v1");
      String list = COMPILER.resolve("builtins.txt").toString();
      Process run =
          new ProcessBuilder(program.toString(), list, cases.toString())
              .redirectError(ProcessBuilder.Redirect.INHERIT)
              .start();
      try (InputStream in = run.getInputStream();
          OutputStream out = new Deflated(Files.newOutputStream(fresh))) {
        in.transferTo(out);
      }
      if (run.waitFor() != 0) {
        throw new IOException("compiling OPA's cases failed");
      }
      Files.move(fresh, made, StandardCopyOption.ATOMIC_MOVE);
    }
    return new BufferedReader(
        new InputStreamReader(new InflaterInputStream(Files.newInputStream(made)), UTF_8), 1 << 20);
  }

  /** In a hurry: the cases are 400 MB of modules that are much alike. */
  private static final class Deflated extends DeflaterOutputStream {
    Deflated(OutputStream out) {
      super(out, new Deflater(Deflater.BEST_SPEED), 1 << 16);
    }

    @Override
    public void close() throws IOException {
      super.close();
      def.end();
    }
  }

  private static Path opa() throws IOException {
    Process go =
        new ProcessBuilder("go", "list", "-m", "-f", "{{.Dir}}", "github.com/open-policy-agent/opa")
            .directory(COMPILER.toFile())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    return Path.of(new String(go.getInputStream().readAllBytes(), UTF_8).strip());
  }

  /** Runs {@code bundles.go} with these arguments and gives back what it prints. */
  public static synchronized String bundles(byte[] input, String... arguments)
      throws IOException, InterruptedException {
    Path program = build("bundles", root().resolve("engine/src/test/go/bundles.go").toString());
    List<String> command = new ArrayList<>(List.of(program.toString()));
    command.addAll(List.of(arguments));
    Process process =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    try (var in = process.getOutputStream()) {
      in.write(input);
    }
    String output = new String(process.getInputStream().readAllBytes(), UTF_8);
    if (!process.waitFor(60, TimeUnit.SECONDS) || process.exitValue() != 0) {
      process.destroyForcibly();
      throw new IOException("bundles.go failed: " + output);
    }
    return output;
  }

  private static Path build(String name, String source) throws IOException, InterruptedException {
    Path folder = root().resolve(".cache/rego-native");
    Path built = folder.resolve(name + "-" + digest(Path.of(source)));
    if (!Files.exists(built)) {
      Files.createDirectories(folder);
      Path fresh = Files.createTempFile(folder, "new", "");
      Process build =
          new ProcessBuilder("go", "build", "-buildvcs=false", "-o", fresh.toString(), source)
              .directory(COMPILER.toFile())
              .inheritIO()
              .start();
      if (!build.waitFor(10, TimeUnit.MINUTES) || build.exitValue() != 0) {
        build.destroyForcibly();
        throw new IOException("go build of " + source + " in " + COMPILER + " failed");
      }
      Files.move(fresh, built, StandardCopyOption.ATOMIC_MOVE);
    }
    return built;
  }

  private static String digest(Path source) throws IOException {
    try (Stream<Path> found = Files.list(COMPILER)) {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      List<Path> files = new ArrayList<>(found.filter(Files::isRegularFile).sorted().toList());
      if (Files.isRegularFile(source)) {
        files.add(source);
      }
      for (Path file : files) {
        digest.update(file.getFileName().toString().getBytes(UTF_8));
        digest.update(Files.readAllBytes(file));
      }
      return HexFormat.of().formatHex(digest.digest(), 0, 8);
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every Java has SHA-256", e);
    }
  }

  /** The folder of the whole project. */
  public static Path root() {
    Path folder = Path.of("").toAbsolutePath();
    while (!Files.exists(folder.resolve("policies/compiler/go.mod"))) {
      folder = folder.getParent();
    }
    return folder;
  }
}
