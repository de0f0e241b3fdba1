package org.consilium.models.engine;

import ai.djl.engine.EngineException;
import java.util.Locale;

/**
 * How many images go through the network at once: halved whenever the device's memory does not
 * suffice. That happens on CUDA only and was not run there; the halving itself is tested with the
 * engine's error.
 */
final class MicroBatch {
  private int size;

  MicroBatch(int size) {
    this.size = size;
  }

  /** All examples of a step at once, at most {@code most}; still halved when memory is short. */
  static MicroBatch whole(int most) {
    return new MicroBatch(most);
  }

  int size() {
    return size;
  }

  /**
   * Does {@code work}; if memory does not suffice, makes the size half of what was tried and
   * returns false.
   *
   * @param tried images of this work
   * @throws EngineUnavailable if it was 1
   */
  boolean fits(int tried, Runnable work) throws EngineUnavailable {
    try {
      work.run();
      return true;
    } catch (EngineException failure) {
      if (!outOfMemory(failure)) {
        throw failure;
      }
      if (tried == 1) {
        throw new EngineUnavailable("run the network: one image does not fit into memory", failure);
      }
      size = Math.min(size, tried / 2);
      return false;
    }
  }

  private static boolean outOfMemory(EngineException failure) {
    return String.valueOf(failure.getMessage()).toLowerCase(Locale.ROOT).contains("out of memory");
  }
}
