package org.consilium.site.session;

import com.google.protobuf.MessageLite;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.ForwardingClientCall.SimpleForwardingClientCall;
import io.grpc.MethodDescriptor;
import org.consilium.site.protect.EgressGate;

/** Takes every message of every call to the exit before the transport gets it. */
final class ExitInterceptor implements ClientInterceptor {
  private final EgressGate gate;

  ExitInterceptor(EgressGate gate) {
    this.gate = gate;
  }

  @Override
  public <Q, R> ClientCall<Q, R> interceptCall(
      MethodDescriptor<Q, R> method, CallOptions options, Channel next) {
    return new SimpleForwardingClientCall<>(next.newCall(method, options)) {
      @Override
      public void sendMessage(Q message) {
        String name = method.getFullMethodName();
        if (!(message instanceof MessageLite wire)) {
          throw gate.undeclared(name, new byte[0]);
        }
        gate.pass(
            OutgoingMessages.of(name, wire)
                .orElseThrow(() -> gate.undeclared(name, wire.toByteArray())));
        super.sendMessage(message);
      }
    };
  }
}
