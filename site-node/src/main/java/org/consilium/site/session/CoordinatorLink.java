package org.consilium.site.session;

import io.grpc.Channel;
import io.grpc.ClientInterceptors;
import io.grpc.ManagedChannel;
import io.grpc.netty.shaded.io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.shaded.io.netty.handler.ssl.SslContextBuilder;
import java.security.cert.X509Certificate;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLException;
import org.consilium.protocol.Limits;
import org.consilium.security.identity.Credential;
import org.consilium.security.identity.PeerTrust;
import org.consilium.site.protect.EgressGate;

/**
 * The one connection of a site, which it dials: TLS 1.3 to the coordinator, through the hospital's
 * proxy if there is one. It is opened on first use and opened again after a cut. Close it.
 */
public final class CoordinatorLink implements AutoCloseable {
  /** Network paths cut idle connections after minutes; the server permits one ping in 30 s. */
  private static final int KEEP_ALIVE_SECONDS = 45;

  private static final int KEEP_ALIVE_TIMEOUT_SECONDS = 20;
  private static final int FLOW_WINDOW_BYTES = 4 << 20;
  private static final int CLOSE_SECONDS = 5;

  private final ManagedChannel channel;
  private final Channel guarded;
  private final EgressGate gate;

  private CoordinatorLink(ManagedChannel channel, EgressGate gate) {
    this.channel = channel;
    this.gate = gate;
    this.guarded = ClientInterceptors.intercept(channel, new ExitInterceptor(gate));
  }

  /** Host and port of the coordinator. */
  public record Endpoint(String host, int port) {}

  /**
   * Mutual TLS with the site's own certificate; the server must be a coordinator of {@code root}.
   */
  public static CoordinatorLink mutual(
      Endpoint endpoint, Credential tls, X509Certificate root, ProxyRules proxies, EgressGate gate)
      throws SSLException {
    SslContextBuilder ssl =
        SslContextBuilder.forClient()
            .keyManager(tls.privateKey(), tls.chain().toArray(X509Certificate[]::new))
            .trustManager(PeerTrust.forServer(root, tls.id().trustDomain()));
    return open(endpoint, ssl, proxies, gate);
  }

  /** TLS of the server alone; {@code trust} decides whom to believe. */
  public static CoordinatorLink serverOnly(
      Endpoint endpoint, PeerTrust trust, ProxyRules proxies, EgressGate gate) throws SSLException {
    return open(endpoint, SslContextBuilder.forClient().trustManager(trust), proxies, gate);
  }

  /**
   * For calls; they fail fast while there is no connection. Every message goes through the exit.
   */
  public Channel channel() {
    return guarded;
  }

  /** The exit that every message goes through. */
  public EgressGate gate() {
    return gate;
  }

  /** Tries to connect at once instead of at the channel's own pace. */
  public void connectNow() {
    channel.resetConnectBackoff();
  }

  @Override
  public void close() {
    channel.shutdownNow();
    try {
      var _ = channel.awaitTermination(CLOSE_SECONDS, TimeUnit.SECONDS);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private static CoordinatorLink open(
      Endpoint endpoint, SslContextBuilder ssl, ProxyRules proxies, EgressGate gate)
      throws SSLException {
    ManagedChannel channel =
        NettyChannelBuilder.forAddress(endpoint.host(), endpoint.port())
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
    return new CoordinatorLink(channel, gate);
  }
}
