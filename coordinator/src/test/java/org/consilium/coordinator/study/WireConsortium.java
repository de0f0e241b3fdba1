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
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;
import org.consilium.coordinator.audit.AuditLog;
import org.consilium.coordinator.consortium.Consortium;
import org.consilium.coordinator.consortium.Denylist;
import org.consilium.coordinator.consortium.KeyRequests;
import org.consilium.coordinator.consortium.Revocations;
import org.consilium.coordinator.issuing.TestAuthority;
import org.consilium.coordinator.journal.InMemoryJournal;
import org.consilium.coordinator.ops.AccessMetrics;
import org.consilium.coordinator.rpc.CoordinationService;
import org.consilium.coordinator.rpc.DoorLimits;
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
import org.consilium.security.identity.RevocationSource;
import org.consilium.security.identity.SpiffeId;
import org.consilium.security.sign.ChainCheck;
import org.consilium.security.sign.SigningKey;

/** A consortium behind real sockets: mutual TLS, enrolled sites, the coordinator's own servers. */
final class WireConsortium implements AutoCloseable {
  final TestConsortium inside;
  final Consortium members;
  final Denylist denylist;
  final Revocations revocations;
  final AuditLog audit;

  /** The two administrators, and what they sign for. */
  final TestAuthority authority;

  /** What handshakes ask. */
  final AtomicReference<RevocationSource> list = new AtomicReference<>();

  final GrpcServers servers;
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final Map<SiteId, Credential> credentials = new ConcurrentHashMap<>();

  /** What each site signs with. */
  final Map<SiteId, Credential> signers = new ConcurrentHashMap<>();

  private final List<ManagedChannel> channels = new ArrayList<>();

  WireConsortium(Path folder, int count) throws Exception {
    this(folder, count, DoorLimits.standard());
  }

  WireConsortium(Path folder, int count, DoorLimits limits) throws Exception {
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
    Credential server = coordinator();
    denylist = Denylist.open(inside.journal);
    revocations =
        new Revocations(
            members, denylist, authority.registrar(), folder.resolve("revoked.crl"), inside.time);
    list.set(revocations);
    audit = inside.audit();
    AccessMetrics access = new AccessMetrics(new PrometheusRegistry());
    servers =
        GrpcServers.start(
            new GrpcServers.Ports("127.0.0.1", 0, 0, limits),
            server,
            new GrpcServers.Members(members, denylist, () -> list.get().current(), inside.time),
            new GrpcServers.Services(
                new CoordinationService(
                    inside.studies(),
                    audit,
                    inside.presence(),
                    new CoordinationService.Certificates(members, revocations),
                    inside.time,
                    threads),
                new EnrolmentService(members, access, inside.time)),
            access);
  }

  private void enrol(SiteId id) throws Exception {
    KeyRequest tls = KeyRequest.tls(inside.random);
    KeyRequest signer = KeyRequest.signing(inside.random);
    JoinToken token = authority.invite(id);
    Fingerprint key =
        members.enrol(
            id,
            token.secret(),
            new KeyRequests(tls.pkcs10(), signer.pkcs10(), "0.1.0"),
            TestAuthority.binding(id, token, tls, signer));
    authority.admit(id, tls, signer);
    members.copy();
    if (members.collect(id, Digest.of(key.bytes()))
        instanceof Consortium.Collected.Approved approved) {
      credentials.put(id, tls.with(ChainCheck.parse(approved.tlsChain())));
      signers.put(id, signer.with(ChainCheck.parse(approved.signingChain())));
    }
  }

  int sitesPort() {
    return servers.coordinationPort();
  }

  int enrolmentPort() {
    return servers.enrolmentPort();
  }

  /** The site's TLS key and certificate. */
  Credential credential(SiteId id) {
    return java.util.Objects.requireNonNull(credentials.get(id));
  }

  /** For a socket of the JDK with the site's certificate. */
  SSLContext tls(SiteId id) throws Exception {
    Credential own = credential(id);
    KeyStore keys = KeyStore.getInstance("PKCS12");
    keys.load(null, null);
    keys.setKeyEntry(
        "own", own.privateKey(), new char[0], own.chain().toArray(X509Certificate[]::new));
    KeyManagerFactory factory =
        KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
    factory.init(keys, new char[0]);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(
        factory.getKeyManagers(),
        new TrustManager[] {PeerTrust.forServer(own.chain().getLast(), TestConsortium.DOMAIN)},
        null);
    return context;
  }

  /** A new certificate of the coordinator's. */
  Credential coordinator() throws Exception {
    KeyRequest tls = KeyRequest.tls(inside.random);
    return tls.with(
        inside.authority.issue(
            tls.pkcs10(),
            SpiffeId.coordinator(TestConsortium.DOMAIN, "main"),
            Leaf.COORDINATOR_TLS.terms().withHosts(List.of("localhost"))));
  }

  /** A site's signing certificate. */
  Credential signing(SiteId id) {
    return java.util.Objects.requireNonNull(signers.get(id));
  }

  /** A request for a successor of a site's certificate, as the site makes it. */
  KeyRequest renewal(SiteId id) {
    return KeyRequest.renewal(
        credential(id).id(),
        inside.random,
        key -> SigningKey.of(signing(id)).sign(KeyRequest.ENDORSEMENT, key));
  }

  /** Accepts the coordinator, without a look at revoked certificates. */
  PeerTrust trust() {
    return PeerTrust.forServer(inside.authority.root(), TestConsortium.DOMAIN);
  }

  /** A connection of its own, with the site's certificate. */
  ManagedChannel channel(SiteId id) throws IOException {
    return channel(servers.coordinationPort(), Optional.of(credential(id)), trust());
  }

  /** A connection of a newcomer. */
  ManagedChannel newcomer() throws IOException {
    return channel(servers.enrolmentPort(), Optional.empty(), trust());
  }

  /** A connection with this certificate, or none. */
  ManagedChannel channel(int port, Optional<Credential> own, PeerTrust trust) throws IOException {
    SslContextBuilder ssl = SslContextBuilder.forClient().trustManager(trust);
    own.ifPresent(c -> ssl.keyManager(c.privateKey(), c.chain().toArray(X509Certificate[]::new)));
    ManagedChannel channel =
        NettyChannelBuilder.forAddress("127.0.0.1", port)
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
