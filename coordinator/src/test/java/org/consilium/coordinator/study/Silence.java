package org.consilium.coordinator.study;

import java.util.List;
import org.consilium.coordinator.intake.Intake;
import org.consilium.protocol.SiteId;
import org.consilium.protocol.StudyId;

/** Watches and says nothing, but for the end of a loop. */
record Silence(Runnable stop) implements StudyObserver {
  @Override
  public void known(StudyId study, List<SiteId> sites) {}

  @Override
  public void accepted(StudyId study, SiteId site, long bytes) {}

  @Override
  public void refused(StudyId study, SiteId site, Intake.Why why) {}

  @Override
  public void roundEnded(StudyId study, boolean completed, double seconds) {}

  @Override
  public void phase(StudyId study, Phase phase, double seconds) {}

  @Override
  public void modelSent(SiteId site, long bytes) {}

  @Override
  public void updateBytes(SiteId site, long bytes) {}

  @Override
  public void stopped(StudyId study, Exception cause) {
    stop.run();
  }
}
