package org.consilium.models.engine;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.consilium.models.data.BundledSlices;
import org.consilium.models.data.ImageSet;
import org.consilium.models.data.LesionCases;
import org.consilium.models.data.SiteKnobs;
import org.consilium.models.data.Split;
import org.consilium.models.params.ParameterLayout;
import org.consilium.models.params.ParameterSource;
import org.consilium.protocol.ModelSpec;
import org.consilium.protocol.StudyPlan;

/**
 * Shows that the demonstration's settings learn: federated against local-only and pooled training
 * in one process, and how far a worse scanner moves the frozen model. Run by hand; arguments are
 * seeds, then {@code key=value} settings.
 */
final class CalibrationTrial {
  private static final ModelSpec MODEL = new ModelSpec("resnet-gn", 1, 64, 64, 1, 0);

  private final LesionCases generator = LesionCases.on(BundledSlices.colin(), 64);
  private final List<SiteKnobs> sites = SiteKnobs.demonstration();
  private final List<ImageSet> train = new ArrayList<>();
  private final List<ImageSet> validation = new ArrayList<>();
  private final List<ImageSet> test = new ArrayList<>();
  private final Settings settings;
  private final long seed;
  private final StudyPlan.Training plan;

  /** What may be turned, by its name on the command line. */
  private record Settings(Map<String, String> given) {
    int cases() {
      return Integer.parseInt(given.getOrDefault("cases", "120"));
    }

    int rounds() {
      return Integer.parseInt(given.getOrDefault("rounds", "30"));
    }

    boolean extras() {
      return Boolean.parseBoolean(given.getOrDefault("extras", "true"));
    }

    StudyPlan.Training plan() {
      return new StudyPlan.Training(
          1,
          0,
          Integer.parseInt(given.getOrDefault("batch", "8")),
          new StudyPlan.Optimiser(
              "adamw",
              Double.parseDouble(given.getOrDefault("rate", "3e-3")),
              Double.parseDouble(given.getOrDefault("decay", "0.05")),
              0,
              Double.parseDouble(given.getOrDefault("clip", "1")),
              1),
          new StudyPlan.Schedule(0.5, 0, true, 0),
          Double.parseDouble(given.getOrDefault("mu", "0")),
          new StudyPlan.Input(
              given.getOrDefault("augment", "weak"),
              given.getOrDefault("normalise", "fixed"),
              Double.parseDouble(given.getOrDefault("mean", "0.16")),
              Double.parseDouble(given.getOrDefault("deviation", "0.17"))),
          StudyPlan.Personal.NONE,
          false);
    }
  }

  /** Parameters in an array. */
  private record Vector(ParameterLayout layout, float[] values) implements ParameterSource {
    @Override
    public void read(long offset, float[] into, int at, int length) {
      System.arraycopy(values, (int) offset, into, at, length);
    }
  }

  private CalibrationTrial(Settings settings, long seed) {
    this.settings = settings;
    this.seed = seed;
    long started = cpu();
    for (SiteKnobs site : sites) {
      train.add(generator.cases(site, Split.TRAIN, seed, 0, settings.cases()));
      validation.add(generator.cases(site, Split.VALIDATION, seed, 0, 200));
      test.add(generator.cases(site, Split.TEST, seed, 0, 300));
    }
    double sum = 0;
    double squares = 0;
    long count = 0;
    for (ImageSet images : train) {
      for (int i = 0; i < images.count(); i++) {
        for (int at = 0; at < images.imageLength(); at++) {
          double grey = images.pixel(i, at) / 255.0;
          sum += grey;
          squares += grey * grey;
          count++;
        }
      }
    }
    double mean = sum / count;
    print(
        "seed %d: cases %.1f CPU-s, grey mean %.3f deviation %.3f",
        seed, (cpu() - started) / 1e9, mean, Math.sqrt(squares / count - mean * mean));
    this.plan = settings.plan();
  }

  public static void main(String[] arguments) throws IOException {
    Map<String, String> given = new TreeMap<>();
    List<Long> seeds = new ArrayList<>();
    for (String argument : arguments) {
      String[] pair = argument.split("=", 2);
      if (pair.length == 2) {
        given.put(pair[0], pair[1]);
      } else {
        seeds.add(Long.parseLong(argument));
      }
    }
    Settings settings = new Settings(given);
    print("%d rounds, %s", settings.rounds(), settings.plan());
    for (long seed : seeds) {
      new CalibrationTrial(settings, seed).run();
    }
  }

