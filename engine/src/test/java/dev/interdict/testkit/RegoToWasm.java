package dev.interdict.testkit;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.interdict.compile.CompiledPolicy;
import dev.interdict.compile.Concerns;
import dev.interdict.event.Hook;
import dev.interdict.event.ReadSet;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * The Rego compiler as a native program: the same sources that run inside the engine, some hundred
 * times faster, and with OPA's own evaluator as the measure of ours.
 */
public final class RegoToWasm {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Path SCHEMAS = GoProgram.root().resolve("policies/schema");
  private static final List<String> HOOKS = Arrays.stream(Hook.values()).map(Hook::id).toList();

  private RegoToWasm() {}

  /** Compiles one file of Rego, for file_open; its package is added. */
  public static CompiledPolicy compile(String name, String rego, String data) {
    return compile(name, rego, data, List.of("file_open"));
  }

  /** Compiles one file of Rego for these hooks; its package is added. */
  public static CompiledPolicy compile(String name, String rego, String data, List<String> hooks) {
    JsonNode answer = ask(request("compile", name, rego, data, hooks));
    if (!answer.has("wasm")) {
      throw new IllegalArgumentException(rego + "\n" + answer.get("diagnostics"));
    }
    return new CompiledPolicy(
        name,
        "test",
        answer.get("wasm").binaryValue(),
        data.getBytes(UTF_8),
        answer.get("tables").asString(),
        new Concerns(
            answer.get("concerns").isNull()
                ? null
                : List.of(JSON.treeToValue(answer.get("concerns"), Concerns.Concern[].class))),
        new ReadSet(texts(answer.get("reads"))),
        texts(answer.get("labels")),
        texts(answer.get("literals")),
        List.of());
  }

  /** Decisions of OPA's own evaluator on these inputs. */
  public static List<JsonNode> evaluate(
      String name, String rego, String data, List<String> hooks, List<byte[]> inputs) {
    ObjectNode request = request("eval", name, rego, data, hooks);
    ArrayNode array = request.putArray("inputs");
    inputs.forEach(input -> array.add(JSON.readTree(input)));
    JsonNode answer = ask(request);
    if (!answer.has("decisions")) {
      throw new IllegalArgumentException(rego + "\n" + answer);
    }
    return answer.get("decisions").valueStream().toList();
  }

  private static Set<String> texts(JsonNode array) {
    Set<String> texts = new TreeSet<>();
    if (array != null) {
      array.forEach(text -> texts.add(text.asString()));
    }
    return texts;
  }

  private static ObjectNode request(
      String verb, String name, String rego, String data, List<String> hooks) {
    ObjectNode request = JSON.createObjectNode();
    request.put("verb", verb).put("name", name);
    request
        .putObject("sources")
        .put(
            name + ".rego", "package interdict.policies." + name.replace('-', '_') + "\n\n" + rego);
    request.set("data", JSON.readTree(data));
    hooks.forEach(request.putArray("hooks")::add);
    ObjectNode schemas = request.putObject("schemas");
    for (String hook : HOOKS) {
      schemas.set(hook, JSON.readTree(SCHEMAS.resolve(hook + ".json").toFile()));
    }
    return request;
  }

  private static JsonNode ask(ObjectNode request) {
    return JSON.readTree(run(JSON.writeValueAsBytes(request)));
  }

  /** Answers one request; both are the JSON documents that {@code policies/compiler} describes. */
  public static byte[] run(byte[] request) {
    try {
      Path output = Files.createTempFile("rego", ".json");
      try {
        Process process =
            new ProcessBuilder(GoProgram.compiler().toString())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .redirectOutput(output.toFile())
                .start();
        try (var in = process.getOutputStream()) {
          in.write(request);
        }
        if (!process.waitFor(60, TimeUnit.SECONDS) || process.exitValue() != 0) {
          process.destroyForcibly();
          throw new IllegalStateException("the Rego compiler failed");
        }
        return Files.readAllBytes(output);
      } finally {
        Files.delete(output);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted", e);
    }
  }
}
