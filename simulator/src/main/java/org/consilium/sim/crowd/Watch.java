package org.consilium.sim.crowd;

import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.consilium.coordinator.intake.Intake;
import org.consilium.coordinator.study.StudyObserver;
import org.consilium.protocol.SiteId;
import org.consilium.protocol.StudyId;

/** Notes how long sums take, and whether the study's loop fails. */
final class Watch implements StudyObserver {
  private final Times times;
  private final AtomicInteger summed = new AtomicInteger();
  private final AtomicReference<Optional<Exception>> failure =
      new AtomicReference<>(Optional.empty());

  Watch(Times times) {
    this.times = times;
  }

  /** Fails if the loop did. */
  void check() throws IOException {
    Optional<Exception> failed = failure.get();
    if (failed.isPresent()) {
      throw new IOException("crowd: the study's loop stopped", failed.get());
    }
  }

  @Override
  public void phase(StudyId study, Phase phase, double seconds) {
    if (phase == Phase.AGGREGATE) {
      times.add(Work.AGGREGATE, summed.incrementAndGet(), (long) (seconds * 1e9));
    }
  }

  @Override
  public void stopped(StudyId study, Exception cause) {
    failure.set(Optional.of(cause));
  }

  @Override
  public void known(StudyId study, List<SiteId> sites) {}

  @Override
  public void accepted(StudyId study, SiteId site, long bytes) {}

  @Override
  public void refused(StudyId study, SiteId site, Intake.Why why) {}

  @Override
  public void roundEnded(StudyId study, boolean completed, double seconds) {}

  @Override
  public void modelSent(SiteId site, long bytes) {}

  @Override
  public void updateBytes(SiteId site, long bytes) {}
}
