package org.consilium.site.work;

import com.google.protobuf.ByteString;
import com.google.protobuf.MessageLite;
import io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import io.grpc.Metadata;
import io.grpc.Server;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.ServerInterceptors;
import io.grpc.Status;
import io.grpc.netty.shaded.io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.netty.shaded.io.netty.handler.ssl.ClientAuth;
import io.grpc.netty.shaded.io.netty.handler.ssl.SslContextBuilder;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.security.cert.CertificateEncodingException;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.consilium.proto.v1.CheckpointOffer;
import org.consilium.proto.v1.CommitUpdateRequest;
import org.consilium.proto.v1.CoordinationGrpc;
import org.consilium.proto.v1.CoordinatorMessage;
import org.consilium.proto.v1.FetchModelRequest;
import org.consilium.proto.v1.GetRosterRequest;
import org.consilium.proto.v1.ModelChunk;
import org.consilium.proto.v1.Pong;
import org.consilium.proto.v1.ReportReceipt;
import org.consilium.proto.v1.RosterProof;
import org.consilium.proto.v1.Signed;
import org.consilium.proto.v1.SiteMessage;
import org.consilium.proto.v1.UpdateChunk;
import org.consilium.proto.v1.UpdateReceipt;
import org.consilium.proto.v1.UploadProgress;
import org.consilium.proto.v1.Welcome;
import org.consilium.protocol.Limits;
import org.consilium.protocol.UpdateManifest;
import org.consilium.protocol.wire.ManifestCodec;
import org.consilium.security.audit.MerkleTree;
import org.consilium.security.identity.CertificateAuthority;
import org.consilium.security.identity.Credential;
import org.consilium.security.identity.Fingerprint;
import org.consilium.security.identity.KeyRequest;
import org.consilium.security.identity.Leaf;
import org.consilium.security.identity.PeerTrust;
import org.consilium.security.identity.SpiffeId;
import org.consilium.security.keyfile.SealedFile;
import org.consilium.security.sign.ChainCheck;
import org.consilium.security.sign.SigningKey;
import org.consilium.security.witness.Checkpoint;
import org.consilium.security.witness.SignedCheckpoint;
import org.consilium.site.masking.MaskDesk;
import org.consilium.site.masking.Trust;
import org.consilium.site.protect.Consortium;
import org.consilium.site.protect.EgressGate;
import org.consilium.site.protect.MaskProtector;
import org.consilium.site.protect.witness.AuditWitness;
import org.consilium.site.session.Backoff;
import org.consilium.site.session.CoordinatorLink;
import org.consilium.site.session.CoordinatorSession;
import org.consilium.site.session.Orders;
import org.consilium.site.session.ProxyRules;
import org.consilium.site.session.RosterPin;
import org.consilium.site.upload.MaskSender;

