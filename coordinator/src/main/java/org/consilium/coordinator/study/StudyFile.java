package org.consilium.coordinator.study;

import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.consilium.coordinator.yaml.YamlMap;
import org.consilium.coordinator.yaml.YamlRefused;
import org.consilium.coordinator.yaml.YamlText;
import org.consilium.models.catalog.Architecture;
import org.consilium.models.catalog.Catalogue;
import org.consilium.models.tune.TrainedSet;
import org.consilium.protocol.Aggregation;
import org.consilium.protocol.Aggregation.Weighting;
import org.consilium.protocol.CentralPrivacy;
import org.consilium.protocol.Encoding;
import org.consilium.protocol.Exposure;
import org.consilium.protocol.Late;
import org.consilium.protocol.Limits;
import org.consilium.protocol.ModelSpec;
import org.consilium.protocol.PatientPrivacy;
import org.consilium.protocol.Robust;
import org.consilium.protocol.SiteId;
import org.consilium.protocol.StudyId;
import org.consilium.protocol.StudyPlan;
import org.consilium.protocol.StudyPlan.Foundation;
import org.consilium.protocol.StudyPlan.Monitoring;
import org.consilium.protocol.StudyPlan.Participation;
import org.consilium.protocol.StudyPlan.Protection;
import org.consilium.protocol.StudyPlan.Tuning;
import org.consilium.protocol.Training;

/**
 * A study as people write it, {@code study.yaml}. Every problem is found in one pass; what is left
 * out has a finite default. The keys are in docs/reference/study-file.md.
 */
public final class StudyFile {
  private static final String API_VERSION = "consilium/v1";

  private StudyFile() {}

  /** Reads a file. */
  public static StudyPlan parse(Path file) throws YamlRefused, IOException {
    if (Files.exists(file) && !Files.isRegularFile(file)) {
      throw new IOException("read study file %s: not a file of text".formatted(file));
    }
    long bytes = Files.size(file);
    if (bytes > Limits.PLAN_BYTES_MAX) {
      throw new IOException(
          "read study file %s: %d bytes, at most %d".formatted(file, bytes, Limits.PLAN_BYTES_MAX));
    }
    try {
      return parse(Files.readString(file, StandardCharsets.UTF_8));
    } catch (CharacterCodingException binary) {
      throw new IOException("read study file %s: not UTF-8 text".formatted(file), binary);
    }
  }

  /** Reads a text. */
  public static StudyPlan parse(String yaml) throws YamlRefused {
    YamlText text = new YamlText();
    YamlMap root = text.root(yaml);
    root.choice("apiVersion", API_VERSION, List.of(API_VERSION));
    root.choice("kind", "Study", List.of("Study"));
    YamlMap metadata = root.map("metadata");
    YamlMap spec = root.map("spec");
    root.end();

    Optional<StudyId> name = metadata.build(() -> new StudyId(metadata.text("name")));
    String title = title(metadata);
    metadata.end();

    YamlMap algorithm = spec.optionalMap("algorithm");
    YamlMap privacy = spec.optionalMap("privacy");
    boolean hiding = StudyPrivacy.asked(privacy);
    StudyLearning.Question question = StudyLearning.question(spec.map("task"));
    YamlMap modelKeys = spec.map("model");
    Optional<Foundation> foundation = StudyLearning.foundation(modelKeys);
    Optional<ModelSpec> model = StudyLearning.model(modelKeys, question);
    Optional<Tuning> tuning = StudyLearning.tuning(spec.optionalMap("tuning"), question);
    Optional<Training> training =
        StudyLearning.training(
            spec.optionalMap("training"), algorithm, question, hidingIn(hiding, tuning));
    Optional<Aggregation> aggregation = StudyAlgorithm.aggregation(algorithm);
    Optional<Robust> robust = StudyRobust.of(algorithm);
    int rounds = algorithm.integer("rounds", 30);
    algorithm.end();
    StudyRobust.requireSealed(algorithm, robust, privacy.text("mode", "masked"));
    Optional<CentralPrivacy> central = StudyCentral.read(privacy, rounds);
    Encoding encoding = encoding(spec, privacy.text("mode", "masked"));
    Optional<Protection> bounds = protection(privacy, aggregation, robust, encoding);
    Optional<PatientPrivacy> noise =
        hiding && training.isPresent()
            ? StudyPrivacy.read(privacy.map("dp"), training.get(), rounds)
            : Optional.empty();
    Optional<Protection> protection = StudyCentral.with(StudyPrivacy.with(bounds, noise), central);
    Optional<Participation> participation = participation(spec.map("sites"));
    Optional<Monitoring> monitoring = monitoring(spec.optionalMap("drift"));
    int seed = spec.integer("seed", 1);
    spec.end();
    text.check();

    Optional<StudyPlan> plan =
        spec.build(
            () ->
                new StudyPlan(
                    name.orElseThrow(),
                    title,
                    model.orElseThrow(),
                    foundation,
                    question.task(),
                    tuning.orElseThrow(),
                    training.orElseThrow(),
                    aggregation.orElseThrow(),
                    protection.orElseThrow(),
                    participation.orElseThrow(),
                    monitoring.orElseThrow(),
                    question.labels(),
                    question.select(),
                    seed,
                    rounds));
    text.check();
    checkTuning(plan.orElseThrow(), spec);
    text.check();
    return plan.orElseThrow();
  }

  private static StudyLearning.Hiding hidingIn(boolean hiding, Optional<Tuning> tuning) {
    boolean head = tuning.filter(t -> t.regime() == Tuning.Regime.PROBE).isPresent();
    return !hiding
        ? StudyLearning.Hiding.NOTHING
        : head ? StudyLearning.Hiding.IN_HEAD : StudyLearning.Hiding.IN_MORE;
  }

