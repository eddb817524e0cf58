package dev.interdict.bench;

import dev.interdict.libbpf.BpfObject;
import dev.interdict.testkit.Shell;
import dev.interdict.testkit.TestObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * The native layer against the floor below it: ring, verdict writes, packets. Prints ratios of one
 * run. Needs root, clang, gcc and libbpf's headers; nothing is attached.
 */
public final class NativeBench {
  private NativeBench() {}

  /** Rounds of each comparison; the first argument says how many, 15 unless told. */
  public static void main(String[] args) throws IOException {
    int rounds = args.length > 0 ? Integer.parseInt(args[0]) : 15;
    byte[] elf = TestObject.compile(Path.of("src/bench/c/bench.bpf.c"));
    Path scratch = Files.createTempDirectory("bench");
    Shell.run("mount", "-t", "bpf", "bpf", scratch.toString());
    try (BpfObject object = BpfObject.open("bench", elf)) {
      object.load();
      for (int bytes : List.of(64, 128, 512)) {
        System.out.println(RingBench.run(object, scratch.resolve("ring"), bytes, rounds));
      }
      System.out.println(VerdictBench.run(rounds));
      System.out.println(PacketBench.run(object, rounds));
    } finally {
      Shell.run("umount", scratch.toString());
      Files.delete(scratch);
    }
  }
}
