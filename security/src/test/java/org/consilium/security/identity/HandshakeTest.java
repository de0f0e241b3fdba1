package org.consilium.security.identity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import org.bouncycastle.asn1.x500.X500Name;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Real TLS 1.3 handshakes on the loopback interface. */
final class HandshakeTest {
  @TempDir private Path folder;
  private Optional<TestAuthority> made = Optional.empty();

  @BeforeEach
  void authority() throws IOException {
    made = Optional.of(new TestAuthority(folder.resolve("ca"), Duration.ZERO));
  }

  @Test
  void handshake_siteAndCoordinator_connected() throws Exception {
    Credential site = ours().site("st-mary");

    assertThat(connect(Optional.of(site), ours().coordinator())).isEqualTo(site.leaf());
  }

  @Test
  void badInput_01_otherAuthoritySameName_refused() throws Exception {
    TestAuthority other = new TestAuthority(folder.resolve("other"), Duration.ZERO);

    refused(Optional.of(other.site("st-mary")), ours().coordinator());
    refused(Optional.of(ours().site("st-mary")), other.coordinator());
  }

  @Test
  void badInput_02_expiredOrNotYetValid_refused() throws Exception {
    TestAuthority past = new TestAuthority(folder.resolve("past"), Duration.ofDays(30));
    TestAuthority future = new TestAuthority(folder.resolve("future"), Duration.ofDays(-1));

    made = Optional.of(past); // both ends trust this root
    refused(Optional.of(past.site("st-mary")), past.coordinator());
    made = Optional.of(future);
    refused(Optional.of(future.site("st-mary")), future.coordinator());
  }

  @Test
  void badInput_05_wrongPurposeOrKind_refused() throws Exception {
    Credential coordinator = ours().coordinator();
    Credential site = ours().site("st-mary");

    Credential signing =
        ours()
            .signing(
                SpiffeId.siteSigning(TestAuthority.DOMAIN, "st-mary"), Leaf.SITE_SIGNING.terms());

    refused(Optional.of(coordinator), coordinator);
    refused(Optional.of(site), site);
    refused(Optional.of(signing), coordinator);
    // A client may keep such a certificate back by itself; the server's own check refuses it too.
    assertThatThrownBy(
            () ->
                PeerTrust.forClients(ours().authority.root(), TestAuthority.DOMAIN)
                    .checkClientTrusted(signing.chain().toArray(X509Certificate[]::new), "UNKNOWN"))
        .isInstanceOf(CertificateException.class);
  }

  @Test
  void badInput_06_noClientCertificate_refused() throws Exception {
    refused(Optional.empty(), ours().coordinator());
  }

  @Test
  void badInput_08_leafAsIntermediate_refused() throws Exception {
    Credential leaf = ours().site("st-mary");
    KeyRequest request = KeyRequest.tls(TestAuthority.RANDOM);
    X509Certificate forged =
        new CertificateWriter(
                X500Name.getInstance(leaf.leaf().getSubjectX500Principal().getEncoded()),
                leaf.leaf().getPublicKey(),
                leaf.privateKey(),
                TestAuthority.RANDOM)
            .leaf(
                CheckedRequest.of(request.pkcs10()).provenKey(Leaf.SITE_TLS),
                SpiffeId.site(TestAuthority.DOMAIN, "st-anna"),
                Leaf.SITE_TLS.terms(),
                new CertificateWriter.Span(Instant.now(), Duration.ofHours(1)));
    Credential forger =
        request.with(List.of(forged, leaf.leaf(), leaf.chain().get(1), ours().authority.root()));

    refused(Optional.of(forger), ours().coordinator());
  }

  @Test
  void nameOutsideTheTrustDomain_issuedByOurIssuingKey_refusedByItsNameConstraint()
      throws Exception {
    KeyRequest request = KeyRequest.tls(TestAuthority.RANDOM);
    Path ca = folder.resolve("ca");
    X509Certificate issuing = ours().site("st-mary").chain().get(1);
    PrivateKey key = Pem.privateKey(Pem.decode(Files.readString(ca.resolve("issuing.key"))));
    X509Certificate stray =
        new CertificateWriter(
                X500Name.getInstance(issuing.getSubjectX500Principal().getEncoded()),
                issuing.getPublicKey(),
                key,
                TestAuthority.RANDOM)
            .leaf(
                CheckedRequest.of(request.pkcs10()).provenKey(Leaf.SITE_TLS),
                SpiffeId.site("elsewhere.test", "st-mary"),
                Leaf.SITE_TLS.terms(),
                new CertificateWriter.Span(Instant.now(), Duration.ofHours(1)));
    PeerTrust trust = PeerTrust.forClients(ours().authority.root(), "elsewhere.test");

    assertThatThrownBy(
            () -> trust.checkClientTrusted(new X509Certificate[] {stray, issuing}, "UNKNOWN"))
        .hasStackTraceContaining("name constraints");
  }

