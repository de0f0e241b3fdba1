package org.consilium.coordinator.round;

/** What a loop answers to a request. */
public sealed interface Reply {

  /**
   * It is so, and in the journal.
   *
   * @param duplicate whether it had been so before
   */
  record Done(boolean duplicate) implements Reply {}

  /** It cannot be; nothing changed. */
  record Refused(String why) implements Reply {}
}
