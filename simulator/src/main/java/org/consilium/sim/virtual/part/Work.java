package org.consilium.sim.virtual.part;

import java.nio.file.Path;
import java.util.Optional;
import org.consilium.protocol.Digest;
import org.consilium.protocol.RoundTask;
import org.consilium.protocol.UpdateManifest;
import org.consilium.site.protect.RoundTerms;
import org.consilium.site.protect.SealedUpdate;
import org.consilium.site.train.KeptDelta;

/** One task at a site, and how far it is; gone when its process is. */
final class Work {
  /** What is done next. */
  enum Step {
    FETCH,
    TRAIN,
    SEAL,
    ANNOUNCE,
    CHUNKS,
    COMMIT,
    REPORT,
    DECLINE
  }

  final RoundTask task;
  Step step = Step.FETCH;
  int tries;
  int chunk;
  String refusal = "";
  Optional<Path> model = Optional.empty();
  Optional<KeptDelta.Origin> late = Optional.empty();
  Optional<SealedUpdate> update = Optional.empty();

  Work(RoundTask task) {
    this.task = task;
  }

  boolean same(RoundTask other) {
    return task.kind() == other.kind()
        && task.round() == other.round()
        && task.attempt() == other.attempt()
        && task.window() == other.window();
  }

  /** What an update for it is bound to. */
  static Digest context(RoundTask task, World world) {
    long vector = world.layout().length() + UpdateManifest.TRAILER;
    return Digest.of(RoundTerms.context(task, vector).digest().bytes());
  }

  String name() {
    return "%s of round %d, attempt %d".formatted(task.kind(), task.round(), task.attempt());
  }
}
