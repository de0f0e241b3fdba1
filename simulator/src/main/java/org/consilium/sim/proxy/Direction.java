package org.consilium.sim.proxy;

/** Which way bytes go. */
public enum Direction {
  /** From who dialled to who was dialled: from a site to the coordinator. */
  UP,
  /** Back. */
  DOWN
}
