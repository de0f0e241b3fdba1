package org.consilium.site.work;

import java.io.IOException;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.Optional;
import org.consilium.protocol.StudyId;
import org.consilium.site.policy.Judgement;
import org.consilium.site.policy.PlanTerms;
import org.consilium.site.policy.PolicyFile;
import org.consilium.site.policy.SitePolicy;
import org.consilium.site.policy.Why;
import org.consilium.site.protect.EgressGate;
import org.consilium.site.protect.witness.Distrust;

/**
 * What the exit asks of the policy: the study as it is kept on disk, judged by the policy as it
 * stands at this moment, whatever was judged before. Nothing leaves for a study while a checkpoint
 * of the coordinator's audit log stands refused.
 *
 * @param studies holds one folder a study
 * @param distrust of the coordinator
 * @param policy the hospital's veto
 * @param clock the time
 */
public record StudyConsent(Path studies, Distrust distrust, PolicyFile policy, InstantSource clock)
    implements EgressGate.Consent {
  @Override
  public EgressGate.Standing of(StudyId study) {
    SitePolicy now = policy.current().policy();
    Optional<Proposal> proposal;
    try {
      proposal = Proposal.of(studies, study);
    } catch (IOException unreadable) {
      return refused(
          now, Why.NOT_APPROVED, "its proposal cannot be read: " + unreadable.getMessage());
    }
    if (proposal.isEmpty()) {
      return refused(now, Why.NOT_APPROVED, "study %s was not proposed here".formatted(study));
    }
    Optional<String> audit = distrust.reason();
    if (audit.isPresent()) {
      return refused(now, Why.AUDIT_REFUSED, audit.get());
    }
    Proposal seen = proposal.get();
    Judgement judgement = now.judge(seen.plan(), seen.digest(), Integer.MAX_VALUE, clock.instant());
    return new EgressGate.Standing(
        judgement instanceof Judgement.Refused refused ? Optional.of(refused) : Optional.empty(),
        PlanTerms.mode(seen.plan()),
        now.smallCell(seen.plan(), seen.digest(), clock.instant()));
  }

  private static EgressGate.Standing refused(SitePolicy policy, Why why, String detail) {
    return new EgressGate.Standing(
        Optional.of(new Judgement.Refused(why, detail)), "", policy.house().volume().smallCell());
  }
}
