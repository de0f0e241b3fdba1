package org.consilium.sim.process;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/**
 * A process to run.
 *
 * @param role what it is: coordinator, site
 * @param name unique among the children; for a site its id
 * @param command asked for at every start, so that a restart may differ (ports)
 * @param environment added to this process's own
 * @param log where its output goes, appended
 * @param restarted whether it is started again whenever it dies
 */
public record Child(
    String role,
    String name,
    Supplier<List<String>> command,
    Map<String, String> environment,
    Path log,
    boolean restarted) {
  public Child {
    environment = Map.copyOf(environment);
  }
}
