package org.consilium.coordinator.rpc;

import io.grpc.netty.shaded.io.netty.channel.ChannelHandlerContext;
import io.grpc.netty.shaded.io.netty.channel.ChannelInboundHandlerAdapter;
import io.grpc.netty.shaded.io.netty.handler.codec.http2.Http2ConnectionAdapter;
import io.grpc.netty.shaded.io.netty.handler.codec.http2.Http2ConnectionHandler;
import io.grpc.netty.shaded.io.netty.handler.codec.http2.Http2Error;
import io.grpc.netty.shaded.io.netty.handler.codec.http2.Http2Stream;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/**
 * Ends the other half of a call that was answered before its peer had said everything, with
 * RST_STREAM and NO_ERROR (RFC 9113, section 8.1). gRPC reads no more of such a call and leaves its
 * stream half open: what the peer still sends for it stays counted against the connection's window,
 * and a window full of it leaves none for any other call. When the stream is closed, HTTP/2 gives
 * the bytes back. For one connection, on its own thread.
 */
final class EarlyAnswers extends ChannelInboundHandlerAdapter {
  /** A peer whose last bytes are on their way ends its half by itself within this time. */
  private static final Duration OWN_END = Duration.ofMillis(100);

  /** Waits for TLS and HTTP/2 to stand; then watches the connection's streams. */
  @Override
  public void channelReadComplete(ChannelHandlerContext ctx) {
    Http2ConnectionHandler http2 = ctx.pipeline().get(Http2ConnectionHandler.class);
    if (http2 != null) {
      ChannelHandlerContext door = ctx.pipeline().context(http2);
      http2.connection().addListener(new Watch(http2, door));
      ctx.pipeline().remove(this);
    }
    ctx.fireChannelReadComplete();
  }

  private static final class Watch extends Http2ConnectionAdapter {
    private final Http2ConnectionHandler http2;
    private final ChannelHandlerContext door;

    Watch(Http2ConnectionHandler http2, ChannelHandlerContext door) {
      this.http2 = http2;
      this.door = door;
    }

    @Override
    public void onStreamHalfClosed(Http2Stream stream) {
      if (answered(stream)) {
        var _ =
            door.executor().schedule(() -> end(stream), OWN_END.toMillis(), TimeUnit.MILLISECONDS);
      }
    }

    private void end(Http2Stream stream) {
      if (answered(stream) && door.channel().isActive()) {
        var _ = http2.resetStream(door, stream.id(), Http2Error.NO_ERROR.code(), door.newPromise());
        var _ = door.flush();
      }
    }

    private static boolean answered(Http2Stream stream) {
      return stream.state() == Http2Stream.State.HALF_CLOSED_LOCAL;
    }
  }
}
