package org.consilium.models.catalog;

import java.util.List;
import java.util.SplittableRandom;
import org.consilium.models.params.ParameterLayout;
import org.consilium.models.params.ParameterSource;

/** Values made on reading, block by block, each block from (seed, tensor, block) alone. */
final class SeededParameters implements ParameterSource {
  private static final int BLOCK = 4096;

  private final ParameterLayout layout;
  private final List<Filling> fillings;
  private final long seed;

  SeededParameters(ParameterLayout layout, List<Filling> fillings, long seed) {
    if (fillings.size() != layout.tensors().size()) {
      throw new IllegalArgumentException(
          "starting values: %d rules for %d tensors"
              .formatted(fillings.size(), layout.tensors().size()));
    }
    this.layout = layout;
    this.fillings = fillings;
    this.seed = seed;
  }

  @Override
  public ParameterLayout layout() {
    return layout;
  }

  @Override
  public void read(long offset, float[] into, int at, int length) {
    java.util.Objects.checkFromIndexSize(offset, length, layout.length());
    float[] block = new float[BLOCK];
    int done = 0;
    while (done < length) {
      int tensor = layout.tensorAt(offset + done);
      long within = offset + done - layout.offset(tensor);
      long tensorLength = layout.tensors().get(tensor).length();
      long number = within / BLOCK;
      int blockLength = (int) Math.min(BLOCK, tensorLength - number * BLOCK);
      int from = (int) (within % BLOCK);
      int some = Math.min(blockLength - from, length - done);
      fillings.get(tensor).fill(number * BLOCK, block, blockLength, random(tensor, number));
      System.arraycopy(block, from, into, at + done, some);
      done += some;
    }
  }

  private SplittableRandom random(int tensor, long number) {
    long mixed = new SplittableRandom(seed + tensor * 0x9E3779B97F4A7C15L).nextLong();
    return new SplittableRandom(mixed + number * 0xD1342543DE82EF95L);
  }
}
