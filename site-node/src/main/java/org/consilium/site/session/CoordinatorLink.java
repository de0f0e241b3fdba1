package org.consilium.site.session;

import io.grpc.Channel;
import io.grpc.ClientInterceptors;
import io.grpc.ManagedChannel;
import io.grpc.netty.shaded.io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.shaded.io.netty.handler.ssl.SslContextBuilder;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLException;
import org.consilium.protocol.Limits;
import org.consilium.security.identity.Credential;
import org.consilium.security.identity.PeerTrust;
import org.consilium.site.protect.EgressGate;

/**
 * The one connection of a site, which it dials: TLS 1.3 to the coordinator, through the hospital's
 * proxy if there is one. It is opened on first use and opened again after a cut. With a new
 * credential, new calls go over a new connection, and what is under way goes on over the old one.
 * Safe for use by many threads. Close it.
 */
public final class CoordinatorLink implements AutoCloseable {
  /** Network paths cut idle connections after minutes; the server permits one ping in 30 s. */
  private static final int KEEP_ALIVE_SECONDS = 45;

  /** A ping waits behind what is on its way before it: a full window on the slowest line. */
  private static final long KEEP_ALIVE_TIMEOUT_SECONDS = Limits.SENDING_LEASE.toSeconds();

  /**
   * What may be on its way down at a time: it delays every answer behind it, and is lost at a cut.
   * At 50 ms from the coordinator 1 MiB carries 168 Mbit/s.
   */
  private static final int FLOW_WINDOW_BYTES = 1 << 20;

  private static final int CLOSE_SECONDS = 5;

  private final Endpoint endpoint;
  private final PeerTrust trust;
  private final ProxyRules proxies;
  private final EgressGate gate;
  private final Traffic traffic = new Traffic();
  private final List<ManagedChannel> retired = new ArrayList<>();
  private volatile Line line;

  private CoordinatorLink(
      Endpoint endpoint, PeerTrust trust, ProxyRules proxies, EgressGate gate, Line line) {
    this.endpoint = endpoint;
    this.trust = trust;
    this.proxies = proxies;
    this.gate = gate;
    this.line = line;
  }

  /** Host and port of the coordinator. */
  public record Endpoint(String host, int port) {}

  /** What new calls go over, and how many credentials were in use before. */
  private record Line(
      ManagedChannel channel, Channel guarded, SslContextBuilder ssl, int generation) {
    static Line of(ManagedChannel channel, EgressGate gate, SslContextBuilder ssl, int generation) {
      return new Line(
          channel,
          ClientInterceptors.intercept(channel, new ExitInterceptor(gate)),
          ssl,
          generation);
    }
  }

  /**
   * Mutual TLS with the site's own certificate; the server must be a coordinator of {@code root}.
   */
  public static CoordinatorLink mutual(
      Endpoint endpoint, Credential tls, X509Certificate root, ProxyRules proxies, EgressGate gate)
      throws SSLException {
    return mutual(endpoint, tls, PeerTrust.forServer(root, tls.id().trustDomain()), proxies, gate);
  }

  /** Mutual TLS with the site's own certificate; {@code trust} decides whom to believe. */
  public static CoordinatorLink mutual(
      Endpoint endpoint, Credential tls, PeerTrust trust, ProxyRules proxies, EgressGate gate)
      throws SSLException {
    SslContextBuilder ssl = client(trust, tls);
    ManagedChannel channel = open(endpoint, ssl, proxies);
    return new CoordinatorLink(endpoint, trust, proxies, gate, Line.of(channel, gate, ssl, 0));
  }

  /** TLS of the server alone; {@code trust} decides whom to believe. */
  public static CoordinatorLink serverOnly(
      Endpoint endpoint, PeerTrust trust, ProxyRules proxies, EgressGate gate) throws SSLException {
    SslContextBuilder ssl = SslContextBuilder.forClient().trustManager(trust);
    ManagedChannel channel = open(endpoint, ssl, proxies);
    return new CoordinatorLink(endpoint, trust, proxies, gate, Line.of(channel, gate, ssl, 0));
  }

  /**
   * Makes new calls with another credential. Calls under way go on with the former one; who holds a
   * long one looks at {@link #generation} and moves over.
   */
  public synchronized void renew(Credential tls) throws SSLException {
    Line former = line;
    SslContextBuilder ssl = client(trust, tls);
    ManagedChannel channel = open(endpoint, ssl, proxies);
    line = Line.of(channel, gate, ssl, former.generation() + 1);
    former.channel().shutdown();
    retired.removeIf(ManagedChannel::isTerminated);
    retired.add(former.channel());
  }

  /**
   * Gives up a connection that is dead without having been closed, as after a cable was pulled: all
   * calls on it end now, and the next ones dial anew.
   */
  synchronized void drop() {
    Line former = line;
    ManagedChannel channel;
    try {
      channel = open(endpoint, former.ssl(), proxies);
    } catch (SSLException broken) {
      throw new IllegalStateException("the same settings made the former connection", broken);
    }
    line = Line.of(channel, gate, former.ssl(), former.generation());
    former.channel().shutdownNow();
    retired.removeIf(ManagedChannel::isTerminated);
    retired.add(former.channel());
  }

  /** What is under way. */
  public Traffic traffic() {
    return traffic;
  }

  /** How often the credential was changed. */
  public int generation() {
    return line.generation();
  }

  /**
   * For calls; they fail fast while there is no connection. Every message goes through the exit.
   */
  public Channel channel() {
    return line.guarded();
  }

  /** The exit that every message goes through. */
  public EgressGate gate() {
    return gate;
  }

  /** Tries to connect at once instead of at the channel's own pace. */
  public void connectNow() {
    line.channel().resetConnectBackoff();
  }

  @Override
  public synchronized void close() {
    retired.add(line.channel());
    retired.forEach(ManagedChannel::shutdownNow);
    try {
      for (ManagedChannel channel : retired) {
        var _ = channel.awaitTermination(CLOSE_SECONDS, TimeUnit.SECONDS);
      }
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private static SslContextBuilder client(PeerTrust trust, Credential tls) {
    return SslContextBuilder.forClient()
        .keyManager(tls.privateKey(), tls.chain().toArray(X509Certificate[]::new))
        .trustManager(trust);
  }

  private static ManagedChannel open(Endpoint endpoint, SslContextBuilder ssl, ProxyRules proxies)
      throws SSLException {
    return NettyChannelBuilder.forAddress(endpoint.host(), endpoint.port())
        .sslContext(GrpcSslContexts.configure(ssl.protocols("TLSv1.3")).build())
        .proxyDetector(proxies)
        .maxInboundMessageSize(Limits.MESSAGE_BYTES_MAX)
        .maxInboundMetadataSize(Limits.METADATA_BYTES_MAX)
        .flowControlWindow(FLOW_WINDOW_BYTES)
        .keepAliveTime(KEEP_ALIVE_SECONDS, TimeUnit.SECONDS)
        .keepAliveTimeout(KEEP_ALIVE_TIMEOUT_SECONDS, TimeUnit.SECONDS)
        .keepAliveWithoutCalls(true)
        .disableRetry()
        .build();
  }
}
