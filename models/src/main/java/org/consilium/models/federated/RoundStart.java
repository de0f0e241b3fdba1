package org.consilium.models.federated;

import java.io.IOException;
import java.util.Arrays;
import org.consilium.models.params.ParameterLayout;
import org.consilium.models.params.ParameterSource;
import org.consilium.protocol.Aggregation;

/** Starting parameters in the layout of a round: what the rule adds begins at 0. */
public final class RoundStart implements ParameterSource {
  private final ParameterSource parameters;
  private final ParameterLayout layout;

  private RoundStart(ParameterSource parameters, ParameterLayout layout) {
    this.parameters = parameters;
    this.layout = layout;
  }

  /** The parameters followed by zeros, as many as the rule needs; read, not owned. */
  public static ParameterSource of(ParameterSource parameters, Aggregation aggregation) {
    return new RoundStart(parameters, RoundLayout.of(parameters.layout(), aggregation));
  }

  @Override
  public ParameterLayout layout() {
    return layout;
  }

  @Override
  public void read(long offset, float[] into, int at, int length) throws IOException {
    int own = (int) Math.clamp(parameters.layout().length() - offset, 0L, (long) length);
    if (own > 0) {
      parameters.read(offset, into, at, own);
    }
    Arrays.fill(into, at + own, at + length, 0);
  }
}
