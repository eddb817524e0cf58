package dev.interdict.control;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;

/** The steps by which the store changes its files; tests stop between any two of them. */
interface Disk {

  /** Makes or overwrites a file; when this returns its content is on the disk. */
  void write(Path file, byte[] content) throws IOException;

  /** Gives a file another name, in place of what had it; when this returns it has. */
  void rename(Path from, Path to) throws IOException;

  /** Takes a file away, if it is there still. */
  void delete(Path file) throws IOException;

  /**
   * Writes {@code content} behind the first {@code keep} bytes of a file, in place of all that is
   * there, or behind its end if it is shorter; makes it if there is none. When this returns it is
   * on the disk.
   */
  void append(Path file, long keep, byte[] content) throws IOException;

  /** The disk of this machine. */
  Disk REAL =
      new Disk() {
        @Override
        public void write(Path file, byte[] content) throws IOException {
          try (FileChannel channel =
              FileChannel.open(
                  file,
                  StandardOpenOption.CREATE,
                  StandardOpenOption.TRUNCATE_EXISTING,
                  StandardOpenOption.WRITE)) {
            write(channel, content);
          }
        }

        @Override
        public void rename(Path from, Path to) throws IOException {
          Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
          force(to.getParent());
        }

        @Override
        public void delete(Path file) throws IOException {
          Files.deleteIfExists(file);
        }

        @Override
        public void append(Path file, long keep, byte[] content) throws IOException {
          boolean made = !Files.exists(file);
          try (FileChannel channel =
              FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            channel.truncate(keep).position(channel.size());
            write(channel, content);
          }
          if (made) {
            force(file.getParent());
          }
        }

        private void force(Path directory) throws IOException {
          try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
            channel.force(true);
          }
        }

        private void write(FileChannel channel, byte[] content) throws IOException {
          ByteBuffer bytes = ByteBuffer.wrap(content);
          while (bytes.hasRemaining()) {
            channel.write(bytes);
          }
          channel.force(true);
        }
      };
}
