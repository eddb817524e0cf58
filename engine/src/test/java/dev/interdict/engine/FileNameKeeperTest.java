package dev.interdict.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.interdict.event.EventLayouts;
import dev.interdict.event.FileNames;
import dev.interdict.libbpf.BpfException;
import dev.interdict.libbpf.MapInfo;
import dev.interdict.testkit.FakeBpfMap;
import dev.interdict.verdict.EngineState;
import dev.interdict.verdict.NamedFiles;
import dev.interdict.worker.Workers;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.HashSet;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
final class FileNameKeeperTest {
  private static final int ROOM = 8;

  private final FakeBpfMap page =
      new FakeBpfMap(MapInfo.ARRAY, 4, EventLayouts.ENGINE_STATE.size(), 1);
  private final EngineState state = new EngineState(page);
  private final FakeBpfMap places =
      new FakeBpfMap(MapInfo.HASH, EventLayouts.NAMED_PLACE.size(), 4, ROOM);
  private final FakeBpfMap files =
      new FakeBpfMap(MapInfo.HASH, EventLayouts.NAMED_FILE.size(), 4, ROOM);
  private final NameSets sets = new NameSets();
  private FileNameKeeper keeper = start();

  @TempDir Path temporary;

  private FileNameKeeper start() {
    return FileNameKeeper.start(
        new NamedFiles(places, files, state), sets, new Workers(worker -> {}), this::find);
  }

  private volatile CountDownLatch dead = new CountDownLatch(0);

  /** As it is, but for what is called dead: that does not answer until it does. */
  private Whereabouts.Found find(String name) throws IOException {
    if (name.endsWith("/dead")) {
      try {
        dead.await();
      } catch (InterruptedException e) {
        throw new IOException(e);
      }
    }
    return Whereabouts.find(name);
  }

  @AfterEach
  void close() {
    keeper.close();
  }

  @Test
  void whenAPathIsInUseTheKernelKnowsItsPlaceAndItsFile() throws IOException {
    Path file = Files.writeString(temporary.resolve("secret"), "x");
    String later = temporary.resolve("later").toString();
    keeper.use(Set.of(file.toString(), later));
    assertEquals(3, places.size(), "two places, and their folder");
    assertEquals(Set.of(Set.of(), Set.of(file.toString()), Set.of(later)), known(places));
    assertEquals(Set.of(Set.of(file.toString())), known(files));
    assertNotEquals(0, epoch(), "what programs remember is void");
  }

  /** Where no bit is set the programs do not look. Two may have one bit, by chance. */
  @Test
  void theFilterHasABitForWhatTheKernelKnowsAndForNothingElse() throws IOException {
    Path file = Files.writeString(temporary.resolve("secret"), "x");
    keeper.use(Set.of(file.toString()));
    assertBits(2); // the folder and the file
    keeper.use(Set.of(temporary.resolve("later").toString()));
    assertBits(1);
    keeper.close();
    page.memory()
        .asSlice(EventLayouts.ENGINE_STATE.offset("names_filter"))
        .fill((byte) 0); // as if somebody else had filled the maps
    keeper = start();
    assertBits(1);
  }

  private void assertBits(int entries) {
    int bits = bits();
    assertTrue(bits == entries || bits == Math.max(1, entries - 1), () -> bits + " bits");
  }

  private int bits() {
    long start = EventLayouts.ENGINE_STATE.offset("names_filter");
    int bits = 0;
    for (long at = start; at < EventLayouts.ENGINE_STATE.size(); at += Long.BYTES) {
      bits += Long.bitCount(page.memory().get(ValueLayout.JAVA_LONG, at));
    }
    return bits;
  }

