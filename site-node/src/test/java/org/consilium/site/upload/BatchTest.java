package org.consilium.site.upload;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.BitSet;
import org.junit.jupiter.api.Test;

/** How many chunks go before an answer is waited for. */
final class BatchTest {
  private final Batch batch = new Batch();

  @Test
  void end_first_isOneChunk() {
    assertThat(batch.end(stored(0, 1, 3), 10)).isEqualTo(3);
  }

  @Test
  void took_fastLine_growsToItsLimit() {
    for (int i = 0; i < 10; i++) {
      batch.took(Duration.ofMillis(100));
    }

    assertThat(batch.end(new BitSet(), 1000)).isEqualTo(Batch.CHUNKS_MAX);
    assertThat(batch.end(new BitSet(), 10)).isEqualTo(10);
  }

  @Test
  void took_lineBecameSlow_isOneChunkAgain() {
    batch.took(Duration.ofSeconds(1));
    batch.took(Duration.ofSeconds(2));
    assertThat(batch.end(new BitSet(), 1000)).isEqualTo(4);

    for (int i = 0; i < 5; i++) {
      batch.took(Duration.ofSeconds(131));
    }

    assertThat(batch.end(new BitSet(), 1000)).isEqualTo(1);
  }

  @Test
  void end_holesBetween_coversSoManyMissingOnes() {
    batch.took(Duration.ofSeconds(1));

    assertThat(batch.end(stored(0, 2, 3), 10)).isEqualTo(5); // 1 and 4
  }

  private static BitSet stored(int... chunks) {
    BitSet stored = new BitSet();
    for (int chunk : chunks) {
      stored.set(chunk);
    }
    return stored;
  }
}
