package org.consilium.models.federated;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.util.List;
import java.util.OptionalDouble;
import org.consilium.models.params.ParameterLayout;
import org.consilium.models.params.ParameterSource;
import org.consilium.models.params.TensorSpec;
import org.junit.jupiter.api.Test;

/** Two parameters by hand: w_g = (1, 2), wₖ = (4, 6), ‖w_g − wₖ‖ = 5. */
class FedEmaTest {
  private static final double TAU = 0.7;

  @Test
  void meet_firstTime_keepsTauOfItsOwnAndFixesLambda() throws IOException {
    FedEma.Meeting meeting = FedEma.meet(values(1, 2), values(4, 6), OptionalDouble.empty(), TAU);

    // λ = .7/5 = .14; μ = .14 · 5 = .7; w = .3 · (1, 2) + .7 · (4, 6) = (3.1, 4.8).
    assertThat(meeting.lambda().orElseThrow()).isCloseTo(0.14, within(1e-12));
    assertThat(meeting.share()).isCloseTo(0.7, within(1e-12));
    assertThat(read(meeting.start())).containsExactly(new float[] {3.1f, 4.8f}, within(1e-6f));
  }

  @Test
  void meet_laterAndNearer_keepsLessWithTheOldLambda() throws IOException {
    FedEma.Meeting meeting = FedEma.meet(values(1, 2), values(1, 4), OptionalDouble.of(0.14), TAU);

    // ‖w_g − wₖ‖ = 2; μ = .28; w₂ = .72 · 2 + .28 · 4 = 2.56.
    assertThat(meeting.lambda()).hasValue(0.14);
    assertThat(read(meeting.start())).containsExactly(new float[] {1f, 2.56f}, within(1e-6f));
  }

  @Test
  void meet_farApart_keepsAllOfItsOwn() throws IOException {
    FedEma.Meeting meeting =
        FedEma.meet(values(0, 0), values(30, 40), OptionalDouble.of(0.14), TAU);

    assertThat(meeting.share()).isEqualTo(1);
    assertThat(read(meeting.start())).containsExactly(30f, 40f);
  }

  @Test
  void meet_neverApart_fixesNothing() throws IOException {
    FedEma.Meeting meeting = FedEma.meet(values(1, 2), values(1, 2), OptionalDouble.empty(), TAU);

    assertThat(meeting.lambda()).isEmpty();
    assertThat(read(meeting.start())).containsExactly(1f, 2f);
  }

  @Test
  void meet_otherLayout_isRefused() {
    ParameterSource other = values(1, 2, 3);

    assertThatThrownBy(() -> FedEma.meet(values(1, 2), other, OptionalDouble.empty(), TAU))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("FedEMA");
  }

  private static float[] read(ParameterSource source) throws IOException {
    float[] values = new float[(int) source.layout().length()];
    source.read(0, values, 0, values.length);
    return values;
  }

  private static ParameterSource values(float... values) {
    ParameterLayout layout = ParameterLayout.of(List.of(TensorSpec.of("w", values.length)));
    return ParameterSource.of(layout, values);
  }
}
