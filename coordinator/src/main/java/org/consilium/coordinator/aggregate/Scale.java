package org.consilium.coordinator.aggregate;

/** Bounds of a scale table. */
public final class Scale {
  /** Smallest log2 of a tensor's range that a task can carry. */
  public static final int EXPONENT_MIN = -60;

  private Scale() {}
}
