package org.consilium.coordinator.cli;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.consilium.coordinator.study.StudyCentral;
import org.consilium.coordinator.study.StudyPrivacy;
import org.consilium.protocol.PatientPrivacy;
import org.consilium.protocol.StudyPlan;

/** What a study will spend of each patient's privacy, round by round, by its plan alone. */
final class PrivacyTable {
  private static final int LINES = 10;

  private PrivacyTable() {}

  /** Lines that follow another; empty without noise. */
  static String of(StudyPlan plan) {
    if (plan.protection().patients().isEmpty()) {
      return StudyCentral.words(plan).map(words -> "\nprivacy: " + words).orElse("");
    }
    return "\nprivacy: %s\n%s"
        .formatted(
            StudyPrivacy.words(plan).orElseThrow(),
            Output.table(
                List.of("round", "epsilon"),
                rounds(plan.rounds()).stream()
                    .map(round -> List.of(Integer.toString(round), epsilon(plan, round)))
                    .toList()));
  }

  /** The same for machines. */
  static Map<String, String> facts(StudyPlan plan) {
    Map<String, String> facts = new LinkedHashMap<>();
    if (plan.protection().patients().isPresent()) {
      PatientPrivacy terms = plan.protection().patients().get();
      facts.put("epsilonMax", Double.toString(terms.epsilon()));
      facts.put("delta", Double.toString(terms.delta()));
      facts.put("sigma", Double.toString(terms.sigma()));
      facts.put(
          "epsilonByRound",
          rounds(plan.rounds()).stream()
              .map(round -> round + ":" + epsilon(plan, round))
              .collect(Collectors.joining(" ")));
    }
    plan.protection()
        .central()
        .ifPresent(
            c -> {
              facts.put("centralEpsilonMax", Double.toString(c.epsilon()));
              facts.put("centralDelta", Double.toString(c.delta()));
              facts.put("centralSigma", Double.toString(c.sigma()));
              facts.put(
                  "centralPatientEpsilon",
                  Double.toString(StudyCentral.patientEpsilon(plan, plan.rounds()).orElseThrow()));
            });
    return facts;
  }

  private static String epsilon(StudyPlan plan, int rounds) {
    return String.format(Locale.ROOT, "%.3f", StudyPrivacy.epsilon(plan, rounds).orElseThrow());
  }

  /** The first, the last, and some between. */
  private static SortedSet<Integer> rounds(int count) {
    SortedSet<Integer> rounds =
        IntStream.rangeClosed(1, LINES)
            .mapToObj(i -> Math.max(1, Math.round((float) count * i / LINES)))
            .collect(Collectors.toCollection(TreeSet::new));
    rounds.add(1);
    rounds.add(count);
    return rounds;
  }
}
