package org.consilium.sim.virtual;

/** A deliberate fault of the product's own, put in to see that the checker finds it. */
public enum Weakness {
  /** None: the product as it is. */
  NONE,
  /** The coordinator acknowledges an update before the journal has it. */
  ACKNOWLEDGES_EARLY,
  /** The coordinator's forces of spooled updates do nothing. */
  FORGETS_TO_FORCE,
  /** A site's forces of sealed updates and of its notes on masking do nothing. */
  SITE_FORGETS_TO_FORCE,
  /** A site's forces of the names of its folders do nothing. */
  SITE_FORGETS_NAMES,
  /** The aggregate counts one update twice. */
  COUNTS_TWICE,
  /** The aggregate leaves one accepted update out. */
  LEAVES_ONE_OUT,
  /** A site signs a second set of survivors. */
  SIGNS_TWICE,
  /** A coordinator that restarts goes on from an older copy of its journal. */
  REUSES_ROUNDS,
  /** A site seals its update anew whenever it sends. */
  SEALS_ANEW,
  /** An entry of the journal changes at rest. */
  REWRITES_HISTORY,
  /** The coordinator never looks at its deadlines again after a restart. */
  NEVER_WAKES
}
