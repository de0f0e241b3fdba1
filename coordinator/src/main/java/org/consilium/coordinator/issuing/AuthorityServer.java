package org.consilium.coordinator.issuing;

import io.grpc.CompressorRegistry;
import io.grpc.DecompressorRegistry;
import io.grpc.Server;
import io.grpc.netty.shaded.io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.netty.shaded.io.netty.handler.ssl.ClientAuth;
import io.grpc.netty.shaded.io.netty.handler.ssl.SslContextBuilder;
import io.grpc.util.AdvancedTlsX509KeyManager;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.consilium.security.identity.CertificateAuthority;
import org.consilium.security.identity.CertificateRefused;
import org.consilium.security.identity.Credential;
import org.consilium.security.identity.KeyRequest;
import org.consilium.security.identity.Leaf;
import org.consilium.security.identity.PeerTrust;
import org.consilium.security.identity.SpiffeId;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The authority's one door: TLS 1.3, and only a coordinator's relay certificate comes in. The
 * server's own certificate is made anew every day, in memory.
 */
public final class AuthorityServer implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(AuthorityServer.class);
  private static final int CALLS_A_CONNECTION_MAX = 16;
  private static final int MESSAGE_BYTES_MAX = 1 << 20;
  private static final int METADATA_BYTES_MAX = 8 << 10;
  private static final int RESETS_MAX = 100;
  private static final int RESET_WINDOW_SECONDS = 30;
  private static final Duration HANDSHAKE = Duration.ofSeconds(10);
  private static final Duration IDLE = Duration.ofMinutes(15);
  private static final Duration AGE = Duration.ofHours(1);
  private static final Duration GRACE = Duration.ofSeconds(5);
  private static final Duration NEW_CERTIFICATE = Duration.ofDays(1);

  private final Server server;
  private final ExecutorService threads;
  private final ScheduledExecutorService renewal;

  private AuthorityServer(
      Server server, ExecutorService threads, ScheduledExecutorService renewal) {
    this.server = server;
    this.threads = threads;
    this.renewal = renewal;
  }

  /**
   * Binds and serves.
   *
   * @param where port 0 for any free one
   */
  public static AuthorityServer start(
      InetSocketAddress where,
      CertificateAuthority authority,
      Registrar registrar,
      SecureRandom random)
      throws IOException {
    AdvancedTlsX509KeyManager keys = new AdvancedTlsX509KeyManager();
    renew(keys, authority, random);
    ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    ScheduledExecutorService renewal =
        Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name("authority-certificate").factory());
    try {
      SslContextBuilder ssl =
          SslContextBuilder.forServer(keys)
              .clientAuth(ClientAuth.REQUIRE)
              .trustManager(PeerTrust.forRelays(authority.root(), authority.trustDomain()));
      Server server =
          NettyServerBuilder.forAddress(where)
              .sslContext(GrpcSslContexts.configure(ssl).protocols("TLSv1.3").build())
              .executor(threads)
              .maxInboundMessageSize(MESSAGE_BYTES_MAX)
              .maxInboundMetadataSize(METADATA_BYTES_MAX)
              .maxConcurrentCallsPerConnection(CALLS_A_CONNECTION_MAX)
              .maxRstFramesPerWindow(RESETS_MAX, RESET_WINDOW_SECONDS)
              .handshakeTimeout(HANDSHAKE.toMillis(), TimeUnit.MILLISECONDS)
              .maxConnectionIdle(IDLE.toMinutes(), TimeUnit.MINUTES)
              .maxConnectionAge(AGE.toMinutes(), TimeUnit.MINUTES)
              .maxConnectionAgeGrace(GRACE.toSeconds(), TimeUnit.SECONDS)
              .decompressorRegistry(DecompressorRegistry.emptyInstance())
              .compressorRegistry(CompressorRegistry.newEmptyInstance())
              .addService(new AuthorityService(registrar))
              .build()
              .start();
      var _ =
          renewal.scheduleWithFixedDelay(
              () -> renew(keys, authority, random),
              NEW_CERTIFICATE.toHours(),
              NEW_CERTIFICATE.toHours(),
              TimeUnit.HOURS);
      return new AuthorityServer(server, threads, renewal);
    } catch (IOException taken) {
      threads.shutdownNow();
      renewal.shutdownNow();
      throw taken;
    }
  }

  /** The port that was bound. */
  public int port() {
    return server.getPort();
  }

  /** Takes no new call, gives open ones a few seconds, then ends them. */
  @Override
  public void close() {
    renewal.shutdownNow();
    server.shutdown();
    try {
      if (!server.awaitTermination(GRACE.toMillis(), TimeUnit.MILLISECONDS)) {
        server.shutdownNow();
      }
    } catch (InterruptedException interrupted) {
      server.shutdownNow();
      Thread.currentThread().interrupt();
    }
    threads.shutdownNow();
  }

  private static void renew(
      AdvancedTlsX509KeyManager keys, CertificateAuthority authority, SecureRandom random) {
    KeyRequest request = KeyRequest.tls(random);
    try {
      Credential fresh =
          request.with(
              authority.issue(
                  request.pkcs10(),
                  SpiffeId.authority(authority.trustDomain(), "main"),
                  Leaf.AUTHORITY_TLS));
      keys.updateIdentityCredentials(
          fresh.chain().toArray(new X509Certificate[0]), fresh.privateKey());
    } catch (CertificateRefused refused) {
      LOG.error("the authority's own TLS certificate was not renewed: {}", refused.getMessage());
    }
  }
}
