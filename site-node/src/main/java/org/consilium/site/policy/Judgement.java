package org.consilium.site.policy;

/** What the hospital's policy says to a proposal or a task. */
public sealed interface Judgement {
  /** Go on. */
  record Allowed() implements Judgement {}

  /**
   * Do not.
   *
   * @param why what the coordinator is told
   * @param detail what the local log is told
   */
  record Refused(Why why, String detail) implements Judgement {}
}
