package org.consilium.coordinator.rpc;

import io.grpc.Context;
import io.grpc.Deadline;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/** Refuses a call with one question and one answer that would wait for ever, or very long. */
final class DeadlineRequired implements ServerInterceptor {
  /** A commit reads the whole update back and opens it; a site gives it ten minutes. */
  static final Duration UNARY_MAX = Duration.ofMinutes(15);

  @Override
  public <Q, A> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
    Deadline deadline = Context.current().getDeadline();
    if (call.getMethodDescriptor().getType() != MethodDescriptor.MethodType.UNARY
        || (deadline != null
            && deadline.timeRemaining(TimeUnit.SECONDS) <= UNARY_MAX.toSeconds())) {
      return next.startCall(call, headers);
    }
    call.close(RpcStatus.noDeadline(UNARY_MAX), new Metadata());
    return new ServerCall.Listener<>() {};
  }
}
