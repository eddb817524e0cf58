package dev.interdict.engine;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.interdict.control.Objection;
import dev.interdict.event.Hook;
import dev.interdict.libbpf.KernelProbe.Finding;
import dev.interdict.policy.PolicyParser;
import dev.interdict.policy.PolicySource;
import java.util.List;
import org.junit.jupiter.api.Test;

class HostAbilitiesTest {
  private static final Finding OLD =
      new Finding("user-namespaces", "a hook for them", false, "none here", "use Linux 6.1");

  private static List<Objection> objections(HostAbilities abilities, String hooks)
      throws Exception {
    String yaml =
        """
        apiVersion: interdict.dev/v1
        kind: Policy
        metadata: {name: p}
        spec:
          hooks: [%s]
          rules:
            - {deny: {process.uid: 1}, reason: no}
        """
            .formatted(hooks);
    return abilities.objections(
        PolicyParser.parse(PolicySource.ofYaml("p.yaml", yaml.getBytes(UTF_8))).orThrow());
  }

  /** What one hook wants keeps no policy for others out. */
  @Test
  void aKernelWithoutTheHookRefusesPoliciesForItAndNoOthers() throws Exception {
    HostAbilities abilities = new HostAbilities(List.of(OLD));
    assertFalse(abilities.can(Hook.USER_NAMESPACE));
    assertTrue(abilities.can(Hook.SOCKET_CREATE));
    assertEquals(
        "a hook for them: none here; use Linux 6.1", abilities.detail(Hook.USER_NAMESPACE));
    assertEquals(
        List.of(
            new Objection("hook user_namespace", "a hook for them: none here", "use Linux 6.1")),
        objections(abilities, "exec, user_namespace"));
    assertEquals(List.of(), objections(abilities, "exec, socket_create"));
  }
}
