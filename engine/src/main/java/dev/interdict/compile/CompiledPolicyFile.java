package dev.interdict.compile;

import dev.interdict.event.ReadSet;
import dev.interdict.policy.Diagnostic;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.LocalDateTime;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import java.util.zip.ZipOutputStream;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/**
 * A {@link CompiledPolicy} as three files, in a directory or in one zip archive: {@code
 * policy.wasm}, {@code data.json} and {@code compiled.json} with the rest. Equal policies give
 * equal bytes.
 */
public final class CompiledPolicyFile {
  private static final String WASM = "policy.wasm";
  private static final String DATA = "data.json";
  private static final String META = "compiled.json";
  private static final Set<String> NAMES = Set.of(WASM, DATA, META);

  /* An archive comes from a client: a few bytes must not unpack to gigabytes. */
  private static final int FILE_BYTES_MAX = 32 << 20;
  private static final LocalDateTime NO_TIME = LocalDateTime.of(1980, 1, 1, 0, 0);
  private static final JsonMapper JSON = JsonMapper.shared();

  private record Meta(
      String name,
      String digest,
      String tables,
      List<Concerns.Concern> concerns,
      Set<String> reads,
      Set<String> labels,
      Set<String> literals,
      List<Diagnostic> warnings) {}

  private CompiledPolicyFile() {}

  /** The policy as one archive. */
  public static byte[] toBytes(CompiledPolicy policy) {
    var out = new ByteArrayOutputStream();
    try (var zip = new ZipOutputStream(out)) {
      for (Map.Entry<String, byte[]> file : files(policy).entrySet()) {
        ZipEntry entry = new ZipEntry(file.getKey());
        entry.setTimeLocal(NO_TIME);
        zip.putNextEntry(entry);
        zip.write(file.getValue());
      }
    } catch (IOException e) {
      throw new AssertionError("memory does not fail", e);
    }
    return out.toByteArray();
  }

  /**
   * Reads an archive.
   *
   * @throws IOException if it is not one, or too large
   */
  public static CompiledPolicy fromBytes(byte[] archive) throws IOException {
    Map<String, byte[]> files = new HashMap<>();
    try (var zip = new ZipInputStream(new ByteArrayInputStream(archive))) {
      for (ZipEntry entry = zip.getNextEntry(); entry != null; entry = zip.getNextEntry()) {
        if (!NAMES.contains(entry.getName())) {
          throw new IOException("compiled policy: unexpected file " + entry.getName());
        }
        byte[] content = zip.readNBytes(FILE_BYTES_MAX + 1);
        if (content.length > FILE_BYTES_MAX) {
          throw new IOException(
              "compiled policy: "
                  + entry.getName()
                  + " is larger than "
                  + FILE_BYTES_MAX
                  + " bytes");
        }
        files.put(entry.getName(), content);
      }
    }
    return policy(files);
  }

  /**
   * Writes the files into {@code directory}, which appears whole or not at all.
   *
   * @throws IOException if it cannot be written
   */
  public static void write(CompiledPolicy policy, Path directory) throws IOException {
    Path parent = Files.createDirectories(directory.toAbsolutePath().getParent());
    Path draft = Files.createTempDirectory(parent, ".draft");
    try {
      for (Map.Entry<String, byte[]> file : files(policy).entrySet()) {
        Files.write(draft.resolve(file.getKey()), file.getValue());
      }
      Files.move(draft, directory, StandardCopyOption.ATOMIC_MOVE);
    } finally {
      delete(draft);
    }
  }

  /** Removes what {@link #write} has written, whatever is left of it. */
  static void delete(Path directory) throws IOException {
    for (String name : NAMES) {
      Files.deleteIfExists(directory.resolve(name));
    }
    Files.deleteIfExists(directory);
  }

  /**
   * Reads what {@link #write} has written.
   *
   * @throws IOException if a file is missing or damaged
   */
  public static CompiledPolicy read(Path directory) throws IOException {
    Map<String, byte[]> files = new HashMap<>();
    for (String name : NAMES) {
      try (var in = Files.newInputStream(directory.resolve(name))) {
        files.put(name, in.readNBytes(FILE_BYTES_MAX));
      }
    }
    return policy(files);
  }

  private static Map<String, byte[]> files(CompiledPolicy policy) {
    Meta meta =
        new Meta(
            policy.name(),
            policy.digest(),
            policy.tables(),
            policy.concerns().any(),
            policy.reads().paths(),
            policy.labels(),
            policy.literals(),
            policy.warnings());
    return new TreeMap<>(
        Map.of(WASM, policy.wasm(), DATA, policy.data(), META, JSON.writeValueAsBytes(meta)));
  }

  private static CompiledPolicy policy(Map<String, byte[]> files) throws IOException {
    if (!files.keySet().equals(NAMES)) {
      throw new IOException("compiled policy: it has " + files.keySet() + ", not " + NAMES);
    }
    try {
      Meta meta = JSON.readValue(files.get(META), Meta.class);
      return new CompiledPolicy(
          meta.name(),
          meta.digest(),
          files.get(WASM),
          files.get(DATA),
          Objects.requireNonNullElse(meta.tables(), CompiledPolicy.NO_TABLES),
          new Concerns(meta.concerns()),
          new ReadSet(meta.reads()),
          Objects.requireNonNullElse(meta.labels(), Set.of()),
          meta.literals(),
          meta.warnings());
    } catch (JacksonException | NullPointerException e) {
      throw new IOException("compiled policy: " + META + " cannot be read: " + e.getMessage(), e);
    }
  }
}
