package org.consilium.models.engine;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.engine.EngineException;

/**
 * Starts the engine once in a process. Its library is configured by system properties alone, read
 * when it loads: this class sets them first, so that nothing is fetched or reported over the
 * network.
 */
final class EngineStart {
  private static final String THREADS = "ai.djl.pytorch.num_threads";
  private static final String THREADS_BETWEEN = "ai.djl.pytorch.num_interop_threads";

  private EngineStart() {}

  static synchronized Engine start(int threads) throws EngineUnavailable {
    String fixed = System.getProperty(THREADS);
    if (fixed == null) {
      System.setProperty("ai.djl.offline", "true");
      System.setProperty("OPT_OUT_TRACKING", "true");
      System.setProperty("ai.djl.default_engine", "PyTorch");
      System.setProperty("ai.djl.pytorch.graph_optimizer", "false");
      System.setProperty(THREADS, Integer.toString(threads));
      System.setProperty(THREADS_BETWEEN, "1");
      NativeMemory.keep();
    } else if (!fixed.equals(Integer.toString(threads))) {
      throw new EngineUnavailable(
          "open model: engine runs with %s thread(s) in this process, asked for %d"
              .formatted(fixed, threads));
    }
    try {
      Engine engine = Engine.getEngine("PyTorch");
      if (fixed == null) {
        NnpackOff.apply();
      }
      return engine;
    } catch (EngineException | UnsatisfiedLinkError | IllegalArgumentException failure) {
      throw new EngineUnavailable(
          "start the tensor engine: its native library does not load on %s %s"
              .formatted(System.getProperty("os.name"), System.getProperty("os.arch")),
          failure);
    }
  }

  static Device device(Engine engine, String choice) throws EngineUnavailable {
    if (choice.equals("cpu")) {
      return Device.cpu();
    }
    int present = engine.getGpuCount();
    if (choice.equals("auto")) {
      return present > 0 ? Device.gpu(0) : Device.cpu();
    }
    int asked = Integer.parseInt(choice.substring("cuda:".length()));
    if (asked >= present) {
      throw new EngineUnavailable(
          "open model on %s: the engine sees %d CUDA device(s)".formatted(choice, present));
    }
    return Device.gpu(asked);
  }
}
