package org.consilium.security.stream;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import org.consilium.security.Vectors;
import org.consilium.security.identity.Fingerprint;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

final class HkdfTest {
  @Test
  @Tag("vectors")
  void derive_rfc5869AndGeneratedCases_equal() {
    int checked = 0;
    for (JsonNode node : Vectors.read("hkdf.json").path("cases")) {
      if (node.path("hash").asText().equals("SHA-256")) {
        byte[] okm =
            Hkdf.derive(
                Vectors.hex(node, "ikm"),
                Vectors.hex(node, "salt"),
                Vectors.hex(node, "info"),
                node.path("length").asInt());
        if (node.has("okm")) {
          assertThat(okm).as(node.path("case").asText()).isEqualTo(Vectors.hex(node, "okm"));
        } else { // the longest output, given by its digest
          assertThat(Fingerprint.sha256(okm).bytes()).isEqualTo(Vectors.hex(node, "okm_sha256"));
        }
        checked++;
      }
    }
    assertThat(checked).isGreaterThanOrEqualTo(3);
  }
}
