package org.consilium.coordinator.web;

import io.micronaut.http.HttpResponse;
import io.micronaut.http.MediaType;
import io.micronaut.http.annotation.Body;
import io.micronaut.http.annotation.Consumes;
import io.micronaut.http.annotation.Controller;
import io.micronaut.http.annotation.Get;
import io.micronaut.http.annotation.PathVariable;
import io.micronaut.http.annotation.Post;
import io.micronaut.http.annotation.Produces;
import io.micronaut.http.annotation.QueryValue;
import io.micronaut.http.server.types.files.SystemFile;
import io.micronaut.scheduling.TaskExecutors;
import io.micronaut.scheduling.annotation.ExecuteOn;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.consilium.coordinator.study.ModelCard;
import org.consilium.coordinator.study.StudyFile;
import org.consilium.coordinator.study.StudyRefused;
import org.consilium.coordinator.study.StudySnapshot;
import org.consilium.coordinator.study.StudySnapshot.PublishedModel;
import org.consilium.coordinator.yaml.YamlRefused;
import org.consilium.protocol.Limits;
import org.consilium.protocol.StudyId;
import org.consilium.protocol.wire.PlanCodec;

/** Studies: define, steer, watch, take models home. */
@Controller("/api/v1/studies")
@ExecuteOn(TaskExecutors.BLOCKING)
final class StudiesController {
  /** Rounds in one answer. */
  private static final int ROUNDS_MAX = 100;

  /** Updates in one answer, unless a single round has more: a few hundred bytes each. */
  private static final int UPDATES_MAX = 2_500;

  private final WebServer.Parts parts;

  StudiesController(WebServer.Parts parts) {
    this.parts = parts;
  }

  /** Every study, sorted by name. */
  @Get
  List<StudyJson> studies() {
    return parts.studies().list().stream().map(StudyJson::of).toList();
  }

  /** Takes in a study file (YAML) and proposes it to its sites. */
  @Post
  @Consumes({"application/yaml", "text/yaml", MediaType.TEXT_PLAIN})
  HttpResponse<StudyJson> create(@Body String yaml) throws YamlRefused, StudyRefused, IOException {
    byte[] plan = PlanCodec.encode(StudyFile.parse(yaml));
    return HttpResponse.created(StudyJson.of(parts.studies().create(plan)));
  }

  /** One study. */
  @Get("/{id}")
  StudyJson study(@PathVariable String id) throws StudyRefused {
    return StudyJson.of(find(id));
  }

  /** Lets rounds run. */
  @Post("/{id}:start")
  StudyJson start(@PathVariable String id) throws StudyRefused, IOException {
    return StudyJson.of(parts.studies().start(new StudyId(id)));
  }

  /** Stops after the step in progress. */
  @Post("/{id}:pause")
  StudyJson pause(@PathVariable String id, @Body SiteJson.Reason reason)
      throws StudyRefused, IOException {
    return StudyJson.of(parts.studies().pause(new StudyId(id), SitesController.text(reason)));
  }

  /** Goes on after a pause. */
  @Post("/{id}:resume")
  StudyJson resume(@PathVariable String id) throws StudyRefused, IOException {
    return StudyJson.of(parts.studies().resume(new StudyId(id)));
  }

  /** Ends the study for good. */
  @Post("/{id}:stop")
  StudyJson stop(@PathVariable String id, @Body SiteJson.Reason reason)
      throws StudyRefused, IOException {
    return StudyJson.of(parts.studies().stop(new StudyId(id), SitesController.text(reason)));
  }

  /**
   * Its rounds, in order, a page at a time: at most 100 rounds and 2500 updates, but one round at
   * least. A page without rounds is the end.
   *
   * @param from how many to leave out at the beginning; below 0, how many of the last to show
   */
  @Get("/{id}/rounds")
  List<StudyJson.Round> rounds(@PathVariable String id, @QueryValue(defaultValue = "0") int from)
      throws StudyRefused {
    List<StudySnapshot.RoundSummary> all = find(id).rounds();
    int first = Math.clamp(from < 0 ? (long) all.size() + from : from, 0, all.size());
    List<StudyJson.Round> page = new ArrayList<>();
    int updates = 0;
    for (StudySnapshot.RoundSummary round : all.subList(first, all.size())) {
      updates += round.updates().size();
      if (page.size() == ROUNDS_MAX || (updates > UPDATES_MAX && !page.isEmpty())) {
        break;
      }
      page.add(StudyJson.Round.of(round));
    }
    return page;
  }

  /** Its published model versions, in order. */
  @Get("/{id}/models")
  List<StudyJson.Model> models(@PathVariable String id) throws StudyRefused {
    return find(id).models().stream().map(StudyJson.Model::of).toList();
  }

  /** One model version: best, last or a round's number. */
  @Get("/{id}/models/{round}")
  StudyJson.Model model(@PathVariable String id, @PathVariable String round) throws StudyRefused {
    return StudyJson.Model.of(model(find(id), round));
  }

  /** The safetensors file of a model version. */
  @Get("/{id}/models/{round}/file")
  @Produces(MediaType.APPLICATION_OCTET_STREAM)
  SystemFile file(@PathVariable String id, @PathVariable String round)
      throws StudyRefused, IOException {
    PublishedModel model = model(find(id), round);
    return new SystemFile(
            parts.studies().modelFile(model.version()).toFile(),
            MediaType.APPLICATION_OCTET_STREAM_TYPE)
        .attach("model.safetensors");
  }

  /** The model card of a version, Markdown. */
  @Get("/{id}/models/{round}/card")
  @Produces("text/markdown; charset=utf-8")
  String card(@PathVariable String id, @PathVariable String round) throws StudyRefused {
    StudySnapshot study = find(id);
    return ModelCard.of(study, model(study, round));
  }

  /** Every centre's numbers over the rounds. */
  @Get("/{id}/metrics")
  List<StudyJson.Centre> metrics(
      @PathVariable String id, @QueryValue(defaultValue = "site") String by) throws StudyRefused {
    if (!by.equals("site")) {
      throw new IllegalArgumentException("by must be site");
    }
    StudySnapshot study = find(id);
    return study.sites().stream().map(s -> StudyJson.Centre.of(study, s)).toList();
  }

  private StudySnapshot find(String id) throws StudyRefused {
    return parts
        .studies()
        .find(new StudyId(id))
        .orElseThrow(() -> new StudyRefused(StudyRefused.Why.NOT_FOUND, "no study " + id));
  }

  private static PublishedModel model(StudySnapshot study, String round) throws StudyRefused {
    Optional<PublishedModel> model =
        switch (round) {
          case "best" -> study.best();
          case "last" ->
              study.models().isEmpty() ? Optional.empty() : Optional.of(study.models().getLast());
          default ->
              study.models().stream()
                  .filter(m -> String.valueOf(m.round()).equals(round))
                  .reduce((_, later) -> later);
        };
    return model.orElseThrow(
        () ->
            new StudyRefused(
                StudyRefused.Why.NOT_FOUND,
                "study %s has no model %s"
                    .formatted(study.plan().study(), Limits.printable(round))));
  }
}
