package org.consilium.coordinator.rpc;

import io.grpc.Context;
import io.grpc.Metadata;
import io.grpc.ServerStreamTracer;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Counts the bytes of a call's messages as they arrive, before a message is whole: on a slow line
 * that is how a chunk that moves is told from one that does not. Knows, too, whether a message has
 * begun and is not whole: gRPC keeps what came of it, up to a whole message.
 */
final class ArrivedBytes extends ServerStreamTracer {
  private static final Context.Key<ArrivedBytes> OF_CALL = Context.key("arrived-bytes");

  private final AtomicLong bytes = new AtomicLong();
  private volatile boolean midMessage;

  private ArrivedBytes() {}

  /** Counts for every call of a server. */
  static final class Factory extends ServerStreamTracer.Factory {
    @Override
    public ServerStreamTracer newServerStreamTracer(String method, Metadata headers) {
      return new ArrivedBytes();
    }
  }

  /** The counter of the call that is being begun. */
  static Optional<ArrivedBytes> ofCall() {
    return Optional.ofNullable(OF_CALL.get());
  }

  long soFar() {
    return bytes.get();
  }

  /** Whether a message has begun of which something is missing. */
  boolean midMessage() {
    return midMessage;
  }

  @Override
  public Context filterContext(Context context) {
    return context.withValue(OF_CALL, this);
  }

  @Override
  public void inboundWireSize(long more) {
    long _ = bytes.addAndGet(more);
  }

  /** Its length has come. */
  @Override
  public void inboundMessage(int number) {
    midMessage = true;
  }

  /** All of it has come. */
  @Override
  public void inboundMessageRead(int number, long wireBytes, long plainBytes) {
    midMessage = false;
  }
}
