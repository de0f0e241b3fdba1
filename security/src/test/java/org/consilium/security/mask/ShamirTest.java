package org.consilium.security.mask;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.fasterxml.jackson.databind.JsonNode;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import org.consilium.security.Vectors;
import org.consilium.security.mask.MaskRefused.Why;
import org.consilium.security.mask.Shamir.Share;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

final class ShamirTest {
  private static final byte[] SECRET = HexFormat.of().parseHex("00ff017f80a55a1b".repeat(4));

  private final List<Share> shares = Shamir.split(SECRET, 3, 5, new SecureRandom());

  @Test
  @Tag("vectors")
  void field_samplesOfProductsAndInverses_equal() {
    JsonNode vectors = Vectors.read("shamir_gf256.json");

    for (JsonNode row : vectors.path("multiplication_samples_a_b_product")) {
      assertThat(Gf256.multiply(row.get(0).asInt(), row.get(1).asInt()))
          .as("%s", row)
          .isEqualTo(row.get(2).asInt());
    }
    for (JsonNode row : vectors.path("inverse_samples")) {
      assertThat(Gf256.inverse(row.get(0).asInt())).as("%s", row).isEqualTo(row.get(1).asInt());
    }
  }

  @Test
  void field_allProductsAndInverses_equalLongMultiplication() {
    for (int a = 0; a < 256; a++) {
      for (int b = 0; b < 256; b++) {
        assertThat(Gf256.multiply(a, b)).isEqualTo(NaiveMasking.multiply(a, b));
      }
      assertThat(NaiveMasking.multiply(a, Gf256.inverse(a))).isEqualTo(a == 0 ? 0 : 1);
    }
  }

  @Test
  @Tag("vectors")
  void split_givenCoefficients_sharesOfTheVectors() throws MaskRefused {
    int checked = 0;
    for (JsonNode node : Vectors.read("shamir_gf256.json").path("cases")) {
      byte[] secret = Vectors.hex(node, "secret");
      int threshold = node.path("threshold").asInt();
      List<byte[]> coefficients = new ArrayList<>();
      node.path("coefficients_degree_1_upwards")
          .forEach(hex -> coefficients.add(HexFormat.of().parseHex(hex.asText())));
      List<Share> expected = new ArrayList<>();
      node.path("shares")
          .forEach(
              share -> expected.add(new Share(share.path("x").asInt(), Vectors.hex(share, "y"))));

      List<Share> all = Shamir.split(secret, coefficients, expected.getLast().x());
      assertThat(expected)
          .hasSize(node.path("shares_count").asInt())
          .allSatisfy(share -> assertThat(all.get(share.x() - 1)).isEqualTo(share));
      assertThat(Shamir.rebuild(expected, threshold, secret.length)).isEqualTo(secret);
      assertThat(Shamir.rebuild(expected.reversed(), threshold, secret.length)).isEqualTo(secret);
      if (node.path("too_few").isObject()) {
        List<Share> few = new ArrayList<>();
        node.path("too_few").path("share_indices").forEach(i -> few.add(expected.get(i.asInt())));
        assertThat(refusal(few, threshold, secret.length)).isEqualTo(Why.TOO_FEW_SHARES);
        assertThat(Shamir.rebuild(few, few.size(), secret.length))
            .isEqualTo(Vectors.hex(node.path("too_few"), "wrong_result_of_interpolating_too_few"));
      }
      checked++;
    }
    assertThat(checked).isGreaterThanOrEqualTo(4);
  }

  @Test
  void rebuild_anyThresholdOfShares_theSecretAsTheOracleHasIt() throws MaskRefused {
    for (int seed = 1; seed <= 30; seed++) {
      Random random = new Random(seed);
      int count = 1 + random.nextInt(40);
      int threshold = 1 + random.nextInt(count);
      byte[] secret = new byte[1 + random.nextInt(40)];
      random.nextBytes(secret);
      List<Share> some =
          new ArrayList<>(Shamir.split(secret, threshold, count, new SecureRandom()));
      Collections.shuffle(some, random);
      some.subList(threshold + random.nextInt(count - threshold + 1), count).clear();

      byte[] rebuilt = Shamir.rebuild(some, threshold, secret.length);

      assertThat(rebuilt).as("seed %d", seed).isEqualTo(secret);
      int at = random.nextInt(secret.length);
      assertThat(NaiveMasking.lagrange(some.subList(0, threshold), at))
          .isEqualTo(rebuilt[at] & 0xff);
    }
  }

  @Test
  void rebuild_mostSharesThereAre_theSecret() throws MaskRefused {
    List<Share> all = Shamir.split(SECRET, 255, 255, new SecureRandom());

    assertThat(all.getLast().x()).isEqualTo(255);
    assertThat(Shamir.rebuild(all, 255, SECRET.length)).isEqualTo(SECRET);
  }

  @Test
  void rebuild_illegalShares_refusedByKind() {
    Share first = shares.getFirst();
    Share atZero = new Share(0, first.bytes());
    Share tooFar = new Share(256, first.bytes());
    Share shorter = new Share(1, new byte[31]);

    assertThat(refusal(List.of(), 3, 32)).isEqualTo(Why.TOO_FEW_SHARES);
    assertThat(refusal(shares.subList(0, 2), 3, 32)).isEqualTo(Why.TOO_FEW_SHARES);
    assertThat(refusal(with(atZero), 3, 32)).isEqualTo(Why.SHARE_PLACE);
    assertThat(refusal(with(tooFar), 3, 32)).isEqualTo(Why.SHARE_PLACE);
    assertThat(refusal(with(shorter), 3, 32)).isEqualTo(Why.SHARE_LENGTH);
    assertThat(refusal(shares, 3, 31)).isEqualTo(Why.SHARE_LENGTH);
    assertThat(refusal(with(shares.get(1)), 3, 32)).isEqualTo(Why.SHARE_TWICE);
  }

  @Test
  void rebuild_oneShareOfManyAltered_sharesDisagree() {
    byte[] altered = shares.getFirst().bytes();
    altered[17] ^= 1;

    MaskRefused refused =
        catchThrowableOfType(
            MaskRefused.class, () -> Shamir.rebuild(with(new Share(1, altered)), 3, 32));

    assertThat(refused.why()).isEqualTo(Why.SHARES_DISAGREE);
    assertThat(refused).hasMessage("rebuild secret: share 4 does not fit the first 3");
  }

  @Test
  void split_impossibleTerms_illegal() {
    SecureRandom random = new SecureRandom();

    assertThatThrownBy(() -> Shamir.split(SECRET, 0, 5, random))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> Shamir.split(SECRET, 6, 5, random))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("secret sharing: 6 of 5 shares, at most 255");
    assertThatThrownBy(() -> Shamir.split(SECRET, 2, 256, random))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> Shamir.split(new byte[0], 2, 5, random))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> Shamir.split(SECRET, List.of(new byte[31]), 5))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("31 bytes");
  }

  @Test
  void share_asText_doesNotShowItsBytes() {
    assertThat(shares.getFirst()).hasToString("Share[x=1, 32 bytes]");
  }

  private List<Share> with(Share first) {
    List<Share> changed = new ArrayList<>(shares);
    changed.set(0, first);
    return changed;
  }

  private static Why refusal(List<Share> shares, int threshold, int length) {
    return catchThrowableOfType(MaskRefused.class, () -> Shamir.rebuild(shares, threshold, length))
        .why();
  }
}