  private void run() throws IOException {
    try (LocalModel model = LocalModel.open(MODEL, EngineSettings.reproducible())) {
      Vector start = vector(model, model.architecture().initial(seed));
      float[] global = federated(model, start);
      List<float[]> finals = new ArrayList<>();
      finals.add(global);
      if (settings.extras()) {
        for (int site = 0; site < sites.size(); site++) {
          finals.add(alone(model, start, train.get(site), site));
        }
        finals.add(alone(model, start, pooled(train), 99));
      }
      for (int i = 0; i < finals.size(); i++) {
        model.load(new Vector(start.layout(), finals.get(i)));
        double[] own = aurocs(model, test);
        print(
            "%-9s tests %s mean %.3f",
            i == 0 ? "federated" : i <= 4 ? "alone " + i : "pooled",
            text(own),
            Arrays.stream(own).average().orElseThrow());
      }
      model.load(new Vector(start.layout(), global));
      drift(model);
    }
  }

  private float[] federated(LocalModel model, Vector start) throws IOException {
    float[] global = start.values().clone();
    long spent = 0;
    int steps = 0;
    for (int round = 1; round <= settings.rounds(); round++) {
      double[] sum = new double[global.length];
      double loss = 0;
      for (int site = 0; site < sites.size(); site++) {
        long before = cpu();
        model.load(new Vector(start.layout(), global));
        var outcome =
            (TrainingOutcome.Trained)
                model.train(
                    train.get(site),
                    TrainingRun.of(plan, round, settings.rounds(), seed * 100 + site));
        spent += cpu() - before;
        steps += outcome.steps();
        loss += outcome.loss() / sites.size();
        float[] local = vector(model, model).values();
        for (int i = 0; i < sum.length; i++) {
          sum[i] += local[i];
        }
      }
      for (int i = 0; i < sum.length; i++) {
        global[i] = (float) (sum[i] / sites.size());
      }
      if (round % 5 == 0 || round == settings.rounds()) {
        model.load(new Vector(start.layout(), global));
        double[] own = aurocs(model, validation);
        print(
            "round %2d loss %.3f validation %s mean %.3f",
            round, loss, text(own), Arrays.stream(own).average().orElseThrow());
      }
    }
    print(
        "federated training %.1f CPU-s, %.2f CPU-ms a step of %d",
        spent / 1e9, spent / 1e6 / steps, plan.batchSize());
    return global;
  }

  private float[] alone(LocalModel model, Vector start, ImageSet images, int site)
      throws IOException {
    model.load(start);
    for (int round = 1; round <= settings.rounds(); round++) {
      model.train(images, TrainingRun.of(plan, round, settings.rounds(), seed * 100 + site));
    }
    return vector(model, model).values();
  }

  /** Site 0's windows against a reference of the same frozen model. */
  private void drift(LocalModel model) throws IOException {
    SiteKnobs site = sites.getFirst();
    Reference reference =
        reference(model, generator.cases(site, Split.VALIDATION, seed, 10_000, 300));
    windows(model, "none", site, reference, 8);
    windows(model, "noise .08", site.withNoise(.08), reference, 3);
    windows(model, "noise .15", site.withNoise(.15), reference, 3);
    windows(model, "gamma .4", site.withAcquisition(.4, 0, .01), reference, 3);
    windows(model, "gamma 2", site.withAcquisition(2, 0, .01), reference, 3);
    windows(model, "gamma .6, blur 2, noise .08", site.withAcquisition(.6, 2, .08), reference, 3);
    windows(model, "gamma 1.4, blur 3, noise .08", site.withAcquisition(1.4, 3, .08), reference, 3);
    windows(model, "labels flipped .2", site.withAnnotation(0, .2), reference, 3);
  }

  /**
   * Mean and deviation over windows of AUROC, log loss, and log loss with probabilities kept off 0,
   * 1.
   */
  private record Reference(double[] mean, double[] deviation) {}

  private static final int WINDOW = 60;

