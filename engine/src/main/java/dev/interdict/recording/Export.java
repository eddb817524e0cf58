package dev.interdict.recording;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Instant;

/**
 * A recording as one file, made of its segments: whether these follow one another or something
 * between them is gone, in the file each block follows the one before it.
 */
final class Export {
  private static final Logger LOG = System.getLogger(Export.class.getName());

  private final long id;
  private final OutputStream to;
  private byte[] expected = Block.NONE;
  private byte[] before = Block.NONE;
  private int blocks;
  private String refusal = "its blocks are gone or damaged";

  /** Why something is missing before the next block; null: nothing is known to be. */
  private String missing;

  /**
   * @param missing as a gap has it, if it is known that the first segments are gone; else null
   */
  Export(long id, OutputStream to, String missing) {
    this.id = id;
    this.to = to;
    this.missing = missing;
  }

  /** Adds what can be read of a segment. */
  void segment(Path one) throws IOException {
    try (InputStream in = new BufferedInputStream(Files.newInputStream(one))) {
      boolean more = true;
      while (more) {
        more = use(Block.read(in));
      }
    } catch (NoSuchFileException e) {
      missing = "bound"; // another block has needed its room just now
    } catch (RecordingException e) {
      missing = "damaged";
      LOG.log(Level.WARNING, "recording {0}: a block of {1} {2}", id, one, e.getMessage());
    }
  }

  /** Whether there may be more in its segment. */
  private boolean use(Block.Found found) throws IOException {
    return switch (found) {
      case Block.Found.End end -> false;
      case Block.Found.Cut cut -> false; // it is being written, or was when its engine ended
      case Block.Found.Other other -> {
        missing = "damaged";
        refusal = "it " + other.why();
        yield false;
      }
      case Block.Found.Whole whole -> {
        if (!Block.isAfter(expected, whole.bytes()) && missing == null) {
          missing = "damaged";
        }
        gap();
        put(whole.bytes());
        expected = Block.checksum(whole.bytes());
        blocks++;
        yield true;
      }
    };
  }

  private void gap() throws IOException {
    if (missing != null) {
      ByteArrayOutputStream lines = new ByteArrayOutputStream();
      Lines.write(lines, new Gap(missing, 0, Instant.now()));
      put(Block.pack(lines.toByteArray()));
      missing = null;
    }
  }

  private void put(byte[] block) throws IOException {
    byte[] next = Block.after(before, block);
    to.write(next);
    before = Block.checksum(next);
  }

  /**
   * No segment comes any more.
   *
   * @throws RecordingException if nothing could be read of any
   */
  void end() throws IOException {
    if (blocks == 0) {
      throw new RecordingException("cannot export recording %d: %s".formatted(id, refusal));
    }
    gap();
  }
}
