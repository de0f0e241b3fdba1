package org.consilium.coordinator.issuing;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import org.consilium.coordinator.consortium.MembershipRefused;

/** The one place that makes statuses for relays; descriptions begin with the reason's name. */
final class AuthorityStatus {
  private AuthorityStatus() {}

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
    return code.toStatus()
        .withDescription(refused.why() + ": " + refused.getMessage())
        .asRuntimeException();
  }

  static StatusRuntimeException malformed(String what) {
    return Status.INVALID_ARGUMENT.withDescription("BAD_REQUEST: " + what).asRuntimeException();
  }

  /** The cause stays in our own log. */
  static StatusRuntimeException unavailable() {
    return Status.UNAVAILABLE.withDescription("the authority's store failed").asRuntimeException();
  }
}
