package dev.interdict.lint;

import dev.interdict.policy.Cases;
import dev.interdict.policy.Policy;
import dev.interdict.policy.PolicyException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import tools.jackson.databind.json.JsonMapper;

/** Events in the resources beside this class, written as {@code cases.yaml} is. */
final class EventFile {
  private static final String SCOPE = "SCOPE";

  private EventFile() {}

  /** Those of {@code file} that the policy is asked about. */
  static List<Cases.Case> within(String file, Policy policy) {
    try {
      return Cases.within(text(file).getBytes(StandardCharsets.UTF_8), policy);
    } catch (PolicyException e) {
      throw damaged(file, e);
    }
  }

  /** Those of the policy's hooks, as events in {@code cgroup}. */
  static List<Cases.Case> members(String file, Policy policy, String cgroup) {
    String quoted = JsonMapper.shared().writeValueAsString(cgroup); // YAML takes it as it is
    String yaml = text(file).replace("path: " + SCOPE, "path: " + quoted);
    try {
      return Cases.of(yaml.getBytes(StandardCharsets.UTF_8), policy.hooks());
    } catch (PolicyException e) {
      throw damaged(file, e);
    }
  }

  private static IllegalStateException damaged(String file, Exception cause) {
    return new IllegalStateException(file + " in the class path is damaged", cause);
  }

  private static String text(String file) {
    try (InputStream in = EventFile.class.getResourceAsStream(file)) {
      if (in == null) {
        throw new IOException("no resource " + file);
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(file + " in the class path is damaged", e);
    }
  }
}
