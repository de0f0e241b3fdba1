package org.consilium.security.sign;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.util.Arrays;
import org.bouncycastle.crypto.params.Ed25519PrivateKeyParameters;
import org.consilium.security.Vectors;
import org.consilium.security.identity.KeyRequest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

final class SignTest {
  private final SigningKey key = SigningKey.of(KeyRequest.signing(new SecureRandom()).key());

  @Test
  @Tag("vectors")
  void verify_rfc8032AndForgedCases_acceptedAndRefused() {
    int refused = 0;
    for (JsonNode node : Vectors.read("ed25519_x25519.json").path("ed25519")) {
      byte[] seed = Vectors.hex(node, "secret_key_seed");
      assertThat(new Ed25519PrivateKeyParameters(seed).generatePublicKey().getEncoded())
          .isEqualTo(Vectors.hex(node, "public_key"));
      assertThat(verifies(node)).as(node.path("case").asText()).isTrue();
      for (JsonNode forged : node.path("must_fail")) {
        assertThat(verifies(forged)).as(forged.path("change").asText()).isFalse();
        refused++;
      }
    }
    assertThat(refused).isGreaterThanOrEqualTo(6);
  }

  @Test
  void verify_anyByteLabelOrKeyChanged_false() {
    byte[] body = "manifest".getBytes(StandardCharsets.UTF_8);
    byte[] signature = key.sign("update", body);
    VerifyingKey verifying = key.verifyingKey();

    assertThat(verifying.verify("update", body, signature)).isTrue();
    assertThat(verifying.verify("updat", "emanifest".getBytes(StandardCharsets.UTF_8), signature))
        .isFalse();
    assertThat(verifying.verify("report", body, signature)).isFalse();
    for (int i = 0; i < signature.length; i++) {
      byte[] changed = signature.clone();
      changed[i] ^= 1;
      assertThat(verifying.verify("update", body, changed)).as("signature byte %d", i).isFalse();
    }
    for (int i = 0; i < body.length; i++) {
      byte[] changed = body.clone();
      changed[i] ^= 1;
      assertThat(verifying.verify("update", changed, signature)).as("body byte %d", i).isFalse();
    }
    VerifyingKey other = SigningKey.of(KeyRequest.signing(new SecureRandom()).key()).verifyingKey();
    assertThat(other.verify("update", body, signature)).isFalse();
    assertThat(verifying.verify("update", body, new byte[63])).isFalse();
  }

  @Test
  void verifyingKey_lowOrderOrNonCanonical_refused() {
    byte[] identity = new byte[32];
    identity[0] = 1; // the neutral element, order 1
    byte[] notReduced = new byte[32]; // y = 2^255 - 1 - 2^255's sign bit: above the field prime
    Arrays.fill(notReduced, (byte) 0xff);
    notReduced[31] = 0x7f;

    for (byte[] bad : new byte[][] {new byte[31], new byte[32], identity, notReduced}) {
      assertThatThrownBy(() -> VerifyingKey.of(bad)).isInstanceOf(IllegalArgumentException.class);
    }
  }

  @Test
  void signingKey_ecKey_refused() {
    assertThatThrownBy(() -> SigningKey.of(KeyRequest.tls(new SecureRandom()).key()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("Ed25519 is required");
  }

  private static boolean verifies(JsonNode node) {
    try {
      return VerifyingKey.of(Vectors.hex(node, "public_key"))
          .verifyMessage(Vectors.hex(node, "message"), Vectors.hex(node, "signature"));
    } catch (IllegalArgumentException badKey) {
      return false;
    }
  }
}
