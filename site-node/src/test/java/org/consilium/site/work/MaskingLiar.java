package org.consilium.site.work;

import com.google.protobuf.ByteString;
import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.Grpc;
import io.grpc.Metadata;
import io.grpc.Server;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.ServerInterceptors;
import io.grpc.netty.shaded.io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.netty.shaded.io.netty.handler.ssl.ClientAuth;
import io.grpc.netty.shaded.io.netty.handler.ssl.SslContextBuilder;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLSession;
import org.consilium.proto.v1.CoordinationGrpc;
import org.consilium.proto.v1.CoordinatorMessage;
import org.consilium.proto.v1.GetRosterRequest;
import org.consilium.proto.v1.MaskReceipt;
import org.consilium.proto.v1.MaskSubmission;
import org.consilium.proto.v1.RosterProof;
import org.consilium.proto.v1.SiteMessage;
import org.consilium.proto.v1.Welcome;
import org.consilium.protocol.Limits;
import org.consilium.protocol.MaskOrder;
import org.consilium.protocol.SignedBytes;
import org.consilium.protocol.SiteId;
import org.consilium.protocol.wire.MaskCodec;
import org.consilium.protocol.wire.SignedKind;
import org.consilium.security.identity.CertificateAuthority;
import org.consilium.security.identity.CertificateRefused;
import org.consilium.security.identity.Credential;
import org.consilium.security.identity.KeyRequest;
import org.consilium.security.identity.Leaf;
import org.consilium.security.identity.PeerTrust;
import org.consilium.security.identity.SpiffeId;
import org.consilium.security.sign.SigningKey;

/**
 * A coordinator with genuine certificates that tells each site about masking whatever a test wants,
 * and keeps all that sites say to it.
 */
final class MaskingLiar extends CoordinationGrpc.CoordinationImplBase implements AutoCloseable {
  static final String DOMAIN = "test.example";

  private static final Context.Key<SiteId> CALLER = Context.key("caller");

  final CertificateAuthority authority;
  final SecureRandom random = new SecureRandom();
  final Credential signing;

  /** What it shows of the roster. */
  volatile RosterProof roster;

  private final Server server;
  private final Map<SiteId, StreamObserver<CoordinatorMessage>> streams = new ConcurrentHashMap<>();
  private final Map<SiteId, List<MaskSubmission>> taken = new ConcurrentHashMap<>();

  MaskingLiar(Path folder, List<SiteId> rostered) throws Exception {
    // TLS looks at the machine's own clock.
    authority = CertificateAuthority.create(folder, DOMAIN, InstantSource.system(), random);
    roster = TestRoster.of(authority, rostered.stream().map(SiteId::value).toList());
    Credential tls =
        issue(
            KeyRequest.tls(random),
            SpiffeId.coordinator(DOMAIN, "main"),
            Leaf.COORDINATOR_TLS.terms().withHosts(List.of("localhost")));
    signing =
        issue(
            KeyRequest.signing(random),
            SpiffeId.coordinatorSigning(DOMAIN, "main"),
            Leaf.COORDINATOR_SIGNING.terms());
    SslContextBuilder ssl =
        SslContextBuilder.forServer(tls.privateKey(), tls.chain().toArray(X509Certificate[]::new))
            .clientAuth(ClientAuth.REQUIRE)
            .trustManager(PeerTrust.forClients(authority.root(), DOMAIN));
    server =
        NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
            .sslContext(GrpcSslContexts.configure(ssl).protocols("TLSv1.3").build())
            .maxInboundMessageSize(4 << 20)
            .addService(ServerInterceptors.intercept(this, new Caller()))
            .build()
            .start();
  }

  @Override
  public void getRoster(GetRosterRequest request, StreamObserver<RosterProof> out) {
    out.onNext(roster);
    out.onCompleted();
  }

