package org.consilium.bench;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.OptionalLong;
import java.util.concurrent.Callable;
import org.consilium.sim.Envelope;
import org.consilium.sim.federation.Machine;
import org.consilium.sim.process.PeakMemory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code consilium bench step}. */
@Command(
    name = "step",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description =
        "How long a step of fine-tuning takes, and the most memory that the process had. The same"
            + " in Python: tools/step.py.",
    footer = {"", "Example:", "  consilium bench step --architecture convnext-atto --batch 32"})
final class StepCommand implements Callable<Integer> {
  private static final JsonMapper MAPPER = JsonMapper.builder().build();
  private static final int MOST = 100_000;
  private static final double NANOS_OF_A_MILLI = 1e6;

  @Option(
      names = "--architecture",
      defaultValue = "vit-tiny-16",
      description = "As in a study file (${DEFAULT-VALUE}).")
  private String architecture = "vit-tiny-16";

  @Option(
      names = "--size",
      defaultValue = "64",
      description = "Height and width of the grey images (${DEFAULT-VALUE}).")
  private int size = 64;

  @Option(names = "--batch", defaultValue = "32", description = "Images a step (${DEFAULT-VALUE}).")
  private int batch = 32;

  @Option(
      names = "--steps",
      defaultValue = "40",
      description = "Steps that count, after ten that do not (${DEFAULT-VALUE}).")
  private int steps = 40;

  @Option(
      names = "--threads",
      defaultValue = "1",
      description = "Threads of one operation (${DEFAULT-VALUE}).")
  private int threads = 1;

  @Option(names = "--json", description = "One JSON envelope on standard output.")
  private boolean json;

  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public Integer call() {
    for (int number : new int[] {size, batch, steps, threads}) {
      if (number < 1 || number > MOST) {
        throw new ParameterException(
            spec.commandLine(), "--size, --batch, --steps, --threads must be 1-" + MOST);
      }
    }
    StepMeasurement.Order order =
        new StepMeasurement.Order(architecture, size, batch, 10, steps, threads);
    try {
      List<Duration> times = new StepMeasurement(order, System::nanoTime).run();
      spec.commandLine().getOut().println(json ? envelope(times) : text(times));
      return 0;
    } catch (IOException | IllegalArgumentException failed) {
      if (json) {
        spec.commandLine()
            .getOut()
            .println(Envelope.error("CS-BENCH-001", String.valueOf(failed.getMessage())));
      }
      spec.commandLine().getErr().println("consilium bench step failed: " + failed.getMessage());
      return 1;
    }
  }

  private String text(List<Duration> times) {
    OptionalLong peak = PeakMemory.kibOfThisProcess();
    return String.format(
        Locale.ROOT,
        "%s, %d px, batch %d: %.2f ms a step (median of %d), peak memory %s%nmachine: %s",
        architecture,
        size,
        batch,
        median(times),
        times.size(),
        peak.isPresent() ? peak.getAsLong() / 1024 + " MiB" : "not known",
        Machine.describe());
  }

  private String envelope(List<Duration> times) {
    ObjectNode root = MAPPER.createObjectNode();
    root.put("schemaVersion", 1).put("status", "ok");
    ObjectNode data = root.putObject("data");
    data.put("architecture", architecture).put("size", size).put("batch", batch);
    data.put("threads", threads).put("steps", times.size());
    data.put("medianMs", median(times));
    OptionalLong peak = PeakMemory.kibOfThisProcess();
    if (peak.isPresent()) {
      data.put("peakRssMiB", peak.getAsLong() / 1024.0);
    } else {
      data.putNull("peakRssMiB");
    }
    data.put("machine", Machine.describe());
    return root.toString();
  }

  private static double median(List<Duration> times) {
    return StepMeasurement.median(times).toNanos() / NANOS_OF_A_MILLI;
  }
}
