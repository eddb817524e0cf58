package dev.interdict.engine;

import dev.interdict.eval.PolicyModule;
import dev.interdict.files.CodePlace;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.System.Logger.Level;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.UUID;
import java.util.stream.Stream;

/**
 * What decides beside a policy: the engine's own code. Verdicts outlive an engine, and the next one
 * may judge the same policy otherwise.
 */
final class DecidingCode {
  private static final System.Logger LOG = System.getLogger(DecidingCode.class.getName());

  /** Packages between an event and its verdict. */
  static final List<String> PACKAGES =
      List.of(
          "builtins",
          "compile",
          "engine",
          "eval",
          "event",
          "libbpf",
          "pipeline",
          "policy",
          "verdict",
          "workload");

  private DecidingCode() {}

  /**
   * Lower-case hex SHA-256 over the classes of these packages, and over what runs them. If they
   * cannot be read no digest is like it: then nothing that was decided before counts. To be called
   * at the start: an upgrade replaces the files under an engine that runs.
   */
  static String digest() {
    try {
      Path place = CodePlace.of(DecidingCode.class);
      if (Files.isDirectory(place)) {
        return digest(place);
      }
      try (FileSystem jar = FileSystems.newFileSystem(place)) {
        return digest(jar.getPath("/"));
      }
    } catch (IOException | UncheckedIOException e) {
      LOG.log(
          Level.WARNING,
          "which code decides cannot be told, so every start decides everything anew: {0}",
          e);
      return UUID.randomUUID().toString();
    }
  }

  /** Of the classes below {@code root}. */
  static String digest(Path root) throws IOException {
    MessageDigest all = sha256();
    add(all, Runtime.version().toString());
    add(all, PolicyModule.runtime());
    for (String name : PACKAGES) {
      Path folder = root.resolve("dev/interdict").resolve(name);
      if (!Files.isDirectory(folder)) {
        throw new NoSuchFileException(folder.toString());
      }
      try (Stream<Path> files = Files.walk(folder)) {
        for (Path file : files.filter(Files::isRegularFile).sorted().toList()) {
          add(all, root.relativize(file).toString());
          all.update(sha256().digest(Files.readAllBytes(file)));
        }
      }
    }
    return HexFormat.of().formatHex(all.digest());
  }

  private static void add(MessageDigest all, String text) {
    all.update((text + "\0").getBytes(StandardCharsets.UTF_8));
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every Java has SHA-256", e);
    }
  }
}
