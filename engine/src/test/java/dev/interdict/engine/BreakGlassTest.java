package dev.interdict.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.interdict.control.Origin;
import dev.interdict.engine.BreakGlass.Note;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The notes; what the kernel does is in {@code PacketAnswerIT} and {@code ModesIT}. */
class BreakGlassTest {
  @TempDir Path state;

  /** An engine, until it ends. */
  private BreakGlass engine;

  /** What a round hands on, and what the next one does. */
  private List<Origin> told() {
    if (engine == null) {
      engine = new BreakGlass(state, state);
    }
    List<Origin> told = new ArrayList<>();
    engine.told(told::add);
    return told;
  }

  @Test
  void eachNoteIsToldOnce() throws IOException {
    assertEquals(List.of(), told());
    BreakGlass glass = new BreakGlass(state, state);
    glass.write(new Note("root, pid 7", "until later: \"nobody\" can log in\n"));
    glass.write(new Note("root, pid 8", "enforcement is back"));
    assertEquals(
        List.of(
            new Origin("root, pid 7", "until later: \"nobody\" can log in\n"),
            new Origin("root, pid 8", "enforcement is back")),
        told());
    assertEquals(List.of(), told());
    assertFalse(Files.exists(taken()));
    glass.write(new Note("root, pid 9", "again"));
    assertEquals(1, told().size());
  }

  private Path taken() {
    return state.resolve("break-glass.jsonl.taken");
  }

  /** He had opened the file before the engine took it. */
  @Test
  void aNoteThatIsWrittenWhileTheyAreTakenIsTold() throws IOException {
    new BreakGlass(state, state).write(new Note("root", "first"));
    assertEquals(1, told().size());
    Files.writeString(taken(), "{\"by\":\"root\",\"why\":\"second\"}\n", StandardOpenOption.APPEND);
    assertEquals(List.of("second"), told().stream().map(Origin::why).toList());
    assertEquals(List.of(), told());
    assertFalse(Files.exists(taken()));
  }

  /** An engine that ended in the middle tells again rather than never. */
  @Test
  void noNoteIsLostToAnEngineThatEnds() throws IOException {
    BreakGlass glass = new BreakGlass(state, state);
    glass.write(new Note("root", "first"));
    assertThrows(
        IllegalStateException.class,
        () ->
            glass.told(
                origin -> {
                  throw new IllegalStateException();
                }));
    glass.write(new Note("root", "second"));
    assertEquals(List.of("first"), told().stream().map(Origin::why).toList());
    assertEquals(List.of(), told());
    assertEquals(List.of("second"), told().stream().map(Origin::why).toList());
  }

  /** In the middle of a character, too. */
  @Test
  void aTornNoteIsToldAsItIs() throws IOException {
    Files.write(
        state.resolve("break-glass.jsonl"),
        new byte[] {'n', 'u', 'l', 'l', '\n', '{', '"', (byte) 0xc3});
    assertEquals(
        List.of(new Origin("unknown", "null"), new Origin("unknown", "{\"\ufffd")), told());
    assertEquals(List.of(), told());
  }

  @Test
  void withoutAnythingInTheKernelItSaysSo() {
    IOException failure =
        assertThrows(
            IOException.class,
            () -> new BreakGlass(state, state).open(Duration.ofMinutes(1), "root", "why"));
    assertTrue(failure.getMessage().contains("nothing is in the kernel"), failure::getMessage);
  }
}
