package dev.interdict.compile;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The engine's short-lived child: one request on standard input, one answer on standard output,
 * both as {@code policies/compiler} describes them. Status 2 with a line on standard error: the
 * compiler failed.
 */
public final class CompilerMain {
  private CompilerMain() {}

  /** Takes no arguments. */
  public static void main(String[] args) throws IOException {
    beLikeOthers();
    try {
      byte[] answer = new RegoProgram().run(System.in.readAllBytes());
      System.out.write(answer, 0, answer.length);
      System.out.flush();
    } catch (IOException e) {
      System.err.println(e.getMessage());
      System.exit(2);
    }
  }

  /** The engine may not be killed for want of memory; what a policy makes of its child may. */
  private static void beLikeOthers() {
    Path score = Path.of("/proc/self/oom_score_adj");
    try {
      if (Files.readString(score).trim().equals("-1000")) {
        Files.writeString(score, "0");
      }
    } catch (IOException e) {
      // Without /proc it has inherited nothing either.
    }
  }
}
