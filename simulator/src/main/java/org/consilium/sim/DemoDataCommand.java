package org.consilium.sim;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.consilium.sim.demo.DemoOptions;
import org.consilium.sim.scenario.CaseFiles;
import org.consilium.sim.scenario.Scenario;
import org.consilium.sim.scenario.SimulatedSite;
import org.consilium.sim.scenario.StudyText;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code consilium demo data}: what one needs to do a consortium by hand. */
@Command(
    name = "data",
    mixinStandardHelpOptions = true,
    description =
        "Writes SITE.npz and SITE-windows/ for each site and study.yaml, to run a consortium by"
            + " hand.",
    footer = {"", "Example:", "  consilium demo data --out lab --sites 2 --seed 7"})
final class DemoDataCommand implements Callable<Integer> {
  @Option(names = "--out", required = true, description = "Folder to write into.")
  private Path out = Path.of(".");

  @Option(names = "--sites", defaultValue = "2", description = "Sites, 2-12 (${DEFAULT-VALUE}).")
  private int sites = 2;

  @Option(names = "--seed", defaultValue = "7", description = "Root of all choices.")
  private int seed = 7;

  @Option(names = "--rounds", defaultValue = "10", description = "Rounds (${DEFAULT-VALUE}).")
  private int rounds = 10;

  @Option(names = "--study", defaultValue = "mri-demo", description = "The study's name.")
  private String study = "mri-demo";

  @Option(names = "--force", description = "Write into a folder that is not empty.")
  private boolean force;

  @Spec private CommandSpec spec = CommandSpec.create();

  private static boolean holdsSomething(Path folder) throws IOException {
    if (!Files.isDirectory(folder)) {
      return Files.exists(folder);
    }
    try (Stream<Path> inside = Files.list(folder)) {
      return inside.findAny().isPresent();
    }
  }

  @Override
  public Integer call() throws IOException {
    if (sites < 2 || sites > SimulatedSite.SITES_MAX || rounds < 1 || rounds > 500) {
      throw new ParameterException(
          spec.commandLine(),
          "--sites must be 2-%d and --rounds 1-500, got %d and %d"
              .formatted(SimulatedSite.SITES_MAX, sites, rounds));
    }
    if (!force && holdsSomething(out)) {
      throw new ParameterException(
          spec.commandLine(),
          "%s is not empty: cases and study.yaml there would be replaced under a consortium that uses them; choose another --out, or --force"
              .formatted(out));
    }
    PrintWriter printer = spec.commandLine().getOut();
    Files.createDirectories(out);
    CaseFiles.Counts counts = DemoOptions.Scale.RESIDUAL.counts();
    CaseFiles cases = CaseFiles.of(counts, seed);
    List<SimulatedSite> all = SimulatedSite.of(Scenario.STORY, sites, seed);
    for (SimulatedSite site : all) {
      Path file = out.resolve(site.id() + ".npz");
      cases.writeAll(site, file);
      cases.writeWindows(site, out.resolve(site.id() + "-windows"));
      printer.println("%s  %s".formatted(file, site.differs()));
    }
    Path file = out.resolve("study.yaml");
    StudyText text =
        new StudyText(
            study,
            DemoOptions.Scale.RESIDUAL.recipe(),
            counts.side(),
            all.stream().map(SimulatedSite::id).toList(),
            all.size(),
            Duration.ofMinutes(30),
            rounds,
            counts.windows(),
            all.size() < 3 ? "sealed" : "masked",
            seed);
    Files.writeString(file, text.yaml());
    printer.println(file);
    printer.println("Images: " + cases.label() + ".");
    return 0;
  }
}
