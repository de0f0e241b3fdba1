package org.consilium.models.engine;

import java.util.Arrays;
import java.util.List;

/**
 * How the tensor engine runs in this process.
 *
 * @param threads of one operation; fixed by the first model that the process opens. Only 1 promises
 *     the same bits on every run
 * @param device {@code cpu}, {@code cuda:N}, or {@code auto}: the first CUDA device if there is
 *     one; {@code cuda:N,cuda:M...} trains on several at once and predicts on the first
 */
public record EngineSettings(int threads, String device) {
  public EngineSettings {
    if (threads < 1 || threads > 1024) {
      throw new IllegalArgumentException("engine threads must be 1-1024, got " + threads);
    }
    if (!device.matches("auto|cpu|cuda:(0|[1-9][0-9]?)(,cuda:(0|[1-9][0-9]?)){0,15}")) {
      throw new IllegalArgumentException(
          "engine device must be auto, cpu, cuda:N or cuda:N,cuda:M, got %d characters"
              .formatted(device.length()));
    }
    List<String> each = List.of(device.split(","));
    if (each.stream().distinct().count() < each.size()) {
      throw new IllegalArgumentException("engine device names one twice: " + device);
    }
  }

  /** The same on each of its devices, the first one first. */
  List<EngineSettings> each() {
    return Arrays.stream(device.split(",")).map(d -> new EngineSettings(threads, d)).toList();
  }

  /** One thread on the CPU: reproducible. */
  public static EngineSettings reproducible() {
    return new EngineSettings(1, "cpu");
  }
}
