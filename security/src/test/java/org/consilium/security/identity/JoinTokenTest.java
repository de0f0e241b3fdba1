package org.consilium.security.identity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.Arrays;
import java.util.Base64;
import org.consilium.security.identity.MalformedToken.Fault;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class JoinTokenTest {
  private final byte[] secret = new byte[32];
  private final JoinToken token = token();

  @TempDir private Path folder;

  @Test
  void token_writtenAndRead_sameAndPrivate() throws Exception {
    Path file = folder.resolve("st-mary.join");

    token.write(file);

    assertThat(JoinToken.read(file)).isEqualTo(token);
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
        .isEqualTo("rw-------");
    assertThat(Files.readAllLines(file)).hasSize(1);
    assertThat(token.secretDigest()).isEqualTo(Fingerprint.sha256(secret));
  }

  @Test
  void token_ofACoordinatorOnTwoMachines_holdsBothNames() throws Exception {
    String both = "a.example.org,b.example.org:9443";
    JoinToken two =
        new JoinToken(
            token.site(),
            both,
            token.sitePort(),
            token.enrolmentPort(),
            token.rootFingerprint(),
            secret,
            token.expiry());

    assertThat(JoinToken.parse(two.text()).host()).isEqualTo(both);
  }

  @Test
  void toString_neverHoldsTheSecret() {
    String base64 = Base64.getUrlEncoder().withoutPadding().encodeToString(secret);

    assertThat(token.toString()).contains("st-mary").doesNotContain(base64, "5a5a5a");
  }

  @Test
  void parse_cutAnywhere_namedTruncated() {
    String text = token.text();
    for (int length = 17; length < text.length(); length++) {
      assertFault(text.substring(0, length), Fault.TRUNCATED);
    }
    assertFault(text.substring(0, 16), Fault.NOT_A_TOKEN);
    assertFault("", Fault.NOT_A_TOKEN);
  }

  @Test
  void parse_anyCharacterChanged_refused() {
    String text = token.text();
    for (int at = 20; at < text.length() - 1; at++) { // before 20 lies the length
      char other = text.charAt(at) == 'A' ? 'B' : 'A';
      assertFault(text.substring(0, at) + other + text.substring(at + 1), Fault.ALTERED);
    }
    assertFault(text.substring(0, 40) + "!" + text.substring(41), Fault.ALTERED);
  }

  private static void assertFault(String text, Fault fault) {
    assertThatThrownBy(() -> JoinToken.parse(text))
        .as(text)
        .isInstanceOfSatisfying(MalformedToken.class, e -> assertThat(e.fault()).isEqualTo(fault));
  }

  private JoinToken token() {
    Arrays.fill(secret, (byte) 0x5a);
    return new JoinToken(
        "st-mary",
        "coordinator.example",
        7443,
        7444,
        Fingerprint.sha256(new byte[] {1}),
        secret,
        Instant.parse("2026-03-01T12:00:00Z"));
  }
}
