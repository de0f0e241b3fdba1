package org.consilium.sim.crowd;

/** A kind of work in a round whose time is told apart. */
public enum Work {
  /** A site makes its delta, clips, rounds, masks, seals, hashes, signs and writes it. */
  PROTECT,
  /** A site's chunks are read, compared with their digests and written at the coordinator. */
  SEND,
  /** The coordinator opens and checks an update, forces it to the disk and journals it. */
  CHECK,
  /** A site verifies and answers the messages of masking. */
  MASK,
  /** The coordinator takes messages of masking in. */
  MASK_INTAKE,
  /** A site signs a report, and the coordinator files it. */
  REPORT,
  /** The coordinator writes and signs what a site is told. */
  TELL,
  /** The coordinator sums, steps and publishes; on a clock, not by threads. */
  AGGREGATE
}
