package org.consilium.site.upload;

import io.grpc.Status;
import org.consilium.site.session.Failures;

/** What became of something that was sent. */
public sealed interface Delivery {
  /** The coordinator has it, durably. */
  record Accepted(boolean duplicate) implements Delivery {}

  /**
   * The coordinator will never take it.
   *
   * @param reason its code and words, safe to print
   */
  record Refused(String reason) implements Delivery {}

  /**
   * Its round is over; nothing of it is kept there.
   *
   * @param reason what the coordinator says, safe to print
   */
  record Late(String reason) implements Delivery {}

  /**
   * It would be more than may leave: too many bytes today, or this update too often.
   *
   * @param detail the numbers, for the local log
   */
  record OverLimit(String detail) implements Delivery {}

  /** The node was told to stop, or nothing moved for too long; it may be sent again later. */
  record Postponed(String reason) implements Delivery {}

  /** The delivery that trying led to. */
  static Delivery of(Persistence.Outcome<Boolean> outcome) {
    return switch (outcome) {
      case Persistence.Outcome.Done<Boolean>(Boolean duplicate) -> new Accepted(duplicate);
      case Persistence.Outcome.Refused<Boolean>(Status status) ->
          Failures.says(status, "LATE")
              ? new Late(Failures.words(status))
              : new Refused(Failures.words(status));
      case Persistence.Outcome.Stopped<Boolean>(String reason) -> new Postponed(reason);
    };
  }
}
