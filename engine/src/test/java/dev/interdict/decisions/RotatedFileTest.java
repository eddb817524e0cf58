package dev.interdict.decisions;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.interdict.decisions.RotatedFile.Disk;
import dev.interdict.decisions.RotatedFile.DiskFullException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RotatedFileTest {
  @TempDir Path temporary;
  private Path path;

  @BeforeEach
  void name() {
    path = temporary.resolve("log/decisions.jsonl");
  }

  private RotatedFile open(long maxBytes, int files) throws IOException {
    return new RotatedFile(path, maxBytes, files, Disk.REAL);
  }

  private static void append(RotatedFile file, String lines) throws IOException {
    file.append(lines.getBytes(UTF_8));
  }

  @Test
  void itMustBeRotatedBeforeItIsTooLargeAndTheOldestMustGo() throws IOException {
    try (RotatedFile file = open(4, 3)) {
      for (int i = 0; i < 9; i++) {
        append(file, i + "\n");
      }
    }
    assertEquals("8\n", Files.readString(path));
    assertEquals("6\n7\n", Files.readString(numbered(1)));
    assertEquals("4\n5\n", Files.readString(numbered(2)));
    assertFalse(Files.exists(numbered(3)));
  }

  @Test
  void fewerFilesThanBeforeMustLeaveNoMore() throws IOException {
    try (RotatedFile file = open(2, 6)) {
      for (int i = 0; i < 9; i++) {
        append(file, i + "\n");
      }
    }
    assertTrue(Files.exists(numbered(5)));
    try (RotatedFile file = open(2, 2)) {
      append(file, "9\n");
    }
    try (Stream<Path> left = Files.list(path.getParent())) {
      assertEquals(List.of(path, numbered(1)), left.sorted().toList());
    }
    assertEquals("9\n", Files.readString(path));
  }

  @Test
  void itMustNotBeReadByOthers() throws IOException {
    try (RotatedFile file = open(100, 2)) {
      append(file, "a\n");
    }
    assertEquals(0, (Integer) Files.getAttribute(path, "unix:mode") & 0137, "at most 0640");
    assertEquals(0, (Integer) Files.getAttribute(path.getParent(), "unix:mode") & 0027);
  }

  @Test
  void oneThatWasMovedAwayMustBeMadeAnew() throws IOException {
    try (RotatedFile file = open(100, 2)) {
      append(file, "a\n");
      Files.move(path, numbered(7));
      append(file, "b\n");
      Files.delete(path);
      append(file, "c\n");
      Files.move(path, numbered(8));
      Files.writeString(path, "theirs\n");
      append(file, "d\n");
    }
    assertEquals("a\n", Files.readString(numbered(7)));
    assertEquals("c\n", Files.readString(numbered(8)));
    assertEquals("theirs\nd\n", Files.readString(path));
  }

  @Test
  void oneThatWasEmptiedInItsPlaceMustGoOnAtItsBeginning() throws IOException {
    try (RotatedFile file = open(100, 2)) {
      append(file, "a\n");
      Files.write(path, new byte[0]);
      append(file, "b\n");
    }
    assertEquals("b\n", Files.readString(path));
  }

  @Test
  void aLineThatACrashHasTornMustNotTearTheNext() throws IOException {
    Files.createDirectory(path.getParent());
    Files.writeString(path, "a\nhal");
    try (RotatedFile file = open(100, 2)) {
      append(file, "b\n");
      append(file, "c\n");
    }
    assertEquals("a\nhal\nb\nc\n", Files.readString(path));
  }

  @Test
  void halfOfWhatCouldNotBeWrittenMustBeTakenBack() throws IOException {
    Half disk = new Half();
    try (RotatedFile file = new RotatedFile(path, 100, 2, disk)) {
      append(file, "a\n");
      disk.left = 3;
      assertThrows(DiskFullException.class, () -> append(file, "b is long\n"));
      assertEquals("a\n", Files.readString(path));
      disk.truncates = false;
      disk.left = 3;
      assertThrows(DiskFullException.class, () -> append(file, "b is long\n"));
      assertEquals("a\nb i", Files.readString(path));
      disk.left = 100;
      append(file, "b is long\n");
    }
    assertEquals("a\nb i\nb is long\n", Files.readString(path));
  }

  @Test
  void aDiskThatHasRoomMustNotBeCalledFull() throws IOException {
    Half disk = new Half();
    disk.left = 0;
    disk.room = 1 << 20;
    try (RotatedFile file = new RotatedFile(path, 100, 2, disk)) {
      IOException thrown = assertThrows(IOException.class, () -> append(file, "a\n"));
      assertFalse(thrown instanceof DiskFullException);
    }
  }

  /** The kernel's own answer of a full disk, if its device is there. */
  @Test
  void theDeviceThatIsAlwaysFullMustBeAFullDisk() throws IOException {
    Disk full =
        new Disk() {
          @Override
          public SeekableByteChannel open(Path file) throws IOException {
            return FileChannel.open(Path.of("/dev/full"), StandardOpenOption.WRITE);
          }

          @Override
          public long room(Path file) {
            return 0;
          }
        };
    try (RotatedFile file = new RotatedFile(path, 100, 2, full)) {
      assertThrows(DiskFullException.class, () -> append(file, "a\n"));
    }
  }

  @Test
  void whatCannotBeALogMustBeRefusedWithTheReason() throws Exception {
    Files.createDirectory(path.getParent());
    Files.createSymbolicLink(path, temporary.resolve("elsewhere"));
    assertRefused("is no regular file");
    Files.delete(path);
    assertEquals(0, new ProcessBuilder("mkfifo", path.toString()).start().waitFor());
    assertRefused("is no regular file");
    Files.delete(path);
    Files.createDirectory(path);
    assertRefused("is a directory");
    Files.delete(path);
    Files.setPosixFilePermissions(path.getParent(), PosixFilePermissions.fromString("rwxrwxr-x"));
    assertRefused("can be written to by others");
  }

  @Test
  void noFolderOnTheWayMayBelongToOthers() throws IOException {
    Path own = Files.createDirectories(path.getParent());
    Files.setPosixFilePermissions(temporary, PosixFilePermissions.fromString("rwxrwxrwx"));
    assertRefused(temporary + " can be written to by others");
    Files.setAttribute(temporary, "unix:mode", 01777);
    ready();
    Files.setPosixFilePermissions(temporary, PosixFilePermissions.fromString("rwx------"));
    Assumptions.assumeTrue(Files.getOwner(own).getName().equals("root"));
    Files.setAttribute(own, "unix:uid", 65_534);
    assertRefused(own + " can be written to by others");
  }

  @Test
  void whatIsThereMustBeClosedToOthersAndMustNotBeTheirs() throws IOException {
    Files.createDirectory(path.getParent());
    Files.writeString(path, "before\n");
    Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rwxrw-r--"));
    try (RotatedFile file = open(100, 2)) {
      file.ready();
      assertEquals(0640, (Integer) Files.getAttribute(path, "unix:mode") & 0777);
      Files.delete(path);
      Files.writeString(path, "theirs\n");
      Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rw-r--r--"));
      append(file, "a\n");
      assertEquals(0640, (Integer) Files.getAttribute(path, "unix:mode") & 0777);
    }
    assertEquals("theirs\na\n", Files.readString(path));
    Assumptions.assumeTrue(Files.getOwner(path).getName().equals("root"));
    Files.setAttribute(path, "unix:uid", 65_534);
    assertRefused(path + " can be written to by others");
  }

  @Test
  void aLinkThatComesLaterMustNotBeFollowed() throws IOException {
    Path target = temporary.resolve("elsewhere");
    Files.writeString(target, "");
    try (RotatedFile file = open(100, 2)) {
      append(file, "a\n");
      Files.delete(path);
      Files.createSymbolicLink(path, target);
      assertThrows(IOException.class, () -> append(file, "b\n"));
    }
    assertEquals("", Files.readString(target));
  }

  /** An engine starts beside it, and logs as soon as it can. */
  @Test
  void aPlaceThatBecomesOwnMustBeTakenAndNothingBeMadeInOneOfOthers() throws IOException {
    Files.setPosixFilePermissions(temporary, PosixFilePermissions.fromString("rwxrwxr-x"));
    try (RotatedFile file = open(100, 2)) {
      assertThrows(IOException.class, file::ready);
      assertThrows(IOException.class, () -> append(file, "a\n"));
      assertFalse(Files.exists(path.getParent()));
      Files.setPosixFilePermissions(temporary, PosixFilePermissions.fromString("rwxr-xr-x"));
      append(file, "b\n");
    }
    assertEquals("b\n", Files.readString(path));
  }

  private void ready() throws IOException {
    try (RotatedFile file = open(100, 2)) {
      file.ready();
    }
  }

  private void assertRefused(String why) {
    IOException refused = assertThrows(IOException.class, this::ready);
    assertTrue(refused.getMessage().contains(why), refused.getMessage());
  }

  private Path numbered(int i) {
    return path.resolveSibling("decisions.jsonl." + i);
  }

  /** Takes some bytes, and then none. */
  private static final class Half implements Disk {
    int left = 100;
    long room;
    boolean truncates = true;

    @Override
    public SeekableByteChannel open(Path file) throws IOException {
      SeekableByteChannel real = REAL.open(file);
      return new SeekableByteChannel() {
        @Override
        public int write(ByteBuffer from) throws IOException {
          if (left == 0) {
            throw new IOException("no more");
          }
          int some = Math.min(left, from.remaining());
          left -= some;
          ByteBuffer part = from.slice(from.position(), some);
          from.position(from.position() + some);
          return real.write(part);
        }

        @Override
        public SeekableByteChannel truncate(long size) throws IOException {
          if (!truncates) {
            throw new IOException("not this either");
          }
          real.truncate(size);
          return this;
        }

        @Override
        public int read(ByteBuffer into) throws IOException {
          return real.read(into);
        }

        @Override
        public long position() throws IOException {
          return real.position();
        }

        @Override
        public SeekableByteChannel position(long at) throws IOException {
          real.position(at);
          return this;
        }

        @Override
        public long size() throws IOException {
          return real.size();
        }

        @Override
        public boolean isOpen() {
          return real.isOpen();
        }

        @Override
        public void close() throws IOException {
          real.close();
        }
      };
    }

    @Override
    public long room(Path file) {
      return room;
    }
  }
}
