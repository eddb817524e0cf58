package dev.interdict.control;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;

/** A disk that takes so many lines, and of the next ones the half. */
final class FullDisk implements Disk {
  /** Called before a file is written. */
  Runnable writing = () -> {};

  private int room = Integer.MAX_VALUE;

  void takes(int lines) {
    room = lines;
  }

  void takesAll() {
    takes(Integer.MAX_VALUE);
  }

  @Override
  public void append(Path file, long keep, byte[] content) throws IOException {
    boolean full = room-- <= 0;
    Disk.REAL.append(file, keep, full ? Arrays.copyOf(content, content.length / 2) : content);
    if (full) {
      throw new IOException("no space left");
    }
  }

  @Override
  public void write(Path file, byte[] content) throws IOException {
    writing.run();
    Disk.REAL.write(file, content);
  }

  @Override
  public void rename(Path from, Path to) throws IOException {
    Disk.REAL.rename(from, to);
  }

  @Override
  public void delete(Path file) throws IOException {
    Disk.REAL.delete(file);
  }
}
