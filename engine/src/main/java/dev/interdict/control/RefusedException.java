package dev.interdict.control;

import java.util.List;
import java.util.stream.Collectors;

/** The host cannot do what was asked, or not in its present state. Nothing has changed. */
public final class RefusedException extends RuntimeException {
  private static final long serialVersionUID = 1;

  private final transient List<Objection> objections;

  /**
   * @param objections not empty
   */
  public RefusedException(List<Objection> objections) {
    super(objections.stream().map(Objection::toString).collect(Collectors.joining("\n")));
    this.objections = List.copyOf(objections);
  }

  /** Each reason with its remedy. */
  public List<Objection> objections() {
    return objections;
  }
}
