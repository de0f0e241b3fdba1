package org.consilium.site.protect;

import org.consilium.site.policy.Why;

/** What became of a delta. */
public sealed interface Protection {
  /** It may leave. */
  record Sealed(SealedUpdate update) implements Protection {}

  /** The node was told to stop before it was known. */
  record Stopped() implements Protection {}

  /**
   * It may not.
   *
   * @param why what the coordinator is told
   * @param detail what the local log is told
   */
  record Refused(Why why, String detail) implements Protection {}
}
