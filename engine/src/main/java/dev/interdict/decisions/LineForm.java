package dev.interdict.decisions;

import java.time.Instant;
import java.util.Map;

/** What the lines of a decision log look like: each ends with a line feed and has no other. */
interface LineForm {
  /** One or more attempts of a kind. What would make the line too long is cut, and it says so. */
  byte[] decision(FoldingQueue.Line line);

  /**
   * What is missing before this line.
   *
   * @param lost decisions by reason
   */
  byte[] lost(Instant now, Map<String, Long> lost);
}
