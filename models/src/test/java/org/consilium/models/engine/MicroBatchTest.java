package org.consilium.models.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.engine.EngineException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

final class MicroBatchTest {
  @Test
  void fits_memoryForFive_isHalvedUntilItDoes() throws EngineUnavailable {
    MicroBatch batch = MicroBatch.whole(32);
    List<Integer> tried = new ArrayList<>();

    boolean done = false;
    while (!done) {
      int size = batch.size();
      tried.add(size);
      done = batch.fits(size, size > 5 ? MicroBatchTest::runShort : () -> {});
    }

    assertThat(tried).containsExactly(32, 16, 8, 4);
    assertThat(batch.size()).isEqualTo(4);
  }

  @Test
  void fits_notEvenOneImage_isATypedError() {
    assertThatThrownBy(() -> new MicroBatch(1).fits(1, MicroBatchTest::runShort))
        .isInstanceOf(EngineUnavailable.class)
        .hasMessageContaining("one image does not fit into memory");
  }

  @Test
  void fits_anotherFailure_isNotTakenForIt() {
    MicroBatch batch = new MicroBatch(8);

    assertThatThrownBy(
            () ->
                batch.fits(
                    8,
                    () -> {
                      throw new EngineException("illegal memory access");
                    }))
        .isInstanceOf(EngineException.class);
    assertThat(batch.size()).isEqualTo(8);
  }

  private static void runShort() {
    throw new EngineException("CUDA out of memory. Tried to allocate 20.00 MiB");
  }
}
