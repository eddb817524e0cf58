package dev.interdict.engine;

import dev.interdict.attach.HookSet;
import dev.interdict.attach.Pins;
import dev.interdict.libbpf.Cgroups;
import dev.interdict.libbpf.Interfaces;
import dev.interdict.libbpf.RingBuffer;
import dev.interdict.verdict.Budgets;
import dev.interdict.verdict.EngineState;
import dev.interdict.verdict.KernelCounters;
import dev.interdict.verdict.Labels;
import dev.interdict.verdict.NamedFiles;
import dev.interdict.verdict.Postures;
import dev.interdict.verdict.Scopes;
import dev.interdict.verdict.VerdictTable;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;

/**
 * What the engine holds of the kernel: the hooks, and every map with the one object that writes it.
 * Opened together, closed together; closing leaves in the kernel what is pinned.
 */
record KernelSide(
    HookSet hooks,
    Cgroups cgroups,
    EngineState state,
    VerdictTable verdicts,
    NamedFiles files,
    Labels labels,
    Postures postures,
    Scopes scopes,
    Budgets budgets,
    KernelCounters counters,
    KernelMemory memory,
    RingBuffer decide,
    RingBuffer packets,
    RingBuffer observe)
    implements AutoCloseable {

  private static final String OBJECT = "/dev/interdict/interdict.bpf.o";

  /**
   * Makes the maps, or adopts those of an earlier engine.
   *
   * @throws dev.interdict.libbpf.BpfException if the kernel refuses
   */
  static KernelSide open(Path pins) {
    Cgroups cgroups = new Cgroups();
    HookSet hooks = null;
    try {
      hooks = HookSet.open(object(), new Pins(pins), Map.of());
      EngineState state = new EngineState(hooks.map("engine_state"));
      return new KernelSide(
          hooks,
          cgroups,
          state,
          new VerdictTable(hooks.map("verdicts"), hooks.map("flows"), state),
          new NamedFiles(hooks.map("named_places"), hooks.map("named_files"), state),
          new Labels(hooks.map("label_names"), hooks.map("slot_labels")),
          new Postures(
              hooks.map("postures"), hooks.map("key_masks"), hooks.map("context_masks"), state),
          new Scopes(
              hooks.map("scopes"),
              hooks.map("interfaces"),
              path -> cgroups.id(path.getBytes(StandardCharsets.UTF_8)),
              Interfaces::index),
          new Budgets(hooks.map("budgets"), hooks.map("budget_windows"), hooks.map("tripped")),
          new KernelCounters(
              hooks.map("hook_counters"), hooks.map("slot_counters"), hooks.map("told")),
          new KernelMemory(hooks.map("history_head")),
          new RingBuffer(hooks.map("decide")),
          new RingBuffer(hooks.map("packets")),
          new RingBuffer(hooks.map("observe")));
    } catch (Throwable e) {
      if (hooks != null) {
        hooks.close();
      }
      cgroups.close();
      throw e;
    }
  }

  private static byte[] object() {
    try (InputStream in = KernelSide.class.getResourceAsStream(OBJECT)) {
      if (in == null) {
        throw new IllegalStateException(
            OBJECT + " is not on the class path: the build is incomplete");
      }
      return in.readAllBytes();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() {
    state.close();
    decide.close();
    packets.close();
    observe.close();
    verdicts.close();
    hooks.close();
    cgroups.close();
  }
}
