package org.consilium.models.federated;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.consilium.models.params.ParameterLayout;
import org.consilium.models.params.TensorSpec;
import org.junit.jupiter.api.Test;

/** Narrow values as the integers that they stand for. */
final class CoarseVectorTest {
  private final ParameterLayout layout =
      ParameterLayout.of(List.of(TensorSpec.of("a", 2), TensorSpec.of("b", 3)));

  @Test
  void expand_int8_shiftOfItsTensorTimesWeight_trailerAsItIs() {
    CoarseVector vector = new CoarseVector(layout, 1, new byte[] {0, 4});
    int[] out = new int[7];

    vector.expand(new byte[] {1, -2, 3, -127, 127, 5, 9}, 0, 7, 5, out);

    assertThat(out).containsExactly(5, -10, 240, -10_160, 10_160, 5, 9);
  }

  @Test
  void expand_fromTheMiddleOfATensor_int16() {
    CoarseVector vector = new CoarseVector(layout, 2, new byte[] {1, 2});
    int[] out = new int[2];

    vector.expand(new byte[] {0, 1, -1, -1}, 1, 2, 1, out); // 256 of a, −1 of b

    assertThat(out).containsExactly(512, -4);
  }

  @Test
  void legal_negativeOrBeyond_isNot() {
    assertThat(CoarseVector.legal(new byte[] {0, 21}, 21)).isTrue();
    assertThat(CoarseVector.legal(new byte[] {22}, 21)).isFalse();
    assertThat(CoarseVector.legal(new byte[] {-1}, 21)).isFalse();
  }

  @Test
  void shiftsOfAnotherLayout_areRefused() {
    assertThatThrownBy(() -> new CoarseVector(layout, 1, new byte[3]))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("3 shifts for 2 tensors");
  }
}
