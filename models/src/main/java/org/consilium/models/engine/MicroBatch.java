package org.consilium.models.engine;

import ai.djl.engine.EngineException;
import java.util.Locale;

/**
 * How many images go through the network at once: halved whenever the device's memory does not
 * suffice. That happens on CUDA only and was not run there; the halving itself is tested on the
 * CPU.
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
   * Does {@code work}; if memory does not suffice, halves the size and returns false.
   *
   * @throws EngineUnavailable if the size was 1 already
   */
  boolean fits(Runnable work) throws EngineUnavailable {
    try {
      work.run();
      return true;
    } catch (EngineException failure) {
      if (!outOfMemory(failure)) {
        throw failure;
      }
      if (size == 1) {
        throw new EngineUnavailable("run the network: one image does not fit into memory", failure);
      }
      size /= 2;
      return false;
    }
  }

  private static boolean outOfMemory(EngineException failure) {
    return String.valueOf(failure.getMessage()).toLowerCase(Locale.ROOT).contains("out of memory");
  }
}
