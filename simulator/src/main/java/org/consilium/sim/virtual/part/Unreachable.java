package org.consilium.sim.virtual.part;

/** A call got no answer; whether it was done is not known. */
final class Unreachable extends Exception {
  private static final long serialVersionUID = 1L;

  Unreachable(String why) {
    super(why, null, false, false);
  }
}
