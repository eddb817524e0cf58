package dev.interdict.pipeline;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.interdict.eval.HostNames;
import dev.interdict.event.Event;
import dev.interdict.event.EventLayouts;
import dev.interdict.event.Hook;
import dev.interdict.testkit.RecordBuilder;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;

class RecordReaderTest {
  private static final int KEY_HOOK =
      EventLayouts.EVENT.offset("key") + EventLayouts.VERDICT_KEY.offset("hook");

  private final PipelineCounters counters = new PipelineCounters();
  private final List<Event> seen = new ArrayList<>();
  private Error thrown;
  private boolean genuine = true;
  private final RecordReader reader = parts(event -> genuine).reader(this::work, counters);

  /** With no rings, to which nothing is written. */
  static Pipeline.Parts parts(Predicate<Event> genuine) {
    return new Pipeline.Parts(null, null, null, null, null, null, null, HostNames.NONE, genuine);
  }

  private void work(Event event) {
    if (thrown != null) {
      throw thrown;
    }
    seen.add(event);
  }

  private void take(byte[] record) {
    reader.accept(MemorySegment.ofArray(record), 0, record.length);
  }

  private static byte[] record() {
    return RecordBuilder.of(Hook.EXEC).uid(1).path("/bin/sh").build();
  }

  @Test
  void afterARecordWhoseHandlingThrowsAnErrorTheNextOneIsTaken() {
    thrown = new StackOverflowError("a policy's doing");
    take(record());
    thrown = new OutOfMemoryError("Java heap space");
    take(record());
    thrown = null;
    take(record());
    assertEquals(1, seen.size());
    assertEquals(2, counters.read().get("broken"));
    assertEquals(0, counters.read().get("malformed"));
  }

  @Test
  void aRecordThatIsNotWhatItsKeyWasMadeOfIsCountedAndSkipped() {
    genuine = false;
    take(record());
    genuine = true;
    take(record());
    assertEquals(1, seen.size());
    assertEquals(1, counters.read().get("malformed"));
  }

  @Test
  void aRecordWhoseKeyIsOfNoHookIsCountedAndSkipped() {
    byte[] record = record();
    record[KEY_HOOK] = 0;
    take(record);
    take(record());
    assertEquals(1, seen.size());
    assertEquals(1, counters.read().get("malformed"));
  }
}
