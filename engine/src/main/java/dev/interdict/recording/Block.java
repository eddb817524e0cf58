package dev.interdict.recording;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.zip.DataFormatException;
import java.util.zip.Deflater;
import java.util.zip.Inflater;

/**
 * The frame of a block: {@code IREC}, the format it was written in and the least one that a reader
 * must know (2 bytes each), the lengths of the body packed and unpacked (4 each), the checksum of
 * the block before it (of the first: zeroes), its own: SHA-256 of all that and of the packed body;
 * then the body: lines, deflated. Numbers are big endian.
 */
final class Block {
  /**
   * What this release writes. Format 1 was of no release: it had no checksum of the block before.
   */
  static final int FORMAT = 2;

  /** Unpacked; a block of this release has at most a third. */
  static final int BYTES_MAX = 64 << 20;

  static final int HEAD = 80;
  private static final int BEFORE = 16;
  private static final int CHECKED = 48;
  private static final int MAGIC = 'I' << 24 | 'R' << 16 | 'E' << 8 | 'C';

  /** What the first block of a recording follows. */
  static final byte[] NONE = new byte[CHECKED - BEFORE];

  private Block() {}

  /** What was found where a block should be. */
  sealed interface Found {
    /** Nothing more. */
    record End() implements Found {}

    /** The file ends in it. */
    record Cut() implements Found {}

    /** The whole of it: the frame's bytes with the body's. */
    record Whole(byte[] bytes) implements Found {}

    /** A block of another release; why it cannot be read and what to do. */
    record Other(String why) implements Found {}
  }

  /** A block of this body, as the first one. */
  static byte[] pack(byte[] body) {
    return pack(body, FORMAT, FORMAT);
  }

  static byte[] pack(byte[] body, int format, int needs) {
    byte[] packed = deflate(body);
    ByteBuffer block = ByteBuffer.allocate(HEAD + packed.length);
    block.putInt(MAGIC).putShort((short) format).putShort((short) needs);
    block.putInt(packed.length).putInt(body.length);
    block.position(HEAD).put(packed);
    block.put(CHECKED, digest(block.array()));
    return block.array();
  }

  /** The same block behind the one that has {@code checksum}. */
  static byte[] after(byte[] checksum, byte[] block) {
    byte[] moved = block.clone();
    System.arraycopy(checksum, 0, moved, BEFORE, checksum.length);
    System.arraycopy(digest(moved), 0, moved, CHECKED, HEAD - CHECKED);
    return moved;
  }

  /** Whether it was written behind the one that has {@code checksum}. */
  static boolean isAfter(byte[] checksum, byte[] block) {
    return Arrays.equals(checksum, 0, checksum.length, block, BEFORE, CHECKED);
  }

  /** Of the block, and by it of all before it. */
  static byte[] checksum(byte[] block) {
    return Arrays.copyOfRange(block, CHECKED, HEAD);
  }

  /**
   * The next block.
   *
   * @throws RecordingException if there is something else; its message begins with the reason
   */
  static Found read(InputStream in) throws IOException {
    byte[] head = in.readNBytes(HEAD);
    if (head.length == 0) {
      return new Found.End();
    }
    if (!begins(head)) {
      throw new RecordingException("does not begin with IREC");
    }
    if (head.length < CHECKED) { // as long as the frame of any format
      return new Found.Cut();
    }
    ByteBuffer fields = ByteBuffer.wrap(head);
    String other = other(fields.getShort(4) & 0xffff, fields.getShort(6) & 0xffff);
    if (other != null) {
      return new Found.Other(other);
    }
    if (head.length < HEAD) {
      return new Found.Cut();
    }
    int length = fields.getInt(8);
    if (length < 0 || length > BYTES_MAX) {
      throw new RecordingException("says that it has " + Integer.toUnsignedLong(length) + " bytes");
    }
    byte[] body = in.readNBytes(length);
    if (body.length < length) {
      return new Found.Cut();
    }
    byte[] whole = Arrays.copyOf(head, HEAD + length);
    System.arraycopy(body, 0, whole, HEAD, length);
    if (!Arrays.equals(digest(whole), Arrays.copyOfRange(head, CHECKED, HEAD))) {
      throw new RecordingException("has another checksum than it says");
    }
    return new Found.Whole(whole);
  }

  private static String other(int format, int needs) {
    if (needs > FORMAT) {
      return "is in a later format (%d, this interdict reads up to %d); read it with a newer interdict"
          .formatted(needs, FORMAT);
    }
    return format < FORMAT
        ? "is in an earlier format (%d, this interdict reads %d); record anew"
            .formatted(format, FORMAT)
        : null;
  }

  private static boolean begins(byte[] head) {
    for (int i = 0; i < Math.min(head.length, Integer.BYTES); i++) {
      if (head[i] != (byte) (MAGIC >>> (24 - 8 * i))) {
        return false;
      }
    }
    return true;
  }

  /**
   * The body of a whole block.
   *
   * @throws RecordingException if it does not unpack to what its frame says
   */
  static byte[] body(byte[] block) {
    int length = ByteBuffer.wrap(block).getInt(12);
    if (length < 0 || length > BYTES_MAX) {
      throw new RecordingException(
          "says that it unpacks to " + Integer.toUnsignedLong(length) + " bytes");
    }
    byte[] body = new byte[length];
    try (Inflater inflater = new Inflater()) {
      inflater.setInput(block, HEAD, block.length - HEAD);
      int so = 0;
      while (so < length) {
        int more = inflater.inflate(body, so, length - so);
        if (more == 0) { // finished, cut, or in want of a dictionary
          break;
        }
        so += more;
      }
      if (so < length) {
        throw new RecordingException("unpacks to less than it says");
      }
    } catch (DataFormatException e) {
      throw new RecordingException("cannot be unpacked: " + e.getMessage(), e);
    }
    return body;
  }

  private static byte[] deflate(byte[] body) {
    try (Deflater deflater = new Deflater()) {
      deflater.setInput(body);
      deflater.finish();
      ByteArrayOutputStream packed = new ByteArrayOutputStream();
      byte[] some = new byte[8192];
      while (!deflater.finished()) {
        packed.write(some, 0, deflater.deflate(some));
      }
      return packed.toByteArray();
    }
  }

  /** Of the frame without the digest's own place, and of the body. */
  private static byte[] digest(byte[] block) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      digest.update(block, 0, CHECKED);
      digest.update(block, HEAD, block.length - HEAD);
      return digest.digest();
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }
}
