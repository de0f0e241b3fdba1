package org.consilium.coordinator.cli;

import java.util.concurrent.atomic.AtomicBoolean;

/** How a service ends when it is told to: it says so, before and after. */
public final class Stopping {
  private Stopping() {}

  /** Closes the service on SIGTERM and SIGINT; the virtual machine then ends. */
  public static void closesOnSignal(Output output, Runnable close) {
    Runtime.getRuntime().addShutdownHook(new Thread(step(output, close), "shutdown"));
  }

  /** What the signal does, once. */
  static Runnable step(Output output, Runnable close) {
    AtomicBoolean begun = new AtomicBoolean();
    return () -> {
      if (begun.compareAndSet(false, true)) {
        output.progress("stopping ...");
        close.run();
        output.progress("stopped");
      }
    };
  }
}
