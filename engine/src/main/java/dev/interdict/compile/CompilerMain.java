package dev.interdict.compile;

import java.io.IOException;

/**
 * The engine's short-lived child: one request on standard input, one answer on standard output,
 * both as {@code policies/compiler} describes them. Status 2 with a line on standard error: the
 * compiler failed.
 */
public final class CompilerMain {
  private CompilerMain() {}

  /** Takes no arguments. */
  public static void main(String[] args) throws IOException {
    try {
      byte[] answer = new RegoProgram().run(System.in.readAllBytes());
      System.out.write(answer, 0, answer.length);
      System.out.flush();
    } catch (IOException e) {
      System.err.println(e.getMessage());
      System.exit(2);
    }
  }
}