/** A coordinator with a genuine certificate and no honest answer about updates. */
final class LyingCoordinator extends CoordinationGrpc.CoordinationImplBase
    implements AutoCloseable {
  private static final String DOMAIN = "test.example";

  /** More than a site takes in a minute. */
  static final int FLOOD = 6100;

  /** Model files by version. */
  final Map<ByteString, byte[]> models = new ConcurrentHashMap<>();

  final AtomicLong updateBytes = new AtomicLong();
  final AtomicInteger reports = new AtomicInteger();

  /** Whether updates are taken and then forgotten; otherwise they are refused at once. */
  volatile boolean forgets;

  /** What it answers to the next announcements of updates, before it is honest. */
  final java.util.Queue<Status> refusals = new LinkedBlockingQueue<>();

  /** Announcements as they came. */
  final List<UpdateManifest> announced = new CopyOnWriteArrayList<>();

  /** Whether updates are taken and kept, and the stream is left in peace. */
  volatile boolean honest;

  /** Headers and messages of every call as they came. */
  final List<byte[]> wire = new CopyOnWriteArrayList<>();

  final CertificateAuthority authority;
  private final Credential signing;
  private final Server server;
  private final CoordinatorLink link;
  private final Credential client;
  private final RosterPin pin;

  /** What it shows of the roster. */
  volatile RosterProof roster;

  LyingCoordinator(Path folder, EgressGate gate) throws Exception {
    SecureRandom random = new SecureRandom();
    // TLS looks at the machine's own clock.
    authority = CertificateAuthority.create(folder, DOMAIN, InstantSource.system(), random);
    roster = TestRoster.of(authority, List.of("north", "south", "east", "west"));
    pin =
        new RosterPin(
            folder.resolve("pinned-roster"),
            Consortium.NORTH,
            authority.root(),
            DOMAIN,
            InstantSource.system());
    KeyRequest request = KeyRequest.tls(random);
    Leaf.Terms terms = Leaf.COORDINATOR_TLS.terms().withHosts(List.of("localhost"));
    Credential own =
        request.with(
            authority.issue(request.pkcs10(), SpiffeId.coordinator(DOMAIN, "main"), terms));
    KeyRequest signer = KeyRequest.signing(random);
    signing =
        signer.with(
            authority.issue(
                signer.pkcs10(),
                SpiffeId.coordinatorSigning(DOMAIN, "main"),
                Leaf.COORDINATOR_SIGNING.terms()));
    KeyRequest site = KeyRequest.tls(random);
    client =
        site.with(authority.issue(site.pkcs10(), SpiffeId.site(DOMAIN, "north"), Leaf.SITE_TLS));
    SslContextBuilder ssl =
        SslContextBuilder.forServer(own.privateKey(), own.chain().toArray(X509Certificate[]::new))
            .clientAuth(ClientAuth.REQUIRE)
            .trustManager(PeerTrust.forClients(authority.root(), DOMAIN));
    server =
        NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
            .sslContext(GrpcSslContexts.configure(ssl).protocols("TLSv1.3").build())
            .maxInboundMessageSize(4 << 20)
            .addService(ServerInterceptors.intercept(this, new Tap()))
            .build()
            .start();
    link =
        CoordinatorLink.mutual(
            new CoordinatorLink.Endpoint("127.0.0.1", server.getPort()),
            client,
            authority.root(),
            ProxyRules.of(Map.of()),
            gate);
  }

  /** Its genuine signing credential; a witness that is never asked takes any. */
  Credential signing() {
    return signing;
  }

  CoordinatorLink link() {
    return link;
  }

  /** A link of the same site to several addresses; this coordinator's port where none is said. */
  CoordinatorLink linkTo(String hosts) throws Exception {
    return CoordinatorLink.mutual(
        new CoordinatorLink.Endpoint(hosts, server.getPort()),
        client,
        authority.root(),
        ProxyRules.of(Map.of()),
        link.gate());
  }

  /** Sizes of the checkpoints that the site cosigned. */
  final List<Long> cosigned = new CopyOnWriteArrayList<>();

  /** What the site said last that it knows of the log, and the stream to answer on. */
  private record Listening(long size, StreamObserver<CoordinatorMessage> out) {}

  private volatile Optional<StreamObserver<CoordinatorMessage>> stream = Optional.empty();
  private final BlockingQueue<Listening> listening = new LinkedBlockingQueue<>();

  /**
   * Shows the log of this name with {@code to} entries, under its genuine signature, as one that
   * continues {@code from} entries, once the site has said that it knows so many.
   */
  void showLog(String name, int from, int to) {
    try {
      Listening site = listening.poll(20, TimeUnit.SECONDS);
      if (site == null || site.size() != from) {
        throw new AssertionError("the site knows %s, not %d entries".formatted(site, from));
      }
      SignedCheckpoint shown = checkpoint(name, to);
      CheckpointOffer.Builder offer =
          CheckpointOffer.newBuilder()
              .setBody(ByteString.copyFrom(shown.body()))
              .setSignature(ByteString.copyFrom(shown.by().signature()));
      shown.by().chain().forEach(c -> offer.addChain(ByteString.copyFrom(c)));
      MerkleTree.consistencyProof(leaves(name, to), from)
          .forEach(h -> offer.addProof(ByteString.copyFrom(h.bytes())));
      site.out().onNext(CoordinatorMessage.newBuilder().setCheckpoint(offer).build());
    } catch (InterruptedException interrupted) {
      throw new AssertionError(interrupted);
    }
  }

  /** Answers a ping that nobody sent: the site's session looks around. */
  void pong() {
    stream
        .orElseThrow()
        .onNext(CoordinatorMessage.newBuilder().setPong(Pong.getDefaultInstance()).build());
  }

  /** Has a witness see one log and then another. */
  void refuse(Path audit, InstantSource clock) throws IOException {
    ChainCheck chains = new ChainCheck(authority.root(), DOMAIN, InstantSource.system());
    AuditWitness witness = AuditWitness.open(audit, signing, chains, clock);
    var _ = witness.offered(checkpoint("genuine", 5), List.of());
    var _ = witness.offered(checkpoint("rewritten", 8), List.of());
  }

  private SignedCheckpoint checkpoint(String name, int entries) {
    return SignedCheckpoint.of(
        new Checkpoint(
            DOMAIN,
            MerkleTree.head(leaves(name, entries)),
            InstantSource.system().instant().truncatedTo(ChronoUnit.MILLIS)),
        SigningKey.of(signing),
        signing.chain());
  }

  private static List<Fingerprint> leaves(String name, int entries) {
    return IntStream.range(0, entries)
        .mapToObj(i -> MerkleTree.leaf((name + i).getBytes(StandardCharsets.UTF_8)))
        .toList();
  }

  /** Greets, then talks without end. */
  @Override
  public StreamObserver<SiteMessage> session(StreamObserver<CoordinatorMessage> out) {
    return new StreamObserver<>() {
      @Override
      public void onNext(SiteMessage message) {
        if (message.hasAuditState()) {
          stream = Optional.of(out);
          listening.add(new Listening(message.getAuditState().getSize(), out));
        }
        if (message.hasAuditCosign()) {
          cosigned.add(message.getAuditCosign().getSize());
        }
        if (!message.hasHello()) {
          return;
        }
        Welcome.Builder welcome =
            Welcome.newBuilder()
                .setProtocol(Limits.PROTOCOL)
                .setSite("north")
                .setCoordinatorTimeMillis(LyingCoordinatorTest.NOW.toEpochMilli());
        signing.chain().forEach(c -> welcome.addSigningChain(ByteString.copyFrom(der(c))));
        out.onNext(CoordinatorMessage.newBuilder().setWelcome(welcome).build());
        for (int i = 0; i < (honest ? 0 : FLOOD); i++) {
          out.onNext(
              CoordinatorMessage.newBuilder().setPong(Pong.newBuilder().setSequence(i)).build());
        }
      }

      @Override
      public void onError(Throwable cut) {}

      @Override
      public void onCompleted() {}
    };
  }

  private static byte[] der(X509Certificate certificate) {
    try {
      return certificate.getEncoded();
    } catch (CertificateEncodingException broken) {
      throw new IllegalStateException(broken);
    }
  }

  @Override
  public void fetchModel(FetchModelRequest request, StreamObserver<ModelChunk> out) {
    byte[] file = models.get(request.getVersion());
    if (file == null) {
      out.onError(Status.NOT_FOUND.asException());
      return;
    }
    int from = Math.toIntExact(request.getOffset());
    out.onNext(
        ModelChunk.newBuilder()
            .setOffset(from)
            .setData(ByteString.copyFrom(file, from, file.length - from))
            .build());
    out.onCompleted();
  }

  @Override
  public void beginUpdate(Signed request, StreamObserver<UploadProgress> out) {
    announced.add(ManifestCodec.decode(request.getBody().toByteArray()));
    Status refusal = refusals.poll();
    if (refusal != null) {
      out.onError(refusal.asException());
      return;
    }
    if (!forgets && !honest) {
      out.onError(Status.FAILED_PRECONDITION.asException());
      return;
    }
    last = request; // the site may go on before this call returns
    out.onNext(nothing(request.getBody().toByteArray()));
    out.onCompleted();
  }

  private volatile Signed last = Signed.getDefaultInstance();

  @Override
  public StreamObserver<UpdateChunk> sendChunks(StreamObserver<UploadProgress> out) {
    return new StreamObserver<>() {
      @Override
      public void onNext(UpdateChunk chunk) {
        long _ = updateBytes.addAndGet(chunk.getData().size());
      }

      @Override
      public void onError(Throwable cut) {}

      @Override
      public void onCompleted() {
        UploadProgress nothing = nothing(last.getBody().toByteArray());
        byte[] all = new byte[nothing.getStored().size()];
        Arrays.fill(all, (byte) 0xff);
        out.onNext(
            honest ? nothing.toBuilder().setStored(ByteString.copyFrom(all)).build() : nothing);
        out.onCompleted();
      }
    };
  }

  @Override
  public void commitUpdate(CommitUpdateRequest request, StreamObserver<UpdateReceipt> out) {
    out.onNext(UpdateReceipt.newBuilder().setUpload(request.getUpload()).build());
    out.onCompleted();
  }

  /** Keeps all that comes over the wire. */
  private final class Tap implements ServerInterceptor {
    @Override
    public <Q, R> ServerCall.Listener<Q> interceptCall(
        ServerCall<Q, R> call, Metadata headers, ServerCallHandler<Q, R> next) {
      wire.add(
          (call.getMethodDescriptor().getFullMethodName() + headers)
              .getBytes(StandardCharsets.UTF_8));
      return new SimpleForwardingServerCallListener<>(next.startCall(call, headers)) {
        @Override
        public void onMessage(Q message) {
          wire.add(((MessageLite) message).toByteArray());
          super.onMessage(message);
        }
      };
    }
  }

  @Override
  public void submitReport(Signed request, StreamObserver<ReportReceipt> out) {
    int _ = reports.incrementAndGet();
    out.onNext(ReportReceipt.getDefaultInstance());
    out.onCompleted();
  }

  private static UploadProgress nothing(byte[] manifest) {
    int chunks = ManifestCodec.decode(manifest).seal().chunks();
    return UploadProgress.newBuilder()
        .setUpload(ByteString.copyFrom(org.consilium.protocol.Digest.sha256(manifest).bytes()))
        .setChunks(chunks)
        .setStored(ByteString.copyFrom(new byte[(chunks + 7) / 8]))
        .build();
  }

  @Override
  public void close() throws IOException {
    link.close();
    server.shutdownNow();
    try {
      var _ = server.awaitTermination(5, TimeUnit.SECONDS);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public void getRoster(GetRosterRequest request, StreamObserver<RosterProof> out) {
    out.onNext(roster);
    out.onCompleted();
  }

  /** A node's session with this coordinator; what it saw of the audit log is in a folder. */
  CoordinatorSession session(Orders orders, Path audit, InstantSource clock) throws IOException {
    ChainCheck chains = new ChainCheck(authority.root(), DOMAIN, InstantSource.system());
    return new CoordinatorSession(
        link(),
        new CoordinatorSession.Self(
            Consortium.NORTH,
            chains,
            "0.1.0",
            AuditWitness.open(audit, signing(), chains, clock),
            pin),
        orders,
        clock);
  }

  /** A node's part in masking with this coordinator. */
  MaskDesk masking(Path studies, Consortium consortium, Consumer<String> log) {
    Duration limit = Duration.ofSeconds(10);
    return new MaskDesk(
        studies,
        new SealedFile(new byte[32], "test", new SecureRandom()),
        new MaskProtector(consortium.north()),
        new MaskSender(
                link(),
                new Backoff(new SplittableRandom(1), Duration.ofMillis(200)),
                InstantSource.system(),
                limit)
            ::send,
        new Trust(Consortium.NORTH, consortium.chains(), site -> pin.has(site, link())),
        new SecureRandom(),
        log);
  }
}
