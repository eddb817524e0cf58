package dev.interdict.bundle;

import dev.interdict.libbpf.PlainFile;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;
import java.util.zip.GZIPOutputStream;

/** Bundles as bytes: a tar inside of gzip, or a folder with the same files. */
public final class BundleArchive {
  private static final int BLOCK = 512;

  private BundleArchive() {}

  /**
   * Unpacks an archive; nothing of it is believed yet.
   *
   * @throws BundleException if it is none, is damaged, or exceeds {@code limits}
   */
  public static SortedMap<String, byte[]> unpack(byte[] archive, Limits limits)
      throws BundleException {
    if (archive.length > limits.packed()) {
      throw new BundleException(
          archive.length + " bytes; at most " + limits.packed() + " are unpacked");
    }
    try (InputStream tar =
        new Bounded(new GZIPInputStream(new ByteArrayInputStream(archive)), limits)) {
      return TarReader.read(tar, limits);
    } catch (IOException e) {
      throw new BundleException("is no gzip tar archive: " + e.getMessage(), e);
    }
  }

  /**
   * Reads an unpacked bundle.
   *
   * @throws BundleException if something else than files and folders is in it, or it exceeds {@code
   *     limits}
   * @throws IOException if it cannot be read
   */
  public static SortedMap<String, byte[]> readFolder(Path folder, Limits limits)
      throws BundleException, IOException {
    BundlePaths paths = new BundlePaths(limits);
    List<Path> found;
    int most = 2 * limits.files(); // with their folders
    int depth = limits.depth() + 2;
    try (Stream<Path> walk = Files.walk(folder, depth)) {
      found = walk.filter(p -> !p.equals(folder)).limit(most + 1L).sorted().toList();
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
    if (found.size() > most) {
      throw new BundleException("has more than " + most + " files and folders");
    }
    for (Path path : found) {
      if (Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS)) {
        if (folder.relativize(path).getNameCount() == depth) { // not looked into
          throw new BundleException(
              "\""
                  + folder.relativize(path)
                  + "\" is more than "
                  + limits.depth()
                  + " folders deep");
        }
        continue;
      }
      String name = paths.claim(folder.relativize(path).toString());
      if (!Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS)) {
        throw new BundleException("\"" + name + "\" is no plain file; a bundle has no links");
      }
      paths.reserve(name, Files.size(path));
      paths.put(name, PlainFile.read(path, limits.unpacked())); // it may be another by now
    }
    return paths.files();
  }

  /** Packs files, in the order of their names: equal files give equal bytes. */
  static byte[] pack(SortedMap<String, byte[]> files) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (GZIPOutputStream gzip = new GZIPOutputStream(bytes)) { // it writes no time
      for (Map.Entry<String, byte[]> file : files.entrySet()) {
        byte[] content = file.getValue();
        gzip.write(header(file.getKey(), content.length));
        gzip.write(content);
        gzip.write(new byte[(BLOCK - content.length % BLOCK) % BLOCK]);
      }
      gzip.write(new byte[2 * BLOCK]);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }

  /** A ustar header: mode 0644, owner and time zero. */
  private static byte[] header(String path, int size) {
    byte[] header = new byte[BLOCK];
    int slash = path.length() > 100 ? path.lastIndexOf('/', 155) : -1;
    String name = path.substring(slash + 1);
    if (name.length() > 100 || !path.chars().allMatch(c -> c < 128)) {
      throw new IllegalArgumentException("no name for a file of a bundle: " + path);
    }
    put(header, 0, name);
    put(header, 100, "0000644\0" + "0000000\0" + "0000000\0");
    put(header, 124, "%011o".formatted(size));
    put(header, 136, "00000000000");
    put(header, 148, "        0");
    put(header, 257, "ustar\00000");
    put(header, 345, slash < 0 ? "" : path.substring(0, slash));
    int sum = 0;
    for (byte b : header) {
      sum += b & 0xff;
    }
    put(header, 148, "%06o\0 ".formatted(sum));
    return header;
  }

  private static void put(byte[] header, int at, String text) {
    byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
    System.arraycopy(bytes, 0, header, at, bytes.length);
  }

  /**
   * Ends a stream that goes on after what it may have: headers, folders and padding count too, so
   * that a small archive of a million empty folders ends as well.
   */
  private static final class Bounded extends FilterInputStream {
    private long left;

    Bounded(InputStream in, Limits limits) {
      super(in);
      // Each file may have a header, a pax header with its content, and padding.
      left = limits.unpacked() + 4L * BLOCK * (limits.files() + 16);
    }

    @Override
    public int read() throws IOException {
      int read = super.read();
      count(read < 0 ? 0 : 1);
      return read;
    }

    @Override
    public int read(byte[] bytes, int at, int length) throws IOException {
      int read = super.read(bytes, at, length);
      count(Math.max(0, read));
      return read;
    }

    private void count(int read) throws IOException {
      left -= read;
      if (left < 0) {
        throw new IOException("it unpacks to more than a bundle may have");
      }
    }
  }
}