  @Test
  void pinned_rightAndWrongFingerprint_connectedAndRefused() throws Exception {
    Credential coordinator = ours().coordinator();
    X509Certificate[] chain = coordinator.chain().toArray(new X509Certificate[0]);
    TestAuthority other = new TestAuthority(folder.resolve("other"), Duration.ZERO);
    X509Certificate[] grafted = {
      other.coordinator().leaf(), other.coordinator().chain().get(1), ours().authority.root()
    };
    PeerTrust pinned = PeerTrust.pinned(ours().authority.rootFingerprint());

    pinned.checkServerTrusted(chain, "UNKNOWN");

    PeerTrust wrong = PeerTrust.pinned(other.authority.rootFingerprint());
    assertThatThrownBy(() -> wrong.checkServerTrusted(chain, "UNKNOWN"))
        .hasMessageContaining("no root with the pinned fingerprint");
    assertThatThrownBy(() -> pinned.checkServerTrusted(grafted, "UNKNOWN"))
        .isInstanceOf(CertificateException.class);
    PeerTrust leafPinned = PeerTrust.pinned(Fingerprint.of(chain[0]));
    assertThatThrownBy(() -> leafPinned.checkServerTrusted(chain, "UNKNOWN"))
        .hasMessageContaining("no usable root");
  }

  private TestAuthority ours() {
    return made.orElseThrow();
  }

  private void refused(Optional<Credential> client, Credential server) {
    assertThatThrownBy(() -> connect(client, server)).isInstanceOf(IOException.class);
  }

  /**
   * Connects, passes one byte each way, and returns the client's certificate as the server saw it.
   */
  private X509Certificate connect(Optional<Credential> client, Credential server) throws Exception {
    X509Certificate root = ours().authority.root();
    SSLContext serverSide =
        context(Optional.of(server), PeerTrust.forClients(root, TestAuthority.DOMAIN));
    SSLContext clientSide = context(client, PeerTrust.forServer(root, TestAuthority.DOMAIN));
    InetAddress here = InetAddress.getLoopbackAddress();
    try (var threads = Executors.newVirtualThreadPerTaskExecutor();
        SSLServerSocket listening =
            (SSLServerSocket) serverSide.getServerSocketFactory().createServerSocket(0, 1, here)) {
      listening.setNeedClientAuth(true);
      listening.setSoTimeout(10_000);
      Callable<X509Certificate> answer =
          () -> {
            try (SSLSocket socket = (SSLSocket) listening.accept()) {
              socket.setSoTimeout(10_000);
              socket.getOutputStream().write(socket.getInputStream().read());
              return (X509Certificate) socket.getSession().getPeerCertificates()[0];
            }
          };
      Future<X509Certificate> seen = threads.submit(answer);
      try (Socket socket =
          clientSide.getSocketFactory().createSocket(here, listening.getLocalPort())) {
        socket.setSoTimeout(10_000);
        assertThat(((SSLSocket) socket).getSession().getProtocol()).isEqualTo("TLSv1.3");
        socket.getOutputStream().write(42);
        if (socket.getInputStream().read() != 42) {
          throw new IOException("closed before the answer");
        }
      } catch (IOException | AssertionError refusedHere) {
        throw new IOException("refused", refusedHere);
      }
      try { // the server closes only after the client has
        return seen.get();
      } catch (ExecutionException refusedThere) {
        throw new IOException("refused", refusedThere);
      }
    }
  }

  private static SSLContext context(Optional<Credential> own, PeerTrust trust)
      throws GeneralSecurityException, IOException {
    KeyManager[] keys = {};
    if (own.isPresent()) {
      KeyStore store = KeyStore.getInstance("PKCS12");
      store.load(null, null);
      store.setKeyEntry(
          "own",
          own.get().privateKey(),
          new char[0],
          own.get().chain().toArray(new X509Certificate[0]));
      KeyManagerFactory factory = KeyManagerFactory.getInstance("PKIX");
      factory.init(store, new char[0]);
      keys = factory.getKeyManagers();
    }
    SSLContext context = SSLContext.getInstance("TLSv1.3");
    context.init(keys, new TrustManager[] {trust}, TestAuthority.RANDOM);
    return context;
  }
}
