package org.consilium.bench;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.consilium.models.catalog.Bundled;
import org.consilium.models.catalog.Catalogue;
import org.consilium.models.data.BundledSlices;
import org.consilium.models.data.ImageSet;
import org.consilium.models.data.LesionCases;
import org.consilium.models.data.Patients;
import org.consilium.models.data.SiteKnobs;
import org.consilium.models.data.Split;
import org.consilium.models.engine.EngineSettings;
import org.consilium.models.engine.LocalModel;
import org.consilium.models.engine.PatientNoise;
import org.consilium.models.engine.PatientNoise.Terms;
import org.consilium.models.engine.Preprocessing;
import org.consilium.models.engine.TrainingOutcome;
import org.consilium.models.engine.TrainingRun;
import org.consilium.models.metrics.Auroc;
import org.consilium.models.params.SafetensorsFile;
import org.consilium.models.tune.Start;
import org.consilium.models.tune.TrainedSet;
import org.consilium.protocol.ModelSpec;
import org.consilium.protocol.StudyPlan.Tuning;
import org.consilium.protocol.StudyPlan.Tuning.Local;
import org.consilium.protocol.StudyPlan.Tuning.Regime;
import org.consilium.protocol.Training;
import org.consilium.security.privacy.Spend;
import org.consilium.security.stream.SecureChance;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code consilium bench privacy}. */
@Command(
    name = "privacy",
    mixinStandardHelpOptions = true,
    description =
        "What hiding each patient costs: AUROC and seconds of the bundled encoder's head and"
            + " biases, trained on the bundled cases at one site without noise and at several"
            + " epsilons, with the settings that a study file takes when it gives none.")
final class PrivacyCommand implements Callable<Integer> {
  private static final int SIDE = 64;
  private static final double RATE = 0.1;
  private static final double DELTA = 1e-4;
  private static final double CLIP = 1;
  private static final List<Double> EPSILONS = List.of(8.0, 3.0, 1.0);

  private final InstantSource clock;

  @Option(names = "--cases", defaultValue = "480", description = "Training cases, one a patient.")
  private int cases = 480;

  @Option(names = "--steps", defaultValue = "200", description = "Of training.")
  private int steps = 200;

  @Option(names = "--repeat", defaultValue = "1", description = "Runs of each line; their mean.")
  private int repeat = 1;

  @Option(names = "--head-only", description = "Leave the biases out.")
  private boolean headOnly;

  @Spec private CommandSpec spec = CommandSpec.create();

  PrivacyCommand(InstantSource clock) {
    this.clock = clock;
  }

  @Override
  public Integer call() throws IOException {
    PrintWriter out = spec.commandLine().getOut();
    ImageSet train = images(Split.TRAIN, cases);
    ImageSet test = images(Split.TEST, 800);
    Path foundation = Files.createTempFile("consilium-vit-mini", ".safetensors");
    try {
      Bundled.find("consilium-vit-mini").orElseThrow().copyTo(foundation);
      List<Regime> all = List.of(Regime.PROBE, Regime.BITFIT);
      for (Regime regime : headOnly ? all.subList(0, 1) : all) {
        out.println(row(regime, Optional.empty(), train, test, foundation));
        out.flush();
        for (double epsilon : EPSILONS) {
          out.println(row(regime, Optional.of(epsilon), train, test, foundation));
          out.flush();
        }
      }
    } finally {
      Files.delete(foundation);
    }
    return 0;
  }

  private String row(
      Regime regime, Optional<Double> epsilon, ImageSet train, ImageSet test, Path foundation)
      throws IOException {
    Tuning tuning = new Tuning(regime, 0, 0, 0, Local.NOTHING);
    ModelSpec model = new ModelSpec("vit-mini-avg", 1, SIDE, SIDE, 1, 0);
    TrainedSet set = TrainedSet.of(Catalogue.require(model), tuning);
    double sigma = epsilon.map(e -> Spend.none().leastSigma(e, DELTA, RATE, steps)).orElse(0.0);
    Terms terms = new Terms(sigma, CLIP, RATE, steps);
    Instant start = clock.instant();
    double[] aurocs = new double[repeat];
    for (int run = 0; run < repeat; run++) {
      aurocs[run] = auroc(set, new Cases(train, test), terms, foundation, run + 1L);
    }
    double mean = Arrays.stream(aurocs).average().orElseThrow();
    double seconds = Duration.between(start, clock.instant()).toMillis() / 1000.0 / repeat;
    return String.format(
        Locale.ROOT,
        "%s, epsilon %s, sigma %.3f: AUROC %.4f (%.4f to %.4f of %d), %.1f s",
        regime,
        epsilon.map(String::valueOf).orElse("none"),
        sigma,
        mean,
        Arrays.stream(aurocs).min().orElseThrow(),
        Arrays.stream(aurocs).max().orElseThrow(),
        repeat,
        seconds);
  }

  private record Cases(ImageSet train, ImageSet test) {}

  /**
   * Without noise a patient's gradient is cut all the same: the noise alone makes the difference.
   */
  private double auroc(TrainedSet set, Cases cases, Terms terms, Path foundation, long seed)
      throws IOException {
    PatientNoise noise =
        new PatientNoise(
            terms,
            Patients.untold(cases.train().count()),
            SecureChance.of(new SecureRandom()),
            _ -> true);
    Training training = training(set.headOnly());
    try (LocalModel trained = LocalModel.open(set, EngineSettings.reproducible());
        SafetensorsFile file = SafetensorsFile.open(foundation)) {
      trained.load(Start.from(file, set, seed));
      TrainingRun run = TrainingRun.of(training, 1, 1, seed).hiding(Optional.of(noise));
      if (!(trained.train(cases.train(), run) instanceof TrainingOutcome.Trained)) {
        throw new IOException("training did not end");
      }
      double[] logits = trained.predict(cases.test(), Preprocessing.of(training));
      return Auroc.of(cases.test().labels(), logits).orElseThrow().estimate();
    }
  }

  private Training training(boolean head) {
    return new Training(
        1,
        steps,
        (int) Math.round(RATE * cases),
        head
            ? new Training.Optimiser("sgd", 1, 0, 0.9, 0, 1)
            : new Training.Optimiser("adamw", 2e-3, 0.05, 0, 0, 1),
        new Training.Schedule(1, 0, true, 0),
        0,
        new Training.Input("none", "fixed", 0.25, 0.25),
        Training.Personal.NONE,
        false);
  }

  private static ImageSet images(Split split, int count) {
    LesionCases cases = LesionCases.on(BundledSlices.colin(), SIDE);
    List<SiteKnobs> sites = SiteKnobs.demonstration();
    return ImageSet.union(
        sites.stream().map(s -> cases.cases(s, split, 7, 0, count / sites.size())).toList());
  }
}
