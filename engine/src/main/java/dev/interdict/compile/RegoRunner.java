package dev.interdict.compile;

import java.io.IOException;

/** Where the Rego compiler runs. Safe for use by many threads. */
interface RegoRunner {

  /**
   * Answers one request; both are JSON documents, described in {@code policies/compiler}.
   *
   * @throws IOException if the compiler could not be run, or failed: nothing is wrong with the
   *     policy then. The message is for people
   */
  byte[] run(byte[] request) throws IOException;
}
