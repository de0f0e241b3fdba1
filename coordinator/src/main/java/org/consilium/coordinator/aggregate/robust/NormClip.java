package org.consilium.coordinator.aggregate.robust;

import java.util.Optional;
import org.consilium.coordinator.aggregate.robust.Handling.Measure;
import org.consilium.coordinator.aggregate.robust.Handling.What;

/**
 * Norm clip (Sun et al. 2019, "Can you really backdoor federated learning?"): the mean of Δₖ·min(1,
 * M/‖Δₖ‖), with M a multiple of the median norm (Nguyen et al. 2022, "FLAME: taming backdoors in
 * federated learning"), which a minority cannot raise beyond the norms of sound sites. A clipped
 * delta keeps its weight, so that f sites move the mean by at most their share of the weight, times
 * M. Where nothing is clipped it is the plain mean, bit for bit.
 *
 * @param times M over the median norm, 1 to 100
 */
record NormClip(double times, int faulty) implements RobustRule.ByNorm {
  NormClip {
    if (!(times >= 1 && times <= 100) || faulty < 1) {
      throw new IllegalArgumentException(
          "norm clip: %s times the usual norm (1 to 100), %d faulty".formatted(times, faulty));
    }
  }

  @Override
  public String word() {
    return "norm-clip";
  }

  @Override
  public Optional<Unmet> unmet(Round round) {
    return round.tooFew(this, 2 * faulty + 1);
  }

  @Override
  public Ruling rule(double[] norms, Round round) {
    round.require(this);
    if (norms.length != round.sites()) {
      throw new IllegalArgumentException(
          "norm clip: %d norms of %d sites".formatted(norms.length, round.sites()));
    }
    for (double norm : norms) {
      if (!(norm >= 0) || Double.isInfinite(norm)) {
        throw new IllegalArgumentException("norm clip: norm " + norm);
      }
    }
    double most = times * Handling.usual(norms);
    double[] lengths = new double[norms.length];
    for (int site = 0; site < norms.length; site++) {
      lengths[site] = norms[site] > most ? most / norms[site] : 1;
    }
    return new Ruling(
        Factors.shortened(lengths, round),
        Handling.of(Measure.NORM, norms, k -> norms[k] > most ? What.CLIPPED : What.KEPT));
  }
}
