package dev.interdict.eval;

import com.dylibso.chicory.compiler.MachineFactoryCompiler;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
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
import java.util.Arrays;
import java.util.Collection;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.Map;
import java.util.Set;

/**
 * Translated policies on disk, for each translator: a file for each module with the classes that
 * are its own, and one for each class that modules share. What is in here runs inside the engine,
 * so the directory must belong to the engine's user and be writable by nobody else.
 *
 * <p>Each file begins with the SHA-256 of the rest: what a crash or a full disk has spoiled is not
 * there. Safe for use by many threads and processes: files appear whole. What is not used for long
 * goes ({@link StaleCode}).
 */
final class ClassCache {
  private static final Set<PosixFilePermission> PRIVATE =
      PosixFilePermissions.fromString("rwx------");

  private static final int DIGEST_BYTES = 32;

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
    StaleCode.touch(directory);
  }

  /**
   * The translation of a module.
   *
   * @param module its digest in hex
   * @return null if it is not there, whole and with all it shares
   * @throws IOException if the directory cannot be read
   */
  PolicyCode get(String module) throws IOException {
    try {
      return PolicyCode.fromBytes(
          read(module), name -> SharedCode.LOADER.has(name) ? null : read(name));
    } catch (NoSuchFileException | EOFException e) {
      return null;
    }
  }

  /** Keeps a translation. */
  void put(String module, PolicyCode code) throws IOException {
    for (Map.Entry<String, byte[]> shared : code.shared().entrySet()) {
      if (!has(shared.getKey())) {
        put(shared.getKey(), shared.getValue());
      }
    }
    put(module, code.toBytes());
  }

  /** Whether a file of this name is there, whole. */
  boolean has(String name) throws IOException {
    return find(name) != null;
  }

  /** The content of a file; null if it is not there, whole. */
  byte[] find(String name) throws IOException {
    try {
      return read(name);
    } catch (NoSuchFileException | EOFException e) {
      return null;
    }
  }

  /** Names of the shared classes of a module; none if it is not there, whole. */
  Set<String> shared(String module) throws IOException {
    Set<String> names = new HashSet<>();
    try {
      PolicyCode.fromBytes(
          content(module),
          name -> {
            names.add(name);
            return null;
          });
      return names;
    } catch (NoSuchFileException | EOFException e) {
      return Set.of();
    }
  }

  /**
   * Now and then, takes out what nobody has used for long.
   *
   * @param inUse modules that this process has loaded
   * @throws IOException if the directory cannot be read
   */
  void prune(Collection<String> inUse) throws IOException {
    if (StaleCode.isDue(directory)) {
      inUse.forEach(module -> StaleCode.touch(directory.resolve(module)));
      StaleCode.prune(this, directory);
    }
  }

  private byte[] read(String name) throws IOException {
    byte[] content = content(name);
    StaleCode.touch(directory.resolve(name));
    return content;
  }

  private byte[] content(String name) throws IOException {
    byte[] file = Files.readAllBytes(directory.resolve(name));
    byte[] content = Arrays.copyOfRange(file, Math.min(file.length, DIGEST_BYTES), file.length);
    if (!Arrays.equals(sha256(content), 0, DIGEST_BYTES, file, 0, file.length - content.length)) {
      throw new EOFException(name + " is spoiled");
    }
    return content;
  }

  /** Keeps a file. */
  void put(String name, byte[] content) throws IOException {
    Path whole = Files.createTempFile(directory, "new-", ".tmp");
    try {
      ByteBuffer file = ByteBuffer.allocate(DIGEST_BYTES + content.length);
      Files.write(whole, file.put(sha256(content)).put(content).array());
      Files.move(whole, directory.resolve(name), StandardCopyOption.ATOMIC_MOVE);
    } finally {
      Files.deleteIfExists(whole);
    }
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
    for (Class<?> part : new Class<?>[] {Translation.class, CodeLinks.class, PolicyCode.class}) {
      try (InputStream code = part.getResourceAsStream(part.getSimpleName() + ".class")) {
        digest.update(code.readAllBytes());
      }
    }
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

  static MessageDigest newSha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every Java has SHA-256", e);
    }
  }
}
