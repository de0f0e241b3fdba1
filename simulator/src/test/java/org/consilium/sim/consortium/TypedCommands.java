package org.consilium.sim.consortium;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.consilium.sim.process.Installation;

/** Commands of the packaged product, each in a process of its own, as a person types them. */
record TypedCommands(Installation installation) {
  /** How a command ended and all that it said. */
  record Said(int exit, String text) {}

  /** Runs one to its end. */
  Said run(String module, String... arguments) throws IOException, InterruptedException {
    List<String> line =
        new ArrayList<>(
            List.of(
                installation.java().toString(),
                "-Xmx128m",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-jar",
                installation.jar(module).toString()));
    line.addAll(List.of(arguments));
    Process process = new ProcessBuilder(line).redirectErrorStream(true).start();
    process.getOutputStream().close();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    return new Said(process.waitFor(), said);
  }
}
