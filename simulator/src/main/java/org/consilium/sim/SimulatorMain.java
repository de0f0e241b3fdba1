package org.consilium.sim;

/** Starts here. */
public final class SimulatorMain {
  private SimulatorMain() {}

  public static void main(String[] args) {}
}
