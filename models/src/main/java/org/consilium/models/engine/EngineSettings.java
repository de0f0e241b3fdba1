package org.consilium.models.engine;

/**
 * How the tensor engine runs in this process.
 *
 * @param threads of one operation; fixed by the first model that the process opens. Only 1 promises
 *     the same bits on every run
 * @param device {@code cpu}, {@code cuda:N}, or {@code auto}: the first CUDA device if there is one
 */
public record EngineSettings(int threads, String device) {
  public EngineSettings {
    if (threads < 1 || threads > 1024) {
      throw new IllegalArgumentException("engine threads must be 1-1024, got " + threads);
    }
    if (!device.matches("auto|cpu|cuda:[0-9]{1,2}")) {
      throw new IllegalArgumentException(
          "engine device must be auto, cpu or cuda:N, got %d characters"
              .formatted(device.length()));
    }
  }

  /** One thread on the CPU: reproducible. */
  public static EngineSettings reproducible() {
    return new EngineSettings(1, "cpu");
  }
}
