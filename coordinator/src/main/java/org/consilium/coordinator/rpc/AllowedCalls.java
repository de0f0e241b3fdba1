package org.consilium.coordinator.rpc;

import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import org.consilium.coordinator.ops.AccessMetrics;
import org.consilium.coordinator.permit.AllowList;
import org.consilium.coordinator.permit.Audience;

/** Lets through what the table allows to those who come by one door; all else is denied. */
final class AllowedCalls implements ServerInterceptor {
  private final Audience audience;
  private final AccessMetrics metrics;

  AllowedCalls(Audience audience, AccessMetrics metrics) {
    this.audience = audience;
    this.metrics = metrics;
  }

  @Override
  public <Q, A> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
    if (AllowList.procedure(call.getMethodDescriptor().getFullMethodName()).contains(audience)) {
      return next.startCall(call, headers);
    }
    metrics.authFailed(AccessMetrics.Mechanism.MTLS, AccessMetrics.Failure.REFUSED);
    call.close(
        Status.PERMISSION_DENIED.withDescription("NOT_ALLOWED: not for " + audience),
        new Metadata());
    return new ServerCall.Listener<>() {};
  }
}
