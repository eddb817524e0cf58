package dev.interdict.compile;

import dev.interdict.event.Hook;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;

/** The JSON Schemas of {@code input}, one for each hook: the contract with policy authors. */
public final class Schemas {
  private static final Map<String, byte[]> ALL = load();

  private Schemas() {}

  /** All of them, UTF-8, by the hook's id; nobody may write to the arrays. */
  public static Map<String, byte[]> all() {
    return ALL;
  }

  private static Map<String, byte[]> load() {
    Map<String, byte[]> all = new TreeMap<>();
    for (Hook hook : Hook.values()) {
      String name = "/dev/interdict/policies/schema/" + hook.id() + ".json";
      try (InputStream in = Schemas.class.getResourceAsStream(name)) {
        if (in == null) {
          throw new IOException("no resource " + name);
        }
        all.put(hook.id(), in.readAllBytes());
      } catch (IOException e) {
        throw new UncheckedIOException("the schemas in the class path are damaged", e);
      }
    }
    return Collections.unmodifiableMap(all);
  }
}
