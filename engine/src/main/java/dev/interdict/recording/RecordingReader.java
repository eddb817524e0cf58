package dev.interdict.recording;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/** Reads a recording, as {@code interdict record export} writes it. Has no state. */
public final class RecordingReader {
  private RecordingReader() {}

  /** Who is told of what stands in a recording, in its order. */
  public interface Visitor {
    /**
     * The tuple.
     *
     * @param set the circumstances
     */
    void tuple(RecordedSet set, Tuple tuple);

    /** Something is missing. */
    void gap(Gap gap);
  }

  /**
   * What was read.
   *
   * @param blocks whole ones
   * @param cut what is said of a file without its end; null: it has it
   */
  public record Outcome(int blocks, String cut) {}

  /**
   * Reads all whole blocks.
   *
   * @throws RecordingException if the file cannot be read, is no recording, was changed or damaged,
   *     or is another release's; what stands before has been told then
   */
  public static Outcome read(Path file, Visitor visitor) {
    try (InputStream in = new BufferedInputStream(Files.newInputStream(file))) {
      return new Reading(file.toString(), in, visitor).run();
    } catch (NoSuchFileException e) {
      throw new RecordingException(
          "cannot read the recording " + file + ": there is no such file", e);
    } catch (IOException e) {
      throw new RecordingException(
          "cannot read the recording " + file + ": " + e.getMessage() + "; look at its rights", e);
    }
  }

  /** One pass. */
  private static final class Reading implements Lines.Reader {
    private final String name;
    private final InputStream in;
    private final Visitor visitor;
    private RecordedSet set;
    private byte[] before = Block.NONE;
    private boolean ended;
    private int blocks;
    private long at;

    Reading(String name, InputStream in, Visitor visitor) {
      this.name = name;
      this.in = in;
      this.visitor = visitor;
    }

    Outcome run() throws IOException {
      while (true) {
        Block.Found found = next();
        switch (found) {
          case Block.Found.End end -> {
            if (blocks == 0) {
              throw new RecordingException(
                  "cannot read " + name + ": it is empty; interdict record export writes one");
            }
            return new Outcome(blocks, ended ? null : endless());
          }
          case Block.Found.Cut cut -> {
            return cut();
          }
          case Block.Found.Other other -> throw refused(other.why(), null);
          case Block.Found.Whole whole -> use(whole.bytes());
        }
      }
    }

    private Block.Found next() throws IOException {
      try {
        return Block.read(in);
      } catch (RecordingException e) {
        throw blocks == 0 && e.getMessage().startsWith("does not begin")
            ? new RecordingException(
                "%s is no recording: it %s; interdict record export writes one"
                    .formatted(name, e.getMessage()),
                e)
            : damaged(e.getMessage(), e);
      }
    }

    private Outcome cut() {
      if (blocks == 0) {
        throw new RecordingException(
            "cannot read %s: it was cut in its first block; export it again".formatted(name));
      }
      return new Outcome(
          blocks,
          "%s was cut in block %d, at byte %d: the %d before it are used; export it again"
              .formatted(name, blocks + 1, at, blocks));
    }

    /** At the border of two blocks, or not written to its end. */
    private String endless() {
      return ("%s has no end after its %d blocks: it was cut there, exported while it was under way,"
              + " or its engine was killed; what is there is used")
          .formatted(name, blocks);
    }

    private void use(byte[] block) {
      if (!Block.isAfter(before, block)) {
        throw damaged("does not follow what stands before it", null);
      }
      try {
        Lines.read(Block.body(block), this);
      } catch (RecordingException e) {
        throw damaged(e.getMessage(), e);
      }
      before = Block.checksum(block);
      blocks++;
      at += block.length;
    }

    private RecordingException damaged(String why, RecordingException e) {
      return refused(why + "; it was changed or damaged, export it again", e);
    }

    private RecordingException refused(String why, RecordingException e) {
      return new RecordingException(
          "cannot read %s: block %d, at byte %d, %s".formatted(name, blocks + 1, at, why), e);
    }

    @Override
    public void end() {
      ended = true;
    }

    @Override
    public void set(RecordedSet next) {
      set = next;
    }

    @Override
    public void gap(Gap gap) {
      visitor.gap(gap);
    }

    @Override
    public void tuple(Tuple tuple) {
      if (set == null) {
        throw new IllegalArgumentException("a tuple stands before its set");
      }
      visitor.tuple(set, tuple);
    }
  }
}
