package org.consilium.coordinator.rpc;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import org.consilium.coordinator.consortium.MembershipRefused;
import org.consilium.protocol.MalformedMessage;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Every status that a site can see is made here: a code, one line, no cause. What is for the
 * coordinator's own people goes to its log.
 */
final class GrpcStatus {
  private static final Logger LOG = LoggerFactory.getLogger(GrpcStatus.class);

  private GrpcStatus() {}

  /** A refusal with a message that is safe to send. */
  static StatusRuntimeException of(Status.Code code, String message) {
    return code.toStatus().withDescription(message).asRuntimeException();
  }

  static StatusRuntimeException of(MembershipRefused refused) {
    Status.Code code =
        switch (refused.why()) {
          case NOT_FOUND -> Status.Code.NOT_FOUND;
          case TOKEN_SPENT -> Status.Code.ALREADY_EXISTS;
          case TOKEN_UNKNOWN, TOKEN_EXPIRED -> Status.Code.PERMISSION_DENIED;
          case BAD_REQUEST, FINGERPRINT -> Status.Code.INVALID_ARGUMENT;
          case WRONG_STATE -> Status.Code.FAILED_PRECONDITION;
        };
    return of(code, String.valueOf(refused.getMessage()));
  }

  static StatusRuntimeException of(MalformedMessage malformed) {
    return of(Status.Code.INVALID_ARGUMENT, String.valueOf(malformed.getMessage()));
  }

  /** The store failed: the caller may try again later. */
  static StatusRuntimeException of(String step, IOException failed) {
    LOG.error("{} failed", step, failed);
    return of(Status.Code.UNAVAILABLE, step + ": the coordinator's store failed; try again later");
  }

  /** A bug; the caller learns nothing of it. */
  static StatusRuntimeException of(String step, RuntimeException bug) {
    LOG.error("{} failed on a bug", step, bug);
    return of(Status.Code.INTERNAL, step + ": internal error");
  }
}
