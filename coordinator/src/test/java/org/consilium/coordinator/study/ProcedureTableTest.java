package org.consilium.coordinator.study;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.CallOptions;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.ServiceDescriptor;
import io.grpc.Status;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.consilium.coordinator.permit.AllowList;
import org.consilium.coordinator.permit.Audience;
import org.consilium.proto.v1.CoordinationGrpc;
import org.consilium.proto.v1.EnrolmentGrpc;
import org.consilium.security.identity.CertificateAuthority;
import org.consilium.security.identity.Credential;
import org.consilium.security.identity.Fingerprint;
import org.consilium.security.identity.KeyRequest;
import org.consilium.security.identity.Leaf;
import org.consilium.security.identity.SpiffeId;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Every remote procedure, asked for with every kind of certificate, over real sockets. */
final class ProcedureTableTest {
  private static final List<ServiceDescriptor> SERVICES =
      List.of(CoordinationGrpc.getServiceDescriptor(), EnrolmentGrpc.getServiceDescriptor());

  @TempDir Path folder;

  @Test
  void table_namesEveryProcedureAndNoOther() {
    Set<String> served = new TreeSet<>();
    SERVICES.forEach(s -> s.getMethods().forEach(m -> served.add(m.getFullMethodName())));

    assertThat(new TreeSet<>(AllowList.procedures())).isEqualTo(served);
    assertThat(AllowList.procedure("consilium.v1.Coordination/Shutdown")).isEmpty();
  }

  @Test
  void badInput_05_everyProcedure_onlyTheCertificateOfTheTableGetsIn() throws Exception {
    try (WireConsortium c = new WireConsortium(folder, 2)) {
      Map<String, Optional<Credential>> callers = callers(c);
      List<String> wrong = new ArrayList<>();
      for (var caller : callers.entrySet()) {
        ManagedChannel line = c.channel(c.servers.coordinationPort(), caller.getValue(), c.trust());
        for (MethodDescriptor<?, ?> method : CoordinationGrpc.getServiceDescriptor().getMethods()) {
          Status status = end(line, method);
          Status.Code code = status.getCode();
          boolean allowed =
              caller.getKey().equals("site")
                  && AllowList.procedure(method.getFullMethodName()).contains(Audience.SITE_NODE);
          // Past the door, the empty message is refused for its signature.
          boolean in =
              String.valueOf(status.getDescription()).startsWith("BAD_SIGNATURE")
                  || !Set.of(
                          Status.Code.UNAVAILABLE,
                          Status.Code.UNAUTHENTICATED,
                          Status.Code.PERMISSION_DENIED,
                          Status.Code.UNIMPLEMENTED)
                      .contains(code);
          if (in != allowed) {
            wrong.add("%s by %s: %s".formatted(method.getFullMethodName(), caller.getKey(), code));
          }
        }
      }
      assertThat(callers).hasSize(7);
      assertThat(wrong).isEmpty();
    }
  }

  @Test
  void badInput_05_proceduresOfTheOtherPort_unimplementedThere() throws Exception {
    try (WireConsortium c = new WireConsortium(folder, 2)) {
      ManagedChannel site = c.channel(c.inside.ids.getFirst());
      for (MethodDescriptor<?, ?> method : EnrolmentGrpc.getServiceDescriptor().getMethods()) {
        assertThat(ask(site, method)).isEqualTo(Status.Code.UNIMPLEMENTED);
      }
      ManagedChannel newcomer = c.newcomer();
      for (MethodDescriptor<?, ?> method : CoordinationGrpc.getServiceDescriptor().getMethods()) {
        assertThat(ask(newcomer, method)).isEqualTo(Status.Code.UNIMPLEMENTED);
      }
      for (MethodDescriptor<?, ?> method : EnrolmentGrpc.getServiceDescriptor().getMethods()) {
        assertThat(ask(newcomer, method))
            .as(method.getFullMethodName())
            .isIn(Status.Code.INVALID_ARGUMENT, Status.Code.PERMISSION_DENIED);
      }
    }
  }

  private static Map<String, Optional<Credential>> callers(WireConsortium c) throws Exception {
    CertificateAuthority authority = c.inside.authority;
    Map<String, Optional<Credential>> callers = new LinkedHashMap<>();
    callers.put("site", Optional.of(c.credential(c.inside.ids.getFirst())));
    callers.put("nobody", Optional.empty());
    callers.put("coordinator", Optional.of(c.coordinator()));
    callers.put("signing", Optional.of(c.signing(c.inside.ids.getFirst())));
    KeyRequest aggregator = KeyRequest.signing(c.inside.random);
    callers.put(
        "aggregator",
        Optional.of(
            aggregator.with(
                authority.issue(
                    aggregator.pkcs10(),
                    SpiffeId.aggregator(TestConsortium.DOMAIN, "pneumonia"),
                    Leaf.AGGREGATION.terms().withSealingKey(Fingerprint.sha256(new byte[] {1}))))));
    callers.put("expired", Optional.of(expired(c)));
    KeyRequest stranger = KeyRequest.tls(c.inside.random);
    callers.put(
        "site that never joined",
        Optional.of(
            stranger.with(
                authority.issue(
                    stranger.pkcs10(),
                    SpiffeId.site(TestConsortium.DOMAIN, "site-z"),
                    Leaf.SITE_TLS))));
    return callers;
  }

  /** The first site's name, from the consortium's own authority, a month ago. */
  private static Credential expired(WireConsortium c) throws Exception {
    InstantSource then = InstantSource.fixed(Instant.now().minus(Duration.ofDays(30)));
    CertificateAuthority past =
        CertificateAuthority.open(c.inside.folder.resolve("ca"), then, c.inside.random);
    KeyRequest request = KeyRequest.tls(c.inside.random);
    return request.with(
        past.issue(request.pkcs10(), c.credential(c.inside.ids.getFirst()).id(), Leaf.SITE_TLS));
  }

  private static Status.Code ask(ManagedChannel line, MethodDescriptor<?, ?> method)
      throws Exception {
    return end(line, method).getCode();
  }

  /** How a call with one empty message ends. */
  private static Status end(ManagedChannel line, MethodDescriptor<?, ?> method) throws Exception {
    MethodDescriptor<byte[], byte[]> raw =
        MethodDescriptor.<byte[], byte[]>newBuilder()
            .setFullMethodName(method.getFullMethodName())
            .setType(method.getType())
            .setRequestMarshaller(new Bytes())
            .setResponseMarshaller(new Bytes())
            .build();
    CompletableFuture<Status> end = new CompletableFuture<>();
    var call = line.newCall(raw, CallOptions.DEFAULT.withDeadlineAfter(20, TimeUnit.SECONDS));
    call.start(
        new io.grpc.ClientCall.Listener<byte[]>() {
          @Override
          public void onClose(Status status, Metadata trailers) {
            end.complete(status);
          }
        },
        new Metadata());
    call.request(10);
    call.sendMessage(new byte[0]);
    call.halfClose();
    return end.get(30, TimeUnit.SECONDS);
  }

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
        throw new IllegalStateException(broken);
      }
    }
  }
}
