package dev.interdict.decisions;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.interdict.builtins.Glob;
import dev.interdict.decisions.DecisionLog.TooManyWatchersException;
import dev.interdict.decisions.DecisionRecord.Finding;
import dev.interdict.decisions.DecisionRecord.Outcome;
import dev.interdict.decisions.DecisionRecord.Subject;
import dev.interdict.event.Event;
import dev.interdict.event.Hook;
import dev.interdict.event.Workload;
import dev.interdict.testkit.Events;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

class DecisionLogTest {

  private static final Event EVENT = Events.open("/usr/bin/cat", 33, "/etc/shadow");
  private static final Duration NOW = Duration.ZERO;

  private final DecisionLog log = new DecisionLog();

  @Test
  void aWatcherMustGetWhatMatchesInOrder() throws Exception {
    try (var watcher = log.subscribe(only(Outcome.DENIED), 10, 0)) {
      log.append(record(Outcome.DENIED, "/a"), EVENT, List.of());
      log.append(record(Outcome.ALLOWED, "/b"), EVENT, List.of());
      log.append(record(Outcome.DENIED, "/c"), EVENT, List.of());

      assertEquals("/a", watcher.poll(NOW).object());
      assertEquals("/c", watcher.poll(NOW).object());
      assertNull(watcher.poll(NOW));
    }
  }

  @Test
  void aSlowWatcherMustLoseOnlyItsOwnAndBeToldHowMany() throws Exception {
    try (var slow = log.subscribe(DecisionFilter.ALL, 2, 0);
        var quick = log.subscribe(DecisionFilter.ALL, 100, 0)) {
      for (int i = 0; i < 10; i++) {
        log.append(record(Outcome.DENIED, "/" + i), EVENT, List.of());
      }

      assertEquals("/0", slow.poll(NOW).object());
      assertEquals("/1", slow.poll(NOW).object());
      assertNull(slow.poll(NOW));
      assertEquals(8, slow.takeLost());
      assertEquals(0, slow.takeLost());
      assertEquals(0, quick.takeLost());
      assertEquals("/0", quick.poll(NOW).object());
      assertEquals(8, log.lost());
    }
  }

  @Test
  void thePastMustHoldTheLatestThatMatchAndNoGapMustFollow() throws Exception {
    for (int i = 1; i <= 5; i++) {
      log.append(
          record(i % 2 == 0 ? Outcome.WOULD_DENY : Outcome.DENIED, "/" + i), EVENT, List.of());
    }
    try (var watcher = log.subscribe(only(Outcome.DENIED), 10, 2)) {
      log.append(record(Outcome.DENIED, "/6"), EVENT, List.of());

      assertEquals(List.of(3L, 5L), watcher.past().stream().map(DecisionRecord::id).toList());
      assertEquals(6, watcher.poll(NOW).id());
    }
  }

  @Test
  void theHistoryMustBeBoundedAndKeepTheLatest() {
    for (int i = 0; i < DecisionLog.HISTORY + 7; i++) {
      log.append(record(Outcome.DENIED, "/x"), EVENT, List.of());
    }
    try (var watcher = log.subscribe(DecisionFilter.ALL, 1, Integer.MAX_VALUE)) {
      assertEquals(DecisionLog.HISTORY, watcher.past().size());
      assertEquals(8, watcher.past().getFirst().id());
    }
  }

  @Test
  void whatIsKeptMustBeFoundByItsNumber() {
    for (int i = 0; i < DecisionLog.HISTORY + 2; i++) {
      log.append(
          record(i % 2 == 0 ? Outcome.DENIED : Outcome.WOULD_DENY, "/" + i), EVENT, List.of());
    }
    assertEquals(Optional.empty(), log.find(0));
    assertEquals(Optional.empty(), log.find(2), "others have taken its place");
    assertEquals("/2", log.find(3).orElseThrow().record().object());
    assertEquals(EVENT, log.find(DecisionLog.HISTORY + 2).orElseThrow().event());
    log.append(record(Outcome.ALLOWED, "/a"), EVENT, List.of());
    assertEquals(Optional.empty(), log.find(DecisionLog.HISTORY + 3), "not kept");
  }

