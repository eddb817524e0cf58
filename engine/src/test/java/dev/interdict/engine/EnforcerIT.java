package dev.interdict.engine;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.interdict.attach.Pins;
import dev.interdict.compile.CompiledPolicy;
import dev.interdict.control.ActivePolicy;
import dev.interdict.control.ActiveSet;
import dev.interdict.control.EnforcementException;
import dev.interdict.control.Modes;
import dev.interdict.decisions.DecisionLog;
import dev.interdict.eval.PolicyModules;
import dev.interdict.event.EventLayouts;
import dev.interdict.event.Hook;
import dev.interdict.event.ReadSet;
import dev.interdict.event.SlotSet;
import dev.interdict.libbpf.BpfException;
import dev.interdict.libbpf.BpfMap;
import dev.interdict.libbpf.Errno;
import dev.interdict.libbpf.Interfaces;
import dev.interdict.pipeline.Pipeline;
import dev.interdict.policy.Policy;
import dev.interdict.testkit.Bpffs;
import dev.interdict.testkit.FdLeaks;
import dev.interdict.testkit.Net;
import dev.interdict.testkit.RecordBuilder;
import dev.interdict.testkit.RegoToWasm;
import dev.interdict.verdict.NamedFiles;
import dev.interdict.verdict.Postures;
import dev.interdict.verdict.Scopes;
import dev.interdict.verdict.Verdict;
import dev.interdict.verdict.VerdictKey;
import dev.interdict.worker.Workers;
import dev.interdict.workload.Workloads;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** In which order the kernel is told of a change, and what a failure on the way leaves. */
@Tag("native")
@ExtendWith(FdLeaks.class)
final class EnforcerIT {
  @RegisterExtension final Bpffs bpffs = new Bpffs();
  @TempDir Path folder;

  private final Net net = new Net();
  private final List<String> told = new ArrayList<>();
  private int allowed = Integer.MAX_VALUE;
  private KernelSide kernel;
  private FileNameKeeper files;
  private Pipeline pipeline;
  private Enforcer enforcer;
  private Path one;
  private Path two;

  @BeforeEach
  void open() throws Exception {
    one = Files.writeString(folder.resolve("one"), "x");
    two = Files.writeString(folder.resolve("two"), "x");
    EngineConfig config =
        EngineConfig.DEFAULT.at(folder, folder, folder.resolve("socket"), bpffs.pins());
    NameSets sets = new NameSets();
    KernelSide real = KernelSide.open(config.pins());
    kernel =
        new KernelSide(
            real.hooks(),
            real.cgroups(),
            real.state(),
            real.verdicts(),
            new NamedFiles(map("named_places", real), map("named_files", real), real.state()),
            real.labels(),
            new Postures(
                map("postures", real),
                map("key_masks", real),
                map("context_masks", real),
                real.state()),
            new Scopes(
                map("scopes", real),
                map("interfaces", real),
                path -> OptionalLong.empty(),
                Interfaces::index),
            real.budgets(),
            real.counters(),
            real.memory(),
            real.decide(),
            real.packets(),
            real.observe());
    Workers workers = new Workers(lost -> {});
    files = FileNameKeeper.start(kernel.files(), sets, workers, Whereabouts::find);
    KernelNames names =
        new KernelNames(
            kernel.cgroups()::place,
            sets,
            new Workloads(kernel.cgroups().root()),
            kernel.labels()::names);
    pipeline =
        new Pipeline(
            new Pipeline.Parts(
                kernel.decide(),
                kernel.packets(),
                kernel.observe(),
                kernel.state(),
                kernel.verdicts(),
                kernel.counters(),
                new DecisionLog(),
                names,
                kernel.postures()::isGenuine),
            config.spin(),
            workers);
    PolicyModules modules = new PolicyModules(folder.resolve("classes"), config.limits());
    PolicyLoader loader = new PolicyLoader(modules, names, new WarmUp(Duration.ZERO));
    enforcer = new Enforcer(kernel, pipeline, loader, files, HostAbilities.probe(), config);
  }

  @AfterEach
  void close() {
    pipeline.close();
    files.close();
    kernel.close();
    new Pins(bpffs.pins()).uninstall();
    net.close();
  }

