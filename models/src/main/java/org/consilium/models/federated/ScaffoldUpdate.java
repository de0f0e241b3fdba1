package org.consilium.models.federated;

import java.io.IOException;
import org.consilium.models.params.ParameterLayout;
import org.consilium.models.params.ParameterSource;

/**
 * What a site hands on after SCAFFOLD's local steps, in the round's layout, such that its
 * difference to the round's base is [y − x, cₖ′ − cₖ]. The delta is cut to what the clip leaves
 * beside the control variate, so that the update as a whole is within the clip and is not cut
 * again.
 */
public final class ScaffoldUpdate implements ParameterSource {
  /** What the change of a control variate of at most S/2 leaves of S: √(1 − ¼), and a margin. */
  private static final double LEFT = 0.866;

  private static final int BLOCK = 1 << 14;

  private final ParameterSource base;
  private final ParameterSource trained;
  private final Control control;
  private final double factor;
  private final float[] block = new float[BLOCK];

  /**
   * The site's control variate.
   *
   * @param own cₖ
   * @param next cₖ′, see {@link ControlVariates#next}
   */
  @SuppressWarnings("ArrayRecordComponent") // large, shared with the caller, never compared
  public record Control(float[] own, float[] next) {}

  private ScaffoldUpdate(
      ParameterSource base, ParameterSource trained, Control control, double factor) {
    this.base = base;
    this.trained = trained;
    this.control = control;
    this.factor = factor;
  }

  /**
   * The source to take the difference of.
   *
   * @param base the round's, in the round's layout; read, not owned
   * @param trained local parameters; read, not owned
   * @param control the site's; read, not kept
   * @param clip S of the plan
   */
  public static ScaffoldUpdate of(
      ParameterSource base, ParameterSource trained, Control control, double clip)
      throws IOException {
    long own = trained.layout().length();
    if (!RoundLayout.trained(base.layout()).equals(trained.layout())
        || base.layout().length() != 2 * own
        || control.own().length != own
        || control.next().length != own) {
      throw new IllegalArgumentException(
          "SCAFFOLD: the base has %s, trained were %s".formatted(base.layout(), trained.layout()));
    }
    double norm = Distance.between(trained, base);
    double factor = norm > LEFT * clip ? LEFT * clip / norm : 1;
    return new ScaffoldUpdate(base, trained, control, factor);
  }

  @Override
  public ParameterLayout layout() {
    return base.layout();
  }

  /** One thread at a time. */
  @Override
  public void read(long offset, float[] into, int at, int length) throws IOException {
    base.read(offset, into, at, length);
    long parameters = trained.layout().length();
    int own = (int) Math.clamp(parameters - offset, 0L, (long) length);
    for (int done = 0; done < own; done += BLOCK) {
      int now = Math.min(BLOCK, own - done);
      trained.read(offset + done, block, 0, now);
      for (int i = 0; i < now; i++) {
        float from = into[at + done + i];
        into[at + done + i] =
            factor == 1 ? block[i] : (float) (from + factor * (block[i] - (double) from));
      }
    }
    for (int i = own; i < length; i++) {
      int place = Math.toIntExact(offset + i - parameters);
      into[at + i] += control.next()[place] - control.own()[place];
    }
  }
}
