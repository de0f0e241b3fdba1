package org.consilium.security.mask;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.consilium.security.identity.Fingerprint;
import org.consilium.security.mask.MaskRefused.Why;
import org.consilium.security.mask.PairKey.Encapsulated;
import org.junit.jupiter.api.Test;

final class PairKeyTest {
  private static final Fingerprint CONTEXT = Fingerprint.sha256(new byte[] {1});

  /** draft-connolly-cfrg-xwing-kem, appendix C: seed, eseed, shared secret. */
  private static final String[][] DRAFT = {
    {
      "7f9c2ba4e88f827d616045507605853ed73b8093f6efbc88eb1a6eacfa66ef26",
      "3cb1eea988004b93103cfb0aeefd2a686e01fa4a58e8a3639ca8a1e3f9ae57e2"
          + "35b8cc873c23dc62b8d260169afa2f75ab916a58d974918835d25e6a435085b2",
      "d2df0522128f09dd8e2c92b1e905c793d8f57a54c3da25861f10bf4ca613e384"
    },
    {
      "badfd6dfaac359a5efbb7bcc4b59d538df9a04302e10c8bc1cbf1a0b3a5120ea",
      "17cda7cfad765f5623474d368ccca8af0007cd9f5e4c849f167a580b14aabdef"
          + "aee7eef47cb0fca9767be1fda69419dfb927e9df07348b196691abaeb580b32d",
      "f2e86241c64d60f6649fbc6c5b7d17180b780a3f34355e64a85749949c45f150"
    },
    {
      "ef58538b8d23f87732ea63b02b4fa0f4873360e2841928cd60dd4cee8cc0d4c9",
      "22a96188d032675c8ac850933c7aff1533b94c834adbb69c6115bad4692d8619"
          + "f90b0cdf8a7b9c264029ac185b70b83f2801f2f4b3f70c593ea3aeeb613a7f1b",
      "953f7f4e8c5b5049bdc771d1dffada0dd961477d1a2ae0988baa7ea6898d893f"
    }
  };

  private final byte[] secret = filled(32, 3);
  private final PairKey low = PairKey.of(CONTEXT, 2, secret);
  private final PairKey high = PairKey.of(CONTEXT, 5, filled(32, 4));

  @Test
  void xWing_vectorsOfTheDraft_sharedSecretsOnBothSides() throws MaskRefused {
    for (String[] row : DRAFT) {
      XWing key = new XWing(HexFormat.of().parseHex(row[0]));
      byte[] expected = HexFormat.of().parseHex(row[2]);

      XWing.Shared shared = XWing.encapsulate(0, key.publicKey(), HexFormat.of().parseHex(row[1]));

      assertThat(shared.secret()).isEqualTo(expected);
      assertThat(key.decapsulate(0, shared.ciphertext())).isEqualTo(expected);
    }
  }

  @Test
  void xWing_firstVectorOfTheDraft_publicKeyAndCiphertext() throws MaskRefused {
    XWing key = new XWing(HexFormat.of().parseHex(DRAFT[0][0]));
    XWing.Shared shared =
        XWing.encapsulate(0, key.publicKey(), HexFormat.of().parseHex(DRAFT[0][1]));

    assertThat(Fingerprint.sha256(key.publicKey()).hex())
        .isEqualTo("2e816deebcd76c5c80d0cd2d174478871658e8e2ff42bc9d4a6e486372e856bb");
    assertThat(Fingerprint.sha256(shared.ciphertext()).hex())
        .isEqualTo("17cd532d657e44c897ca6583e548a5424fc70bf54f99515a4d2bcf99e3469f33");
  }

  @Test
  void coins_moreAskedForThanGiven_refused() {
    XWing.Coins coins = new XWing.Coins(filled(64, 8));
    byte[] out = new byte[40];

    coins.nextBytes(out);

    assertThat(out).containsOnly(8);
    assertThatThrownBy(() -> coins.nextBytes(new byte[25]))
        .isInstanceOf(UnsupportedOperationException.class)
        .hasMessage("X-Wing: 25 coins asked for, 24 are left");
    assertThatThrownBy(coins::checkSpent)
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("X-Wing: 40 of 64 coins used");
    assertThatThrownBy(() -> coins.generateSeed(1))
        .isInstanceOf(UnsupportedOperationException.class);
  }

  @Test
  void encapsulate_twiceAndByARebuiltKey_sameBytesAndThePeersSeed() throws MaskRefused {
    Encapsulated once = low.encapsulate(5, high.publicKey());
    Encapsulated twice =
        PairKey.recover(CONTEXT, 2, secret.clone(), low.publicKey())
            .encapsulate(5, high.publicKey());

    assertThat(once.ciphertext()).hasSize(PairKey.CIPHERTEXT_BYTES).isEqualTo(twice.ciphertext());
    assertThat(once.seed()).hasSize(32).isEqualTo(twice.seed());
    assertThat(high.decapsulate(2, once.ciphertext())).isEqualTo(once.seed());
  }

