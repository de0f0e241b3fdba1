package org.consilium.sim.virtual.history;

/** What must hold after every fault; docs/reference/faults.md. */
public enum Invariant {
  /** No acknowledged update is lost. */
  I1,
  /** No update is counted twice. */
  I2,
  /** The aggregate is bit for bit that of an undisturbed run over the same survivors. */
  I3,
  /** Rounds close in order; each version has one parent and one round that made it. */
  I4,
  /** The journal's chain verifies; it holds one acceptance an update and one end a round. */
  I5,
  /** No site released two kinds of share of one peer, or signed two sets of survivors. */
  I6,
  /** After the faults have stopped, the study finishes in time. */
  I9,
  /** The product itself said that something cannot be: a bug of its own, whatever it breaks. */
  BUG
}
