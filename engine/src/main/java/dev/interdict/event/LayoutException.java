package dev.interdict.event;

import java.util.List;

/** The BPF object and the engine do not agree on a structure; nothing was loaded. */
public final class LayoutException extends RuntimeException {
  private static final long serialVersionUID = 1;

  private final List<String> differences;

  LayoutException(List<String> differences) {
    super(
        "the BPF object is not of this engine's build, reinstall both: "
            + String.join("; ", differences));
    this.differences = List.copyOf(differences);
  }

  /** One line each: field, what the engine expects, what the object has. */
  public List<String> differences() {
    return differences;
  }
}
