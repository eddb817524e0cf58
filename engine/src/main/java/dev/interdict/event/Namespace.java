package dev.interdict.event;

import java.util.Locale;

/** A kind of namespaces; {@code enum namespaces} in {@code verdict.h}, a set of bits. */
public enum Namespace {
  MNT,
  PID,
  NET,
  USER,
  UTS,
  IPC,
  CGROUP,
  TIME;

  private final String id = name().toLowerCase(Locale.ROOT);

  /** This kind as a bit of {@link Context#namespaces}. */
  public int bit() {
    return 1 << ordinal();
  }

  /** The name in {@code input.process.namespaces}, as below {@code /proc/PID/ns}. */
  public String id() {
    return id;
  }
}
