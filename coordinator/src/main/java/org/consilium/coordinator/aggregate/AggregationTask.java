package org.consilium.coordinator.aggregate;

import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import org.consilium.coordinator.aggregate.robust.RobustRule;
import org.consilium.models.params.ParameterLayout;
import org.consilium.models.params.ParameterSource;
import org.consilium.models.params.SafetensorsWriter;
import org.consilium.protocol.Limits;
import org.consilium.protocol.UpdateManifest;
import org.consilium.security.fixed.FixedTerms;
import org.consilium.security.mask.Masks;

/**
 * One server step to make.
 *
 * @param base θ, the parameters that every delta starts from
 * @param updates accepted updates, kept in the order of site ids whatever order they come in
 * @param terms fixed-point layout of the sums
 * @param scaleExponents for each tensor, log2 of its range in this round
 * @param state the rule, and what it remembers
 * @param removal takes the masks off the sum modulo 2^R; empty where nothing is masked
 * @param robust how deltas are combined; empty is the weighted mean
 * @param noise cuts every delta and is added to the mean; empty adds nothing
 * @param out receives θ′
 */
public record AggregationTask(
    ParameterSource base,
    List<SealedDelta> updates,
    FixedTerms terms,
    List<Integer> scaleExponents,
    ServerState state,
    Optional<Masks> removal,
    Optional<RobustRule> robust,
    Optional<CentralNoise> noise,
    SafetensorsWriter out) {
  public AggregationTask {
    updates = updates.stream().sorted(Comparator.comparing(SealedDelta::site)).toList();
    scaleExponents = List.copyOf(scaleExponents);
    ParameterLayout layout = base.layout();
    if (scaleExponents.size() != layout.tensors().size()) {
      throw new IllegalArgumentException(
          "aggregate: %d scale exponents for %d tensors"
              .formatted(scaleExponents.size(), layout.tensors().size()));
    }
    for (ParameterSource moment : state.before()) {
      if (!moment.layout().equals(layout)) {
        throw new IllegalArgumentException(
            "aggregate: the optimiser state has %s, the model %s"
                .formatted(moment.layout(), layout));
      }
    }
    if (noise.isPresent() && (removal.isPresent() || robust.isPresent())) {
      throw new IllegalArgumentException(
          "aggregate: central noise is for the plain mean of updates that are seen");
    }
    if (updates.isEmpty()) {
      throw new IllegalArgumentException("aggregate: no updates");
    }
  }

  /** The weighted mean. */
  public AggregationTask(
      ParameterSource base,
      List<SealedDelta> updates,
      FixedTerms terms,
      List<Integer> scaleExponents,
      ServerState state,
      SafetensorsWriter out) {
    this(
        base,
        updates,
        terms,
        scaleExponents,
        state,
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        out);
  }

  /** The updates as a robust rule sees them before it looks into them. */
  RobustRule.Round weights() {
    return new RobustRule.Round(updates.stream().map(SealedDelta::weight).toList());
  }

  /** Values of one block: those of one chunk. */
  int block() {
    return Limits.CHUNK_PLAIN_BYTES / terms.ring().bytes();
  }

  /** Values that a buffer of one block must hold: less than a block where the vector has less. */
  int buffer() {
    return (int) Math.min(block(), base.layout().length() + UpdateManifest.TRAILER);
  }

  /**
   * Java heap of one thread's buffers: what it opens, sums and steps, and the results that it may
   * be ahead of the writer.
   *
   * @param ahead how many results
   */
  long threadBytes(int ahead) {
    long moments = state.rule().moments();
    long own = 2L * terms.ring().bytes() + Integer.BYTES + Long.BYTES + Float.BYTES + Double.BYTES;
    boolean keepsEach = robust.filter(rule -> !(rule instanceof RobustRule.ByNorm)).isPresent();
    long kept = keepsEach ? (long) updates.size() * Integer.BYTES : 0;
    return buffer() * (own + moments * Double.BYTES + ahead * (1 + moments) * Float.BYTES + kept);
  }

  /** One unit of a tensor's fixed point. */
  double unit(int tensor) {
    return Math.scalb(1.0, -terms.scaleExponent(scaleExponents.get(tensor)));
  }
}
