package dev.interdict.policy;

import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Leads findings about Rego modules that were made from {@code policy.yaml} back to the lines that
 * somebody wrote.
 */
public final class SourceMap {
  private final String manifest;
  private final Map<String, List<Mark>> lines = new HashMap<>();
  private final Map<String, Boolean> exact = new HashMap<>();

  SourceMap(String manifest) {
    this.manifest = manifest;
  }

  /**
   * Adds a module.
   *
   * @param marks where each of its lines comes from
   * @param columns whether a column of the module is as many columns right of the mark
   */
  void put(String module, List<Mark> marks, boolean columns) {
    lines.put(module, marks);
    exact.put(module, columns);
  }

  /** The finding at the place in {@code policy.yaml}; itself if it is about another file. */
  public Diagnostic map(Diagnostic d) {
    List<Mark> marks = lines.get(d.file());
    if (marks == null || marks.isEmpty()) {
      return d;
    }
    Mark mark = marks.get(Math.clamp(d.line() - 1L, 0, marks.size() - 1));
    int column =
        exact.get(d.file()) ? mark.right(Math.max(0, d.column() - 1)).column() : mark.column();
    return new Diagnostic(d.severity(), manifest, mark.line(), column, d.code(), d.message());
  }

  /** Maps each of {@code diagnostics}. */
  public List<Diagnostic> map(List<Diagnostic> diagnostics) {
    return diagnostics.stream().map(this::map).toList();
  }
}
