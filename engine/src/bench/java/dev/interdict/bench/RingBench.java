package dev.interdict.bench;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.interdict.libbpf.BpfObject;
import dev.interdict.libbpf.BpfProgram;
import dev.interdict.libbpf.KernelMap;
import dev.interdict.libbpf.RingBuffer;
import dev.interdict.testkit.Shell;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** Our reader and libbpf's in C, in turn on the same ring, filled alike each time (goal P4). */
final class RingBench {
  private static final int WARM_UP = 20;

  /** Less than the ring holds at any size. */
  private static final int RECORDS = 100_000;

  private RingBench() {}

  static Ratio run(BpfObject object, Path pin, int bytes, int rounds) throws IOException {
    Path consumer = Files.createTempFile("ring_consumer", "");
    Shell.run("gcc", "-O2", "-o", consumer.toString(), "src/bench/c/ring_consumer.c", "-lbpf");
    try (KernelMap map = object.map("ring");
        BpfProgram fill = object.program("fill_" + bytes)) {
      map.pin(pin);
      Process c = new ProcessBuilder(consumer.toString(), pin.toString()).start();
      try (OutputStream orders = c.getOutputStream();
          BufferedReader answers = c.inputReader(StandardCharsets.UTF_8)) {
        Ratio ratio = new Ratio("ring, records of " + bytes + " bytes", "Java", "C", rounds);
        // A reader is opened anew each time: the other has moved the position.
        for (int i = -WARM_UP; i < rounds; i++) {
          fill.testXdp(new byte[64], 1, RECORDS);
          double ours = ours(map, bytes);
          fill.testXdp(new byte[64], 1, RECORDS);
          orders.write('\n');
          orders.flush();
          String[] answer = answers.readLine().split(" ", -1);
          check(Long.parseLong(answer[0]), Long.parseLong(answer[2]), bytes);
          if (i >= 0) {
            ratio.add(ours, Double.parseDouble(answer[1]) / RECORDS);
          }
        }
        return ratio;
      } finally {
        c.destroy();
      }
    } finally {
      Files.deleteIfExists(pin);
      Files.delete(consumer);
    }
  }

  private static double ours(KernelMap map, int bytes) {
    Sum sum = new Sum();
    try (RingBuffer ring = new RingBuffer(map)) {
      long start = System.nanoTime();
      int count = ring.consume(sum, Integer.MAX_VALUE);
      long end = System.nanoTime();
      check(count, sum.total, bytes);
      return (double) (end - start) / count;
    }
  }

  private static void check(long records, long sum, int bytes) {
    if (records != RECORDS || sum != (long) RECORDS * bytes) {
      throw new AssertionError(records + " records, sum " + sum);
    }
  }

  /** As the callback in C: looks at the first word. */
  private static final class Sum implements RingBuffer.Consumer {
    private long total;

    @Override
    public void accept(MemorySegment data, long at, int bytes) {
      total += data.get(JAVA_LONG, at);
    }
  }
}