  @Test
  void eachMomentOfAChangeIsSafe() {
    net.here(
        () -> {
          enforcer.use(set(1, one, "here"), EnforcerIT::modes, EnforcerIT::modes);
          told.clear();
          enforcer.use(set(2, two, "lo"), EnforcerIT::modes, EnforcerIT::modes);
          // Names that the posture before asks about stay until nothing can rest on it.
          assertEquals(
              List.of(
                  "+named_places",
                  "+named_files",
                  "+interfaces",
                  "+key_masks",
                  "+context_masks",
                  "+postures",
                  "-interfaces",
                  "+postures"),
              told);
          assertEquals(Set.of("lo"), kernel.hooks().attachedXdp().keySet());
          told.clear();
          Thread.sleep(150); // a posture rests for 100 ms
          enforcer.refresh();
          assertEquals(List.of("-named_places", "-named_files"), told);
          return null;
        });
  }

  /** Else they would be the last to make room, and nobody could say what the kernel holds. */
  @Test
  void verdictsThatAChangeHasMadeMissesGo() {
    net.here(
        () -> {
          enforcer.use(set(1, one, "here"), EnforcerIT::modes, EnforcerIT::modes);
          VerdictKey before = VerdictKey.of(packet(1));
          assertTrue(kernel.verdicts().isCurrent(before));
          kernel
              .verdicts()
              .merge(before, new Verdict(SlotSet.of(1), SlotSet.NONE, SlotSet.NONE), 1);
          assertEquals(1, kernel.verdicts().flows());
          enforcer.use(set(2, two, "here"), EnforcerIT::modes, EnforcerIT::modes);
          assertEquals(0, kernel.verdicts().flows());
          assertFalse(kernel.verdicts().isCurrent(before));
          assertTrue(kernel.verdicts().isCurrent(VerdictKey.of(packet(2))));
          return null;
        });
  }

  /** Beside a pattern the kernel is told of no cgroup, and nobody else looks for it. */
  @Test
  void aCgroupBesideAPatternThatIsNotThereIsTold() throws Exception {
    Path there = Files.createTempDirectory(kernel.cgroups().root(), "interdict-test");
    try {
      List<String> cgroups = List.of("/interdict-none", "/" + there.getFileName(), "/x*");
      Policy.Scope scope = Policy.Scope.of(cgroups, List.of("here"), List.of(), List.of());
      net.here(
          () -> {
            enforcer.use(set(1, one, scope), EnforcerIT::modes, EnforcerIT::modes);
            assertEquals(
                List.of(
                    "policy p1, cgroup /interdict-none: it is not there; covered as soon as it"
                        + " comes"),
                enforcer.snapshot().gaps());
            return null;
          });
    } finally {
      Files.delete(there);
    }
  }

  private static byte[] packet(int maskSet) {
    return RecordBuilder.of(Hook.XDP_INGRESS).fact("mask_set", maskSet).facts();
  }

  @Test
  void aChangeThatFailsAnywhereLeavesWhatWasInForce() {
    net.here(
        () -> {
          enforcer.use(set(1, one, "here"), EnforcerIT::modes, EnforcerIT::modes);
          Thread.sleep(150);
          enforcer.refresh();
          String before = inForce();
          int steps = 0;
          while (failsAfter(steps)) {
            Thread.sleep(150);
            enforcer.refresh();
            assertEquals(before, inForce(), "after " + steps + " of " + told);
            steps++;
          }
          assertTrue(steps > 6, "only " + steps + " steps could fail");
          return null;
        });
  }

  /** At the hooks of the slot and no other: these are the records that a rollout lacks. */
  @Test
  void whatWasFoldedOrLostMustBeAmongTheFigures() {
    net.here(
        () -> {
          enforcer.use(set(1, one, "here"), EnforcerIT::modes, EnforcerIT::modes);
          assertEquals(0, enforcer.figures(1).unseen());
          count(Hook.FILE_OPEN, Map.of("folded", 50L, "lost_observe", 60L, "lost_decide", 70L));
          count(
              Hook.XDP_INGRESS,
              Map.of("folded", 3L, "lost_observe", 4L, "lost_decide", 5L, "observed", 100L));
          assertEquals(12, enforcer.figures(1).unseen());
          return null;
        });
  }

