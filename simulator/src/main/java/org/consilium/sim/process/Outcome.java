package org.consilium.sim.process;

import java.io.IOException;
import java.util.Objects;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;

/** What work on another thread came to. */
public final class Outcome {
  private Outcome() {}

  /**
   * Waits for the work.
   *
   * @param step what was done, for the message
   * @throws IOException if it failed; the message names the step and the reason
   */
  public static <T> T of(Future<T> work, String step) throws IOException, InterruptedException {
    try {
      return work.get();
    } catch (ExecutionException failed) {
      Throwable cause = Objects.requireNonNullElse(failed.getCause(), failed);
      throw new IOException(step + ": " + cause.getMessage(), cause);
    }
  }
}
