package dev.interdict.eval;

import com.dylibso.chicory.compiler.Cache;
import com.dylibso.chicory.compiler.MachineFactoryCompiler;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Set;

/**
 * Translated policies on disk: one jar of class bytes for each module and translator. What is in
 * here runs inside the engine, so the directory must belong to the engine's user and be writable by
 * nobody else.
 *
 * <p>Safe for use by many threads and processes: files appear whole.
 */
final class ClassCache implements Cache {
  private static final Set<PosixFilePermission> PRIVATE =
      PosixFilePermissions.fromString("rwx------");

  private final Path directory;

  /**
   * Opens or makes the directory.
   *
   * @throws IOException if it cannot be made, or others may write to it
   */
  ClassCache(Path root) throws IOException {
    makePrivate(root);
    directory = root.resolve(translator());
    makePrivate(directory);
  }

  @Override
  public byte[] get(String key) throws IOException {
    try {
      return Files.readAllBytes(file(key));
    } catch (NoSuchFileException e) {
      return null;
    }
  }

  @Override
  public void putIfAbsent(String key, byte[] data) throws IOException {
    Path whole = Files.createTempFile(directory, "new-", ".tmp");
    try {
      Files.write(whole, data);
      Files.move(whole, file(key), StandardCopyOption.ATOMIC_MOVE);
    } finally {
      Files.deleteIfExists(whole);
    }
  }

  /** Forgets what is stored under {@code key}. */
  void remove(String key) throws IOException {
    Files.deleteIfExists(file(key));
  }

  private Path file(String key) {
    return directory.resolve(
        HexFormat.of().formatHex(sha256(key.getBytes(StandardCharsets.UTF_8))) + ".jar");
  }

  private static void makePrivate(Path directory) throws IOException {
    Path parent = directory.toAbsolutePath().getParent();
    if (parent != null) {
      Files.createDirectories(parent);
    }
    try {
      Files.createDirectory(directory, PosixFilePermissions.asFileAttribute(PRIVATE));
    } catch (FileAlreadyExistsException e) {
      PosixFileAttributes found =
          Files.readAttributes(directory, PosixFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
      if (!found.isDirectory() || !found.permissions().equals(PRIVATE)) {
        throw new IOException(
            "class cache "
                + directory
                + " must be a directory with mode 0700, but others could have written to it;"
                + " remove it, or: chmod 0700 "
                + directory,
            e);
      }
      Path own = Files.createTempFile(directory, "new-", ".tmp");
      try {
        if (!Files.getOwner(own).equals(found.owner())) {
          throw new IOException(
              "class cache " + directory + " belongs to " + found.owner() + "; remove it", e);
        }
      } finally {
        Files.delete(own);
      }
    }
  }

  /* Another translator writes other classes for the same module, so its code is part of the name. */
  private static String translator() throws IOException {
    MessageDigest digest = newSha256();
    Class<?> compiler = MachineFactoryCompiler.class;
    for (String part :
        new String[] {"Compiler", "Emitters", "EmitterMap", "Shaded", "WasmAnalyzer"}) {
      try (InputStream code = compiler.getResourceAsStream("internal/" + part + ".class")) {
        if (code == null) {
          throw new IOException("the translator's class " + part + " is not in the class path");
        }
        digest.update(code.readAllBytes());
      }
    }
    return HexFormat.of().formatHex(digest.digest(), 0, 8);
  }

  static byte[] sha256(byte[] bytes) {
    return newSha256().digest(bytes);
  }

  private static MessageDigest newSha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every Java has SHA-256", e);
    }
  }
}
