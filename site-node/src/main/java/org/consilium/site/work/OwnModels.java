package org.consilium.site.work;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Function;
import org.consilium.protocol.RoundTask;
import org.consilium.protocol.StudyPlan;
import org.consilium.site.session.Halt;
import org.consilium.site.train.LocalTrainer;
import org.consilium.site.train.TrainingJob;
import org.consilium.site.upload.ModelFetcher.Fetched;

/** The models that a site trains for itself: the local-only one, and the one beside the shared. */
record OwnModels(Tools tools, StudyPlan plan) {

  /** Whether a local-only model is trained for comparison. */
  boolean baseline() {
    return plan.training().localBaseline() && real();
  }

  /** Whether there is anything to train. */
  boolean real() {
    return !plan.model().architecture().equals("synthetic");
  }

  /**
   * Trains what there is to train; a stop loses nothing.
   *
   * @param job from the file of what the study starts from, if that is not its seed
   */
  void beside(Function<Optional<Path>, TrainingJob> job, LocalTrainer.Watch watch, Halt halt)
      throws IOException {
    boolean ditto = plan.training().personal().ditto() && real();
    if (halt.halted() || !(baseline() || ditto)) {
      return;
    }
    Optional<Path> foundation = Optional.empty();
    if (plan.foundation().isPresent()) {
      Fetched fetched = tools.transfer().fetcher().fetch(reference(plan.foundation().get()), halt);
      if (!(fetched instanceof Fetched.Here(Path file))) {
        return; // validation makes up for it
      }
      foundation = Optional.of(file);
    }
    if (ditto) {
      var _ = tools.training().engine().trainPersonal(job.apply(foundation), watch);
    }
    if (baseline() && !halt.halted()) {
      var _ = tools.training().engine().trainAlone(job.apply(foundation), watch);
    }
  }

  /** A foundation's layout is checked when it is used: it may hold more than the study needs. */
  static RoundTask.ModelReference reference(StudyPlan.Foundation foundation) {
    return new RoundTask.ModelReference(
        foundation.version(), foundation.fileBytes(), foundation.version().digest());
  }
}
