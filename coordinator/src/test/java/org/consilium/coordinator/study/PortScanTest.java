package org.consilium.coordinator.study;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.Principal;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicInteger;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509ExtendedKeyManager;
import org.consilium.coordinator.study.TlsProbe.Answer;
import org.consilium.coordinator.study.TlsProbe.Offer;
import org.consilium.security.identity.PeerTrust;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the two TLS ports of a live coordinator speak, asked as a scanner asks. */
final class PortScanTest {
  private static final int PROTOCOL_VERSION = 70;
  private static final List<Integer> SUITES_1_3 = List.of(0x1301, 0x1302, 0x1303, 0x1304, 0x1305);
  private static final List<Integer> SUITES_1_2 =
      List.of(0xc02b, 0xc02c, 0xc02f, 0xc030, 0xcca9, 0x009c, 0x002f, 0x000a, 0x0005);
  private static final List<Integer> GROUPS =
      List.of(0x001d, 0x0017, 0x0018, 0x0019, 0x001e, 0x0100, 0x0101, 0x0016, 0x0015, 0x11ec);

  /** secp256r1, secp384r1, secp521r1, x25519, x25519mlkem768: nothing under 128 bits. */
  private static final List<Integer> GOOD_GROUPS = List.of(0x0017, 0x0018, 0x0019, 0x001d, 0x11ec);

  @TempDir static Path folder;

  private static WireConsortium c;

  @BeforeAll
  static void start() throws Exception {
    c = new WireConsortium(folder, 2);
  }

  @AfterAll
  static void stop() {
    c.close();
  }

  private static List<Integer> ports() {
    return List.of(c.sitesPort(), c.enrolmentPort());
  }

  @Test
  void tls13_onBothPorts_isSpoken() throws Exception {
    for (int port : ports()) {
      assertThat(TlsProbe.ask(port, new Offer(0x0303, List.of(0x0304), SUITES_1_3, GROUPS)))
          .isInstanceOfSatisfying(
              Answer.Hello.class, h -> assertThat(h.version()).isEqualTo(TlsProbe.TLS_1_3));
    }
  }

  @Test
  void badInput_6_olderProtocols_areRefused() throws Exception {
    for (int port : ports()) {
      for (int version : new int[] {0x0303, 0x0302, 0x0301, 0x0300}) {
        assertNoHello(TlsProbe.ask(port, new Offer(version, List.of(), SUITES_1_2, GROUPS)));
        assertNoHello(TlsProbe.ask(port, new Offer(0x0303, List.of(version), SUITES_1_2, GROUPS)));
        assertNoHello(TlsProbe.ask(port, new Offer(0x0303, List.of(version), SUITES_1_3, GROUPS)));
      }
      assertThat(TlsProbe.ask(port, new Offer(0x0303, List.of(), SUITES_1_2, GROUPS)))
          .isEqualTo(new Answer.Alert(PROTOCOL_VERSION));
      // An SSL 2.0 hello: 46 bytes, version 0x0002, three ciphers, a challenge.
      byte[] two = new byte[48];
      two[0] = (byte) 0x80;
      two[1] = 46;
      two[2] = 1;
      two[4] = 2;
      two[6] = 9;
      two[10] = 16;
      assertNoHello(TlsProbe.ask(port, two));
    }
  }

  @Test
  void badInput_6_plaintext_isRefused() throws Exception {
    for (int port : ports()) {
      for (String words :
          List.of(
              "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0",
              "GET / HTTP/1.1\r\nHost: x\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n")) {
        assertNoHello(TlsProbe.ask(port, words.getBytes(StandardCharsets.US_ASCII)));
      }
    }
  }

