package org.consilium.models.data.folder;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.consilium.models.data.Split;
import org.consilium.protocol.Digest;

/**
 * Cases cut into train, validation and test by patient, in equal shares of each class: a function
 * of seed, patients and labels alone, whatever the order of the cases. A patient counts for the
 * highest class of any of its cases.
 *
 * @param validation share of the patients, 0-1
 * @param test likewise; the rest is for training
 */
public record PatientSplit(double validation, double test) {
  /** 70 % training, 15 % validation, 15 % test. */
  public static final PatientSplit USUAL = new PatientSplit(.15, .15);

  public PatientSplit {
    if (!(validation >= 0 && test >= 0 && validation + test < 1)) {
      throw new IllegalArgumentException(
          "split shares must be 0 or more and leave some for training, got %s and %s"
              .formatted(validation, test));
    }
  }

  /**
   * The split of each case. Classes of three patients or more have at least one in each split that
   * has a share.
   *
   * @param patients one name a case
   * @param labels one class a case
   */
  public List<Split> of(List<String> patients, int[] labels, long seed) {
    if (patients.size() != labels.length) {
      throw new IllegalArgumentException(
          "split: %d patients for %d labels".formatted(patients.size(), labels.length));
    }
    Map<String, Integer> classes = new LinkedHashMap<>();
    for (int i = 0; i < labels.length; i++) {
      classes.merge(patients.get(i), labels[i], Math::max);
    }
    Map<Integer, List<String>> byClass = new TreeMap<>();
    classes.forEach(
        (patient, label) -> byClass.computeIfAbsent(label, _ -> new ArrayList<>()).add(patient));
    Map<String, Split> chosen = new HashMap<>();
    for (List<String> group : byClass.values()) {
      group.sort(Comparator.comparing(patient -> draw(seed, patient)));
      int forValidation = part(group.size(), validation);
      int forTest = part(group.size(), test);
      for (int i = 0; i < group.size(); i++) {
        Split split =
            i < forValidation
                ? Split.VALIDATION
                : i < forValidation + forTest ? Split.TEST : Split.TRAIN;
        chosen.put(group.get(i), split);
      }
    }
    return patients.stream().map(patient -> chosen.getOrDefault(patient, Split.TRAIN)).toList();
  }

  private static int part(int patients, double share) {
    if (share == 0 || patients < 3) {
      return 0;
    }
    return Math.max(1, (int) Math.round(patients * share));
  }

  private static String draw(long seed, String patient) {
    return Digest.sha256(("split " + seed + " " + patient).getBytes(StandardCharsets.UTF_8)).hex();
  }
}
