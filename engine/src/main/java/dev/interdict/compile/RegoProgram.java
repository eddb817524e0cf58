package dev.interdict.compile;

import com.dylibso.chicory.runtime.ByteArrayMemory;
import com.dylibso.chicory.runtime.ImportValues;
import com.dylibso.chicory.runtime.Instance;
import com.dylibso.chicory.wasi.WasiOptions;
import com.dylibso.chicory.wasi.WasiPreview1;
import com.dylibso.chicory.wasm.ChicoryException;
import com.dylibso.chicory.wasm.Parser;
import com.dylibso.chicory.wasm.WasmModule;
import com.dylibso.chicory.wasm.types.MemoryLimits;
import dev.interdict.compiler.RegoMachine;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;

/**
 * The Rego compiler inside this JVM: the Go program of {@code policies/compiler}, translated to JVM
 * bytecode and initialized at build time. It sees no file, no environment and no network. Safe for
 * use by many threads; each run has its own memory.
 */
final class RegoProgram implements RegoRunner {
  /* Compiling a policy takes 30 MiB; a gigabyte is a policy gone wrong. */
  private static final int PAGES_MAX = (1 << 30) / 65536;
  private static final String RESOURCES = "/dev/interdict/compiler/";

  /** Parsed on first use: most engine processes never compile. */
  private static final class Module {
    static final WasmModule WASM = parse();

    private static WasmModule parse() {
      try (InputStream in = resource("rego.wasm")) {
        // Ours, and validated when it was built.
        return Parser.builder().withValidation(false).build().parse(() -> in);
      } catch (IOException e) {
        throw new UncheckedIOException("the Rego compiler in the class path is damaged", e);
      }
    }
  }

  /** The digest of the program and of what it was built with; equal digest, equal answers. */
  static String version() {
    try (InputStream in = resource("digest")) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException("the Rego compiler in the class path is damaged", e);
    }
  }

  /* Go recurses deeper than the stack of an ordinary thread holds. */
  private static final long STACK_BYTES = 64L << 20;

  @Override
  public byte[] run(byte[] request) throws IOException {
    var task = new FutureTask<>(() -> answer(request));
    Thread.ofPlatform().name("rego-compiler").stackSize(STACK_BYTES).daemon().start(task);
    try {
      return task.get();
    } catch (ExecutionException e) {
      throw new IOException(e.getCause().getMessage(), e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while the Rego compiler ran", e);
    }
  }

  private static byte[] answer(byte[] request) throws IOException {
    var answer = new ByteArrayOutputStream();
    var complaint = new ByteArrayOutputStream();
    WasiOptions options =
        WasiOptions.builder()
            .withStdin(new ByteArrayInputStream(request), false)
            .withStdout(answer, false)
            .withStderr(complaint, false)
            .withArguments(List.of("compiler"))
            .build();
    try (var wasi = WasiPreview1.builder().withOptions(options).build()) {
      int pages = Module.WASM.memorySection().orElseThrow().getMemory(0).limits().initialPages();
      Instance instance =
          Instance.builder(Module.WASM)
              .withStart(false)
              .withMemoryLimits(new MemoryLimits(pages, PAGES_MAX))
              .withMemoryFactory(ByteArrayMemory::new)
              .withImportValues(ImportValues.builder().addFunction(wasi.toHostFunctions()).build())
              .withMachineFactory(RegoMachine::new)
              .build();
      if (instance.export("run").apply()[0] != 0) {
        throw new IOException(
            "the Rego compiler refused: " + complaint.toString(StandardCharsets.UTF_8).strip());
      }
      return answer.toByteArray();
    } catch (ChicoryException | StackOverflowError e) {
      String said = complaint.toString(StandardCharsets.UTF_8).strip();
      throw new IOException(
          "the Rego compiler failed: " + e + (said.isEmpty() ? "" : "; it said: " + said), e);
    }
  }

  private static InputStream resource(String name) throws IOException {
    InputStream in = RegoMachine.class.getResourceAsStream(RESOURCES + name);
    if (in == null) {
      throw new IOException("no resource " + RESOURCES + name);
    }
    return in;
  }
}
