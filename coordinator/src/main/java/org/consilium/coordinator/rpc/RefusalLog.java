package org.consilium.coordinator.rpc;

import io.grpc.ForwardingServerCall;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import org.consilium.protocol.SiteId;

/**
 * One line in the log for every call that was refused: who, what, and the reason that the caller
 * was told. In a flood some are written and the rest counted. Safe for use by many threads.
 */
final class RefusalLog implements ServerInterceptor {
  private static final System.Logger LOG = System.getLogger(RefusalLog.class.getName());
  private static final int LINES_A_MINUTE_MAX = 60;
  private static final int TICKS_A_MINUTE = 60;

  private int lines;
  private int unwritten;
  private int ticks;

  @Override
  public <Q, A> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
    return next.startCall(
        new ForwardingServerCall.SimpleForwardingServerCall<>(call) {
          @Override
          public void close(Status status, Metadata trailers) {
            if (!status.isOk()) {
              note(call, status);
            }
            super.close(status, trailers);
          }
        },
        headers);
  }

  /** To be called once a second. */
  synchronized void tick() {
    ticks++;
    if (ticks < TICKS_A_MINUTE) {
      return;
    }
    if (unwritten > 0) {
      LOG.log(
          System.Logger.Level.WARNING, "{0} more calls were refused within a minute", unwritten);
    }
    ticks = 0;
    lines = 0;
    unwritten = 0;
  }

  private void note(ServerCall<?, ?> call, Status status) {
    synchronized (this) {
      if (lines >= LINES_A_MINUTE_MAX) {
        unwritten++;
        return;
      }
      lines++;
    }
    LOG.log(
        System.Logger.Level.WARNING,
        "{0} of {1} refused: {2} {3}",
        call.getMethodDescriptor().getFullMethodName(),
        CallerInterceptor.site(call).map(SiteId::value).orElse("a newcomer"),
        status.getCode(),
        oneLine(status.getDescription() == null ? "" : status.getDescription()));
  }

  /** What a peer said may be in a reason; it must not begin a line of its own. */
  private static String oneLine(String text) {
    return text.replaceAll("[\\p{Cntrl}\\p{Cf}\\p{Zl}\\p{Zp}]", "?");
  }
}