  @Test
  void longNamesMustNotFillTheMemory() throws Exception {
    String name = "/x".repeat(2048);
    Event event = Events.open("/usr/bin/cat", 33, name);
    long bytes = record(Outcome.DENIED, name).bytes();
    assertTrue(bytes > 2L * name.length());
    try (var slow = log.subscribe(DecisionFilter.ALL, 1 << 20, 0)) {
      for (int i = 0; i < DecisionLog.HISTORY; i++) {
        log.append(record(Outcome.DENIED, name), event, List.of());
      }
      assertEquals(DecisionLog.HISTORY - DecisionLog.QUEUE_BYTES / bytes, slow.takeLost());
      while (slow.poll(NOW) != null) {}
      log.append(record(Outcome.DENIED, "/after"), EVENT, List.of());
      assertEquals("/after", slow.poll(NOW).object(), "who has read may wait for more");
    }
    try (var watcher = log.subscribe(DecisionFilter.ALL, 1, Integer.MAX_VALUE)) {
      long each = bytes + event.occupies();
      assertTrue(event.occupies() > name.length());
      long kept = watcher.past().size() * each; // the last one is short
      assertTrue(kept <= DecisionLog.HISTORY_BYTES + each, kept + " bytes");
      assertTrue(kept > DecisionLog.HISTORY_BYTES - 2 * each, kept + " bytes");
      assertEquals("/after", watcher.past().getLast().object());
    }
  }

  @Test
  void allowsMustBeWantedOnlyWhileSomebodyWatchesThem() {
    assertTrue(log.wants(Outcome.DENIED));
    assertFalse(log.wants(Outcome.ALLOWED));
    log.subscribe(only(Outcome.DENIED), 1, 0);
    assertFalse(log.wants(Outcome.ALLOWED));
    DecisionLog.Subscription all = log.subscribe(DecisionFilter.ALL, 1, 0);
    assertTrue(log.wants(Outcome.ALLOWED));
    assertEquals(2, log.watchers());
    all.close();
    assertFalse(log.wants(Outcome.ALLOWED));
    assertEquals(1, log.watchers());
  }

  @Test
  void thereMustBeNoMoreWatchersThanTheLimit() {
    for (int i = 0; i < DecisionLog.MAX_WATCHERS; i++) {
      log.subscribe(DecisionFilter.ALL, 1, 0);
    }
    assertThrows(TooManyWatchersException.class, () -> log.subscribe(DecisionFilter.ALL, 1, 0));
  }

  @Test
  void eachConditionOfAFilterMustCount() {
    DecisionRecord record = record(Outcome.DENIED, "/etc/shadow");

    assertTrue(filter(Set.of(Hook.FILE_OPEN), "p", 33, "/usr/**", "/system.slice").test(record));
    assertFalse(filter(Set.of(Hook.EXEC), "p", 33, "/usr/**", "/system.slice").test(record));
    assertFalse(filter(Set.of(), "q", 33, "/usr/**", "/system.slice").test(record));
    assertFalse(filter(Set.of(), "p", 34, "/usr/**", "/system.slice").test(record));
    assertFalse(filter(Set.of(), "p", 33, "/opt/**", "/system.slice").test(record));
    assertFalse(filter(Set.of(), "p", 33, "/usr/**", "/system.sli").test(record));
  }

  private static DecisionFilter filter(
      Set<Hook> hooks, String policy, int uid, String exe, String cgroup) {
    return new DecisionFilter(
        Set.of(), hooks, Set.of(policy), Set.of(uid), List.of(new Glob(exe)), List.of(cgroup));
  }

  private static DecisionFilter only(Outcome outcome) {
    return new DecisionFilter(Set.of(outcome), Set.of(), Set.of(), Set.of(), List.of(), List.of());
  }

  private static DecisionRecord record(Outcome outcome, String object) {
    Subject subject =
        new Subject(
            7,
            7,
            1,
            33,
            33,
            "nginx",
            "/usr/sbin/nginx",
            "/system.slice/nginx.service",
            Workload.NONE);
    Finding finding = new Finding("p", true, List.of("no"), List.of(), List.of());
    return new DecisionRecord(
        0,
        Instant.EPOCH,
        outcome,
        Hook.FILE_OPEN,
        1,
        subject,
        object,
        outcome == Outcome.ALLOWED ? List.of() : List.of(finding),
        false,
        false,
        -1);
  }
}
