package org.consilium.site.work;

import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import org.consilium.protocol.RoundTask;
import org.consilium.protocol.StudyPlan;
import org.consilium.site.policy.HouseRules;
import org.consilium.site.policy.HouseRules.Hours.AtClose;
import org.consilium.site.policy.Judgement;
import org.consilium.site.policy.SitePolicy;
import org.consilium.site.policy.Usage;
import org.consilium.site.session.Halt;

/** What the hospital's policy says of one task that has begun, each time anew. */
final class Permission {
  /** How soon the end of a pause is noticed. */
  private static final Duration LOOK_EVERY = Duration.ofSeconds(2);

  private final Tools tools;
  private final RoundTask task;
  private final StudyPlan plan;
  private boolean waits;

  Permission(Tools tools, RoundTask task, StudyPlan plan) {
    this.tools = tools;
    this.task = task;
    this.plan = plan;
  }

  /**
   * Why the hospital does not want this task, or no longer does, if its consent ended, its bytes
   * are used up or the coordinator's audit log was refused since the task began.
   *
   * @param starts of training that count against it
   */
  Optional<Judgement.Refused> refusal(Diary.Count starts) throws IOException {
    Optional<Judgement.Refused> distrust = tools.distrust();
    if (distrust.isPresent()) {
      return distrust;
    }
    Usage usage = new Usage(starts.today(), starts.round(), tools.ledger().updateBytesToday());
    Judgement now =
        policy()
            .judgeBegun(
                task,
                plan,
                tools.declared(plan, task.studyDigest()),
                usage,
                tools.clock().instant());
    return now instanceof Judgement.Refused refused ? Optional.of(refused) : Optional.empty();
  }

  /**
   * Waits while the hospital's hours are over, if its policy pauses work then; false when told to
   * stop.
   */
  boolean inHours(Halt halt) {
    while (!halt.halted()) {
      Optional<SitePolicy.Closed> closed =
          policy()
              .closed(plan, task.studyDigest(), tools.clock().instant())
              .filter(c -> c.atClose() == AtClose.PAUSE);
      if (closed.isPresent() != waits) {
        waits = closed.isPresent();
        tools
            .log()
            .accept(
                TaskKey.of(task)
                    + closed
                        .map(c -> " pauses: %s are over, until %s".formatted(c.words(), c.opens()))
                        .orElse(" goes on: the hours have begun"));
      }
      if (closed.isEmpty()) {
        return true;
      }
      var _ = halt.await(LOOK_EVERY);
    }
    return false;
  }

  /** Counts from 1 to below this are not released. */
  int smallCell() {
    return policy().smallCell(plan, task.studyDigest(), tools.clock().instant());
  }

  /** What the hospital's policy lets leave for this study. */
  HouseRules.Volume volume() {
    return policy().volume(plan, task.studyDigest(), tools.clock().instant());
  }

  private SitePolicy policy() {
    return tools.policy().current().policy();
  }
}
