package org.consilium.models.federated;

import java.io.IOException;
import org.consilium.models.params.ParameterLayout;
import org.consilium.models.params.ParameterSource;

/**
 * What a site hands on after FedNova's local steps, in the round's layout, such that its difference
 * to the round's base is [Δ·R/a, a/R]. R is the normaliser of a site with the round's most
 * examples: the stretched delta then is as long as such a site's would be, so that the clip means
 * the same as without FedNova, and a/R is at most 1, which suits fixed point. R cancels at the
 * server.
 */
public final class NovaUpdate implements ParameterSource {
  private static final int BLOCK = 1 << 14;

  private final ParameterSource base;
  private final ParameterSource trained;
  private final double share;
  private final float[] block = new float[BLOCK];

  private NovaUpdate(ParameterSource base, ParameterSource trained, double share) {
    this.base = base;
    this.trained = trained;
    this.share = share;
  }

  /**
   * The source to take the difference of.
   *
   * @param base the round's, in the round's layout; read, not owned
   * @param trained local parameters; read, not owned
   * @param normaliser a, of the steps that were done
   * @param unit R, at least a
   */
  public static NovaUpdate of(
      ParameterSource base, ParameterSource trained, double normaliser, double unit) {
    ParameterLayout own = RoundLayout.trained(base.layout());
    if (!own.equals(trained.layout()) || base.layout().length() != own.length() + 1) {
      throw new IllegalArgumentException(
          "FedNova: the base has %s, trained were %s".formatted(base.layout(), trained.layout()));
    }
    if (!(normaliser > 0 && normaliser <= unit) || Double.isInfinite(unit)) {
      throw new IllegalArgumentException(
          "FedNova: normaliser %s in units of %s".formatted(normaliser, unit));
    }
    return new NovaUpdate(base, trained, normaliser / unit);
  }

  /**
   * R: the normaliser of the longest training that the plan knows in a round.
   *
   * @param localSteps of the plan; 0 counts passes
   * @param localEpochs of the plan
   * @param batches steps of one pass at a site with the round's most examples
   * @param momentum ρ
   */
  public static double unit(int localSteps, int localEpochs, int batches, double momentum) {
    int steps = localSteps > 0 ? localSteps : Math.multiplyExact(localEpochs, batches);
    return Nova.normaliser(steps, momentum, 0);
  }

  @Override
  public ParameterLayout layout() {
    return base.layout();
  }

  /** One thread at a time. */
  @Override
  public void read(long offset, float[] into, int at, int length) throws IOException {
    base.read(offset, into, at, length);
    int own = (int) Math.clamp(trained.layout().length() - offset, 0L, (long) length);
    for (int done = 0; done < own; done += BLOCK) {
      int now = Math.min(BLOCK, own - done);
      trained.read(offset + done, block, 0, now);
      for (int i = 0; i < now; i++) {
        float from = into[at + done + i];
        into[at + done + i] = (float) (from + (block[i] - (double) from) / share);
      }
    }
    if (own < length) {
      into[at + own] += (float) share;
    }
  }
}
