package org.consilium.coordinator.study;

import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.netty.shaded.io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.shaded.io.netty.handler.ssl.SslContextBuilder;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.io.IOException;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.consilium.coordinator.consortium.Consortium;
import org.consilium.coordinator.consortium.KeyRequests;
import org.consilium.coordinator.issuing.TestAuthority;
import org.consilium.coordinator.journal.InMemoryJournal;
import org.consilium.coordinator.ops.AccessMetrics;
import org.consilium.coordinator.rpc.CoordinationService;
import org.consilium.coordinator.rpc.EnrolmentService;
import org.consilium.coordinator.rpc.GrpcServers;
import org.consilium.protocol.Digest;
import org.consilium.protocol.SiteId;
import org.consilium.security.identity.Credential;
import org.consilium.security.identity.Fingerprint;
import org.consilium.security.identity.JoinToken;
import org.consilium.security.identity.KeyRequest;
import org.consilium.security.identity.Leaf;
import org.consilium.security.identity.PeerTrust;
import org.consilium.security.identity.SpiffeId;
import org.consilium.security.sign.ChainCheck;

/** A consortium behind real sockets: mutual TLS, enrolled sites, the coordinator's own servers. */
final class WireConsortium implements AutoCloseable {
  final TestConsortium inside;
  final Consortium members;
  private final TestAuthority authority;
  private final GrpcServers servers;
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final Map<SiteId, Credential> credentials = new ConcurrentHashMap<>();
  private final List<ManagedChannel> channels = new ArrayList<>();

  WireConsortium(Path folder, int count) throws Exception {
    // TLS looks at the machine's own clock, so this time begins at it.
    inside = new TestConsortium(folder, count, new ManualTime(Instant.now()));
    authority = new TestAuthority(inside.authority, Duration.ofDays(1), inside.time, inside.random);
    members = Consortium.open(new InMemoryJournal(inside.time), authority.registrar(), inside.time);
    for (SiteId id : inside.ids) {
      enrol(id);
    }
    members.onRevocation(
        id -> {
          inside.sites.remove(id);
          inside.studies().revoked(id);
        });
    KeyRequest tls = KeyRequest.tls(inside.random);
    Credential server =
        tls.with(
            inside.authority.issue(
                tls.pkcs10(),
                SpiffeId.coordinator(TestConsortium.DOMAIN, "main"),
                Leaf.COORDINATOR_TLS.terms().withHosts(List.of("localhost"))));
    AccessMetrics access = new AccessMetrics(new PrometheusRegistry());
    servers =
        GrpcServers.start(
            new GrpcServers.Ports("127.0.0.1", 0, 0),
            server,
            members,
            new GrpcServers.Services(
                new CoordinationService(
                    inside.studies(),
                    inside.presence(),
                    inside.time,
                    threads,
                    members::rosterProof),
                new EnrolmentService(members, access, inside.time)),
            access);
  }

  private void enrol(SiteId id) throws Exception {
    KeyRequest tls = KeyRequest.tls(inside.random);
    KeyRequest signing = KeyRequest.signing(inside.random);
    JoinToken token = authority.invite(id);
    Fingerprint key =
        members.enrol(
            id,
            token.secret(),
            new KeyRequests(tls.pkcs10(), signing.pkcs10(), "0.1.0"),
            TestAuthority.binding(id, token, tls, signing));
    authority.admit(id, tls, signing);
    members.copy();
    if (members.collect(id, Digest.of(key.bytes()))
        instanceof Consortium.Collected.Approved approved) {
      credentials.put(id, tls.with(ChainCheck.parse(approved.tlsChain())));
    }
  }

  /** A connection of its own, with the site's certificate. */
  ManagedChannel channel(SiteId id) throws IOException {
    Credential own = java.util.Objects.requireNonNull(credentials.get(id));
    SslContextBuilder ssl =
        SslContextBuilder.forClient()
            .keyManager(own.privateKey(), own.chain().toArray(X509Certificate[]::new))
            .trustManager(PeerTrust.forServer(own.chain().getLast(), TestConsortium.DOMAIN));
    ManagedChannel channel =
        NettyChannelBuilder.forAddress("127.0.0.1", servers.coordinationPort())
            .sslContext(GrpcSslContexts.configure(ssl).protocols("TLSv1.3").build())
            .build();
    channels.add(channel);
    return channel;
  }

  /** Notes what comes and how the call ends; asks for messages only when told to. */
  static final class Ear<Q, A> implements ClientResponseObserver<Q, A> {
    final List<A> heard = new java.util.concurrent.CopyOnWriteArrayList<>();
    final AtomicLong count = new AtomicLong();
    private final CompletableFuture<Status> end = new CompletableFuture<>();
    private final CompletableFuture<ClientCallStreamObserver<Q>> call = new CompletableFuture<>();
    private final int wanted;

    Ear(int wanted) {
      this.wanted = wanted;
    }

    @Override
    public void beforeStart(ClientCallStreamObserver<Q> stream) {
      stream.disableAutoRequestWithInitial(wanted);
      call.complete(stream);
    }

    @Override
    public void onNext(A message) {
      heard.add(message);
      long _ = count.incrementAndGet();
    }

    @Override
    public void onError(Throwable failed) {
      end.complete(Status.fromThrowable(failed));
    }

    @Override
    public void onCompleted() {
      end.complete(Status.OK);
    }

    void listen() {
      call.join().request(100_000);
    }

    boolean open() {
      return !end.isDone();
    }

    /** How the call ended, which must be within five seconds. */
    Status ended() throws Exception {
      return end.get(5, TimeUnit.SECONDS);
    }
  }

  @Override
  public void close() {
    channels.forEach(ManagedChannel::shutdownNow);
    servers.close();
    threads.shutdownNow();
    inside.close();
  }
}