  @Test
  void derivations_labels_asTheSpecificationHasThem() throws Exception {
    byte[] context = CONTEXT.bytes();
    XWing key = new XWing(NaiveMasking.hkdf(secret, context, "mask-key", 32, 2));
    byte[] coins = NaiveMasking.hkdf(secret, context, "encaps", 64, 2, 5);
    XWing.Shared shared = XWing.encapsulate(5, high.publicKey(), coins);
    Encapsulated made = low.encapsulate(5, high.publicKey());

    assertThat(low.publicKey()).isEqualTo(key.publicKey());
    assertThat(made.ciphertext()).isEqualTo(shared.ciphertext());
    assertThat(made.seed())
        .isEqualTo(NaiveMasking.hkdf(shared.secret(), context, "pair", 32, 2, 5));
    assertThat(Masks.selfSeed(CONTEXT, 2, secret))
        .isEqualTo(NaiveMasking.hkdf(secret, context, "self", 32, 2));
    assertThat(Masks.selfCommitment(CONTEXT, 2, secret))
        .isEqualTo(Fingerprint.sha256(new byte[] {'b'}, context, new byte[] {0, 0, 0, 2}, secret));
  }

  @Test
  void derivations_otherContextSiteOrSecret_differ() {
    Fingerprint other = Fingerprint.sha256(new byte[] {2});

    assertThat(
            List.of(
                hex(Masks.selfSeed(CONTEXT, 2, secret)),
                hex(Masks.selfSeed(other, 2, secret)),
                hex(Masks.selfSeed(CONTEXT, 3, secret)),
                hex(Masks.selfSeed(CONTEXT, 2, filled(32, 4)))))
        .doesNotHaveDuplicates();
    assertThat(
            List.of(
                hex(low.publicKey()),
                hex(PairKey.of(other, 2, secret).publicKey()),
                hex(PairKey.of(CONTEXT, 3, secret).publicKey()),
                hex(PairKey.of(CONTEXT, 2, filled(32, 5)).publicKey())))
        .doesNotHaveDuplicates();
  }

  @Test
  void checkPublicKey_unusableOnes_refused() throws MaskRefused {
    byte[] lowOrder = low.publicKey();
    Arrays.fill(lowOrder, 1184, 1216, (byte) 0); // the X25519 half
    byte[] notCanonical = low.publicKey();
    Arrays.fill(notCanonical, 0, 3, (byte) 0xff); // two coefficients of 4095, beyond q = 3329

    PairKey.checkPublicKey(2, low.publicKey());
    PairKey.checkPublicKey(2, low.publicKey());
    for (byte[] bad : new byte[][] {new byte[0], new byte[1215], lowOrder, notCanonical}) {
      for (int time = 0; time < 2; time++) {
        assertThat(refusal(() -> PairKey.checkPublicKey(2, bad))).isEqualTo(Why.PUBLIC_KEY);
      }
      assertThat(refusal(() -> low.encapsulate(5, bad))).isEqualTo(Why.PUBLIC_KEY);
    }
  }

  @Test
  void decapsulate_malformedOrAltered_refusedOrAnotherSeed() throws MaskRefused {
    Encapsulated made = low.encapsulate(5, high.publicKey());
    byte[] lowOrder = made.ciphertext().clone();
    Arrays.fill(lowOrder, 1088, 1120, (byte) 0); // the X25519 half
    byte[] altered = made.ciphertext().clone();
    altered[500] ^= 1;

    assertThat(refusal(() -> high.decapsulate(2, new byte[1119]))).isEqualTo(Why.CIPHERTEXT);
    assertThat(refusal(() -> high.decapsulate(2, lowOrder))).isEqualTo(Why.CIPHERTEXT);
    assertThat(high.decapsulate(2, altered)).isNotEqualTo(made.seed());
  }

  @Test
  void agree_withItselfOrInTheWrongOrder_illegal() {
    assertThatThrownBy(() -> low.encapsulate(2, low.publicKey()))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> high.encapsulate(2, low.publicKey()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("agree on a mask: site 5 does not encapsulate to 2");
    assertThatThrownBy(() -> low.decapsulate(5, new byte[1120]))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> PairKey.of(CONTEXT, 128, secret))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("masking: site number 128, 0 to 127");
    assertThatThrownBy(() -> PairKey.of(CONTEXT, 1, new byte[31]))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void close_thenUse_illegalAndNoSecretInItsText() {
    low.close();

    assertThatThrownBy(() -> low.encapsulate(5, high.publicKey()))
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("pair key of site 2 is closed");
    assertThat(low.toString()).startsWith("PairKey[site 2, ").doesNotContain("0303");
  }

  private static Why refusal(ThrowingCallable call) {
    return catchThrowableOfType(MaskRefused.class, call).why();
  }

  private static String hex(byte[] bytes) {
    return HexFormat.of().formatHex(bytes);
  }

  private static byte[] filled(int length, int value) {
    byte[] bytes = new byte[length];
    Arrays.fill(bytes, (byte) value);
    return bytes;
  }
}
