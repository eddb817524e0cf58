package dev.interdict.bundle;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.SortedMap;

/**
 * Reads the part of tar that bundles are written in: plain files, folders, and long names by POSIX
 * pax. Links, devices and all else that an archive can hold are refused, not skipped: nobody who
 * makes a bundle needs them. That is why this is not a library for archives of every kind.
 */
final class TarReader {
  private static final int BLOCK = 512;
  private static final int NAME = 100;
  private static final int SIZE_AT = 124;
  private static final int SIZE = 12;
  private static final int CHECKSUM_AT = 148;
  private static final int CHECKSUM = 8;
  private static final int TYPE_AT = 156;
  private static final int MAGIC_AT = 257;
  private static final int PREFIX_AT = 345;
  private static final int PREFIX = 155;

  /** A pax header holds a name and some times. */
  private static final int PAX_BYTES = 8 << 10;

  private final InputStream in;
  private final BundlePaths paths;
  private final byte[] header = new byte[BLOCK];

  private TarReader(InputStream in, Limits limits) {
    this.in = in;
    this.paths = new BundlePaths(limits);
  }

  /**
   * All files by name.
   *
   * @throws BundleException if something else is in it, or more than {@code limits} allow
   * @throws IOException if the stream cannot be read or is cut off
   */
  static SortedMap<String, byte[]> read(InputStream tar, Limits limits)
      throws BundleException, IOException {
    return new TarReader(tar, limits).read();
  }

  private SortedMap<String, byte[]> read() throws BundleException, IOException {
    String longName = null;
    while (nextHeader()) {
      long size = octal(SIZE_AT, SIZE, "size");
      String name = longName == null ? name() : longName;
      longName = null;
      switch (header[TYPE_AT]) {
        case '0', 0 -> file(name, size);
        case '5' -> skipFolder(name, size);
        case 'x' -> longName = pax(size);
        default ->
            throw new BundleException(
                "\"%s\" is no plain file (tar type %s); a bundle has no links and no devices"
                    .formatted(
                        name.replaceAll("\\p{Cntrl}", "?"),
                        HexFormat.of().toHexDigits(header[TYPE_AT])));
      }
    }
    return paths.files();
  }

  /** False at the end: a block of zeros, or nothing more between two entries. */
  private boolean nextHeader() throws BundleException, IOException {
    int read = in.readNBytes(header, 0, BLOCK);
    if (read == 0) {
      return false;
    }
    if (read < BLOCK) {
      throw new EOFException("the archive is cut off");
    }
    long sum = 0;
    boolean zero = true;
    for (int i = 0; i < BLOCK; i++) {
      zero &= header[i] == 0;
      boolean own = i >= CHECKSUM_AT && i < CHECKSUM_AT + CHECKSUM;
      sum += own ? ' ' : header[i] & 0xff;
    }
    if (zero) {
      return false;
    }
    if (sum != octal(CHECKSUM_AT, CHECKSUM, "checksum")) {
      throw new BundleException("the archive is damaged: a header has a wrong checksum");
    }
    return true;
  }

  private String name() {
    String prefix = text(MAGIC_AT, 5).equals("ustar") ? text(PREFIX_AT, PREFIX) : "";
    return prefix.isEmpty() ? text(0, NAME) : prefix + "/" + text(0, NAME);
  }

  private void file(String written, long size) throws BundleException, IOException {
    String name = paths.claim(written);
    paths.reserve(name, size);
    paths.put(name, content(size));
  }

  private static void skipFolder(String name, long size) throws BundleException {
    if (size != 0) {
      throw new BundleException("the folder \"" + name + "\" has content");
    }
  }

  /** The name that the next entry has in place of its own; null: it keeps it. */
  private String pax(long size) throws BundleException, IOException {
    if (size > PAX_BYTES) {
      throw new BundleException("a pax header of " + size + " bytes");
    }
    paths.reserve("a pax header", size);
    byte[] records = content(size);
    String path = null;
    int at = 0;
    while (at < records.length) {
      int space = at;
      while (space < records.length && records[space] != ' ') {
        space++;
      }
      int length = decimal(new String(records, at, space - at, StandardCharsets.US_ASCII));
      if (length <= space - at + 1 || at + length > records.length) {
        throw new BundleException("a pax header is damaged");
      }
      String record =
          new String(records, space + 1, at + length - space - 2, StandardCharsets.UTF_8);
      if (record.startsWith("path=")) {
        path = record.substring("path=".length());
      } else if (record.startsWith("size=") || record.startsWith("GNU.sparse")) {
        throw new BundleException("a pax header says \"" + record.split("=", 2)[0] + "\"");
      }
      at += length;
    }
    return path;
  }

  private byte[] content(long size) throws IOException {
    byte[] bytes = in.readNBytes((int) size);
    long padding = (BLOCK - size % BLOCK) % BLOCK;
    if (bytes.length < size || in.readNBytes((int) padding).length < padding) {
      throw new EOFException("the archive is cut off");
    }
    return bytes;
  }

  private String text(int at, int length) {
    int end = at;
    while (end < at + length && header[end] != 0) {
      end++;
    }
    return new String(header, at, end - at, StandardCharsets.UTF_8);
  }

  private long octal(int at, int length, String what) throws BundleException {
    String digits = text(at, length).strip();
    if (!digits.matches("[0-7]{1,11}")) {
      throw new BundleException("the archive is damaged: a header has no octal " + what);
    }
    return Long.parseLong(digits, 8);
  }

  private static int decimal(String digits) throws BundleException {
    if (!digits.matches("[0-9]{1,6}")) {
      throw new BundleException("a pax header is damaged");
    }
    return Integer.parseInt(digits);
  }
}
