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
 *     result is an object with the arrays of strings {@code deny}, {@code kill} and {@code warn},
 *     and one of labels if there are rules for it
 * @param data the JSON document {@code data}, UTF-8
 * @param tables constants of the rules, as one object in the syntax of OPA's {@code
 *     opa_value_parse}; its members are looked for in {@code data}, beside those of {@code data}
 * @param concerns what an event must have so that any rule can hold
 * @param reads what the rules can read of {@code input}
 * @param labels all that the rules can set
 * @param literals absolute path constants of the rules, without patterns: names whose files are
 *     protected under every other name too
 * @param warnings findings that did not prevent compiling
 */
public record CompiledPolicy(
    String name,
    String digest,
    byte[] wasm,
    byte[] data,
    String tables,
    Concerns concerns,
    ReadSet reads,
    Set<String> labels,
    Set<String> literals,
    List<Diagnostic> warnings) {

  /** No tables. */
  public static final String NO_TABLES = "{}";

  /** The slash path of the one entrypoint. */
  public static final String ENTRYPOINT = "interdict/decision";

  /** A policy that was compiled without tables, and may be concerned with every event. */
  public CompiledPolicy(
      String name,
      String digest,
      byte[] wasm,
      byte[] data,
      ReadSet reads,
      Set<String> literals,
      List<Diagnostic> warnings) {
    this(
        name,
        digest,
        wasm,
        data,
        NO_TABLES,
        Concerns.EVERYTHING,
        reads,
        Set.of(),
        literals,
        warnings);
  }
}
