package dev.interdict.policy;

import dev.interdict.event.Hook;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Set;
import tools.jackson.databind.json.JsonMapper;

/**
 * Events in a resource, written as {@code cases.yaml} is. A resource that is not there or damaged
 * is the build's fault: every method throws an unchecked exception then.
 *
 * @param beside the class in whose folder it lies
 * @param name with its ending
 */
public record EventFile(Class<?> beside, String name) {
  private static final String SCOPE = "SCOPE";

  private interface Reader {
    List<Cases.Case> read(byte[] yaml) throws PolicyException;
  }

  /** Those of {@code hooks}. */
  public List<Cases.Case> of(Set<Hook> hooks) {
    return read(text(), yaml -> Cases.of(yaml, hooks));
  }

  /** Those that {@code policy} is asked about. */
  public List<Cases.Case> within(Policy policy) {
    return read(text(), yaml -> Cases.within(yaml, policy));
  }

  /** Those of the policy's hooks, as events in {@code cgroup}. */
  public List<Cases.Case> members(Policy policy, String cgroup) {
    String quoted = JsonMapper.shared().writeValueAsString(cgroup); // YAML takes it as it is
    String members = text().replace("path: " + SCOPE, "path: " + quoted);
    return read(members, yaml -> Cases.of(yaml, policy.hooks()));
  }

  private List<Cases.Case> read(String text, Reader reader) {
    try {
      return reader.read(text.getBytes(StandardCharsets.UTF_8));
    } catch (PolicyException e) {
      throw new IllegalStateException(name + " in the class path is damaged", e);
    }
  }

  private String text() {
    try (InputStream in = beside.getResourceAsStream(name)) {
      if (in == null) {
        throw new IOException("no resource " + name);
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(name + " in the class path is damaged", e);
    }
  }
}
