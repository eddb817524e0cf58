package dev.interdict.admin;

import dev.interdict.decisions.DecisionLog;

/** A decision that was asked for is not kept. */
final class NotKeptException extends RuntimeException {
  private static final long serialVersionUID = 1;

  NotKeptException(long id) {
    super(
        ("no decision %s is kept: the engine has the latest denials, would-denials and warnings"
                + " since it started, %d at most")
            .formatted(Long.toUnsignedString(id), DecisionLog.HISTORY));
  }
}
