package dev.interdict.event;

/** {@code enum record_kind} in {@code event.h}. */
public enum RecordKind {
  NONE,
  /** A miss: somebody must decide. */
  DECIDE,
  /** An answer that refused, or would have. */
  OBSERVE
}
