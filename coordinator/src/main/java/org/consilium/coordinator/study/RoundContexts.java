package org.consilium.coordinator.study;

import java.nio.ByteBuffer;
import java.util.List;
import org.consilium.coordinator.round.Opening;
import org.consilium.models.params.ParameterLayout;
import org.consilium.protocol.Digest;
import org.consilium.protocol.StudyPlan;
import org.consilium.protocol.UpdateManifest;
import org.consilium.security.identity.Fingerprint;
import org.consilium.security.sign.RoundContext;

/** What a round's updates are bound to, computed by the coordinator from its own state. */
final class RoundContexts {
  private RoundContexts() {}

  static Digest digest(
      String federation,
      StudyPlan plan,
      Digest studyDigest,
      Opening opening,
      ParameterLayout layout,
      Fingerprint aggregationKey) {
    RoundContext context =
        new RoundContext(
            federation,
            fingerprint(studyDigest),
            plan.study().value(),
            opening.number(),
            opening.attempt(),
            fingerprint(opening.base().version().digest()),
            fingerprint(layout.digest()),
            opening.members().stream()
                .map(
                    m ->
                        new RoundContext.Participant(
                            m.site().value(), fingerprint(m.signingKey()), m.weight()))
                .toList(),
            opening.quorum(),
            plan.protection().clip(),
            plan.protection().weightMax(),
            opening.referenceSamples(),
            scaleTable(opening.scaleExponents()),
            Math.toIntExact(layout.length() + UpdateManifest.TRAILER),
            opening.masked()
                ? new RoundContext.Protection.Masked(
                    opening.threshold(),
                    opening.needed(),
                    plan.protection().exposure().ring().bits())
                : new RoundContext.Protection.Sealed(aggregationKey));
    return Digest.of(context.digest().bytes());
  }

  /** SHA-256 of the exponents in layout order, each 4 bytes big-endian. */
  private static Fingerprint scaleTable(List<Integer> exponents) {
    ByteBuffer bytes = ByteBuffer.allocate(Integer.BYTES * exponents.size());
    exponents.forEach(bytes::putInt);
    return Fingerprint.sha256(bytes.array());
  }

  private static Fingerprint fingerprint(Digest digest) {
    return new Fingerprint(digest.bytes());
  }
}
