package org.consilium.security.sign;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.consilium.security.identity.Fingerprint;
import org.consilium.security.sign.RoundContext.Participant;
import org.consilium.security.sign.RoundContext.Protection;
import org.junit.jupiter.api.Test;

final class RoundContextTest {
  @Test
  void digest_knownSealedRound_equalsAnIndependentEncoder() throws Exception {
    // oracle: this encoder, written from the description and not from the code
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    DataOutputStream out = new DataOutputStream(bytes);
    out.writeBytes("CSEAL1");
    fields(out);
    hash(out, 8);
    byte[] expected = MessageDigest.getInstance("SHA-256").digest(bytes.toByteArray());

    assertThat(context(7, 2, "st-mary", 2.5, 8).digest().bytes()).isEqualTo(expected);
    // from a third encoder (Python): a sealed round keeps the digest it always had
    assertThat(context(7, 2, "st-mary", 2.5, 8).digest().hex())
        .isEqualTo("58e378870a1923516363ebac2f9f7211c61c04780b5b4ab0b7414c1792b01e1e");
  }

  @Test
  void digest_knownMaskedRound_equalsAnIndependentEncoder() throws Exception {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    DataOutputStream out = new DataOutputStream(bytes);
    out.writeBytes("CSA1");
    fields(out);
    number(out, 2);
    number(out, 1);
    number(out, 32);
    byte[] expected = MessageDigest.getInstance("SHA-256").digest(bytes.toByteArray());

    assertThat(masked(2, 1, 32).digest().bytes()).isEqualTo(expected);
    assertThat(masked(2, 1, 32).digest().hex())
        .isEqualTo("3d6cdff2c643efebcb91df6720680852dd6c6b05ab4927c25f563509c7a87c95");
  }

  @Test
  void digest_otherMaskingTerms_differsAndIsNeverASealedOne() {
    Set<Fingerprint> digests = new HashSet<>();

    digests.add(masked(2, 1, 32).digest());
    digests.add(masked(1, 1, 32).digest());
    digests.add(masked(1, 2, 32).digest());
    digests.add(masked(2, 1, 64).digest());
    digests.add(context(7, 2, "st-mary", 2.5, 8).digest());

    assertThat(digests).hasSize(5);
  }

  @Test
  void masked_ringOrThresholdOutOfRange_refused() {
    assertThatThrownBy(() -> masked(2, 1, 16)).hasMessageContaining("a ring of 16 bits");
    assertThatThrownBy(() -> masked(3, 1, 32)).hasMessageContaining("threshold 3");
    assertThatThrownBy(() -> masked(2, 3, 32)).hasMessageContaining("at least 3 survivors of 2");
    assertThatThrownBy(() -> masked(0, 1, 32)).hasMessageContaining("threshold 0");
  }

  private static void fields(DataOutputStream out) throws Exception {
    text(out, "consilium.test");
    hash(out, 1);
    text(out, "chest");
    number(out, 7);
    number(out, 2);
    hash(out, 2);
    hash(out, 3);
    number(out, 2);
    text(out, "st-anna");
    hash(out, 4);
    number(out, 0);
    text(out, "st-mary");
    hash(out, 5);
    number(out, 17);
    number(out, 2);
    out.writeInt(8);
    out.writeDouble(2.5);
    number(out, 64);
    out.writeInt(8);
    out.writeLong(1000);
    hash(out, 6);
    number(out, 123_456);
  }

  @Test
  void digest_anyFieldChanged_differs() {
    Set<Fingerprint> digests = new HashSet<>();

    digests.add(context(7, 2, "st-mary", 2.5, 8).digest());
    digests.add(context(8, 2, "st-mary", 2.5, 8).digest());
    digests.add(context(7, 3, "st-mary", 2.5, 8).digest());
    digests.add(context(7, 2, "st-marz", 2.5, 8).digest());
    digests.add(context(7, 2, "st-mary", 2.25, 8).digest());
    digests.add(context(7, 2, "st-mary", 2.5, 9).digest());

    assertThat(digests).hasSize(6);
  }

  @Test
  void context_unsortedParticipantsOrNoClip_refused() {
    assertThatThrownBy(() -> context(7, 2, "st-a", 2.5, 8)).hasMessageContaining("ascend");
    assertThatThrownBy(() -> context(7, 0, "st-mary", 2.5, 8)).hasMessageContaining("attempt 0");
    assertThatThrownBy(() -> context(7, 2, "st-mary", Double.NaN, 8)).hasMessageContaining("clip");
  }

  private static RoundContext context(int round, int attempt, String second, double s, int key) {
    return context(round, attempt, second, s, new Protection.Sealed(print(key)));
  }

  private static RoundContext masked(int threshold, int survivorsMin, int ringBits) {
    return context(7, 2, "st-mary", 2.5, new Protection.Masked(threshold, survivorsMin, ringBits));
  }

  private static RoundContext context(
      int round, int attempt, String second, double s, Protection protection) {
    return new RoundContext(
        "consilium.test",
        print(1),
        "chest",
        round,
        attempt,
        print(2),
        print(3),
        List.of(new Participant("st-anna", print(4), 0), new Participant(second, print(5), 17)),
        2,
        s,
        64,
        1000,
        print(6),
        123_456,
        protection);
  }

  private static Fingerprint print(int value) {
    byte[] bytes = new byte[32];
    Arrays.fill(bytes, (byte) value);
    return new Fingerprint(bytes);
  }

  private static void text(DataOutputStream out, String text) throws Exception {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    out.writeInt(bytes.length);
    out.write(bytes);
  }

  private static void number(DataOutputStream out, int value) throws Exception {
    out.writeInt(4);
    out.writeInt(value);
  }

  private static void hash(DataOutputStream out, int value) throws Exception {
    out.writeInt(32);
    out.write(print(value).bytes());
  }
}
