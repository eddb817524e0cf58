package dev.interdict.bench;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;
import tools.jackson.databind.node.ObjectNode;

/** OPA's Go engine in a process of its own, {@code src/bench/go/opa.go}. */
final class OpaGo implements AutoCloseable {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Process process;
  private final BufferedWriter in;
  private final BufferedReader out;
  private final List<JsonNode> decisions;

  OpaGo(Path root, Path work, String rego, String data, String name, List<byte[]> inputs)
      throws IOException, InterruptedException {
    // In the compiler's module, so that both are the same OPA.
    Path program = work.resolve("opa");
    if (!Files.exists(program)) {
      Process build =
          new ProcessBuilder(
                  "go",
                  "build",
                  "-buildvcs=false",
                  "-o",
                  program.toString(),
                  root.resolve("engine/src/bench/go/opa.go").toString())
              .directory(root.resolve("policies/compiler").toFile())
              .inheritIO()
              .start();
      if (!build.waitFor(10, TimeUnit.MINUTES) || build.exitValue() != 0) {
        throw new IOException("go build of opa.go failed");
      }
    }
    process =
        new ProcessBuilder(program.toString())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    in = process.outputWriter(UTF_8);
    out = process.inputReader(UTF_8);
    ObjectNode job = JSON.createObjectNode();
    job.put("rego", "package interdict.policies." + name + "\n\n" + rego);
    job.put("package", "interdict.policies." + name);
    job.set("data", JSON.readTree(data));
    inputs.forEach(input -> job.withArray("inputs").add(JSON.readTree(input)));
    decisions = JSON.readTree(ask(JSON.writeValueAsString(job))).valueStream().toList();
  }

  /** What it says about each input: the package, with its sets as arrays. */
  List<JsonNode> decisions() {
    return decisions;
  }

  /** Processor time for so many rounds over all inputs. */
  long ns(int rounds) throws IOException {
    return Long.parseLong(ask(Integer.toString(rounds)));
  }

  private String ask(String line) throws IOException {
    in.write(line);
    in.newLine();
    in.flush();
    String answer = out.readLine();
    if (answer == null) {
      throw new IOException("OPA's process has ended");
    }
    return answer;
  }

  @Override
  public void close() {
    process.destroy();
  }
}
