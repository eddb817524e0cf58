package dev.interdict.engine;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.interdict.attach.Pins;
import dev.interdict.control.Origin;
import dev.interdict.libbpf.BootClock;
import dev.interdict.libbpf.KernelMap;
import dev.interdict.verdict.EngineState;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.function.Consumer;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/**
 * Takes enforcement off a host for a while, past the engine: by one word in a pinned map that every
 * run of a program looks at. It needs no engine that lives or answers, none can undo it, and it
 * ends by the kernel's clock. Who did it and why stands in a note in the state directory, which the
 * engine brings into the history, now or when there is one again. Safe for use by many processes;
 * {@link #told} for one thread.
 */
public final class BreakGlass {
  private static final JsonMapper JSON = JsonMapper.builder().build();
  private static final String NOTES = "break-glass.jsonl";

  private final Path pins;
  private final Path notes;

  /** Notes of the file that is taken, that the history has. */
  private int handedOn;

  /**
   * @param pins as for the engine
   * @param state the engine's state directory
   */
  public BreakGlass(Path pins, Path state) {
    this.pins = pins;
    this.notes = state.resolve(NOTES);
  }

  /** A note. */
  record Note(String by, String why) {}

  /**
   * What was done.
   *
   * @param until when enforcement is back
   * @param notNoted why the history will not know of it; null: it will
   */
  public record Opened(Instant until, String notNoted) {}

  /**
   * From the next call on nothing is refused.
   *
   * @param time from now on, if nobody has asked for longer; zero: enforcement is back
   * @param by who does it
   * @param why in his words
   * @throws IOException if nothing is in the kernel, or of another version
   * @throws dev.interdict.libbpf.BpfException if the caller may not
   */
  public Opened open(Duration time, String by, String why) throws IOException {
    Pins all = new Pins(pins);
    if (all.list().isEmpty()) {
      throw new IOException("nothing is in the kernel: no pins in " + pins);
    }
    if (!all.isOfThisVersion()) {
      throw new IOException(
          "what is in the kernel is of another version: use the interdict that brought it, or end"
              + " all enforcement with interdict uninstall");
    }
    boolean ends = time.isZero();
    long left = time.toNanos();
    try (KernelMap map = KernelMap.openPinned(all.map("engine_state"))) {
      EngineState word = EngineState.ofAnother(map);
      long now = BootClock.nowNs();
      if (ends) {
        word.auditUntil(0);
      } else {
        left = word.auditAtLeastUntil(now + left) - now;
      }
    }
    Instant until = Instant.now().plusNanos(left).truncatedTo(ChronoUnit.SECONDS);
    try {
      write(new Note(by, (ends ? "enforcement is back" : "until " + until) + ": " + why));
      return new Opened(until, null);
    } catch (IOException e) {
      return new Opened(until, e.toString());
    }
  }

  void write(Note note) throws IOException {
    if (!Files.exists(notes)) {
      try {
        Files.createFile(
            notes,
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
      } catch (java.nio.file.FileAlreadyExistsException e) {
        // Two at once: both have a line.
      }
    }
    Files.write(
        notes,
        (JSON.writeValueAsString(note) + "\n").getBytes(UTF_8),
        StandardOpenOption.CREATE,
        StandardOpenOption.APPEND,
        StandardOpenOption.DSYNC); // who breaks the glass may be about to reset the host
  }

  /**
   * Hands on what was noted since the last call; to be called by the engine every now and then. A
   * note that is no note, as a full disk leaves it, is handed on as it is. One that {@code history}
   * throws at is handed on again by the next call.
   */
  void told(Consumer<Origin> history) {
    try {
      take(history);
    } catch (IOException e) {
      throw new UncheckedIOException("the notes of break-glass stay in " + notes.getParent(), e);
    }
  }

  private void take(Consumer<Origin> history) throws IOException {
    Path taken = notes.resolveSibling(NOTES + ".taken");
    if (!Files.exists(taken)) { // else an engine before this one ended in the middle
      try {
        Files.move(notes, taken, StandardCopyOption.ATOMIC_MOVE);
      } catch (NoSuchFileException e) {
        return;
      }
    }
    // Not UTF-8 where a full disk has torn it.
    List<String> lines = new String(Files.readAllBytes(taken), UTF_8).lines().toList();
    int before = handedOn;
    while (handedOn < lines.size()) {
      history.accept(origin(lines.get(handedOn)));
      handedOn++;
    }
    if (handedOn == before) { // else somebody who had opened it may be about to write
      Files.delete(taken);
      handedOn = 0;
    }
  }

  private static Origin origin(String line) {
    try {
      Note note = JSON.readValue(line, Note.class);
      return note == null ? new Origin("unknown", line) : new Origin(note.by(), note.why());
    } catch (JacksonException e) {
      return new Origin("unknown", line);
    }
  }

  /** For how long nothing is refused still; zero: the glass is whole. */
  static Duration left(EngineState state) {
    return Duration.ofNanos(Math.max(0, state.auditUntilNs() - BootClock.nowNs()));
  }
}
