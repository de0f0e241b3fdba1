package org.consilium.coordinator.rpc;

import com.google.protobuf.Message;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerMethodDefinition;
import io.grpc.ServerServiceDefinition;
import io.grpc.ServiceDescriptor;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.io.InputStream;
import java.util.Optional;
import org.consilium.protocol.MalformedMessage;
import org.consilium.protocol.wire.UnknownFields;

/**
 * A service whose callers are told INVALID_ARGUMENT for a message that cannot be read. By itself
 * gRPC takes such a message for a failure of the server: it answers UNKNOWN and logs a trace.
 */
final class StrictMessages {
  private StrictMessages() {}

  /** What takes a message's place when it cannot be read. */
  private record Malformed(String reason) {}

  /** The same service, strict. */
  static ServerServiceDefinition of(ServerServiceDefinition lenient) {
    ServiceDescriptor.Builder descriptor =
        ServiceDescriptor.newBuilder(lenient.getServiceDescriptor().getName());
    var methods =
        lenient.getMethods().stream()
            .<ServerMethodDefinition<?, ?>>map(StrictMessages::of)
            .toList();
    methods.forEach(m -> descriptor.addMethod(m.getMethodDescriptor()));
    ServerServiceDefinition.Builder strict = ServerServiceDefinition.builder(descriptor.build());
    methods.forEach(strict::addMethod);
    return strict.build();
  }

  private static <Q, A> ServerMethodDefinition<Object, A> of(ServerMethodDefinition<Q, A> lenient) {
    MethodDescriptor<Q, A> method = lenient.getMethodDescriptor();
    MethodDescriptor<Object, A> strict =
        method.toBuilder(
                new Reader<>(method.getRequestMarshaller()), method.getResponseMarshaller())
            .build();
    return ServerMethodDefinition.create(
        strict, new Handler<>(method, lenient.getServerCallHandler()));
  }

  /** Gives a message or {@link Malformed}; throws neither. */
  private record Reader<Q>(MethodDescriptor.Marshaller<Q> messages)
      implements MethodDescriptor.Marshaller<Object> {
    @Override
    public InputStream stream(Object value) {
      throw new IllegalStateException("a server sends no requests");
    }

    @Override
    public Object parse(InputStream stream) {
      try {
        Q read = WireBytes.parse(messages, stream);
        if (read instanceof Message message) {
          UnknownFields.check(message);
        }
        return read;
      } catch (StatusRuntimeException | IOException unreadable) {
        return new Malformed("the message is not of the type that this call takes");
      } catch (MalformedMessage foreign) {
        return new Malformed(String.valueOf(foreign.getMessage()));
      }
    }
  }

  private record Handler<Q, A>(MethodDescriptor<Q, A> method, ServerCallHandler<Q, A> next)
      implements ServerCallHandler<Object, A> {
    @Override
    @SuppressWarnings("unchecked") // what Reader gives is a Q or Malformed, which stops here
    public ServerCall.Listener<Object> startCall(ServerCall<Object, A> call, Metadata headers) {
      ServerCall<Q, A> typed = (ServerCall<Q, A>) (ServerCall<?, A>) call;
      ServerCall.Listener<Q> service = next.startCall(typed, headers);
      return new Gate<>(typed, service);
    }
  }

  /** Passes on what the service may hear; after a malformed message that the call was cancelled. */
  private static final class Gate<Q, A> extends ServerCall.Listener<Object> {
    private final ServerCall<Q, A> call;
    private final ServerCall.Listener<Q> service;
    private boolean shut;

    Gate(ServerCall<Q, A> call, ServerCall.Listener<Q> service) {
      this.call = call;
      this.service = service;
    }

    @Override
    @SuppressWarnings("unchecked")
    public void onMessage(Object message) {
      if (shut) {
        return;
      }
      if (message instanceof Malformed(String reason)) {
        shut = true;
        var refusal = RpcStatus.malformed(reason);
        call.close(
            refusal.getStatus(), Optional.ofNullable(refusal.getTrailers()).orElse(new Metadata()));
        service.onCancel();
        return;
      }
      service.onMessage((Q) message);
    }

    @Override
    public void onHalfClose() {
      if (!shut) {
        service.onHalfClose();
      }
    }

    @Override
    public void onCancel() {
      if (!shut) {
        service.onCancel();
      }
    }

    @Override
    public void onComplete() {
      if (!shut) {
        service.onComplete();
      }
    }

    @Override
    public void onReady() {
      if (!shut) {
        service.onReady();
      }
    }
  }
}
