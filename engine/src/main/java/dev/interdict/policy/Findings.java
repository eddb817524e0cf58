package dev.interdict.policy;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** Collects what is wrong with a policy's files, so that all of it is said at once. */
public final class Findings {

  /** More than anybody reads; the rest of a generated mess is cut off, and that is said. */
  private static final int MAX = 200;

  private final List<Diagnostic> found = new ArrayList<>();
  private boolean failed;
  private boolean cut;

  /** An error at a place. */
  public void error(String file, Mark at, String code, String message) {
    add(new Diagnostic(Diagnostic.Severity.ERROR, file, at.line(), at.column(), code, message));
  }

  /** A warning at a place. */
  public void warning(String file, Mark at, String code, String message) {
    add(new Diagnostic(Diagnostic.Severity.WARNING, file, at.line(), at.column(), code, message));
  }

  /** An error about a file as a whole. */
  public void error(String file, String code, String message) {
    add(new Diagnostic(Diagnostic.Severity.ERROR, file, 0, 0, code, message));
  }

  /** A finding of somebody else. */
  public void add(Diagnostic diagnostic) {
    failed |= diagnostic.severity() == Diagnostic.Severity.ERROR;
    if (found.size() < MAX) {
      found.add(diagnostic);
    } else if (!cut) {
      cut = true;
      found.add(
          new Diagnostic(
              Diagnostic.Severity.ERROR,
              diagnostic.file(),
              0,
              0,
              "policy.too-many-findings",
              "more than " + MAX + " findings; the rest is not shown"));
    }
  }

  /** Whether there was an error; warnings do not count. */
  public boolean failed() {
    return failed;
  }

  /** All findings by file, line and column. */
  public List<Diagnostic> sorted() {
    return found.stream()
        .sorted(
            Comparator.comparing(Diagnostic::file)
                .thenComparingInt(Diagnostic::line)
                .thenComparingInt(Diagnostic::column))
        .toList();
  }
}
