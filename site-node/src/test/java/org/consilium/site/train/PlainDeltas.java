package org.consilium.site.train;

import java.util.Optional;
import org.consilium.models.params.ParameterLayout;
import org.consilium.models.params.ParameterSource;

/** Makes training results with a delta that a test chooses. */
public final class PlainDeltas {
  private PlainDeltas() {}

  /** A result whose delta is {@code values} in the given layout. */
  public static TrainingResult.Trained trained(ParameterLayout layout, float[] values) {
    return new TrainingResult.Trained(
        Delta.between(new InMemory(layout, values), new InMemory(layout, new float[values.length])),
        0.25,
        1,
        Optional.empty(),
        () -> {});
  }

  @SuppressWarnings("ArrayRecordComponent") // shared on purpose
  private record InMemory(ParameterLayout layout, float[] values) implements ParameterSource {
    @Override
    public void read(long offset, float[] into, int at, int length) {
      System.arraycopy(values, (int) offset, into, at, length);
    }
  }
}
