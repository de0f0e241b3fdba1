package org.consilium.coordinator.study;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.StreamObserver;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** Calls of any method with any bytes in a message's place. */
final class RawCalls {
  private static final int DEADLINE_SECONDS = 20;

  private RawCalls() {}

  /** The bytes as they are. */
  private static final class Bytes implements MethodDescriptor.Marshaller<byte[]> {
    @Override
    public InputStream stream(byte[] value) {
      return new ByteArrayInputStream(value);
    }

    @Override
    public byte[] parse(InputStream stream) {
      try {
        return stream.readAllBytes();
      } catch (IOException broken) {
        throw new UncheckedIOException(broken);
      }
    }
  }

  /**
   * Sends messages, says that there are no more, and waits for the end.
   *
   * @param method whose name and type are used
   */
  static Status call(Channel line, MethodDescriptor<?, ?> method, byte[]... messages)
      throws Exception {
    return call(line, method, CallOptions.DEFAULT, messages);
  }

  static Status call(
      Channel line, MethodDescriptor<?, ?> method, CallOptions options, byte[]... messages)
      throws Exception {
    MethodDescriptor<byte[], byte[]> raw = method.toBuilder(new Bytes(), new Bytes()).build();
    var call = line.newCall(raw, options.withDeadlineAfter(DEADLINE_SECONDS, TimeUnit.SECONDS));
    End end = new End();
    if (method.getType().clientSendsOneMessage()) {
      if (method.getType().serverSendsOneMessage()) {
        ClientCalls.asyncUnaryCall(call, messages[0], end);
      } else {
        ClientCalls.asyncServerStreamingCall(call, messages[0], end);
      }
    } else {
      StreamObserver<byte[]> out =
          method.getType().serverSendsOneMessage()
              ? ClientCalls.asyncClientStreamingCall(call, end)
              : ClientCalls.asyncBidiStreamingCall(call, end);
      for (byte[] message : messages) {
        out.onNext(message);
      }
      out.onCompleted();
    }
    return end.status.get(DEADLINE_SECONDS + 5, TimeUnit.SECONDS);
  }

  private static final class End implements StreamObserver<byte[]> {
    final CompletableFuture<Status> status = new CompletableFuture<>();

    @Override
    public void onNext(byte[] answer) {
      // only the end counts
    }

    @Override
    public void onError(Throwable failed) {
      status.complete(Status.fromThrowable(failed));
    }

    @Override
    public void onCompleted() {
      status.complete(Status.OK);
    }
  }
}
