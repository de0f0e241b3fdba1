package org.consilium.models.engine;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDManager;

/** The tensor engine for the rooms beside this one. */
public final class TensorEngine {
  private TensorEngine() {}

  /**
   * A manager of native memory on the chosen device; the caller closes it.
   *
   * @throws EngineUnavailable if the engine or the device is not there
   */
  public static NDManager manager(EngineSettings settings) throws EngineUnavailable {
    Engine engine = EngineStart.start(settings.threads());
    return engine.newBaseManager(EngineStart.device(engine, settings.device()));
  }
}
