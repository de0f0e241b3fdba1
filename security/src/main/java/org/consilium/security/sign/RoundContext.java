package org.consilium.security.sign;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.consilium.security.identity.Fingerprint;

/**
 * Everything a protected update is bound to: one attempt at one round of one study, its model, its
 * participants and its arithmetic. Any difference gives another {@link #digest()}, and a seal or
 * signature made under one digest is refused under another.
 *
 * @param federation trust domain of the consortium
 * @param studyDigest SHA-256 of the study's definition
 * @param round from 1
 * @param attempt from 1
 * @param model the version the delta is relative to
 * @param layout SHA-256 of the parameter layout
 * @param participants strictly ascending by site id
 * @param quorum least number of accepted updates
 * @param clip L2 bound S of a delta
 * @param weightMax W
 * @param referenceSamples N_ref of the weight rule
 * @param scaleExponents SHA-256 of the scale table
 * @param vectorLength integers in an update
 * @param protection how updates are protected, and what that is bound to
 */
public record RoundContext(
    String federation,
    Fingerprint studyDigest,
    String study,
    int round,
    int attempt,
    Fingerprint model,
    Fingerprint layout,
    List<Participant> participants,
    int quorum,
    double clip,
    int weightMax,
    long referenceSamples,
    Fingerprint scaleExponents,
    int vectorLength,
    Protection protection) {
  private static final String SEALED_LABEL = "CSEAL1";
  private static final String MASKED_LABEL = "CSA1";

  /** The two protection modes; the digest of one is never one of the other. */
  public sealed interface Protection {
    /**
     * Updates are encrypted to one key, whose holder can read each.
     *
     * @param aggregationKey SHA-256 of the X-Wing public key
     */
    record Sealed(Fingerprint aggregationKey) implements Protection {}

    /**
     * Updates are masked and only their sum can be read.
     *
     * @param threshold t: shares that rebuild a secret, signatures that fix the survivors
     * @param survivorsMin m: least number of vectors in a sum
     * @param ringBits 32 or 64
     */
    record Masked(int threshold, int survivorsMin, int ringBits) implements Protection {
      public Masked {
        if (threshold < 1 || survivorsMin < 1 || (ringBits != 32 && ringBits != 64)) {
          throw new IllegalArgumentException(
              "round context: threshold %d, at least %d survivors, a ring of %d bits"
                  .formatted(threshold, survivorsMin, ringBits));
        }
      }
    }
  }

  /**
   * A site of the round.
   *
   * @param signingKey SHA-256 of the SubjectPublicKeyInfo it signs with
   * @param weight that it was given; 0 leaves it to the weight rule
   */
  public record Participant(String site, Fingerprint signingKey, int weight) {
    public Participant {
      if (weight < 0) {
        throw new IllegalArgumentException(
            "round context: weight %d of %s".formatted(weight, site));
      }
    }
  }

  /** Refuses unsorted participants and numbers out of range. */
  public RoundContext {
    participants = List.copyOf(participants);
    for (int i = 1; i < participants.size(); i++) {
      if (participants.get(i - 1).site().compareTo(participants.get(i).site()) >= 0) {
        throw new IllegalArgumentException(
            "round context: participants must ascend strictly, %s does not"
                .formatted(participants.get(i).site()));
      }
    }
    if (round < 1 || attempt < 1 || vectorLength < 1 || weightMax < 1 || referenceSamples < 1) {
      throw new IllegalArgumentException(
          "round context: round %d, attempt %d, length %d, W %d, N_ref %d must all be at least 1"
              .formatted(round, attempt, vectorLength, weightMax, referenceSamples));
    }
    if (quorum < 1 || quorum > participants.size()) {
      throw new IllegalArgumentException(
          "round context: quorum %d of %d participants".formatted(quorum, participants.size()));
    }
    if (protection instanceof Protection.Masked(int threshold, int survivorsMin, _)
        && Math.max(threshold, survivorsMin) > participants.size()) {
      throw new IllegalArgumentException(
          "round context: threshold %d and at least %d survivors of %d participants"
              .formatted(threshold, survivorsMin, participants.size()));
    }
    if (!(clip > 0) || Double.isInfinite(clip)) {
      throw new IllegalArgumentException("round context: clip " + clip);
    }
  }

  /**
   * SHA-256 of the label {@code CSEAL1} or {@code CSA1} and the fields in declared order, those of
   * the protection last, each as u32 big-endian length and bytes: text in UTF-8, int as 4 bytes,
   * long and double (IEEE 754) as 8 bytes, the participants as their number and then id, digest and
   * weight of each.
   */
  public Fingerprint digest() {
    ByteArrayOutputStream out = new ByteArrayOutputStream(512);
    field(out, federation);
    field(out, studyDigest.bytes());
    field(out, study);
    field(out, round);
    field(out, attempt);
    field(out, model.bytes());
    field(out, layout.bytes());
    field(out, participants.size());
    for (Participant participant : participants) {
      field(out, participant.site());
      field(out, participant.signingKey().bytes());
      field(out, participant.weight());
    }
    field(out, quorum);
    field(out, Double.doubleToLongBits(clip));
    field(out, weightMax);
    field(out, referenceSamples);
    field(out, scaleExponents.bytes());
    field(out, vectorLength);
    String label =
        switch (protection) {
          case Protection.Sealed(Fingerprint aggregationKey) -> {
            field(out, aggregationKey.bytes());
            yield SEALED_LABEL;
          }
          case Protection.Masked(int threshold, int survivorsMin, int ringBits) -> {
            field(out, threshold);
            field(out, survivorsMin);
            field(out, ringBits);
            yield MASKED_LABEL;
          }
        };
    return Fingerprint.sha256(label.getBytes(StandardCharsets.US_ASCII), out.toByteArray());
  }

  private static void field(ByteArrayOutputStream out, String text) {
    field(out, text.getBytes(StandardCharsets.UTF_8));
  }

  private static void field(ByteArrayOutputStream out, int value) {
    field(out, ByteBuffer.allocate(4).putInt(value).array());
  }

  private static void field(ByteArrayOutputStream out, long value) {
    field(out, ByteBuffer.allocate(8).putLong(value).array());
  }

  private static void field(ByteArrayOutputStream out, byte[] bytes) {
    out.writeBytes(ByteBuffer.allocate(4).putInt(bytes.length).array());
    out.writeBytes(bytes);
  }
}
