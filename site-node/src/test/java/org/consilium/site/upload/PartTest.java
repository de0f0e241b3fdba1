package org.consilium.site.upload;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.consilium.protocol.Limits;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class PartTest {
  private static final int CHUNK = Limits.CHUNK_SEALED_BYTES;
  private static final int KIB = 1024;

  @Test
  void of_whatACoordinatorAsksFor_theTagGoesAlongWithTheLast() {
    assertThat(Part.of(CHUNK, Limits.PART_BYTES))
        .containsExactly(
            new Part(0, 128 * KIB),
            new Part(128 * KIB, 128 * KIB),
            new Part(256 * KIB, 128 * KIB),
            new Part(384 * KIB, 128 * KIB),
            new Part(512 * KIB, 128 * KIB),
            new Part(640 * KIB, 128 * KIB),
            new Part(768 * KIB, 128 * KIB),
            new Part(896 * KIB, 128 * KIB + 16));
  }

  @Test
  void of_coordinatorThatSaysNothing_chunkIsWhole() {
    assertThat(Part.of(CHUNK, 0)).containsExactly(new Part(0, CHUNK));
    assertThat(Part.of(17, 0)).containsExactly(new Part(0, 17));
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 1000, 64 * KIB, 100_000, 1 << 20, Integer.MAX_VALUE, -1, 1 << 31})
  void of_anythingAskedFor_partsFollowOneAnotherAndNoneIsSmall(int asked) {
    for (int chunk : List.of(1, 17, 64 * KIB, 64 * KIB + 1, 300_000, CHUNK)) {
      List<Part> parts = Part.of(chunk, asked);

      int end = 0;
      for (Part part : parts) {
        assertThat(part.offset()).isEqualTo(end);
        assertThat(part.bytes()).isPositive();
        end += part.bytes();
      }
      assertThat(end).isEqualTo(chunk);
      assertThat(parts.subList(0, parts.size() - 1))
          .allMatch(part -> part.bytes() >= Limits.PART_BYTES_MIN);
    }
  }
}
