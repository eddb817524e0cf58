package dev.interdict.testkit;

import dev.interdict.compile.CompiledPolicy;
import dev.interdict.compile.RegoCompiler;
import dev.interdict.control.InvalidPolicyException;
import dev.interdict.control.PolicyBuilder;
import dev.interdict.event.ReadSet;
import dev.interdict.policy.ParsedPolicy;
import dev.interdict.policy.PolicyParser;
import dev.interdict.policy.PolicySource;
import java.util.List;
import java.util.Set;
import java.util.SortedMap;
import java.util.concurrent.atomic.AtomicInteger;

/** Parses as the engine does and gives the digests that its compiler gives; compiles nothing. */
public final class DigestBuilder implements PolicyBuilder {
  /** How often it was asked. */
  public final AtomicInteger asked = new AtomicInteger();

  /** If set, thrown the next time. */
  public volatile Error broken;

  @Override
  public Built build(SortedMap<String, byte[]> sources, byte[] artefact) {
    asked.incrementAndGet();
    Error thrown = broken;
    if (thrown != null) {
      broken = null;
      throw thrown;
    }
    ParsedPolicy parsed = PolicyParser.parse(new PolicySource(PolicySource.POLICY_YAML, sources));
    if (parsed.policy() == null) {
      throw new InvalidPolicyException(parsed.diagnostics());
    }
    CompiledPolicy compiled =
        new CompiledPolicy(
            parsed.policy().name(),
            RegoCompiler.digest(parsed.policy()),
            new byte[1],
            parsed.policy().data(),
            new ReadSet(Set.of("file.path")),
            Set.of(),
            List.of());
    return new Built(parsed.policy(), compiled, new byte[1]);
  }

  @Override
  public Built kept(SortedMap<String, byte[]> sources, byte[] artefact) {
    return build(sources, artefact);
  }
}
