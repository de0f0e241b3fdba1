package org.consilium.coordinator.rpc;

import io.grpc.BindableService;
import io.grpc.CompressorRegistry;
import io.grpc.DecompressorRegistry;
import io.grpc.Server;
import io.grpc.ServerInterceptors;
import io.grpc.netty.shaded.io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.netty.shaded.io.netty.channel.EventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.MultiThreadIoEventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.nio.NioIoHandler;
import io.grpc.netty.shaded.io.netty.handler.ssl.ClientAuth;
import io.grpc.netty.shaded.io.netty.handler.ssl.OpenSsl;
import io.grpc.netty.shaded.io.netty.handler.ssl.SslContext;
import io.grpc.netty.shaded.io.netty.handler.ssl.SslContextBuilder;
import io.grpc.netty.shaded.io.netty.handler.ssl.SslProvider;
import io.grpc.util.AdvancedTlsX509KeyManager;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.InstantSource;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLException;
import org.consilium.coordinator.consortium.Consortium;
import org.consilium.coordinator.consortium.Denylist;
import org.consilium.coordinator.ops.AccessMetrics;
import org.consilium.coordinator.permit.Audience;
import org.consilium.protocol.Limits;
import org.consilium.security.identity.Credential;
import org.consilium.security.identity.PeerTrust;
import org.consilium.security.identity.RevocationSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The two gRPC doors: coordination (a client certificate of the consortium is required) and
 * enrolment (none is asked for). TLS 1.3 alone; every limit against a hostile or broken peer is
 * here.
 */
