package org.consilium.site.work;

import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.consilium.protocol.RoundTask;
import org.consilium.protocol.StudyId;
import org.consilium.site.policy.Why;

/** Tasks that came and were not begun, the latest of each study; for one thread. */
final class HeldTasks {
  private final int most;
  private final Map<StudyId, Held> held = new LinkedHashMap<>();
  private final Map<StudyId, RoundTask> newest = new HashMap<>();

  HeldTasks(int most) {
    this.most = most;
  }

  /**
   * A task and when it came.
   *
   * @param spoken whether people were told why it waits
   */
  record Held(RoundTask task, Instant came, boolean spoken) {
    /** Time until late work no longer counts; the task says it as of when it came. */
    Duration left(Instant now) {
      return task.remaining().minus(Duration.between(came, now));
    }
  }

  /**
   * A task came: an earlier one of its study is over. One that comes behind its successor, delayed
   * or sent again, is nothing: it must not take the successor's place. False if too many wait.
   */
  boolean put(RoundTask task, Instant now) {
    RoundTask before = newest.get(task.study());
    if (before != null && task.precedes(before)) {
      return true;
    }
    if (before != null || newest.size() < most) {
      newest.put(task.study(), task);
    }
    held.remove(task.study());
    return held.size() < most && put(new Held(task, now, false));
  }

  /** Not now: it is begun when the hours do, if its round is still open then. */
  void keep(Held waiting, String hours, Tools tools) {
    if (!waiting.spoken()) {
      tools.log().accept("%s waits: outside %s".formatted(TaskKey.of(waiting.task()), hours));
      tools.metrics().blocked(Why.OUTSIDE_HOURS.name());
    }
    if (waiting.left(tools.clock().instant()).isPositive()) {
      var _ = put(new Held(waiting.task(), waiting.came(), true));
    }
  }

  private boolean put(Held again) {
    held.put(again.task().study(), again);
    return true;
  }

  /** A task that could not go on is looked at again, unless a later one of its study has come. */
  void again(Held rested, Instant now) {
    RoundTask latest = newest.get(rested.task().study());
    boolean over = latest != null && rested.task().precedes(latest);
    if (!over && !held.containsKey(rested.task().study()) && rested.left(now).isPositive()) {
      var _ = put(rested);
    }
  }

  /** All that wait; they do no longer. */
  List<Held> take() {
    List<Held> all = List.copyOf(held.values());
    held.clear();
    return all;
  }
}