  /** What the catalogue says of model and tuning together. */
  private static void checkTuning(StudyPlan plan, YamlMap spec) {
    switch (Catalogue.find(plan.model())) {
      case Catalogue.Refused(String why) -> spec.problem("model", why);
      case Catalogue.Known(Architecture architecture) -> {
        Catalogue.unfit(architecture, plan.task().type())
            .ifPresent(why -> spec.problem("model", why));
        try {
          TrainedSet.of(architecture, plan.tuning())
              .unfit(plan.protection().patients())
              .ifPresent(why -> spec.problem("privacy", why));
        } catch (IllegalArgumentException unfit) {
          spec.problem("tuning", String.valueOf(unfit.getMessage()));
        }
      }
    }
  }

  private static String title(YamlMap metadata) {
    if (!metadata.has("title")) {
      return metadata.text("name");
    }
    if (!metadata.isMap("title")) {
      return metadata.text("title");
    }
    YamlMap languages = metadata.map("title");
    List<String> titles = new ArrayList<>();
    titles.add(languages.text("en"));
    if (languages.has("zh")) {
      titles.add(languages.text("zh"));
    }
    languages.end();
    return String.join(" / ", titles);
  }

  private static Optional<Protection> protection(
      YamlMap privacy,
      Optional<Aggregation> aggregation,
      Optional<Robust> robust,
      Encoding encoding) {
    Exposure exposure =
        switch (privacy.text("mode", "masked")) {
          case "masked" -> new Exposure.Masked(ring(privacy));
          case "sealed" -> {
            if (privacy.has("ring")) {
              privacy.problem("ring", "goes with mode: masked alone");
            }
            yield new Exposure.Sealed(robust.orElse(Robust.none()), encoding);
          }
          default -> {
            privacy.problem("mode", "must be masked or sealed");
            yield new Exposure.Sealed(Robust.none());
          }
        };
    double clip = privacy.number("clip", 10);
    double range = privacy.number("range", 8);
    if (exposure.ring() == Exposure.Ring.BITS_64 && range != 8) {
      privacy.problem("range", "must be 8 with ring: 64, got " + range);
    }
    // Where all count the same, the bits of larger weights are better spent on precision.
    boolean same = aggregation.filter(a -> a.weighting() == Weighting.UNIFORM).isPresent();
    int weightMax = privacy.integer("weightMax", same ? 1 : Limits.WEIGHT_MAX);
    int minSamples = privacy.integer("minSamples", 20);
    int smallCell = privacy.integer("smallCell", 11);
    privacy.end();
    return privacy.build(
        () -> new Protection(exposure, clip, range, weightMax, minSamples, smallCell));
  }

  private static Encoding encoding(YamlMap spec, String mode) {
    YamlMap transfer = spec.optionalMap("transfer");
    String word = transfer.text("encoding", "full");
    Encoding encoding = Encoding.FULL;
    try {
      encoding = Encoding.of(word);
    } catch (IllegalArgumentException other) {
      transfer.problem("encoding", "must be full, int16 or int8, got " + Limits.printable(word));
    }
    if (encoding.narrow() && !mode.equals("sealed")) {
      transfer.problem(
          "encoding", "%s goes with privacy mode sealed alone".formatted(encoding.word()));
    }
    transfer.end();
    return encoding;
  }

  private static Exposure.Ring ring(YamlMap privacy) {
    int bits = privacy.integer("ring", 32);
    try {
      return Exposure.Ring.of(bits);
    } catch (IllegalArgumentException other) {
      privacy.problem("ring", "must be 32 or 64, got " + bits);
      return Exposure.Ring.BITS_32;
    }
  }

  private static Optional<Participation> participation(YamlMap sites) {
    List<String> include = sites.texts("include");
    int twoThirds = Math.max(Limits.PARTICIPANTS_MIN, (2 * include.size() + 2) / 3);
    int quorum = sites.integer("quorum", twoThirds);
    Duration deadline = sites.duration("deadline", Duration.ofMinutes(30));
    Optional<Late> late = late(sites);
    sites.end();
    if (late.isEmpty() || include.isEmpty()) { // it was noted
      return Optional.empty();
    }
    return sites.build(
        () -> {
          try {
            return new Participation(
                include.stream().map(SiteId::new).toList(), quorum, deadline, late.get());
          } catch (IllegalArgumentException illegal) {
            String message = String.valueOf(illegal.getMessage());
            throw message.startsWith("site")
                ? new IllegalArgumentException("include: " + message)
                : illegal;
          }
        });
  }

  /** What becomes of late updates; empty if that is said wrongly. */
  private static Optional<Late> late(YamlMap sites) {
    String late = sites.choice("late", "discard", List.of("discard", "carry"));
    int roundsMax = sites.integer("lateMaxRounds", 1);
    double exponent = sites.number("lateExponent", 0.5);
    if (late.equals("carry")) {
      return sites.build(() -> new Late.Carry(roundsMax, exponent));
    }
    for (String key : List.of("lateMaxRounds", "lateExponent")) {
      if (sites.has(key)) {
        sites.problem(key, "goes with late: carry alone");
      }
    }
    return Optional.of(Late.DISCARD);
  }

  private static Optional<Monitoring> monitoring(YamlMap drift) {
    String detector = drift.text("detector", "cusum");
    double falseAlarms = drift.number("falseAlarmsPerYear", 2);
    double windowsPerYear = drift.number("windowsPerYear", 52);
    int windows = drift.integer("windows", 0);
    String action = drift.text("action", "alert");
    drift.end();
    return drift.build(
        () -> new Monitoring(detector, falseAlarms, windowsPerYear, windows, action));
  }
}
