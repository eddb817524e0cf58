package dev.interdict.mutation;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import javax.tools.JavaCompiler;
import javax.tools.ToolProvider;

/** Makes what differs from the product: the classes of one source file, or the kernel's object. */
final class MutantBuilder {
  private final Path bpf;
  private final Path scratch;

  MutantBuilder(Path bpf, Path scratch) {
    this.bpf = bpf;
    this.scratch = scratch;
  }

  /**
   * Builds it.
   *
   * @param output a class path of its own, to stand before the product's
   * @return null, or why it cannot be built
   */
  String build(Mutant mutant, Path output) throws IOException, InterruptedException {
    String text = mutant.changed();
    if (text == null) {
      return "its text is not there exactly once: the list is behind the code";
    }
    Files.createDirectories(output);
    return mutant.isJava() ? java(mutant, text, output) : object(mutant, text, output);
  }

  private String java(Mutant mutant, String text, Path output) throws IOException {
    Path source =
        Files.createDirectories(scratch.resolve("src")).resolve(mutant.file().getFileName());
    Files.writeString(source, text);
    JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
    String classPath = System.getProperty("java.class.path");
    int status =
        compiler.run(
            null,
            null,
            null,
            "-proc:none",
            "-nowarn",
            "-cp",
            classPath,
            "-d",
            output.toString(),
            source.toString());
    return status == 0 ? null : "does not compile";
  }

  private String object(Mutant mutant, String text, Path output)
      throws IOException, InterruptedException {
    Path copy = scratch.resolve("bpf");
    for (String part : new String[] {"build.sh", "include", "src"}) {
      copy(bpf.resolve(part), copy.resolve(part));
    }
    Files.writeString(copy.resolve(bpf.relativize(mutant.file())), text);
    Path object = output.resolve("dev/interdict/interdict.bpf.o");
    Process build =
        new ProcessBuilder(copy.resolve("build.sh").toString(), object.toString())
            .inheritIO()
            .start();
    return build.waitFor() == 0 ? null : "does not compile";
  }

  private static void copy(Path from, Path to) throws IOException {
    try (Stream<Path> files = Files.walk(from)) {
      for (Path file : (Iterable<Path>) files::iterator) {
        Path target = to.resolve(from.relativize(file).toString());
        if (Files.isDirectory(file)) {
          Files.createDirectories(target);
        } else {
          Files.createDirectories(target.getParent());
          Files.write(target, Files.readAllBytes(file));
          target.toFile().setExecutable(Files.isExecutable(file));
        }
      }
    }
  }
}
