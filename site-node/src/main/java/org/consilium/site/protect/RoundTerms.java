package org.consilium.site.protect;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.consilium.protocol.Digest;
import org.consilium.protocol.RoundTask;
import org.consilium.security.identity.Fingerprint;
import org.consilium.security.sign.RoundContext;

/** What a round's task binds an update to. */
public final class RoundTerms {
  private RoundTerms() {}

  /**
   * The context of a TRAIN task for a vector of {@code vectorLength} integers, trailer included.
   */
  public static RoundContext context(RoundTask task, long vectorLength) {
    RoundTask.Terms terms = task.terms().orElseThrow();
    return new RoundContext(
        terms.federation(),
        fingerprint(task.studyDigest()),
        task.study().value(),
        task.round(),
        task.attempt(),
        fingerprint(task.model().version().digest()),
        fingerprint(task.model().layoutDigest()),
        terms.participants().stream()
            .map(
                p ->
                    new RoundContext.Participant(
                        p.site().value(), fingerprint(p.signingKey()), p.weight()))
            .toList(),
        terms.quorum(),
        terms.clip(),
        terms.weightMax(),
        terms.referenceSamples(),
        scaleTable(terms.scaleExponents()),
        Math.toIntExact(vectorLength),
        protection(terms));
  }

  private static RoundContext.Protection protection(RoundTask.Terms terms) {
    return terms.threshold() == 0
        ? new RoundContext.Protection.Sealed(Fingerprint.sha256(terms.aggregationKey()))
        : new RoundContext.Protection.Masked(
            terms.threshold(), Math.max(terms.threshold(), terms.quorum()), terms.ring().bits());
  }

  /** SHA-256 of the exponents in layout order, each 4 bytes big-endian. */
  static Fingerprint scaleTable(List<Integer> exponents) {
    ByteBuffer bytes = ByteBuffer.allocate(4 * exponents.size());
    exponents.forEach(bytes::putInt);
    return Fingerprint.sha256(bytes.array());
  }

  /**
   * The label of a site's rounding words: study, round and base model, so that the same delta
   * becomes the same integers in another attempt and in another deployment of the same study.
   */
  static byte[] roundingLabel(RoundTask task) {
    String label =
        "rounding/%s/%d/%s"
            .formatted(task.study(), task.round(), task.model().version().digest().hex());
    return Fingerprint.sha256(label.getBytes(StandardCharsets.US_ASCII)).bytes();
  }

  static Fingerprint fingerprint(Digest digest) {
    return new Fingerprint(digest.bytes());
  }
}
