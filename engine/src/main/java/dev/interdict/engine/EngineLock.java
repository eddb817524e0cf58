package dev.interdict.engine;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Held by an engine from the first moment of its start to its end, and by who takes away what
 * engines leave: two of them would undo each other's work. The kernel gives it back if its process
 * dies.
 */
public final class EngineLock implements AutoCloseable {
  private static final String NAME = "engine.lock";

  private static final Set<PosixFilePermission> OWNER =
      PosixFilePermissions.fromString("rwx------");

  private final FileChannel channel;

  private EngineLock(FileChannel channel) {
    this.channel = channel;
  }

  /**
   * Takes the lock; makes the directory if there is none. It is for its owner only, also one that
   * was there before, if it is empty or an engine's.
   *
   * @param state the state directory
   * @throws IOException if another engine holds it, or the directory cannot be used
   */
  static EngineLock take(Path state) throws IOException {
    Files.createDirectories(state, PosixFilePermissions.asFileAttribute(OWNER));
    if (Files.exists(state.resolve(NAME)) || isEmpty(state)) { // else a slip would lock /tmp
      Files.setPosixFilePermissions(state, OWNER);
    }
    EngineLock lock = tryTake(state);
    if (lock == null) {
      throw new IOException("another engine runs here: it holds " + state.resolve(NAME));
    }
    return lock;
  }

  private static boolean isEmpty(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.findAny().isEmpty();
    }
  }

  /**
   * Takes the lock if nobody has it.
   *
   * @param state the state directory, which must exist
   * @return null if another holds it
   * @throws IOException if the directory cannot be used
   */
  public static EngineLock tryTake(Path state) throws IOException {
    FileChannel channel =
        FileChannel.open(state.resolve(NAME), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    try {
      FileLock lock = channel.tryLock();
      if (lock != null) {
        return new EngineLock(channel);
      }
    } catch (OverlappingFileLockException e) {
      // Held by this process: the same answer.
    }
    channel.close();
    return null;
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
