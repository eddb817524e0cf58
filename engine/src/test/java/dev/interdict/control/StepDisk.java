package dev.interdict.control;

import java.io.IOException;
import java.nio.file.Path;

/** A disk on which something happens in the middle of the store's steps. */
final class StepDisk implements Disk {
  /** What happens; a failure is the step's. */
  @FunctionalInterface
  interface Step {
    void at(Path file) throws IOException, InterruptedException;
  }

  /** Before a file is written. */
  volatile Step writing = file -> {};

  /** When a file is written and is to get this name. */
  volatile Step renaming = file -> {};

  /** After a file has got this name, before that is on the disk. */
  volatile Step renamed = file -> {};

  /** Before a file is taken away. */
  volatile Step deleting = file -> {};

  @Override
  public void write(Path file, byte[] content) throws IOException {
    make(writing, file);
    Disk.REAL.write(file, content);
  }

  @Override
  public void rename(Path from, Path to) throws IOException {
    make(renaming, to);
    Disk.REAL.rename(from, to);
    make(renamed, to);
  }

  private static void make(Step step, Path file) throws IOException {
    try {
      step.at(file);
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  @Override
  public void delete(Path file) throws IOException {
    make(deleting, file);
    Disk.REAL.delete(file);
  }

  @Override
  public void append(Path file, long keep, byte[] content) throws IOException {
    Disk.REAL.append(file, keep, content);
  }
}