  @Test
  void suites_onBothPorts_areTheThreeStrongOnes() throws Exception {
    for (int port : ports()) {
      TreeSet<Integer> spoken = new TreeSet<>();
      for (int suite : SUITES_1_3) {
        if (TlsProbe.ask(port, new Offer(0x0303, List.of(0x0304), List.of(suite), GROUPS))
            instanceof Answer.Hello(int _, int cipher, int _)) {
          spoken.add(cipher);
        }
      }
      // AES-128-GCM, AES-256-GCM, ChaCha20-Poly1305; no CCM.
      assertThat(spoken).containsExactly(0x1301, 0x1302, 0x1303);
    }
  }

  @Test
  void groups_onBothPorts_areStrongAndTheFirstIsX25519() throws Exception {
    for (int port : ports()) {
      TreeSet<Integer> spoken = new TreeSet<>();
      for (int group : GROUPS) {
        if (TlsProbe.ask(port, new Offer(0x0303, List.of(0x0304), SUITES_1_3, List.of(group)))
            instanceof Answer.Hello(int _, int _, int asked)) {
          spoken.add(asked);
        }
      }
      assertThat(spoken).contains(0x001d, 0x0017).isSubsetOf(GOOD_GROUPS);
      assertThat(
              TlsProbe.ask(
                  port, new Offer(0x0303, List.of(0x0304), SUITES_1_3, List.of(0x001d, 0x0018))))
          .isInstanceOfSatisfying(Answer.Hello.class, h -> assertThat(h.group()).isEqualTo(0x001d));
    }
  }

  @Test
  void badInput_6_clientCertificate_isDemandedOnTheSitesPortAlone() throws Exception {
    for (Map.Entry<Integer, Integer> expected :
        Map.of(c.sitesPort(), 1, c.enrolmentPort(), 0).entrySet()) {
      AtomicInteger requests = new AtomicInteger();
      SSLContext tls = SSLContext.getInstance("TLS");
      tls.init(
          new KeyManager[] {new Counting(requests)},
          new TrustManager[] {PeerTrust.forServer(c.members.root(), TestConsortium.DOMAIN)},
          null);
      try (SSLSocket socket =
          (SSLSocket) tls.getSocketFactory().createSocket("127.0.0.1", expected.getKey())) {
        SSLParameters parameters = socket.getSSLParameters();
        parameters.setApplicationProtocols(new String[] {"h2"});
        socket.setSSLParameters(parameters);
        socket.setSoTimeout(2_000);
        socket.startHandshake();
        int first = firstByte(socket);

        assertThat(requests.get()).isEqualTo(expected.getValue());
        // A client of TLS 1.3 learns that it was refused when it reads.
        assertThat(first < 0).isEqualTo(expected.getValue() == 1);
      }
    }
  }

  private static int firstByte(Socket socket) throws java.io.IOException {
    try {
      return socket.getInputStream().read();
    } catch (SSLException refused) {
      return -1;
    }
  }

  private static void assertNoHello(Answer answer) {
    assertThat(answer).isNotInstanceOf(Answer.Hello.class);
  }

  /** Has no certificate, and counts how often one is asked for. */
  private static final class Counting extends X509ExtendedKeyManager {
    private final AtomicInteger requests;

    Counting(AtomicInteger requests) {
      this.requests = requests;
    }

    @Override
    public @Nullable String chooseClientAlias(
        String[] types, Principal @Nullable [] issuers, @Nullable Socket socket) {
      requests.set(1);
      return null;
    }

    @Override
    public String @Nullable [] getClientAliases(String type, Principal @Nullable [] issuers) {
      return null;
    }

    @Override
    public String @Nullable [] getServerAliases(String type, Principal @Nullable [] issuers) {
      return null;
    }

    @Override
    public @Nullable String chooseServerAlias(
        String type, Principal @Nullable [] issuers, @Nullable Socket socket) {
      return null;
    }

    @Override
    public X509Certificate @Nullable [] getCertificateChain(String alias) {
      return null;
    }

    @Override
    public @Nullable PrivateKey getPrivateKey(String alias) {
      return null;
    }
  }
}
