package org.consilium.coordinator.study;

import org.consilium.protocol.Encoding;
import org.consilium.protocol.StudyPlan;
import org.consilium.security.fixed.FixedTerms;

/** A plan's fixed point: the ring of its exposure, its range and its largest weight. */
final class FixedPoint {
  private FixedPoint() {}

  /**
   * For a sum over some sites.
   *
   * @throws IllegalArgumentException if a sum could overflow, or the ring of 64 bits has another
   *     range than 8
   */
  static FixedTerms terms(StudyPlan plan, int sites) {
    return FixedTerms.of(
        plan.protection().weightMax(), sites, plan.protection().range(), ring(plan));
  }

  /** Bytes of one value of an update. */
  static int valueBytes(StudyPlan plan) {
    Encoding encoding = plan.protection().exposure().encoding();
    return encoding.narrow() ? encoding.bytes() : ring(plan).bytes();
  }

  /** In which sums are taken. */
  static FixedTerms.Ring ring(StudyPlan plan) {
    return FixedTerms.Ring.of(plan.protection().exposure().ring().bits());
  }
}
