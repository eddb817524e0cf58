package dev.interdict.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.interdict.compile.CompiledPolicy;
import dev.interdict.control.ActivePolicy;
import dev.interdict.control.ActiveSet;
import dev.interdict.control.PolicyBuilder.Built;
import dev.interdict.event.Hook;
import dev.interdict.event.ReadSet;
import dev.interdict.policy.Policy;
import dev.interdict.testkit.TinyBuilder;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** What the kernel is told of a scope of which only the engine knows whom it covers. */
class EnforcerTest {
  private static ActivePolicy policy(int slot, String scope) {
    Built built =
        new TinyBuilder()
            .build(
                TinyBuilder.folder("name=p" + slot + "\nhooks=socket_bind\nscope=" + scope), null);
    CompiledPolicy compiled = built.compiled();
    CompiledPolicy ofPorts =
        new CompiledPolicy(
            compiled.name(),
            compiled.digest(),
            compiled.wasm(),
            compiled.data(),
            compiled.tables(),
            compiled.concerns(),
            new ReadSet(Set.of("socket.local.port")),
            compiled.labels(),
            compiled.literals(),
            compiled.warnings());
    return new ActivePolicy(slot, built.policy(), ofPorts, ActivePolicy.Term.ALWAYS);
  }

  private static Set<String> tells(ActivePolicy... policies) {
    return Enforcer.masks(new ActiveSet(1, List.of(policies)))
        .get(Hook.SOCKET_BIND)
        .tells(Hook.SOCKET_BIND);
  }

  @Test
  void itsVerdictsAreOneCgroups() {
    assertTrue(tells(policy(0, "/a*")).contains("process.cgroup.path"));
    assertTrue(tells(policy(0, "/a"), policy(1, "/a*")).contains("process.cgroup.path"));
    assertFalse(tells(policy(0, "/a")).contains("process.cgroup.path"), "the kernel knows");
  }

  @Test
  void itIsInNoMapOfCgroups() {
    assertEquals(
        Map.of(0, List.of("/a"), 1, List.of()),
        Enforcer.cgroups(new ActiveSet(1, List.of(policy(0, "/a"), policy(1, "/a*")))));
  }

  @Test
  void theKernelAsksAboutEverybody() {
    assertTrue(Enforcer.isEverywhere(policy(0, "/a*").policy().scope()));
    assertTrue(Enforcer.isEverywhere(new Policy.Scope(List.of(), List.of())));
    assertFalse(Enforcer.isEverywhere(policy(0, "/a").policy().scope()));
  }

  /** The kernel would refuse the whole host what cannot be read. */
  @Test
  void theKernelAsksAboutWhatCannotBeRead() {
    assertEquals(Set.of(Hook.SOCKET_BIND), Enforcer.passesUnread(policy(0, "/a*")));
    assertEquals(Set.of(), Enforcer.passesUnread(policy(0, "/a")), "of them it knows");
  }
}
