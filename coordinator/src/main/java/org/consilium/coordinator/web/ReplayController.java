package org.consilium.coordinator.web;

import io.micronaut.http.annotation.Controller;
import io.micronaut.http.annotation.PathVariable;
import io.micronaut.http.annotation.Post;
import io.micronaut.scheduling.TaskExecutors;
import io.micronaut.scheduling.annotation.ExecuteOn;
import io.micronaut.serde.annotation.Serdeable;
import java.io.IOException;
import java.util.List;
import org.consilium.coordinator.study.Replayed;
import org.consilium.coordinator.study.StudyRefused;
import org.consilium.protocol.StudyId;

/** A study's rounds, done again. */
@Controller("/api/v1/studies")
@ExecuteOn(TaskExecutors.BLOCKING)
final class ReplayController {
  private final WebServer.Parts parts;

  ReplayController(WebServer.Parts parts) {
    this.parts = parts;
  }

  /** What came out, up to the first round that could not be proven. */
  @Serdeable
  record ReplayJson(String study, boolean proven, List<RoundJson> rounds) {}

  /**
   * One round.
   *
   * @param outcome PROVEN, DIFFERS or MISSING
   * @param detail digest that came out, or what is missing
   */
  @Serdeable
  record RoundJson(int round, String outcome, String detail) {}

  /**
   * Does every published round again from what was kept; takes as long as the rounds' sums took.
   */
  @Post("/{id}:replay")
  ReplayJson replay(@PathVariable String id) throws StudyRefused, IOException {
    Replayed replayed = parts.proofs().replays().replay(new StudyId(id));
    return new ReplayJson(
        id, replayed.proven(), replayed.rounds().stream().map(ReplayController::json).toList());
  }

  private static RoundJson json(Replayed.Round round) {
    return switch (round) {
      case Replayed.Round.Proven p -> new RoundJson(p.number(), "PROVEN", p.version().toString());
      case Replayed.Round.Differs d ->
          new RoundJson(
              d.number(),
              "DIFFERS",
              "published %s, came out %s".formatted(d.published(), d.again()));
      case Replayed.Round.Missing m -> new RoundJson(m.number(), "MISSING", m.what());
    };
  }
}
