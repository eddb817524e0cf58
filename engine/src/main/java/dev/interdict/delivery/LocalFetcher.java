package dev.interdict.delivery;

import dev.interdict.bundle.BundleArchive;
import dev.interdict.bundle.BundleException;
import dev.interdict.bundle.Limits;
import dev.interdict.files.OwnPath;
import dev.interdict.libbpf.PlainFile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import java.util.SortedMap;
import java.util.stream.Stream;

/**
 * A bundle on this host's disk. Its tag is the digest of its content. One that will be verified may
 * lie where others write: whatever they put there, asking for it ends.
 */
final class LocalFetcher implements BundleFetcher {
  /** Whoever can write there writes this host's policies. */
  private static final String NO_KEY = "and no key is configured";

  private final Path path;
  private final boolean signed;

  /**
   * @param signed whether a signature will be asked for; if not, whoever can write the file writes
   *     the policies
   */
  LocalFetcher(Path path, boolean signed) {
    this.path = path;
    this.signed = signed;
  }

  @Override
  public Fetched fetch(String etag) throws FetchException, BundleException {
    try {
      Path found = path;
      if (!signed) {
        found = OwnPath.resolve(path, NO_KEY);
        if (Files.isDirectory(found)) {
          for (Path inside : inside(found)) {
            OwnPath.require(inside, NO_KEY);
          }
        }
      }
      return Files.isDirectory(found) ? folder(found, etag) : archive(found, etag);
    } catch (OwnPath.NotOwnException e) {
      throw new FetchException(e.getMessage(), 0, null);
    } catch (IOException e) {
      throw new FetchException("cannot read " + path + ": " + e, 0, e);
    }
  }

  private static List<Path> inside(Path folder) throws IOException {
    try (Stream<Path> walk = Files.walk(folder, Limits.DEFAULT.depth() + 2)) {
      return walk.limit(2L * Limits.DEFAULT.files()).toList();
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
  }

  private static Fetched archive(Path path, String etag) throws IOException, BundleException {
    byte[] bytes = PlainFile.read(path, Limits.DEFAULT.packed() + 1);
    String tag = HexFormat.of().formatHex(Contents.sha256().digest(bytes));
    return tag.equals(etag)
        ? new Fetched(null, tag, 0, false)
        : new Fetched(BundleArchive.unpack(bytes, Limits.DEFAULT), tag, bytes.length, false);
  }

  private static Fetched folder(Path path, String etag) throws IOException, BundleException {
    SortedMap<String, byte[]> files = BundleArchive.readFolder(path, Limits.DEFAULT);
    String tag = Contents.digest(files);
    int size = files.values().stream().mapToInt(content -> content.length).sum();
    return tag.equals(etag)
        ? new Fetched(null, tag, 0, false)
        : new Fetched(files, tag, size, false);
  }

  @Override
  public void close() {
    // nothing is open between two questions
  }
}
