package org.consilium.security.fixed;

/**
 * A delta holds NaN or an infinity; cast to an integer it would have become a silent wrong number.
 */
public final class NotFinite extends Exception {
  private static final long serialVersionUID = 1L;

  private final long coordinate;

  NotFinite(long coordinate) {
    super("quantise delta: coordinate %d is not finite".formatted(coordinate));
    this.coordinate = coordinate;
  }

  /** The first such coordinate, in layout order from 0. */
  public long coordinate() {
    return coordinate;
  }
}
