package org.consilium.coordinator.rpc;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.time.Duration;
import org.consilium.coordinator.consortium.AuthorityUnreachable;
import org.consilium.coordinator.consortium.MembershipRefused;
import org.consilium.coordinator.intake.Intake;
import org.consilium.coordinator.validation.ReportDesk;
import org.consilium.protocol.Limits;

/**
 * The one place that makes statuses for sites. Descriptions begin with the reason's name, so that a
 * site can tell apart what shares a code.
 */
final class RpcStatus {
  private RpcStatus() {}

  static StatusRuntimeException of(Intake.Rejected rejected) {
    Status.Code code =
        switch (rejected.why()) {
          case UNKNOWN_SITE, BAD_SIGNATURE -> Status.Code.PERMISSION_DENIED;
          case UNKNOWN_STUDY -> Status.Code.NOT_FOUND;
          case NOT_A_PARTICIPANT,
              WRONG_ROUND,
              LATE,
              NOT_CARRIED,
              WRONG_BASE,
              WRONG_LAYOUT,
              WRONG_CONTEXT ->
              Status.Code.FAILED_PRECONDITION;
          case DIFFERENT_UPDATE, COUNTED -> Status.Code.ALREADY_EXISTS;
          // An upload that was begun with a process before this one: the site begins again.
          case BUSY, INCOMPLETE, UNKNOWN_UPLOAD -> Status.Code.ABORTED;
          case DISK_FULL -> Status.Code.RESOURCE_EXHAUSTED;
          case MALFORMED,
              WRONG_WEIGHT,
              BAD_CHUNK,
              SEAL_BROKEN,
              OUT_OF_BOUNDS,
              NORM_TOO_LARGE,
              NORM_MISMATCH,
              REPLAYED,
              BAD_TRAILER ->
              Status.Code.INVALID_ARGUMENT;
        };
    return refused(code, rejected.why().name(), rejected.detail());
  }

  static StatusRuntimeException of(ReportDesk.Rejected rejected) {
    Status.Code code =
        switch (rejected.why()) {
          case BAD_SIGNATURE, NOT_A_PARTICIPANT -> Status.Code.PERMISSION_DENIED;
          case MALFORMED -> Status.Code.INVALID_ARGUMENT;
          case UNKNOWN_STUDY -> Status.Code.NOT_FOUND;
          case WRONG_ROUND, WRONG_MODEL -> Status.Code.FAILED_PRECONDITION;
          case DIFFERENT_REPORT -> Status.Code.ALREADY_EXISTS;
        };
    return refused(code, rejected.why().name(), rejected.detail());
  }

  static StatusRuntimeException of(MembershipRefused refused) {
    Status.Code code =
        switch (refused.why()) {
          case NOT_FOUND -> Status.Code.NOT_FOUND;
          case TOKEN_SPENT -> Status.Code.ALREADY_EXISTS;
          case TOKEN_UNKNOWN, TOKEN_EXPIRED, SAME_PERSON, NOT_ALLOWED, BAD_SIGNATURE ->
              Status.Code.PERMISSION_DENIED;
          case BAD_REQUEST, FINGERPRINT -> Status.Code.INVALID_ARGUMENT;
          case WRONG_STATE, NOT_ON_ROSTER, STALE -> Status.Code.FAILED_PRECONDITION;
          case TOO_MANY -> Status.Code.RESOURCE_EXHAUSTED;
        };
    return refused(code, refused.why().name(), String.valueOf(refused.getMessage()));
  }

  static StatusRuntimeException tooManyRefusals(int minuteMax) {
    return refused(
        Status.Code.RESOURCE_EXHAUSTED,
        "BUSY",
        "over %d refused requests in a minute; try again in a minute".formatted(minuteMax));
  }

  static StatusRuntimeException tooManyMessages(int minuteMax) {
    return refused(
        Status.Code.RESOURCE_EXHAUSTED,
        "BUSY",
        "over %d messages of this site in a minute".formatted(minuteMax));
  }

  static Status tooManyCalls(int max) {
    return refused(
            Status.Code.RESOURCE_EXHAUSTED,
            "TOO_MANY_CALLS",
            "%d calls of this site are open; try again when some have ended".formatted(max))
        .getStatus();
  }

  /** For the oldest call of a site that went on to begin more. */
  static Status overtaken(int later) {
    return refused(
            Status.Code.RESOURCE_EXHAUSTED,
            "TOO_MANY_CALLS",
            "%d later calls of this site go on".formatted(later))
        .getStatus();
  }

  static Status noDeadline(Duration max) {
    return refused(
            Status.Code.INVALID_ARGUMENT,
            "NO_DEADLINE",
            "a unary call needs a deadline of at most %d minutes".formatted(max.toMinutes()))
        .getStatus();
  }

  static Status stalled(Duration wait) {
    return refused(
            Status.Code.DEADLINE_EXCEEDED,
            "STALLED",
            "no whole message and less than %d KiB came for %d ms"
                .formatted(Limits.LEASE_BYTES >> 10, wait.toMillis()))
        .getStatus();
  }

  static Status notTaken(Duration wait) {
    return refused(
            Status.Code.DEADLINE_EXCEEDED,
            "STALLED",
            "no chunk was taken for %d ms".formatted(wait.toMillis()))
        .getStatus();
  }

  static StatusRuntimeException malformed(String what) {
    return refused(Status.Code.INVALID_ARGUMENT, "MALFORMED", what);
  }

  static StatusRuntimeException notSigned() {
    return refused(
        Status.Code.PERMISSION_DENIED, "BAD_SIGNATURE", "not signed by a member's signing key");
  }

  static StatusRuntimeException noModel(String brief) {
    return refused(
        Status.Code.NOT_FOUND, "UNKNOWN_MODEL", "no study of this site has model " + brief);
  }

  /** The coordinator cannot answer now; the site asks again. The cause stays in our own log. */
  static StatusRuntimeException unavailable(IOException cause) {
    StatusRuntimeException answer =
        cause instanceof AuthorityUnreachable
            ? refused(
                Status.Code.UNAVAILABLE, "AUTHORITY_AWAY", "the issuing authority does not answer")
            : refused(Status.Code.UNAVAILABLE, "UNAVAILABLE", "the coordinator cannot answer now");
    return answer.getStatus().withCause(cause).asRuntimeException();
  }

  private static StatusRuntimeException refused(Status.Code code, String why, String detail) {
    return code.toStatus().withDescription(why + ": " + detail).asRuntimeException();
  }
}
