package org.consilium.sim.demo;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.consilium.models.federated.RoundLayout;
import org.consilium.models.params.ParameterSource;
import org.consilium.models.params.SafetensorsFile;
import org.consilium.models.params.SafetensorsWriter;
import org.consilium.models.tune.Start;
import org.consilium.protocol.Digest;
import org.consilium.protocol.SiteId;
import org.consilium.sim.consortium.StudyView;
import org.consilium.sim.federation.Federation;
import org.consilium.sim.federation.Screen;
import org.consilium.sim.federation.Timeline;
import org.consilium.sim.process.Installation;
import org.consilium.sim.process.Supervisor;
import org.consilium.sim.scenario.CaseFiles;
import org.consilium.sim.scenario.Scenario;
import org.consilium.sim.scenario.SimulatedSite;

/**
 * How the bundled {@code consilium-vit-mini} is made: a federation of real processes draws hidden
 * patches of the bundled head's slices (He et al. 2022), no label is looked at, and the encoder of
 * the last round is written. The same order gives the same file on the same kind of processor.
 */
public final class Pretraining {
  /** Name of what is made. */
  public static final String NAME = "consilium-vit-mini";

  /** File of what is made, in the output folder. */
  public static final String FILE = NAME + ".safetensors";

  private static final String STUDY = "pretrain-vit-mini";
  private static final int SIDE = 64;
  private static final int HOLDOUT = 100;

  private final Order order;
  private final Installation installation;
  private final InstantSource clock;
  private final Screen screen;

  /**
   * What is to be made.
   *
   * @param sites how many
   * @param rounds of one pass
   * @param cases at each site
   * @param seed of cases and start; not a seed of the demonstration, whose cases must be new
   * @param out folder; must exist
   */
  public record Order(int sites, int rounds, int cases, int seed, Path out) {}

  /** A pre-training that has not begun. */
  public Pretraining(Order order, Installation installation, InstantSource clock, Screen screen) {
    this.order = order;
    this.installation = installation;
    this.clock = clock;
    this.screen = screen;
  }

  /**
   * Runs it.
   *
   * @return digest of the file
   * @throws IOException if a step failed, or another run works in that folder; the message names it
   */
  public Digest run() throws IOException, InterruptedException {
    Timeline timeline = new Timeline(clock, screen);
    try (WorkFolder _ = WorkFolder.take(order.out, false);
        Supervisor supervisor = new Supervisor(clock, timeline::process)) {
      supervisor.stopWithThisProcess();
      List<SimulatedSite> sites = SimulatedSite.of(Scenario.SKEW, order.sites, order.seed);
      List<SiteId> ids = sites.stream().map(SimulatedSite::id).toList();
      Federation.Order federal =
          new Federation.Order(
              WorkFolder.of(order.out), STUDY, ids, order.rounds, order.seed, Duration.ofHours(12));
      try (Federation federation =
          Federation.start(federal, installation, clock, supervisor, timeline)) {
        CaseFiles.Counts counts = new CaseFiles.Counts(order.cases, HOLDOUT, 0, 0, 0, SIDE);
        CaseFiles cases = CaseFiles.of(counts, order.seed);
        for (SimulatedSite site : sites) {
          cases.writeTraining(site, federal.site(site.id()).resolve("data.npz"));
        }
        federation.join();
        for (SiteId id : ids) {
          String data = federal.site(id).resolve("data.npz").toString();
          federation.serve(id, List.of("--data", data, "--threads", "1"));
        }
        String yaml = yaml(ids);
        Files.writeString(order.out.resolve("study.yaml"), yaml);
        federation.begin(yaml);
        StudyView end = federation.watch(screen, Federation.LOOK_EVERY, _ -> {});
        return encoder(federation.collect(end, order.out, "study-card.md").model());
      } finally {
        timeline.closing();
      }
    }
  }

  private Digest encoder(Path model) throws IOException {
    try (SafetensorsFile file = SafetensorsFile.open(model)) {
      ParameterSource kept = Start.withoutOwn(RoundLayout.parameters(file));
      Map<String, String> metadata =
          Map.of(
              "consilium.name",
              NAME,
              "consilium.licence",
              "Apache-2.0; made from the slices of NOTICE-colin27.txt",
              "consilium.made",
              "consilium demo pretrain " + words());
      return SafetensorsWriter.save(order.out.resolve(FILE), kept, metadata);
    }
  }

  /** The options that make the same file again. */
  private String words() {
    return "--sites %d --rounds %d --cases %d --seed %d"
        .formatted(order.sites, order.rounds, order.cases, order.seed);
  }

  /** The study file. */
  private String yaml(List<SiteId> sites) {
    return """
    # Masked pre-training without labels: what consilium-vit-mini was made with.
    apiVersion: consilium/v1
    kind: Study
    metadata:
      name: %s
      title: {en: "Masked pre-training on head MRI (simulated lesions)"}
    spec:
      model:     {architecture: mae-vit-mini, height: %d, width: %d}
      task:      {type: masked, labels: [unlabelled, unused], metrics: [loss], select: loss}
      algorithm: {name: fedavg, rounds: %d, localEpochs: 1}
      training:  {batchSize: 32, learningRate: 0.002, weightDecay: 0.05, warmupRounds: 2, augmentation: weak, normalisation: fixed, mean: 0.25, deviation: 0.25, localBaseline: false}
      sites:     {include: [%s], quorum: %d, deadline: 1200s}
      drift:     {detector: none}
      seed: %d
    """
        .formatted(
            STUDY,
            SIDE,
            SIDE,
            order.rounds,
            sites.stream().map(SiteId::value).collect(Collectors.joining(", ")),
            sites.size(),
            order.seed);
  }
}