  Credential issue(KeyRequest request, SpiffeId id, Leaf.Terms terms)
      throws IOException, CertificateRefused {
    return request.with(authority.issue(request.pkcs10(), id, terms));
  }

  int port() {
    return server.getPort();
  }

  boolean connected(SiteId site) {
    return streams.containsKey(site);
  }

  /** Hands an order to a site, signed as a coordinator does. */
  void order(SiteId to, MaskOrder order) {
    order(to, order, SigningKey.of(signing));
  }

  void order(SiteId to, MaskOrder order, SigningKey signer) {
    byte[] body = MaskCodec.encode(order);
    SignedBytes signed = new SignedBytes(body, signer.sign(SignedKind.MASK_ORDER.label(), body));
    StreamObserver<CoordinatorMessage> stream = streams.get(to);
    if (stream == null) {
      throw new IllegalStateException("site %s is not connected".formatted(to));
    }
    stream.onNext(CoordinatorMessage.newBuilder().setMask(MaskCodec.signed(signed)).build());
  }

  /** All that a site sent of a kind. */
  List<MaskSubmission> taken(SiteId site, MaskSubmission.KindCase kind) {
    return taken.getOrDefault(site, List.of()).stream()
        .filter(m -> m.getKindCase() == kind)
        .toList();
  }

  @Override
  public StreamObserver<SiteMessage> session(StreamObserver<CoordinatorMessage> out) {
    SiteId site = CALLER.get();
    return new StreamObserver<>() {
      @Override
      public void onNext(SiteMessage message) {
        if (message.hasHello()) {
          out.onNext(CoordinatorMessage.newBuilder().setWelcome(welcome(site)).build());
          streams.put(site, out);
        }
      }

      @Override
      public void onError(Throwable cut) {
        streams.remove(site, out);
      }

      @Override
      public void onCompleted() {
        streams.remove(site, out);
        out.onCompleted();
      }
    };
  }

  private Welcome welcome(SiteId site) {
    Welcome.Builder welcome =
        Welcome.newBuilder()
            .setProtocol(Limits.PROTOCOL)
            .setSite(site.value())
            .setCoordinatorTimeMillis(InstantSource.system().millis());
    der(signing).forEach(c -> welcome.addSigningChain(ByteString.copyFrom(c)));
    return welcome.build();
  }

  static List<byte[]> der(Credential credential) {
    List<byte[]> chain = new ArrayList<>();
    try {
      for (X509Certificate certificate : credential.chain()) {
        chain.add(certificate.getEncoded());
      }
    } catch (CertificateException broken) {
      throw new IllegalStateException(broken);
    }
    return chain;
  }

  @Override
  public void submitMask(MaskSubmission request, StreamObserver<MaskReceipt> out) {
    taken.computeIfAbsent(CALLER.get(), _ -> new CopyOnWriteArrayList<>()).add(request);
    out.onNext(MaskReceipt.getDefaultInstance());
    out.onCompleted();
  }

  @Override
  public void close() {
    server.shutdownNow();
    try {
      var _ = server.awaitTermination(5, TimeUnit.SECONDS);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  /** Who calls, by the certificate. */
  private static final class Caller implements ServerInterceptor {
    @Override
    public <Q, R> ServerCall.Listener<Q> interceptCall(
        ServerCall<Q, R> call, Metadata headers, ServerCallHandler<Q, R> next) {
      SSLSession session =
          Objects.requireNonNull(call.getAttributes().get(Grpc.TRANSPORT_ATTR_SSL_SESSION));
      try {
        X509Certificate leaf = (X509Certificate) session.getPeerCertificates()[0];
        SiteId site = new SiteId(SpiffeId.of(leaf).siteName().orElseThrow());
        return Contexts.interceptCall(
            Context.current().withValue(CALLER, site), call, headers, next);
      } catch (SSLPeerUnverifiedException | CertificateException stranger) {
        throw new IllegalStateException(stranger);
      }
    }
  }
}