public final class GrpcServers implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(GrpcServers.class);
  private static final int CALLS_A_CONNECTION_MAX = 16;
  private static final int RESETS_MAX = 100;
  private static final int RESET_WINDOW_SECONDS = 30;

  /**
   * What each connection may fill unread, beside the message that is coming. Little, for memory
   * grows with the sites by it; more than a part, or a chunk's parts would wait for one more
   * answer.
   */
  private static final int FLOW_WINDOW_BYTES = Limits.PART_BYTES * 3 / 2;

  private static final Duration KEEPALIVE_PERMITTED = Duration.ofSeconds(30);
  private static final Duration KEEPALIVE = Duration.ofSeconds(45);

  /** A ping waits behind what is on its way before it: a full window on the slowest line. */
  private static final Duration KEEPALIVE_ANSWER = Limits.SENDING_LEASE;

  private static final Duration NEWCOMER_AGE = Duration.ofMinutes(1);
  private static final int NEWCOMER_MESSAGE_BYTES_MAX = 64 << 10;
  private static final int NEWCOMER_CALLS_MAX = 2;
  private static final Duration TRANSFER_GRACE = Duration.ofMinutes(15);

  /** Two sweeps and a second of slack are less than the five seconds that a revocation may take. */
  private static final Duration SWEEP = Duration.ofSeconds(1);

  private static final Duration GRACE = Duration.ofSeconds(5);

  private final Server coordination;
  private final Server enrolment;
  private final AdvancedTlsX509KeyManager key;
  private final ScheduledExecutorService sweeper;
  private final Loops loops;

  private GrpcServers(
      Server coordination,
      Server enrolment,
      AdvancedTlsX509KeyManager key,
      ScheduledExecutorService sweeper,
      Loops loops) {
    this.coordination = coordination;
    this.enrolment = enrolment;
    this.key = key;
    this.sweeper = sweeper;
    this.loops = loops;
  }

  /**
   * Who may call.
   *
   * @param revocations looked up in every handshake
   * @param clock tells whether a revocation list counts
   */
  public record Members(
      Consortium consortium,
      Denylist denylist,
      RevocationSource revocations,
      InstantSource clock) {}

  /**
   * Where to listen, and how much a peer may take.
   *
   * @param host address to bind
   * @param coordinationPort 0 for any free one
   * @param enrolmentPort 0 for any free one
   */
  public record Ports(String host, int coordinationPort, int enrolmentPort, DoorLimits limits) {
    /** The same with the limits of every coordinator. */
    public Ports(String host, int coordinationPort, int enrolmentPort) {
      this(host, coordinationPort, enrolmentPort, DoorLimits.standard());
    }

    private InetSocketAddress address(int port) {
      return new InetSocketAddress(host, port);
    }
  }

  /**
   * What is served.
   *
   * @param coordination for enrolled sites
   * @param enrolment for newcomers
   */
  public record Services(BindableService coordination, BindableService enrolment) {}

  /** Binds both ports and serves. */
  public static GrpcServers start(
      Ports ports, Credential credential, Members members, Services services, AccessMetrics metrics)
      throws IOException {
    DoorLimits limits = ports.limits();
    DoorLimits.Counts counts = limits.counts();
    Loops loops = Loops.start();
    OpenCalls calls = new OpenCalls(members.consortium(), members.denylist(), limits, SWEEP);
    AdvancedTlsX509KeyManager key = new AdvancedTlsX509KeyManager();
    use(key, credential);
    RefusalLog refusals = new RefusalLog();
    TransportLog transport = TransportLog.attach();
    Doorkeeper sitesDoor =
        new Doorkeeper("sites' port", counts.connectionsAnAddress(), counts.connectionsOfSites());
    Doorkeeper newcomersDoor =
        new Doorkeeper(
            "enrolment port", counts.connectionsAnAddress(), counts.connectionsOfNewcomers());
    Server coordination =
        builder(ports.address(ports.coordinationPort()), limits, sitesDoor, loops)
            .sslContext(
                tls(
                    SslContextBuilder.forServer(key)
                        .clientAuth(ClientAuth.REQUIRE)
                        .trustManager(trust(members, metrics))))
            // A stream that somebody holds without reading ends too; others come back at once.
            .maxConnectionAge(limits.age().toMillis(), TimeUnit.MILLISECONDS)
            .maxConnectionAgeGrace(TRANSFER_GRACE.toSeconds(), TimeUnit.SECONDS)
            .addService(
                ServerInterceptors.interceptForward(
                    StrictMessages.of(services.coordination().bindService()),
                    refusals,
                    new CallerInterceptor(calls, metrics),
                    new AllowedCalls(Audience.SITE_NODE, metrics),
                    new DeadlineRequired()))
            .build();
    Server enrolment =
        builder(ports.address(ports.enrolmentPort()), limits, newcomersDoor, loops)
            .sslContext(tls(SslContextBuilder.forServer(key).clientAuth(ClientAuth.NONE)))
            // Strangers speak here: a request is small, and nobody holds a connection open.
            .maxInboundMessageSize(NEWCOMER_MESSAGE_BYTES_MAX)
            .maxConcurrentCallsPerConnection(NEWCOMER_CALLS_MAX)
            .maxConnectionAge(NEWCOMER_AGE.toSeconds(), TimeUnit.SECONDS)
            .maxConnectionAgeGrace(GRACE.toSeconds(), TimeUnit.SECONDS)
            .addService(
                ServerInterceptors.interceptForward(
                    StrictMessages.of(services.enrolment().bindService()),
                    refusals,
                    new AllowedCalls(Audience.ANYONE, metrics),
                    new DeadlineRequired()))
            .build();
    try {
      coordination.start();
      enrolment.start();
    } catch (IOException taken) {
      coordination.shutdownNow();
      enrolment.shutdownNow();
      loops.close();
      throw taken;
    }
    ScheduledExecutorService sweeper =
        sweeper(
            () -> {
              calls.sweep();
              refusals.tick();
              transport.tick();
              sitesDoor.tick();
              newcomersDoor.tick();
            });
    return new GrpcServers(coordination, enrolment, key, sweeper, loops);
  }

  /** Shows another certificate in every later handshake; open connections go on. */
  public void renew(Credential credential) {
    use(key, credential);
  }

  /** The port that sites connect to. */
  public int coordinationPort() {
    return coordination.getPort();
  }

  /** The port that newcomers connect to. */
  public int enrolmentPort() {
    return enrolment.getPort();
  }

  /** Takes no new call, gives open ones a few seconds, then ends them. */
  @Override
  public void close() {
    coordination.shutdown();
    enrolment.shutdown();
    try {
      if (!coordination.awaitTermination(GRACE.toMillis(), TimeUnit.MILLISECONDS)) {
        coordination.shutdownNow();
      }
      enrolment.shutdownNow();
    } catch (InterruptedException interrupted) {
      coordination.shutdownNow();
      enrolment.shutdownNow();
      Thread.currentThread().interrupt();
    }
    sweeper.shutdownNow();
    loops.close();
  }

  /**
   * The threads that read and write sockets, with Java's own selectors (the same on every system),
   * and those that answer calls.
   */
  private record Loops(EventLoopGroup boss, EventLoopGroup workers, ExecutorService calls)
      implements AutoCloseable {
    static Loops start() {
      return new Loops(
          group("grpc-accept", 1),
          group("grpc-io", 0),
          Executors.newVirtualThreadPerTaskExecutor());
    }

    private static EventLoopGroup group(String name, int threads) {
      return new MultiThreadIoEventLoopGroup(
          threads,
          Thread.ofPlatform().daemon().name(name + "-", 0).factory(),
          NioIoHandler.newFactory());
    }

    @Override
    public void close() {
      calls.shutdownNow();
      var _ = boss.shutdownGracefully(0, GRACE.toMillis(), TimeUnit.MILLISECONDS);
      var _ = workers.shutdownGracefully(0, GRACE.toMillis(), TimeUnit.MILLISECONDS);
    }
  }

  private static ScheduledExecutorService sweeper(Runnable sweep) {
    ScheduledExecutorService sweeper =
        Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name("open-calls").factory());
    var _ =
        sweeper.scheduleWithFixedDelay(
            sweep, SWEEP.toMillis(), SWEEP.toMillis(), TimeUnit.MILLISECONDS);
    return sweeper;
  }

  private static NettyServerBuilder builder(
      InetSocketAddress address, DoorLimits limits, Doorkeeper door, Loops loops) {
    return NettyServerBuilder.forAddress(address)
        .channelFactory(door::channel)
        .bossEventLoopGroup(loops.boss())
        .workerEventLoopGroup(loops.workers())
        .addTransportFilter(door.filter())
        .executor(loops.calls())
        .maxInboundMessageSize(Limits.MESSAGE_BYTES_MAX)
        .maxInboundMetadataSize(Limits.METADATA_BYTES_MAX)
        .maxConcurrentCallsPerConnection(CALLS_A_CONNECTION_MAX)
        .maxRstFramesPerWindow(RESETS_MAX, RESET_WINDOW_SECONDS)
        .flowControlWindow(FLOW_WINDOW_BYTES)
        .handshakeTimeout(limits.handshake().toMillis(), TimeUnit.MILLISECONDS)
        .permitKeepAliveTime(KEEPALIVE_PERMITTED.toSeconds(), TimeUnit.SECONDS)
        .permitKeepAliveWithoutCalls(true)
        .addStreamTracerFactory(new ArrivedBytes.Factory())
        // An upload's lease frees it within a minute; this ends the rest of a site without power.
        .keepAliveTime(KEEPALIVE.toSeconds(), TimeUnit.SECONDS)
        .keepAliveTimeout(KEEPALIVE_ANSWER.toSeconds(), TimeUnit.SECONDS)
        .maxConnectionIdle(limits.idle().toMillis(), TimeUnit.MILLISECONDS)
        // A compressed message could be a bomb; what is sent does not compress anyway.
        .decompressorRegistry(DecompressorRegistry.emptyInstance())
        .compressorRegistry(CompressorRegistry.newEmptyInstance());
  }

  private static PeerTrust trust(Members members, AccessMetrics metrics) {
    return PeerTrust.forClients(members.consortium().root(), members.consortium().trustDomain())
        .with(
            members.revocations(),
            members.clock(),
            refused -> {
              metrics.authFailed(AccessMetrics.Mechanism.MTLS, AccessMetrics.Failure.REFUSED);
              LOG.warn("a site was refused in the handshake: {}", refused.getMessage());
            });
  }

  private static void use(AdvancedTlsX509KeyManager key, Credential credential) {
    key.updateIdentityCredentials(
        credential.chain().toArray(new X509Certificate[0]), credential.privateKey());
  }

  private static SslContext tls(SslContextBuilder builder) throws SSLException {
    // OpenSSL carries two to three times the bytes a CPU second; the JDK's is the fallback.
    SslProvider provider = OpenSsl.isAvailable() ? SslProvider.OPENSSL : SslProvider.JDK;
    return GrpcSslContexts.configure(builder, provider).protocols("TLSv1.3").build();
  }
}
