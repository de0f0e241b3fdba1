package org.consilium.sim.virtual.history;

/**
 * An invariant that did not hold.
 *
 * @param detail what was seen, with numbers
 */
public record Violation(Invariant invariant, String detail) {
  @Override
  public String toString() {
    return invariant + ": " + detail;
  }
}
