package dev.interdict.recording;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.interdict.eval.PolicySet;
import dev.interdict.event.Hook;
import dev.interdict.policy.Policy;
import dev.interdict.recording.RecordingReader.Outcome;
import dev.interdict.recording.Tuple.Answer;
import dev.interdict.recording.Tuple.KnownAs;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.zip.Deflater;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.json.JsonMapper;

class RecordingReaderTest {
  private static final RecordedSet SET =
      new RecordedSet(
          Instant.ofEpochMilli(1000),
          "1.2",
          Set.of("process.uid"),
          List.of(
              new RecordedSet.Active(
                  "a",
                  "abc",
                  new PolicySet.Where(
                      Set.of(Hook.FILE_OPEN, Hook.EXEC),
                      Policy.Scope.of(
                          List.of("/x.slice", "/y*"),
                          List.of("eth0"),
                          List.of("z.service"),
                          List.of(Map.of("image", "a:*", "pod", "b"), Map.of("state", "known"))),
                      Set.of(Hook.FILE_OPEN)))),
          Set.of("/etc/shadow"));
  private static final Gap GAP = new Gap("queue", 7, Instant.ofEpochMilli(3000));

  @TempDir Path folder;
  private Path file;

  private final List<Object> told = new ArrayList<>();
  private final RecordingReader.Visitor visitor =
      new RecordingReader.Visitor() {
        @Override
        public void tuple(RecordedSet set, Tuple tuple) {
          assertEquals(SET, set);
          told.add(tuple);
        }

        @Override
        public void gap(Gap gap) {
          told.add(gap);
        }
      };

  @BeforeEach
  void name() {
    file = folder.resolve("a.irec");
  }

  private static Tuple tuple(int n) {
    return new Tuple(
        JsonMapper.shared()
            .readTree("{\"hook\":\"file_open\",\"process\":{\"uid\":" + n + "},\"file\":{}}"),
        Set.of("process.uid", "file.path"),
        new KnownAs(Set.of("/etc/shadow"), false),
        new KnownAs(Set.of(), true),
        Instant.ofEpochMilli(1500),
        Instant.ofEpochMilli(2500),
        n + 1,
        Map.of("a", Answer.DENY, "b", Answer.NONE, "c", Answer.ALLOW),
        n % 2 == 0);
  }

  private static byte[] block(Object... lines) {
    return Block.pack(body(lines));
  }

  private static byte[] body(Object... lines) {
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    for (Object line : lines) {
      switch (line) {
        case RecordedSet set -> Lines.write(body, set);
        case Gap gap -> Lines.write(body, gap);
        case Tuple tuple -> Lines.write(body, tuple);
        case Instant end -> Lines.writeEnd(body, end);
        default -> body.writeBytes((line + "\n").getBytes(UTF_8));
      }
    }
    return body.toByteArray();
  }

  /** Each behind the one before it. */
  private static byte[][] chain(byte[]... blocks) {
    byte[] before = Block.NONE;
    byte[][] chained = new byte[blocks.length][];
    for (int i = 0; i < blocks.length; i++) {
      chained[i] = Block.after(before, blocks[i]);
      before = Block.checksum(chained[i]);
    }
    return chained;
  }

