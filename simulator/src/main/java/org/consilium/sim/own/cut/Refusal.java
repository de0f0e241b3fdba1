package org.consilium.sim.own.cut;

/** A run that cannot begin: what was asked for is wrong, in one line for who asked. */
public final class Refusal extends Exception {
  private static final long serialVersionUID = 1L;

  /**
   * @param message names the thing and the numbers
   */
  public Refusal(String message) {
    super(message);
  }
}