  /** As the programs would on the first processor. */
  private void count(Hook hook, Map<String, Long> counters) {
    BpfMap map = kernel.hooks().map("hook_counters");
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment values = arena.allocate(map.info().transferBytes(), 8);
      counters.forEach(
          (name, count) -> values.set(JAVA_LONG, EventLayouts.HOOK_COUNTERS.offset(name), count));
      map.update(arena.allocateFrom(JAVA_INT, hook.code()), values);
    }
  }

  private static Modes modes() {
    return new Modes(Policy.Mode.ENFORCE, Map.of());
  }

  private boolean failsAfter(int steps) {
    told.clear();
    allowed = steps;
    ActiveSet next = set(2, two, "lo");
    try {
      enforcer.use(next, EnforcerIT::modes, EnforcerIT::modes);
      return false;
    } catch (EnforcementException e) {
      assertTrue(e.getMessage().startsWith("the policies before stay in force"), e.getMessage());
      return true;
    } finally {
      allowed = Integer.MAX_VALUE;
    }
  }

  /** What programs find now. */
  private String inForce() {
    return Map.of(
            "places", keys("named_places"),
            "files", keys("named_files"),
            "interfaces", keys("interfaces"),
            "packets", kernel.hooks().attachedXdp().keySet(),
            "asked", kernel.postures().asked())
        .entrySet()
        .stream()
        .sorted(Map.Entry.comparingByKey())
        .toList()
        .toString();
  }

  private Set<String> keys(String map) {
    Set<String> keys = new TreeSet<>();
    kernel.hooks().map(map).keys().forEach(key -> keys.add(HexFormat.of().formatHex(key)));
    return keys;
  }

  private static ActiveSet set(int slot, Path literal, String at) {
    return set(slot, literal, new Policy.Scope(List.of(), List.of(at)));
  }

  private static ActiveSet set(int slot, Path literal, Policy.Scope scope) {
    CompiledPolicy rules =
        RegoToWasm.compile(
            "p" + slot,
            slot == 1
                ? "deny contains \"x\" if input.packet.protocol == \"udp\""
                : "deny contains \"x\" if input.packet.destination.port == 1",
            "{}",
            List.of("xdp_ingress"));
    CompiledPolicy compiled =
        new CompiledPolicy(
            rules.name(),
            rules.name(),
            rules.wasm(),
            rules.data(),
            rules.tables(),
            rules.concerns(),
            new ReadSet(Set.of("file.path", "packet." + (slot == 1 ? "protocol" : "destination"))),
            Set.of(),
            Set.of(literal.toString()),
            List.of());
    Policy policy =
        new Policy(
            "p" + slot,
            "",
            Map.of(),
            Set.of(Hook.XDP_INGRESS),
            Policy.Mode.ENFORCE,
            scope,
            Policy.OnMiss.HOLD,
            Policy.Fallback.ALLOW,
            false,
            false,
            null,
            Map.of(),
            "{}".getBytes(UTF_8));
    return new ActiveSet(
        slot, List.of(new ActivePolicy(slot, policy, compiled, ActivePolicy.Term.ALWAYS)));
  }

  /** The map, and what is told of each change in it: + and -, once for those that follow. */
  private BpfMap map(String name, KernelSide side) {
    BpfMap map = side.hooks().map(name);
    return (BpfMap)
        Proxy.newProxyInstance(
            BpfMap.class.getClassLoader(),
            new Class<?>[] {BpfMap.class},
            (proxy, method, arguments) -> {
              if (method.getName().matches("update|delete|updateBatch|deleteBatch")) {
                note((method.getName().startsWith("update") ? "+" : "-") + name);
              }
              try {
                return method.invoke(map, arguments);
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
            });
  }

  private synchronized void note(String change) {
    int after = allowed--;
    // A map of names that is full is cleaned first, and written again.
    if (after == 0 || (after == -1 && change.startsWith("+named"))) {
      throw new BpfException("update map", change, Errno.EBUSY);
    }
    if (told.isEmpty() || !told.getLast().equals(change)) {
      told.add(change);
    }
  }
}
