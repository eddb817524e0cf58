package dev.interdict.control;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.interdict.compile.BrokenCompiler;
import dev.interdict.compile.CompiledPolicy;
import dev.interdict.compile.CompiledPolicyFile;
import dev.interdict.control.PolicyBuilder.Built;
import dev.interdict.event.ReadSet;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FolderBuilderTest {
  private static final SortedMap<String, byte[]> SOURCES =
      new TreeMap<>(
          Map.of(
              "policy.yaml",
              """
              apiVersion: interdict.dev/v1
              kind: Policy
              metadata: {name: shadow}
              spec:
                hooks: [file_open]
                rules:
                  - deny: {file.path: /etc/shadow}
                    reason: not yours
              """
                  .getBytes(UTF_8)));

  @TempDir Path cache;
  private List<String> problems = List.of();

  private FolderBuilder builder() {
    return new FolderBuilder(BrokenCompiler.at(cache), (policy, hooks) -> problems);
  }

  /** As a release with another compiler has left it. */
  private static byte[] artefact(String... reads) {
    return CompiledPolicyFile.toBytes(
        new CompiledPolicy(
            "shadow",
            "d".repeat(64),
            new byte[] {1},
            "{}".getBytes(UTF_8),
            new ReadSet(Set.of(reads)),
            Set.of(),
            List.of()));
  }

  /** Another release's, or damaged: the sources say the same. */
  @Test
  void whatCannotBeReadMustBeCompiled() {
    BuildException asked =
        assertThrows(BuildException.class, () -> builder().build(SOURCES, new byte[] {1, 2, 3}));
    assertTrue(asked.getMessage().contains("could not be compiled"), asked.getMessage());
  }

  @Test
  void whatWasCompiledBeforeMustServeIfTheCompilerFails() {
    byte[] kept = artefact("file.path", "process.exe", "access", "now()");
    assertThrows(BuildException.class, () -> builder().build(SOURCES, kept));
    Built built = builder().kept(SOURCES, kept);
    assertEquals("d".repeat(64), built.compiled().digest());
    assertEquals("shadow", built.policy().name());
    assertArrayEquals(kept, built.artefact());
  }

  /** What would keep the whole set from coming into force must not get that far. */
  @Test
  void whatIsOfNoUseHereMustNotServe() {
    refused(artefact("file.colour"), "does not have");
    refused(new byte[] {1, 2, 3}, "no compiled policy");
    problems = List.of("it traps");
    refused(artefact("file.path"), "it traps");
  }

  private void refused(byte[] artefact, String why) {
    InvalidPolicyException refused =
        assertThrows(InvalidPolicyException.class, () -> builder().kept(SOURCES, artefact));
    assertTrue(refused.getMessage().contains(why), refused.getMessage());
  }
}