  private Reference reference(LocalModel model, ImageSet images) throws IOException {
    double[] logits = model.predict(images, Preprocessing.of(plan));
    SplittableRandom random = new SplittableRandom(seed);
    double[][] draws = new double[3][500];
    for (int draw = 0; draw < 500; draw++) {
      int[] places = random.ints(WINDOW, 0, logits.length).toArray();
      double[] some = Arrays.stream(places).mapToDouble(p -> logits[p]).toArray();
      double[] seen = statistics(some, Arrays.stream(places).map(images::label).toArray());
      for (int s = 0; s < 3; s++) {
        draws[s][draw] = seen[s];
      }
    }
    Reference made =
        new Reference(
            statistics(logits, images.labels()),
            Arrays.stream(draws).mapToDouble(CalibrationTrial::deviation).toArray());
    print(
        "reference: AUROC, loss, capped loss %s deviations %s",
        text(made.mean()), text(made.deviation()));
    return made;
  }

  private void windows(
      LocalModel model, String name, SiteKnobs site, Reference reference, int count)
      throws IOException {
    for (int w = 0; w < count; w++) {
      ImageSet fresh = generator.cases(site, Split.VALIDATION, seed, 20_000 + w * WINDOW, WINDOW);
      double[] seen = statistics(model.predict(fresh, Preprocessing.of(plan)), fresh.labels());
      double[] z = new double[3];
      for (int s = 0; s < 3; s++) {
        z[s] = (s == 0 ? -1 : 1) * (seen[s] - reference.mean()[s]) / reference.deviation()[s];
      }
      print("  %s, window %d: %s z %s", name, w + 1, text(seen), text(z));
    }
  }

  private static double[] statistics(double[] logits, int[] labels) {
    double[] capped = Arrays.stream(logits).map(z -> Math.clamp(z, -3, 3)).toArray();
    return new double[] {auroc(logits, labels), logLoss(logits, labels), logLoss(capped, labels)};
  }

  private double[] aurocs(LocalModel model, List<ImageSet> sets) throws IOException {
    double[] values = new double[sets.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = auroc(model.predict(sets.get(i), Preprocessing.of(plan)), sets.get(i).labels());
    }
    return values;
  }

  private static Vector vector(LocalModel model, ParameterSource source) throws IOException {
    float[] values = new float[(int) model.layout().length()];
    source.read(0, values, 0, values.length);
    return new Vector(model.layout(), values);
  }

  private static ImageSet pooled(List<ImageSet> sets) {
    int count = sets.stream().mapToInt(ImageSet::count).sum();
    byte[] pixels = new byte[count * 64 * 64];
    int[] labels = new int[count];
    int image = 0;
    for (ImageSet set : sets) {
      for (int i = 0; i < set.count(); i++) {
        for (int at = 0; at < 64 * 64; at++) {
          pixels[image * 64 * 64 + at] = (byte) set.pixel(i, at);
        }
        labels[image++] = set.label(i);
      }
    }
    return new ImageSet(1, 64, 64, pixels, labels);
  }

  private static double auroc(double[] scores, int[] labels) {
    double wins = 0;
    double pairs = 0;
    for (int i = 0; i < scores.length; i++) {
      for (int j = 0; labels[i] == 1 && j < scores.length; j++) {
        if (labels[j] == 0) {
          wins += scores[i] > scores[j] ? 1 : scores[i] == scores[j] ? 0.5 : 0;
          pairs++;
        }
      }
    }
    return wins / pairs;
  }

  private static double logLoss(double[] logits, int[] labels) {
    return IntStream.range(0, labels.length)
        .mapToDouble(i -> Math.log1p(Math.exp(labels[i] == 1 ? -logits[i] : logits[i])))
        .average()
        .orElseThrow();
  }

  private static double deviation(double[] values) {
    double mean = Arrays.stream(values).average().orElseThrow();
    return Math.sqrt(
        Arrays.stream(values).map(v -> (v - mean) * (v - mean)).average().orElseThrow());
  }

  private static String text(double[] values) {
    StringBuilder text = new StringBuilder();
    for (double value : values) {
      text.append(String.format(Locale.ROOT, "%.3f ", value));
    }
    return text.toString();
  }

  private static long cpu() {
    return ((com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean())
        .getProcessCpuTime();
  }

  @SuppressWarnings("AnnotateFormatMethod") // the annotation is not a dependency of this module
  private static void print(String format, Object... values) {
    System.out.println(String.format(Locale.ROOT, format, values));
  }
}
