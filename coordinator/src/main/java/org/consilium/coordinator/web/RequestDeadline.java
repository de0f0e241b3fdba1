package org.consilium.coordinator.web;

import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Ends a connection on which a request does not become whole in time, however many bytes of it drip
 * in. What the answer takes is not limited. Stands behind the HTTP codec; one a connection.
 */
final class RequestDeadline extends ChannelDuplexHandler {
  /** Seconds from the connection to the end of its first request's head. */
  static final int FIRST_HEAD_S = 10;

  /** Seconds from an answer to the end of the next request's head. */
  static final int NEXT_HEAD_S = 120;

  /** Seconds from a request's head to the end of its body. */
  static final int BODY_S = 60;

  private @Nullable Future<?> deadline;

  @Override
  public void handlerAdded(ChannelHandlerContext context) {
    within(FIRST_HEAD_S, context);
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    if (message instanceof HttpRequest) {
      within(BODY_S, context);
    }
    if (message instanceof LastHttpContent) {
      cancel();
    }
    context.fireChannelRead(message);
  }

  @Override
  public void write(ChannelHandlerContext context, Object message, ChannelPromise promise) {
    if (message instanceof LastHttpContent) {
      within(NEXT_HEAD_S, context);
    }
    var _ = context.write(message, promise);
  }

  @Override
  public void handlerRemoved(ChannelHandlerContext context) {
    cancel();
  }

  private void within(int seconds, ChannelHandlerContext context) {
    cancel();
    deadline =
        context
            .executor()
            .schedule(
                () -> {
                  var _ = context.close();
                },
                seconds,
                TimeUnit.SECONDS);
  }

  private void cancel() {
    if (deadline != null) {
      boolean _ = deadline.cancel(false);
      deadline = null;
    }
  }
}
