package dev.interdict.eval;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.interdict.compile.CompiledPolicy;
import dev.interdict.event.Hook;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.lang.ref.SoftReference;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Loads policies with the same cache and limits. One that is loaded is used again, such as after
 * its trial, unless memory is short. A class cache that fails is not used any more: without it all
 * is the same, and slower. Safe for use by many threads.
 */
public final class PolicyModules {
  private static final Logger LOG = System.getLogger(PolicyModules.class.getName());

  /** Null: none, or none any more. */
  private volatile Path classCache;

  private final Limits limits;
  private final Map<String, SoftReference<PolicyModule>> loaded = new ConcurrentHashMap<>();

  /**
   * @param classCache as for {@link PolicyModule#load}
   */
  public PolicyModules(Path classCache, Limits limits) {
    this.classCache = classCache;
    this.limits = limits;
  }

  /**
   * The policy, ready to be evaluated.
   *
   * @throws InvalidModuleException as {@link PolicyModule#load}
   * @throws IOException if it cannot be loaded without the class cache either
   */
  public PolicyModule load(CompiledPolicy policy) throws InvalidModuleException, IOException {
    String key = key(policy);
    SoftReference<PolicyModule> known = loaded.get(key);
    PolicyModule module = known == null ? null : known.get();
    if (module == null) {
      module = loadAnew(policy);
      loaded.values().removeIf(reference -> reference.get() == null);
      loaded.put(key, new SoftReference<>(module));
      prune();
    }
    return module;
  }

  private PolicyModule loadAnew(CompiledPolicy policy) throws InvalidModuleException, IOException {
    try {
      return PolicyModule.load(policy, classCache, limits);
    } catch (IOException e) {
      doWithout(e);
      return PolicyModule.load(policy, null, limits);
    }
  }

  private void doWithout(IOException because) {
    if (classCache != null) {
      classCache = null;
      LOG.log(
          Level.WARNING,
          "policies are loaded without the class cache, which takes seconds each, until the next"
              + " start: {0}",
          because.toString());
    }
  }

  private void prune() {
    Path cache = classCache;
    if (cache == null) {
      return;
    }
    try {
      List<String> inUse = new ArrayList<>();
      for (SoftReference<PolicyModule> reference : loaded.values()) {
        PolicyModule module = reference.get();
        if (module != null) {
          inUse.add(module.codeDigest());
        }
      }
      new ClassCache(cache).prune(inUse);
    } catch (IOException | UncheckedIOException e) {
      LOG.log(Level.WARNING, "the class cache was not pruned: {0}", e.toString());
    }
  }

  private static String key(CompiledPolicy policy) {
    MessageDigest digest = ClassCache.newSha256();
    digest.update((policy.digest() + policy.tables() + policy.concerns()).getBytes(UTF_8));
    digest.update(ClassCache.sha256(policy.wasm()));
    digest.update(policy.data());
    return HexFormat.of().formatHex(digest.digest());
  }

  /**
   * Whether the policy, as this translator translates it, has passed its trial at these hooks,
   * under these limits or tighter ones.
   */
  boolean isTried(CompiledPolicy policy, Set<Hook> hooks) {
    Path cache = classCache;
    try {
      return cache != null && isEnough(new ClassCache(cache).find(trial(policy, hooks)));
    } catch (IOException e) {
      doWithout(e);
      return false;
    }
  }

  /** Remembers that. */
  void tried(CompiledPolicy policy, Set<Hook> hooks) {
    Path cache = classCache;
    try {
      if (cache != null) {
        new ClassCache(cache).put(trial(policy, hooks), bytes(limits));
      }
    } catch (IOException e) {
      doWithout(e);
    }
  }

  private boolean isEnough(byte[] trial) {
    if (trial == null || trial.length != 2 * Long.BYTES) {
      return false;
    }
    ByteBuffer passed = ByteBuffer.wrap(trial);
    return passed.getLong() <= limits.time().toNanos() && passed.getLong() <= limits.memoryBytes();
  }

  private static byte[] bytes(Limits limits) {
    return ByteBuffer.allocate(2 * Long.BYTES)
        .putLong(limits.time().toNanos())
        .putLong(limits.memoryBytes())
        .array();
  }

  private static String trial(CompiledPolicy policy, Set<Hook> hooks) {
    String all = key(policy) + " " + new TreeSet<>(hooks) + " " + PolicyTrial.VERSION;
    return "tried-" + HexFormat.of().formatHex(ClassCache.sha256(all.getBytes(UTF_8)));
  }
}