  private Outcome read(byte[]... blocks) {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    Arrays.stream(blocks).forEach(all::writeBytes);
    try {
      Files.write(file, all.toByteArray());
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
    told.clear();
    return RecordingReader.read(file, visitor);
  }

  private String refusal(byte[]... blocks) {
    return assertThrows(RecordingException.class, () -> read(blocks))
        .getMessage()
        .replace(folder + "/", "");
  }

  @Test
  void whatWasWrittenIsRead() {
    byte[][] blocks = chain(block(SET), block(GAP, tuple(1), tuple(2), Instant.EPOCH));
    assertEquals(new Outcome(2, null), read(blocks));
    assertEquals(List.of(GAP, tuple(1), tuple(2)), told);
  }

  /** Of a file that was cut, at whatever byte, all whole blocks are used, and the cut is told. */
  @Test
  void aCutFileSaysSoAndItsWholeBlocksAreUsed() {
    byte[][] blocks = chain(block(SET, tuple(1)), block(tuple(2), Instant.EPOCH));
    byte[] first = blocks[0];
    byte[] second = blocks[1];
    for (int length = 0; length <= second.length; length++) {
      Outcome outcome = read(first, Arrays.copyOf(second, length));
      boolean whole = length == second.length;
      assertEquals(whole ? List.of(tuple(1), tuple(2)) : List.of(tuple(1)), told);
      if (whole) {
        assertNull(outcome.cut(), "at " + length);
      } else if (length == 0) {
        assertTrue(outcome.cut().contains("has no end after its 1 blocks"), outcome.cut());
      } else {
        assertTrue(
            outcome.cut().contains("was cut in block 2, at byte " + first.length), outcome.cut());
      }
    }
    for (int length = 1; length < first.length; length++) {
      assertEquals(
          "cannot read a.irec: it was cut in its first block; export it again",
          refusal(Arrays.copyOf(first, length)));
    }
  }

  /** Any bit of any byte. */
  @Test
  void aChangedFileIsRefused() {
    byte[][] blocks = chain(block(SET, tuple(1)), block(tuple(2), Instant.EPOCH));
    byte[] first = blocks[0];
    byte[] second = blocks[1];
    for (int at = 0; at < second.length; at++) {
      byte[] forged = second.clone();
      forged[at] ^= (byte) (1 << at % 8);
      boolean length = at >= 8 && at < 12; // more than there is: a file that ends too early
      try {
        Outcome outcome = read(first, forged);
        assertTrue(length && outcome.cut() != null, "byte " + at);
      } catch (RecordingException e) {
        assertTrue(e.getMessage().contains("block 2, at byte " + first.length), e.getMessage());
      }
      assertEquals(List.of(tuple(1)), told, "nothing of the changed block counts");
    }
  }

  /** Each of them whole. */
  @Test
  void aBlockThatWasTakenOutPutInOrMovedIsRefused() {
    byte[][] b =
        chain(block(SET), block(tuple(1)), block(tuple(2)), block(tuple(3), Instant.EPOCH));
    assertNull(read(b).cut());
    String why =
        ", does not follow what stands before it; it was changed or damaged, export it again";
    for (byte[][] other :
        List.of(
            new byte[][] {b[0], b[2], b[3]},
            new byte[][] {b[0], b[1], b[1], b[2], b[3]},
            new byte[][] {b[0], b[2], b[1], b[3]},
            new byte[][] {b[1], b[2], b[3]},
            new byte[][] {b[0], b[1], b[2], b[3], b[0]})) {
      assertTrue(refusal(other).endsWith(why), refusal(other));
    }
  }

  @Test
  void aForeignFileIsNoRecording() {
    String why =
        "a.irec is no recording: it does not begin with IREC; interdict record export writes one";
    assertEquals(why, refusal("apiVersion: interdict.dev/v1\n".getBytes(UTF_8)));
    assertEquals(why, refusal("x".getBytes(UTF_8)));
    assertEquals(
        "cannot read a.irec: it is empty; interdict record export writes one",
        refusal(new byte[0]));
    assertEquals(
        "cannot read the recording " + folder + "/none: there is no such file",
        assertThrows(
                RecordingException.class,
                () -> RecordingReader.read(folder.resolve("none"), visitor))
            .getMessage());
  }

  @Test
  void whatALaterReleaseAddsIsSkipped() {
    String more = new String(body(tuple(1)), UTF_8).strip();
    String changed =
        more.replace("\"seen\":", "\"mood\":{\"of\":[1]},\"seen\":")
            .replace("\"hook\":", "\"weather\":\"fine\",\"hook\":");
    assertTrue(changed.length() > more.length() + 30, changed);
    byte[] later =
        Block.pack(body("{\"colour\":{\"x\":1}}", changed), Block.FORMAT + 1, Block.FORMAT);
    assertEquals(2, read(chain(block(SET), later)).blocks());
    Tuple found = (Tuple) told.getFirst();
    assertEquals(tuple(1).seen(), found.seen());
    assertEquals("fine", found.fact("weather"));
    assertEquals(1, told.size());
  }

  @Test
  void whatOnlyAnotherReleaseCanReadIsRefusedAndSaysSo() {
    String place = "cannot read a.irec: block 2, at byte " + block(SET).length + ", is in ";
    assertEquals(
        place + "a later format (3, this interdict reads up to 2); read it with a newer interdict",
        refusal(block(SET), Block.pack(body(tuple(1)), Block.FORMAT + 1, Block.FORMAT + 1)));
    assertEquals(
        place + "an earlier format (1, this interdict reads 2); record anew",
        refusal(block(SET), Block.pack(body(tuple(1)), 1, 1)));
  }

  @Test
  void whatIsNoLineIsRefusedWithItsPlace() {
    String place = "cannot read a.irec: block 1, at byte 0, line ";
    assertTrue(refusal(block("{\"set\"")).startsWith(place + "1 cannot be read"));
    assertEquals(
        place + "2 cannot be read: no count \"asks\"; it was changed or damaged, export it again",
        refusal(block(SET, "{\"tuple\":{\"input\":{},\"first\":1,\"last\":1,\"asks\":-1}}")));
    assertTrue(refusal(block(tuple(1))).contains("a tuple stands before its set"));
    assertTrue(refusal(block(SET, "{\"tuple\":[]}")).contains("a tuple has no input"));
  }

  /** A small file that says it unpacks to a large one. */
  @Test
  void lengthsAreNotBelieved() {
    byte[] block = block(SET);
    byte[] huge = block.clone();
    java.nio.ByteBuffer.wrap(huge).putInt(8, Integer.MAX_VALUE);
    assertTrue(refusal(huge).contains("says that it has 2147483647 bytes"), refusal(huge));
  }

  /** Some kilobytes that would be a gigabyte of objects. */
  @Test
  void aLineOfTooMuchIsRefused() {
    String lists = "{\"x\":[" + "[],".repeat(2_000_000) + "0]}";
    assertTrue(refusal(block(SET, lists)).contains("line 2 cannot be read"), refusal(block(lists)));
    String text = "{\"x\":\"" + "y".repeat(17 << 20) + "\"}";
    assertTrue(refusal(block(SET, text)).contains("line 2 has more than"), refusal(block(text)));
  }

  /** It would ask for more for ever. */
  @Test
  @Timeout(60)
  void aBlockThatWantsADictionaryIsRefused() {
    Deflater packer = new Deflater();
    packer.setDictionary("dictionary".getBytes(UTF_8));
    packer.setInput("x".repeat(100).getBytes(UTF_8));
    packer.finish();
    byte[] block = new byte[1000];
    packer.deflate(block, Block.HEAD, block.length - Block.HEAD);
    packer.end();
    ByteBuffer.wrap(block).putInt(12, 100);
    RecordingException refused = assertThrows(RecordingException.class, () -> Block.body(block));
    assertEquals("unpacks to less than it says", refused.getMessage());
  }
}
