package org.consilium.coordinator.study;

import java.util.Optional;
import java.util.function.Function;
import org.consilium.coordinator.consortium.EnrolledSite;
import org.consilium.models.catalog.Architecture;
import org.consilium.models.catalog.Catalogue;
import org.consilium.models.tune.TrainedSet;
import org.consilium.protocol.Limits;
import org.consilium.protocol.MalformedMessage;
import org.consilium.protocol.SiteId;
import org.consilium.protocol.StudyPlan;
import org.consilium.protocol.UpdateManifest;
import org.consilium.protocol.wire.PlanCodec;
import org.consilium.security.fixed.FixedTerms;

/** What is asked of a plan before a study is made of it. */
final class PlanGate {
  private PlanGate() {}

  /** Every site of the plan is enrolled. */
  static void checkSites(StudyPlan plan, Function<SiteId, Optional<EnrolledSite>> sites)
      throws StudyRefused {
    for (SiteId site : plan.participation().sites()) {
      if (sites.apply(site).isEmpty()) {
        throw new StudyRefused(
            StudyRefused.Why.UNKNOWN_SITE,
            "create study %s: site %s is not enrolled".formatted(plan.study(), site));
      }
    }
  }

  static StudyPlan legal(byte[] planBytes) throws StudyRefused {
    try {
      StudyPlan plan = PlanCodec.decode(planBytes);
      FixedTerms _ = FixedPoint.terms(plan, plan.participation().sites().size());
      return plan;
    } catch (MalformedMessage | IllegalArgumentException illegal) {
      throw new StudyRefused(StudyRefused.Why.ILLEGAL, "create study: " + illegal.getMessage());
    }
  }

  /** What the plan trains. */
  static TrainedSet trained(StudyPlan plan) throws StudyRefused {
    try {
      Architecture architecture = Catalogue.require(plan.model());
      Optional<String> unfit = Catalogue.unfit(architecture, plan.task().type());
      if (unfit.isPresent()) {
        throw new IllegalArgumentException(unfit.get());
      }
      TrainedSet set = TrainedSet.of(architecture, plan.tuning());
      long vector = Releases.layout(plan).length() + UpdateManifest.TRAILER;
      long bytes = FixedPoint.ring(plan).bytes() * vector;
      long most = (long) Limits.CHUNKS_MAX * Limits.CHUNK_PLAIN_BYTES;
      if (bytes > most) {
        throw new IllegalArgumentException(
            "an update of %d values in a ring of %d bits has %d bytes, at most %d"
                .formatted(vector, FixedPoint.ring(plan).bits(), bytes, most));
      }
      Optional<String> refused =
          set.unfit(plan.protection().patients())
              .or(() -> StudyPrivacy.objection(plan))
              .or(() -> StudyCentral.objection(plan));
      if (refused.isPresent()) {
        throw new IllegalArgumentException(refused.get());
      }
      return set;
    } catch (IllegalArgumentException illegal) {
      throw new StudyRefused(
          StudyRefused.Why.ILLEGAL,
          "create study %s: %s".formatted(plan.study(), illegal.getMessage()));
    }
  }

  /** A reason cut to what a snapshot shows. */
  static String text(String reason) {
    return reason.length() > Limits.TEXT_CHARS_MAX
        ? reason.substring(0, Limits.TEXT_CHARS_MAX)
        : reason;
  }
}
