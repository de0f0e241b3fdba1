package org.consilium.coordinator.study;

import java.util.List;
import java.util.Optional;
import org.consilium.coordinator.yaml.YamlMap;
import org.consilium.protocol.Robust;

/** The keys of a study file that name a robust rule, and what each rule takes. */
final class StudyRobust {
  private static final String KEY = "robust";

  private StudyRobust() {}

  /** Whether the rule works on each coordinate by itself, where every site must count the same. */
  static boolean byCoordinate(YamlMap algorithm) {
    return algorithm.isMap(KEY)
        && List.of("median", "trimmed-mean").contains(algorithm.map(KEY).text("rule", ""));
  }

  /** The rule; the weighted mean when nothing is said of it. */
  static Optional<Robust> of(YamlMap algorithm) {
    if (!algorithm.has(KEY)) {
      return Optional.of(Robust.none());
    }
    if (!algorithm.isMap(KEY)) {
      algorithm.problem(KEY, "must be a mapping, for example {rule: trimmed-mean, faulty: 1}");
      return Optional.empty();
    }
    YamlMap robust = algorithm.map(KEY);
    String word = robust.choice("rule", "", Robust.WORDS);
    int faulty = robust.integer("faulty", 1);
    double times = own(robust, "times", word.equals("norm-clip"), 2, word);
    double fraction = own(robust, "fraction", word.equals("trimmed-mean"), 0.2, word);
    int kept = (int) own(robust, "kept", word.equals("multi-krum"), 0, word);
    if (word.equals("multi-krum") && !robust.has("kept")) {
      robust.problem("kept", "multi-krum needs it: how many updates are in the mean");
    }
    robust.end();
    return switch (word) {
      case "norm-clip" -> algorithm.build(() -> new Robust.NormClip(times, faulty));
      case "median" -> algorithm.build(() -> new Robust.Median(faulty));
      case "trimmed-mean" -> algorithm.build(() -> new Robust.TrimmedMean(fraction, faulty));
      case "krum" -> algorithm.build(() -> new Robust.Krum(faulty));
      case "multi-krum" ->
          robust.has("kept")
              ? algorithm.build(() -> new Robust.MultiKrum(faulty, kept))
              : Optional.empty();
      case "geometric-median" -> algorithm.build(() -> new Robust.GeometricMedian(faulty));
      default -> Optional.empty(); // a wrong word was noted
    };
  }

  /** Says why a rule cannot go with masks. */
  static void requireSealed(YamlMap algorithm, Optional<Robust> robust, String mode) {
    if (mode.equals("masked") && robust.filter(r -> !(r instanceof Robust.None)).isPresent()) {
      algorithm.problem(
          KEY,
          "needs privacy mode sealed: under masks the coordinator sees the sum alone, and no rule "
              + "can look at one site's update");
    }
  }

  /** A number that belongs to one rule only. */
  private static double own(
      YamlMap robust, String key, boolean belongs, double usual, String word) {
    double value =
        key.equals("kept") ? robust.integer(key, (int) usual) : robust.number(key, usual);
    if (!belongs && robust.has(key)) {
      robust.problem(key, "%s does not take it; leave it out".formatted(word));
    }
    return value;
  }
}
