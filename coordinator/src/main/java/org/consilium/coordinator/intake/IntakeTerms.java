package org.consilium.coordinator.intake;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.consilium.models.federated.CoarseVector;
import org.consilium.models.params.ParameterLayout;
import org.consilium.protocol.Digest;
import org.consilium.protocol.Encoding;
import org.consilium.protocol.ModelVersion;
import org.consilium.protocol.RoundId;
import org.consilium.protocol.SiteId;
import org.consilium.security.fixed.CoarseQuantiser;
import org.consilium.security.fixed.FixedTerms;
import org.consilium.security.seal.AggregationKey;

/**
 * What an update of the open round must look like.
 *
 * @param base the version that deltas start from
 * @param context digest of the round's context, as the coordinator computes it
 * @param fixed fixed-point layout
 * @param scaleExponents for each tensor, log2 of its range
 * @param clip S, largest L2 norm
 * @param samples what each participant declared
 * @param weights the integer weight that each participant's update must have
 * @param encoding how values are written
 * @param masked whether what is inside is hidden: then only the seal can be checked
 * @param key opens the round's updates
 */
public record IntakeTerms(
    RoundId round,
    int attempt,
    ModelVersion base,
    ParameterLayout layout,
    Digest context,
    FixedTerms fixed,
    List<Integer> scaleExponents,
    double clip,
    Map<SiteId, Integer> samples,
    Map<SiteId, Integer> weights,
    Encoding encoding,
    boolean masked,
    AggregationKey key) {
  public IntakeTerms {
    scaleExponents = List.copyOf(scaleExponents);
    samples = Map.copyOf(samples);
    weights = Map.copyOf(weights);
    if (!weights.keySet().equals(samples.keySet())) {
      throw new IllegalArgumentException(
          "intake: weights of %s, samples of %s".formatted(weights.keySet(), samples.keySet()));
    }
  }

  /** The same for a site's late update: what it starts from, and weighs, is another round's. */
  public IntakeTerms carrying(SiteId site, ModelVersion origin, int weight) {
    Map<SiteId, Integer> other = new HashMap<>(weights);
    other.put(site, weight);
    return new IntakeTerms(
        round,
        attempt,
        origin,
        layout,
        context,
        fixed,
        scaleExponents,
        clip,
        samples,
        other,
        encoding,
        masked,
        key);
  }

  /** Bytes of one value. */
  int valueBytes() {
    return encoding.narrow() ? encoding.bytes() : fixed.ring().bytes();
  }

  /** Whether these are the shifts of an update: one for each tensor of a narrow one, else none. */
  boolean allows(byte[] shifts) {
    return encoding.narrow()
        ? shifts.length == layout.tensors().size()
            && CoarseVector.legal(shifts, CoarseQuantiser.shiftMax(fixed, encoding.digits()))
        : shifts.length == 0;
  }
}
