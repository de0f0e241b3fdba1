package org.consilium.site.work;

import java.io.IOException;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.Optional;
import java.util.function.Consumer;
import org.consilium.protocol.Digest;
import org.consilium.protocol.SiteId;
import org.consilium.protocol.StudyPlan;
import org.consilium.site.cohort.CohortSource;
import org.consilium.site.ledger.EgressLedger;
import org.consilium.site.masking.MaskDesk;
import org.consilium.site.ops.NodeMetrics;
import org.consilium.site.outbox.Outbox;
import org.consilium.site.policy.Judgement;
import org.consilium.site.policy.PolicyFile;
import org.consilium.site.policy.Why;
import org.consilium.site.protect.CohortCounts;
import org.consilium.site.protect.ReportProtector;
import org.consilium.site.protect.UpdateProtector;
import org.consilium.site.protect.witness.Distrust;
import org.consilium.site.train.EngineTrainer;
import org.consilium.site.train.LocalTrainer;
import org.consilium.site.train.SyntheticTrainer;
import org.consilium.site.upload.ModelFetcher;
import org.consilium.site.upload.UpdateUploader;
import org.consilium.site.validate.LocalValidator;

/**
 * The rooms that a task goes through, wired by the node's root.
 *
 * @param place who and where this site is
 * @param policy the hospital's veto
 * @param cohort local cases
 * @param training the two ways to a delta
 * @param validator judges models
 * @param exit the two ways out
 * @param masking this site's part in masking
 * @param transfer outbox, sending, fetching
 * @param ledger what left
 * @param metrics for operators
 * @param clock the time
 * @param log for people at the hospital; no patient data
 */
public record Tools(
    Place place,
    PolicyFile policy,
    CohortSource cohort,
    Training training,
    LocalValidator validator,
    Exit exit,
    MaskDesk masking,
    Transfer transfer,
    EgressLedger ledger,
    NodeMetrics metrics,
    InstantSource clock,
    Consumer<String> log) {

  /**
   * Who and where: {@code studies} holds one folder a study, {@code paused} exists while paused,
   * {@code distrust} says whether the coordinator's audit log was refused.
   */
  public record Place(SiteId site, Path studies, Path paused, Distrust distrust) {
    Path folder(org.consilium.protocol.StudyId study) {
      return studies.resolve(study.value());
    }
  }

  /**
   * The number of training examples that this site declares for a study, and decides by: asking for
   * more and more examples until a site refuses must not tell the exact number either.
   */
  int declared(StudyPlan plan, Digest digest) throws IOException {
    int smallCell = policy.current().policy().smallCell(plan, digest, clock.instant());
    try {
      return exit.counts().declared(cohort.trainingCount(), smallCell);
    } catch (IOException once) { // a disk that fails once is no answer to give to a coordinator
      return exit.counts().declared(cohort.trainingCount(), smallCell);
    }
  }

  /** Why nothing is done for this coordinator, if its audit log was refused. */
  Optional<Judgement.Refused> distrust() {
    return place.distrust().reason().map(why -> new Judgement.Refused(Why.AUDIT_REFUSED, why));
  }

  /** The two trainers. */
  public record Training(EngineTrainer engine, SyntheticTrainer synthetic) {
    LocalTrainer of(StudyPlan plan) {
      return plan.model().architecture().equals("synthetic") ? synthetic : engine;
    }
  }

  /** The two protectors, and the numbers of cases on their way out. */
  public record Exit(UpdateProtector updates, ReportProtector reports, CohortCounts counts) {}

  /** To and from the coordinator. */
  public record Transfer(Outbox outbox, UpdateUploader uploader, ModelFetcher fetcher) {}
}
