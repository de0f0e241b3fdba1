package org.consilium.coordinator.study;

/** What becomes of a round's sealed updates, and of the key that opens them. */
public enum Retention {
  /** Updates go when their round is over, the key when its study is: the default. */
  DROP,
  /**
   * The updates of published rounds and the study's key stay, so that rounds can be done again for
   * an auditor. They are personal data for as long as they are kept.
   */
  KEEP
}
