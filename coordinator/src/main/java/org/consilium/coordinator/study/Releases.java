package org.consilium.coordinator.study;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.consilium.coordinator.registry.Foundations;
import org.consilium.coordinator.registry.ModelRegistry;
import org.consilium.models.catalog.Architecture;
import org.consilium.models.catalog.ModelSheet;
import org.consilium.models.federated.RoundLayout;
import org.consilium.models.federated.RoundStart;
import org.consilium.models.params.ParameterLayout;
import org.consilium.models.params.SafetensorsFile;
import org.consilium.models.tune.Merged;
import org.consilium.models.tune.Start;
import org.consilium.models.tune.TrainedSet;
import org.consilium.protocol.ModelVersion;
import org.consilium.protocol.StudyPlan;
import org.consilium.protocol.StudyPlan.Foundation;

/**
 * A study's parameters on this side: what it starts from, and whole models made of what travels.
 *
 * @param foundations files that studies start from
 * @param models published versions
 */
record Releases(Foundations foundations, ModelRegistry models) {
  /** Writes with the starting values at hand. */
  private interface Use<R> {
    R with(Start start) throws IOException;
  }

  /**
   * Publishes the starting values of what travels.
   *
   * @throws StudyRefused ILLEGAL if the foundation is not here or does not fit
   */
  ModelRegistry.Stored<Boolean> begin(StudyPlan plan, TrainedSet set)
      throws StudyRefused, IOException {
    try {
      return start(
          plan,
          set,
          start ->
              models.publish(
                  RoundStart.of(set.shared(start), plan.aggregation()),
                  new ModelRegistry.Lineage(plan, 0, Optional.empty())));
    } catch (IllegalArgumentException unfit) {
      throw new StudyRefused(
          StudyRefused.Why.ILLEGAL,
          "create study %s: %s".formatted(plan.study(), unfit.getMessage()));
    }
  }

  /**
   * The whole model of a version: the version's own file if all of it travels, otherwise one that
   * is made of its parts and kept beside it.
   */
  Path whole(StudyPlan plan, ModelVersion version) throws IOException {
    TrainedSet set = set(plan);
    Path own =
        models
            .find(version)
            .orElseThrow(() -> new IOException("open model " + version + ": it is not kept"));
    Architecture architecture = set.architecture();
    if (layout(plan).equals(architecture.layout())) {
      return own;
    }
    Optional<Path> made = models.findWhole(version);
    if (made.isPresent()) {
      return made.get();
    }
    Map<String, String> metadata = new TreeMap<>(ModelSheet.of(plan).metadata());
    metadata.put("format", "pt");
    metadata.put("study", plan.study().value());
    metadata.put("version", version.toString());
    try (SafetensorsFile shared = models.parameters(version)) {
      return start(
          plan,
          set,
          start ->
              models.keepWhole(
                  version,
                  new Merged(set, start, List.of(RoundLayout.parameters(shared))),
                  metadata));
    }
  }

  /** The file of a version that a study published or starts from, if it is kept. */
  Optional<Path> file(ModelVersion version) throws IOException {
    Optional<Path> published = models.find(version);
    return published.isPresent() ? published : foundations.find(version);
  }

  /** What a plan trains; the plan was checked when the study was made. */
  static TrainedSet set(StudyPlan plan) {
    return TrainedSet.of(
        org.consilium.models.catalog.Catalogue.require(plan.model()), plan.tuning());
  }

  /** The layout of every delta and of every version of a study: what travels and the rule's own. */
  static ParameterLayout layout(StudyPlan plan) {
    return RoundLayout.of(set(plan).shared(), plan.aggregation());
  }

  private <R> R start(StudyPlan plan, TrainedSet set, Use<R> use) throws IOException {
    Optional<Foundation> named = plan.foundation();
    if (named.isEmpty()) {
      return use.with(Start.seeded(set, plan.seed()));
    }
    Path file =
        foundations
            .find(named.get())
            .orElseThrow(
                () ->
                    new IllegalArgumentException(
                        "foundation %s (%s) is not here; put the file into %s"
                            .formatted(
                                named.get().name(),
                                named.get().version().digest().brief(),
                                foundations.folder())));
    try (SafetensorsFile foundation = SafetensorsFile.open(file)) {
      return use.with(Start.from(foundation, set, plan.seed()));
    }
  }
}
