package dev.interdict.lsm;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * The policies of the trials, as resources. {@link TrialPoliciesTest} compiles them where the tests
 * are built, because the virtual machine would take minutes.
 */
final class TrialPolicies {
  static final String FOLDER = "/lsm/";
  static final String COMPILED = "compiled.zip";
  static final String DATA = "data.json";

  static final List<String> ALL =
      List.of(
          "trial-keep",
          "trial-files",
          "trial-change",
          "trial-local",
          "trial-namespace",
          "trial-module",
          "trial-mount",
          "trial-peer",
          "trial-peer-strict",
          "trial-peer-attach",
          "trial-labels",
          "trial-labels-apart",
          "trial-labels-narrow",
          "trial-context",
          "trial-exec",
          "trial-net",
          "trial-reader",
          "trial-created",
          "trial-race",
          "trial-budget",
          "trial-leased",
          "trial-retold",
          "trial-canary",
          "trial-canary-next",
          "trial-canary-small",
          "trial-alarm",
          "trial-behind",
          "trial-ahead",
          "trial-closed",
          "trial-containers",
          "trial-scope",
          "trial-broken",
          "trial-bad",
          "trial-bad-net",
          "trial-generation",
          "trial-late",
          "trial-everywhere");

  private TrialPolicies() {}

  /** The policy's folder. */
  static SortedMap<String, byte[]> sources(String name) {
    SortedMap<String, byte[]> sources = new TreeMap<>();
    for (String file : List.of("policy.yaml", name.replace('-', '_') + ".rego")) {
      sources.put(file, read(name + "/" + file));
    }
    if (TrialPolicies.class.getResource(FOLDER + name + "/" + DATA) != null) {
      sources.put(DATA, read(name + "/" + DATA));
    }
    return sources;
  }

  /** What the policy was compiled to. */
  static byte[] compiled(String name) {
    return read(name + "/" + COMPILED);
  }

  private static byte[] read(String path) {
    try (InputStream in = TrialPolicies.class.getResourceAsStream(FOLDER + path)) {
      if (in == null) {
        throw new AssertionError("the class path lacks " + FOLDER + path);
      }
      return in.readAllBytes();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
