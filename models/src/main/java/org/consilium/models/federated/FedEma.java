package org.consilium.models.federated;

import java.io.IOException;
import java.util.OptionalDouble;
import org.consilium.models.params.ParameterLayout;
import org.consilium.models.params.ParameterSource;

/**
 * FedEMA (W. Zhuang, Y. Wen, S. Zhang, "Divergence-aware Federated Self-Supervised Learning", ICLR
 * 2022, section 4.2): a site does not take the global parameters over, it moves towards them, and
 * keeps the more of its own the further they have gone apart: w ← (1 − μ)·w_g + μ·wₖ, μ = min(λ‖w_g
 * − wₖ‖, 1). λ = τ/‖w_g − wₖ‖ at the first meeting of the two, and fixed from then on. The server's
 * step is FedAvg's.
 */
public final class FedEma {

  private FedEma() {}

  /**
   * Where a site's training begins.
   *
   * @param share μ, how much of its own it keeps
   * @param lambda λ, the site's for all later rounds; empty while the two have never differed
   * @param start w
   */
  public record Meeting(double share, OptionalDouble lambda, ParameterSource start) {}

  /**
   * Brings a site's parameters and the global ones together.
   *
   * @param global w_g; read block by block, not owned, as long as the result is
   * @param own wₖ, what the site's last training left, in the same layout; likewise
   * @param lambda the site's λ, if it has one
   * @param tau τ of the plan, (0, 1]
   */
  public static Meeting meet(
      ParameterSource global, ParameterSource own, OptionalDouble lambda, double tau)
      throws IOException {
    if (!global.layout().equals(own.layout())) {
      throw new IllegalArgumentException(
          "FedEMA: the global parameters are %s, the site's own %s"
              .formatted(global.layout(), own.layout()));
    }
    double distance = Distance.between(global, own);
    OptionalDouble known = lambda;
    if (known.isEmpty() && distance > 0) {
      known = OptionalDouble.of(tau / distance);
    }
    double share = known.isEmpty() ? 0 : Math.min(known.getAsDouble() * distance, 1);
    return new Meeting(share, known, new Between(global, own, share));
  }

  /** (1 − share)·global + share·own, made when it is read. */
  private record Between(ParameterSource global, ParameterSource own, double share)
      implements ParameterSource {
    @Override
    public ParameterLayout layout() {
      return global.layout();
    }

    @Override
    public void read(long offset, float[] into, int at, int length) throws IOException {
      global.read(offset, into, at, length);
      float[] kept = new float[length];
      own.read(offset, kept, 0, length);
      for (int i = 0; i < length; i++) {
        into[at + i] = (float) ((1 - share) * into[at + i] + share * kept[i]);
      }
    }
  }
}
