package org.consilium.site.work;

import java.io.IOException;
import java.util.Optional;
import org.consilium.models.params.ParameterLayout;
import org.consilium.protocol.Digest;
import org.consilium.protocol.Exposure;
import org.consilium.protocol.RoundId;
import org.consilium.protocol.RoundTask;
import org.consilium.protocol.StudyPlan;
import org.consilium.protocol.UpdateManifest;
import org.consilium.security.mask.Masks;
import org.consilium.site.masking.MaskDesk;
import org.consilium.site.policy.Why;
import org.consilium.site.protect.Protection;
import org.consilium.site.protect.RoundTerms;
import org.consilium.site.session.Halt;
import org.consilium.site.train.StudyModel;

/** What one task and masking have to do with one another; nothing in a sealed study. */
record RoundMasks(Tools tools, RoundTask task, StudyPlan plan, int minSites) {

  boolean masked() {
    return plan.protection().exposure() instanceof Exposure.Masked;
  }

  /**
   * Begins masking, if the terms are what was approved; a validation task ends that of its round.
   */
  void announce() {
    if (!masked()) {
      return;
    }
    if (task.kind() == RoundTask.Kind.VALIDATE) {
      tools.masking().over(new RoundId(task.study(), task.round()));
      return;
    }
    ParameterLayout layout = StudyModel.layout(plan);
    if (tools.exit().updates().refusal(task, plan, minSites, layout).isEmpty()) {
      tools.masking().begin(task, context());
    }
  }

  /**
   * What hides this site's update.
   *
   * @param masks empty in a sealed study
   * @param failed why there are none, if there should be
   */
  record Hiding(Optional<Masks> masks, Optional<Protection> failed) {}

  /** Waits for the masks of this site's update. */
  Hiding hiding(Halt halt) {
    if (!masked()) {
      return new Hiding(Optional.empty(), Optional.empty());
    }
    return switch (await(halt)) {
      case MaskDesk.Outcome.Ready(Masks ready) -> new Hiding(Optional.of(ready), Optional.empty());
      case MaskDesk.Outcome.Failed(String detail) ->
          new Hiding(
              Optional.empty(), Optional.of(new Protection.Refused(Why.MASK_REFUSED, detail)));
      case MaskDesk.Outcome.Stopped _ ->
          new Hiding(Optional.empty(), Optional.of(new Protection.Stopped()));
    };
  }

  private MaskDesk.Outcome await(Halt halt) {
    return tools.masking().await(context(), halt);
  }

  /**
   * Notes this site's update before it is sent.
   *
   * @return why it must not be, if so
   */
  Optional<String> uploaded(Digest update, Halt halt) throws IOException {
    if (!masked()) {
      return Optional.empty();
    }
    // After a restart the others' shares have to come again first.
    return switch (await(halt)) {
      case MaskDesk.Outcome.Ready _ -> tools.masking().uploaded(task.study(), context(), update);
      case MaskDesk.Outcome.Failed(String detail) -> Optional.of(detail);
      case MaskDesk.Outcome.Stopped _ -> Optional.of("told to stop before the masks were known");
    };
  }

  private Digest context() {
    long vector = StudyModel.layout(plan).length() + UpdateManifest.TRAILER;
    return Digest.of(RoundTerms.context(task, vector).digest().bytes());
  }
}
