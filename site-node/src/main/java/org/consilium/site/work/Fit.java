package org.consilium.site.work;

import java.io.IOException;
import java.util.Optional;
import org.consilium.models.catalog.Catalogue;
import org.consilium.models.data.ImageSet;
import org.consilium.models.tune.TrainedSet;
import org.consilium.protocol.StudyPlan;
import org.consilium.site.policy.Judgement;
import org.consilium.site.policy.Why;
import org.consilium.site.train.Lesson;

/** Whether a study that the policy allows can be done here. */
record Fit(Tools tools) {
  /** Whether the study's model exists, takes this site's images, and is paid for. */
  Judgement of(StudyPlan plan) {
    if (Catalogue.find(plan.model()) instanceof Catalogue.Refused(String why)) {
      return new Judgement.Refused(Why.MODEL_NOT_ALLOWED, why);
    }
    Optional<String> unfit = Catalogue.unfit(Catalogue.require(plan.model()), plan.task().type());
    if (unfit.isPresent()) {
      return new Judgement.Refused(Why.MODEL_NOT_ALLOWED, unfit.get());
    }
    Optional<String> tooMany = untrainable(plan);
    if (tooMany.isPresent()) {
      return new Judgement.Refused(Why.MODEL_NOT_ALLOWED, tooMany.get());
    }
    if (plan.model().architecture().equals("synthetic")) {
      return new Judgement.Allowed();
    }
    try {
      Optional<String> unpaid = tools.training().engine().objection(plan);
      if (unpaid.isPresent()) {
        return new Judgement.Refused(Why.PRIVACY_BUDGET, unpaid.get());
      }
      ImageSet images = new Lesson(plan, tools.cohort()).pictures();
      if (images.channels() != plan.model().channels()
          || images.height() != plan.model().height()
          || images.width() != plan.model().width()) {
        return new Judgement.Refused(
            Why.BAD_DATA,
            "images are %dx%dx%d, the study wants %dx%dx%d"
                .formatted(
                    images.channels(),
                    images.height(),
                    images.width(),
                    plan.model().channels(),
                    plan.model().height(),
                    plan.model().width()));
      }
      return new Judgement.Allowed();
    } catch (IOException | IllegalArgumentException noImages) {
      return new Judgement.Refused(Why.BAD_DATA, String.valueOf(noImages.getMessage()));
    }
  }

  /** Why what is to be trained makes no sense for the model, or is too much for the protection. */
  private static Optional<String> untrainable(StudyPlan plan) {
    try {
      return TrainedSet.of(Catalogue.require(plan.model()), plan.tuning())
          .unfit(plan.protection().patients());
    } catch (IllegalArgumentException senseless) {
      return Optional.of(String.valueOf(senseless.getMessage()));
    }
  }
}
