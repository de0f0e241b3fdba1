package org.consilium.sim.virtual.disk;

/**
 * The virtual process ended in the middle of what it did. An error, so that the product's own
 * handling of exceptions does not run: a killed process handles nothing.
 */
public final class ProcessDied extends Error {
  private static final long serialVersionUID = 1L;

  /** At an operation, for the story of the run. */
  public ProcessDied(String where) {
    super(where, null, false, false);
  }
}
