package org.consilium.coordinator.study;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.consilium.coordinator.aggregate.AggregationTask;
import org.consilium.coordinator.aggregate.CentralNoise;
import org.consilium.coordinator.aggregate.RoundBroken;
import org.consilium.coordinator.aggregate.RuleUnmet;
import org.consilium.coordinator.aggregate.SealedDelta;
import org.consilium.coordinator.aggregate.ServerState;
import org.consilium.coordinator.aggregate.Step;
import org.consilium.coordinator.aggregate.UpdateBroken;
import org.consilium.coordinator.aggregate.robust.RobustRule;
import org.consilium.coordinator.aggregate.rule.ServerRule;
import org.consilium.coordinator.intake.Spool;
import org.consilium.coordinator.registry.ModelRegistry.Lineage;
import org.consilium.coordinator.registry.ModelRegistry.Stored;
import org.consilium.coordinator.round.Opening;
import org.consilium.coordinator.round.RoundEffects.Made;
import org.consilium.coordinator.round.RoundEvent.Accepted;
import org.consilium.coordinator.round.RoundState.Aggregating;
import org.consilium.coordinator.round.StudyEvent.Model;
import org.consilium.coordinator.round.StudyState;
import org.consilium.coordinator.round.StudyState.Published;
import org.consilium.models.federated.CoarseVector;
import org.consilium.models.params.ParameterLayout;
import org.consilium.models.params.SafetensorsFile;
import org.consilium.protocol.Digest;
import org.consilium.protocol.ModelVersion;
import org.consilium.protocol.RoundId;
import org.consilium.protocol.SiteId;
import org.consilium.protocol.StudyPlan;
import org.consilium.protocol.UpdateManifest;
import org.consilium.security.fixed.FixedTerms;
import org.consilium.security.mask.Masks;
import org.consilium.security.seal.AggregationKey;
import org.consilium.security.seal.SealBroken;
import org.consilium.security.seal.UpdateOpener;

/**
 * The making of one round's version: accepted spools and the base, to the next model and what the
 * rule remembers beside it. Nothing but the journal and the files decides the bytes, so that it can
 * be done again after a crash.
 *
 * @param layout of the round
 * @param key opens the round's updates
 * @param context what the updates are bound to
 */
record Publication(
    Surroundings around,
    StudyEffects.Stores stores,
    StudyPlan plan,
    ParameterLayout layout,
    AggregationKey key,
    Digest context,
    FixedTerms fixed) {

  /**
   * Makes the version.
   *
   * @param removal takes the masks off the sum; empty where nothing is masked
   */
  Made make(StudyState state, Aggregating round, Optional<Masks> removal)
      throws RoundBroken, IOException {
    Optional<RobustRule.Unmet> unmet = robust().flatMap(rule -> rule.unmet(weights(round)));
    if (unmet.isPresent()) {
      throw new RuleUnmet(unmet.get());
    }
    Opening opening = round.opening();
    ModelVersion parent = opening.base().version();
    List<FileChannel> files = new ArrayList<>();
    List<SealedDelta> updates = new ArrayList<>();
    List<SafetensorsFile> moments = new ArrayList<>();
    try (SafetensorsFile base = stores.models().parameters(parent)) {
      for (Accepted update : round.accepted().values()) {
        updates.add(open(opening, update, files));
      }
      List<Digest> digests = remembered(state, parent);
      for (int m = 0; m < digests.size(); m++) {
        moments.add(stores.models().moment(parent, m, digests.get(m)));
      }
      Stored<Step> stored = publish(opening, base, updates, moments, removal);
      return new Made(
          new Model(stored.version(), stored.fileBytes()),
          stored.made().nextExponents(),
          stored.moments(),
          stored.made().handlings());
    } finally {
      updates.forEach(update -> update.opener().close());
      for (FileChannel file : files) {
        file.close();
      }
      for (SafetensorsFile moment : moments) {
        moment.close();
      }
    }
  }

  private Stored<Step> publish(
      Opening opening,
      SafetensorsFile base,
      List<SealedDelta> updates,
      List<SafetensorsFile> moments,
      Optional<Masks> removal)
      throws RoundBroken, IOException {
    ServerRule rule = ServerRule.of(plan.aggregation());
    Lineage lineage = new Lineage(plan, opening.number(), Optional.of(opening.base().version()));
    int sites = plan.participation().sites().size();
    return stores
        .models()
        .<Step, RoundBroken>publish(
            layout,
            lineage,
            rule.moments(),
            out ->
                around
                    .aggregator()
                    .aggregate(
                        new AggregationTask(
                            base,
                            updates,
                            fixed,
                            opening.scaleExponents(),
                            new ServerState(
                                rule, opening.number(), sites, List.copyOf(moments), out.moments()),
                            removal,
                            robust(),
                            noise(),
                            out.parameters())));
  }

  private Optional<CentralNoise> noise() {
    return plan.protection()
        .central()
        .map(c -> new CentralNoise(c.sigma(), plan.protection().clip(), around.random()));
  }

  private Optional<RobustRule> robust() {
    return RobustRule.of(plan.protection().exposure().robustRule());
  }

  private static RobustRule.Round weights(Aggregating round) {
    return new RobustRule.Round(round.accepted().values().stream().map(Accepted::weight).toList());
  }

  /** What the journal says of the moments that belong to the base; none before the first round. */
  private static List<Digest> remembered(StudyState state, ModelVersion base) {
    Published latest = state.latest();
    if (!latest.model().version().equals(base)) {
      throw new IllegalStateException(
          "aggregate: the base %s is not the latest version %s"
              .formatted(base, latest.model().version()));
    }
    return latest.moments();
  }

  private SealedDelta open(Opening opening, Accepted update, List<FileChannel> files)
      throws UpdateBroken, IOException {
    SiteId site = update.site();
    RoundId round = new RoundId(plan.study(), opening.number());
    Spool.Place place = new Spool.Place(round, opening.attempt(), site);
    UpdateManifest manifest =
        stores
            .spool()
            .manifest(place, update.upload())
            .orElseThrow(() -> new UpdateBroken(site, "its manifest is missing or was changed"));
    try {
      UpdateOpener opener =
          UpdateOpener.open(
              key,
              manifest.seal().encapsulation(),
              context.bytes(),
              site.value(),
              manifest.seal().chunks());
      FileChannel file = stores.spool().sealed(place, update.upload(), manifest);
      files.add(file);
      byte[] shifts = manifest.seal().shifts();
      Optional<CoarseVector> coarse =
          shifts.length > 0
              ? Optional.of(new CoarseVector(layout, manifest.valueBytes(), shifts))
              : Optional.empty();
      return new SealedDelta(site, update.weight(), update.norm(), opener, file, coarse);
    } catch (SealBroken | java.nio.file.NoSuchFileException damaged) {
      throw new UpdateBroken(site, String.valueOf(damaged.getMessage()));
    }
  }
}
