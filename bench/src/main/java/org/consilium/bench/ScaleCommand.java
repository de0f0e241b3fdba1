package org.consilium.bench;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.LongSupplier;
import org.consilium.protocol.Exposure;
import org.consilium.sim.Envelope;
import org.consilium.sim.crowd.Crowd;
import org.consilium.sim.crowd.CrowdOrder;
import org.consilium.sim.crowd.CrowdResult;
import org.consilium.sim.federation.Machine;
import org.consilium.sim.process.Removal;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code consilium bench scale}. */
@Command(
    name = "scale",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description =
        "Runs rounds of a whole crowd of sites in one process, without sockets: the real rounds,"
            + " protection, masking, intake and aggregation, with a seeded change instead of"
            + " training. The journal is in memory, spools are files.",
    footer = {
      "",
      "Examples:",
      "  consilium bench scale --sites 1000 --parameters 1000000 --mode sealed",
      "  consilium bench scale --points 4x1000000,32x1000000,4x5000000 --json"
    })
final class ScaleCommand implements Callable<Integer> {
  private final InstantSource clock;
  private final LongSupplier nanos;

  /** What hides an update, as a study file says it. */
  private enum Mode {
    masked,
    sealed;

    Exposure exposure() {
      return switch (this) {
        case masked -> new Exposure.Masked(Exposure.Ring.BITS_32);
        case sealed -> new Exposure.Sealed();
      };
    }
  }

  @Option(
      names = "--sites",
      defaultValue = "1000",
      description = "Sites, 2-1024; masked 3-128 (${DEFAULT-VALUE}).")
  private int sites = 1000;

  @Option(
      names = "--parameters",
      defaultValue = "1000000",
      description = "Parameters of the model (${DEFAULT-VALUE}).")
  private long parameters = 1_000_000;

  @Option(names = "--rounds", defaultValue = "2", description = "Rounds (${DEFAULT-VALUE}).")
  private int rounds = 2;

  @Option(
      names = "--mode",
      defaultValue = "sealed",
      description = "What hides an update: ${COMPLETION-CANDIDATES} (${DEFAULT-VALUE}).")
  private Mode mode = Mode.sealed;

  @Option(
      names = "--threads",
      defaultValue = "2",
      description = "Sites at work at a time, and blocks summed at a time (${DEFAULT-VALUE}).")
  private int threads = 2;

  @Option(
      names = "--points",
      split = ",",
      paramLabel = "SITESxPARAMETERS",
      description =
          "Several sizes one after another instead, and the slope by sites and by parameters.")
  private List<String> points = List.of();

  @Option(names = "--folder", description = "Where to write; by default the temporary folder.")
  private Optional<Path> folder = Optional.empty();

  @Option(names = "--json", description = "One JSON envelope on standard output.")
  private boolean json;

  @Spec private CommandSpec spec = CommandSpec.create();

  ScaleCommand(InstantSource clock, LongSupplier nanos) {
    this.clock = clock;
    this.nanos = nanos;
  }

  @Override
  public Integer call() throws InterruptedException {
    PrintWriter out = spec.commandLine().getOut();
    try {
      List<CrowdResult> results = new ArrayList<>();
      for (ScaleMeasurement.Point point : asked()) {
        results.add(run(point));
      }
      ScaleMeasurement measured =
          new ScaleMeasurement(
              mode.name(),
              threads,
              results,
              Machine.describe(),
              clock.instant().truncatedTo(ChronoUnit.SECONDS).toString());
      out.print(json ? measured.envelope() + "\n" : measured.text());
      out.flush();
      return 0;
    } catch (IllegalArgumentException illegal) {
      throw new ParameterException(spec.commandLine(), String.valueOf(illegal.getMessage()));
    } catch (IOException failed) {
      if (json) {
        out.println(Envelope.error("CS-BENCH-001", String.valueOf(failed.getMessage())));
      }
      spec.commandLine().getErr().println("consilium bench scale failed: " + failed.getMessage());
      return 1;
    }
  }

  private List<ScaleMeasurement.Point> asked() {
    return points.isEmpty()
        ? List.of(new ScaleMeasurement.Point(sites, parameters))
        : points.stream().map(ScaleMeasurement.Point::parse).toList();
  }

  private CrowdResult run(ScaleMeasurement.Point point) throws IOException, InterruptedException {
    Path parent = folder.orElse(Path.of(System.getProperty("java.io.tmpdir")));
    Path scratch = Files.createTempDirectory(parent, "consilium-crowd-");
    try {
      CrowdOrder order =
          new CrowdOrder(
              point.sites(), point.parameters(), rounds, mode.exposure(), threads, scratch);
      return new Crowd(order, clock, nanos, line -> say(point + ": " + line)).run();
    } finally {
      Removal.of(scratch);
    }
  }

  private void say(String line) {
    spec.commandLine().getErr().println(line);
    spec.commandLine().getErr().flush();
  }
}
