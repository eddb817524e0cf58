package dev.interdict.compile;

import dev.interdict.event.ReadSet;
import dev.interdict.policy.Diagnostic;
import java.util.List;
import java.util.Set;

/**
 * All that compiling a policy yields; what the engine loads. Immutable as long as nobody writes to
 * the arrays.
 *
 * @param name the policy's name
 * @param digest lower-case hex SHA-256 of compiler version, sources, schemas and data: equal
 *     digest, equal content
 * @param wasm OPA's WebAssembly module with the single entrypoint {@code interdict/decision}, whose
 *     result is an object with the arrays of strings {@code deny}, {@code kill} and {@code warn}
 * @param data the JSON document {@code data}, UTF-8
 * @param reads what the rules can read of {@code input}
 * @param literals absolute path constants of the rules, without patterns: names whose files are
 *     protected under every other name too
 * @param warnings findings that did not prevent compiling
 */
public record CompiledPolicy(
    String name,
    String digest,
    byte[] wasm,
    byte[] data,
    ReadSet reads,
    Set<String> literals,
    List<Diagnostic> warnings) {

  /** The slash path of the one entrypoint. */
  public static final String ENTRYPOINT = "interdict/decision";
}
