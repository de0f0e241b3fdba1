package org.consilium.coordinator.aggregate;

import java.util.List;
import java.util.Optional;
import org.consilium.models.params.ParameterLayout;
import org.consilium.models.params.ParameterSource;
import org.consilium.models.params.SafetensorsWriter;
import org.consilium.security.fixed.FixedTerms;
import org.consilium.security.mask.Masks;

/**
 * One server step to make.
 *
 * @param base θ, the parameters that every delta starts from
 * @param updates accepted updates; their order does not matter
 * @param terms fixed-point layout of the sums
 * @param scaleExponents for each tensor, log2 of its range in this round
 * @param state the rule, and what it remembers
 * @param removal takes the masks off the sum modulo 2^32; empty where nothing is masked
 * @param out receives θ′
 */
public record AggregationTask(
    ParameterSource base,
    List<SealedDelta> updates,
    FixedTerms terms,
    List<Integer> scaleExponents,
    ServerState state,
    Optional<Masks> removal,
    SafetensorsWriter out) {
  public AggregationTask {
    updates = List.copyOf(updates);
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
    if (updates.isEmpty()) {
      throw new IllegalArgumentException("aggregate: no updates");
    }
  }
}