  /** What is compared is names, both ways. */
  @Test
  void aSecondNameOfAFileAndTheLossOfOneAreSeen() throws IOException {
    Path one = Files.writeString(temporary.resolve("one"), "x");
    Path two = temporary.resolve("two");
    keeper.use(Set.of(one.toString(), two.toString()));
    assertEquals(Set.of(Set.of(one.toString())), known(files));

    Files.createLink(two, one);
    await(Set.of(Set.of(one.toString(), two.toString())));
    Files.delete(one);
    await(Set.of(Set.of(two.toString())));
    Path next = Files.writeString(temporary.resolve("next"), "y");
    Files.move(next, two, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    await(Set.of(Set.of(two.toString())));
    Files.delete(two);
    await(Set.of());
  }

  @Test
  void whatNobodyMentionsAnyMoreIsTakenOutByTheNextEngineToo() throws IOException {
    Path file = Files.writeString(temporary.resolve("secret"), "x");
    keeper.use(Set.of(file.toString()));
    keeper.close();
    keeper = start();
    keeper.use(Set.of("/none/of/this"));
    assertEquals(0, places.size());
    assertEquals(0, files.size());
  }

  /** Until it knows its policies, what is in force rests on what the one before has written. */
  @Test
  void anEngineThatHasNoPoliciesYetMustLeaveWhatIsThere() throws Exception {
    Path file = Files.writeString(temporary.resolve("secret"), "x");
    keeper.use(Set.of(file.toString()));
    keeper.close();
    keeper = start();
    int epoch = epoch();
    Thread.sleep(300); // three looks
    assertEquals(2, places.size());
    assertEquals(1, files.size());
    assertEquals(epoch, epoch());
    keeper.use(Set.of());
    assertEquals(0, places.size());
  }

  /** A server of files that is gone must hold up neither a change nor the other paths. */
  @Test
  void whatDoesNotAnswerHoldsUpItselfAlone() throws IOException {
    Path file = Files.writeString(temporary.resolve("file"), "x");
    String dead = Files.writeString(temporary.resolve("dead"), "y").toString();
    keeper.use(Set.of(dead));
    assertEquals(Set.of(Set.of(dead)), known(files));

    this.dead = new CountDownLatch(1);
    keeper.use(Set.of(dead, file.toString()));
    await(Set.of(Set.of(dead), Set.of(file.toString()))); // what was found of it stands
    Files.delete(file);
    await(Set.of(Set.of(dead))); // the others are looked at again and again
    Files.delete(Path.of(dead));
    this.dead.countDown();
    await(Set.of()); // a late answer counts
  }

  @Test
  void whatOnlyTheEngineBeforeHasFoundStandsUntilThereIsAnAnswer() throws IOException {
    String dead = Files.writeString(temporary.resolve("dead"), "y").toString();
    keeper.use(Set.of(dead));
    keeper.close();
    this.dead = new CountDownLatch(1);
    keeper = start();
    Path file = Files.writeString(temporary.resolve("file"), "x");
    keeper.use(Set.of(dead, file.toString()));
    await(Set.of(Set.of(dead), Set.of(file.toString())));
    Files.delete(Path.of(dead));
    this.dead.countDown();
    await(Set.of(Set.of(file.toString())));
  }

  @Test
  void nothingIsWrittenWhileNothingChanges() throws IOException {
    Path file = Files.writeString(temporary.resolve("secret"), "x");
    keeper.use(Set.of(file.toString()));
    int writes = places.writes() + files.writes();
    int epoch = epoch();
    keeper.use(Set.of(file.toString(), "/none/of/this")); // a whole look
    assertEquals(writes, places.writes() + files.writes());
    assertEquals(epoch, epoch());
  }

  @Test
  void moreThanTheKernelsSideHoldsIsAnError() {
    Set<String> many = new HashSet<>();
    for (int i = 0; i < ROOM; i++) {
      many.add(temporary.resolve("file-" + i).toString());
    }
    assertThrows(BpfException.class, () -> keeper.use(many));
    keeper.use(Set.of(temporary.resolve("one").toString()));
    assertEquals(2, places.size());
  }

  @Test
  void aNumberStandsForOneSetForEver() {
    int number = sets.number(Set.of("/a", "/b"));
    assertTrue(number > 0 && number < FileNames.NUMBERS);
    assertEquals(number, new NameSets().number(new TreeSet<>(Set.of("/b", "/a"))));
    assertNotEquals(number, sets.number(Set.of("/a")));
    assertEquals(Set.of("/a", "/b"), sets.names(number));
    assertEquals(Set.of(), sets.names(0));
    assertNull(new NameSets().names(number));
  }

  private void await(Set<Set<String>> wanted) {
    while (!known(files).equals(wanted)) {
      assertFalse(Thread.interrupted(), () -> known(files) + ", not " + wanted);
      Thread.onSpinWait();
    }
  }

  private Set<Set<String>> known(FakeBpfMap map) {
    Set<Set<String>> all = new HashSet<>();
    for (byte[] key : map.keys()) {
      map.lookup(key)
          .ifPresent(
              value ->
                  all.add(
                      sets.names(ByteBuffer.wrap(value).order(ByteOrder.nativeOrder()).getInt())));
    }
    return all;
  }

  private int epoch() {
    return page.memory().get(ValueLayout.JAVA_INT, EventLayouts.ENGINE_STATE.offset("names_epoch"));
  }
}
