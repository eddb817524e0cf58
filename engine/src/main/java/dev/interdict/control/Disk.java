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

  void delete(Path file) throws IOException;

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
            ByteBuffer bytes = ByteBuffer.wrap(content);
            while (bytes.hasRemaining()) {
              channel.write(bytes);
            }
            channel.force(true);
          }
        }

        @Override
        public void rename(Path from, Path to) throws IOException {
          Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
          try (FileChannel parent = FileChannel.open(to.getParent(), StandardOpenOption.READ)) {
            parent.force(true);
          }
        }

        @Override
        public void delete(Path file) throws IOException {
          Files.delete(file);
        }
      };
}
