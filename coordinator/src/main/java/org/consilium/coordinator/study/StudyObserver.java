package org.consilium.coordinator.study;

import java.util.List;
import org.consilium.coordinator.intake.Intake;
import org.consilium.protocol.SiteId;
import org.consilium.protocol.StudyId;

/** Is told what happens in studies, for counters; never blocks and never fails. */
public interface StudyObserver {
  /** A stretch of a round. */
  enum Phase {
    COLLECT,
    AGGREGATE,
    VALIDATE
  }

  /** A study is known, newly or after a restart. */
  void known(StudyId study, List<SiteId> sites);

  /** An update was accepted: verified and durable. */
  void accepted(StudyId study, SiteId site, long bytes);

  /** An update was refused. */
  void refused(StudyId study, SiteId site, Intake.Why why);

  /** An attempt at a round ended. */
  void roundEnded(StudyId study, boolean completed, double seconds);

  /** A phase of a round took some time. */
  void phase(StudyId study, Phase phase, double seconds);

  /** Model bytes went to a site. */
  void modelSent(SiteId site, long bytes);

  /** Update bytes came from a site. */
  void updateBytes(SiteId site, long bytes);

  /** A study's loop stopped: the journal failed, the process should end and start again. */
  void stopped(StudyId study, Exception cause);
}
