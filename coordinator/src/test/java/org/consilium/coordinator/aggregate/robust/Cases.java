package org.consilium.coordinator.aggregate.robust;

import java.util.SplittableRandom;
import java.util.function.Consumer;

/** Runs a property on {@code count} cases drawn from {@code seed}; a failure names its own seed. */
record Cases(long seed, int count) {
  void forEach(Consumer<SplittableRandom> property) {
    SplittableRandom seeds = new SplittableRandom(seed);
    for (int i = 0; i < count; i++) {
      long caseSeed = seeds.nextLong();
      try {
        property.accept(new SplittableRandom(caseSeed));
      } catch (AssertionError | RuntimeException failure) {
        throw new AssertionError("case %d of %d, seed %dL".formatted(i, count, caseSeed), failure);
      }
    }
  }
}
