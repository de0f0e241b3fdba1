package org.consilium.sim.consortium;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A study as the coordinator's REST interface shows it, as far as the simulator needs it.
 *
 * @param state for example RUNNING, MONITORING, COMPLETED, FAILED
 * @param round in progress or last; 0 before the first
 * @param window likewise for monitoring
 */
public record StudyView(
    String state,
    String detail,
    int round,
    int window,
    List<Site> sites,
    List<Round> rounds,
    Optional<Model> best) {
  public StudyView {
    sites = List.copyOf(sites);
    rounds = List.copyOf(rounds);
  }

  /** One site. */
  public record Site(
      String id,
      String decision,
      int samples,
      boolean connected,
      String phase,
      long bytesUp,
      long bytesDown,
      String verdict,
      int firstAlarmWindow,
      List<Observation> observations) {}

  /** One observation of a drift detector. */
  public record Observation(
      int window, String quantity, double shift, double statistic, double threshold) {}

  /**
   * One round.
   *
   * @param outcome OPEN, COMPLETED or ABANDONED
   * @param weights integer weight by site
   * @param losses training loss by site
   * @param global AUROC of the global model on the hold-out by site
   * @param local likewise of the local-only model
   */
  public record Round(
      int number,
      String outcome,
      Instant opened,
      Optional<Instant> closed,
      Map<String, Integer> weights,
      Map<String, Double> losses,
      List<String> missing,
      String version,
      Map<String, Double> global,
      Map<String, Double> local) {}

  /** A published model. */
  public record Model(int round, String version, long fileBytes) {}

  /** Whether nothing more will happen. */
  public boolean over() {
    return List.of("COMPLETED", "FAILED").contains(state);
  }

  static StudyView parse(JsonNode study) {
    List<Site> sites = new ArrayList<>();
    study.path("sites").forEach(node -> sites.add(site(node)));
    List<Round> rounds = new ArrayList<>();
    study.path("rounds").forEach(node -> rounds.add(round(node)));
    return new StudyView(
        study.path("state").asText(),
        study.path("detail").asText(),
        study.path("round").asInt(),
        study.path("window").asInt(),
        sites,
        rounds,
        model(study.path("best")));
  }

  private static Site site(JsonNode node) {
    JsonNode drift = node.path("drift");
    List<Observation> observations = new ArrayList<>();
    for (JsonNode p : drift.path("points")) {
      observations.add(
          new Observation(
              p.path("window").asInt(),
              p.path("quantity").asText(),
              p.path("shift").asDouble(),
              p.path("statistic").asDouble(),
              p.path("threshold").asDouble()));
    }
    return new Site(
        node.path("site").asText(),
        node.path("decision").asText(),
        node.path("samples").asInt(),
        node.path("connected").asBoolean(),
        node.path("phase").asText(),
        node.path("bytesUp").asLong(),
        node.path("bytesDown").asLong(),
        drift.path("verdict").asText(),
        drift.path("firstAlarmWindow").asInt(),
        observations);
  }

  private static Round round(JsonNode node) {
    Map<String, Integer> weights = new HashMap<>();
    Map<String, Double> losses = new HashMap<>();
    node.path("updates")
        .properties()
        .forEach(
            e -> {
              weights.put(e.getKey(), e.getValue().path("weight").asInt());
              losses.put(e.getKey(), e.getValue().path("trainingLoss").asDouble());
            });
    List<String> missing = new ArrayList<>();
    node.path("missing").forEach(m -> missing.add(m.asText()));
    Map<String, Double> global = new HashMap<>();
    Map<String, Double> local = new HashMap<>();
    node.path("reports")
        .properties()
        .forEach(
            e -> {
              auroc(e.getValue(), "GLOBAL").ifPresent(v -> global.put(e.getKey(), v));
              auroc(e.getValue(), "LOCAL_ONLY").ifPresent(v -> local.put(e.getKey(), v));
            });
    return new Round(
        node.path("number").asInt(),
        node.path("outcome").asText(),
        Instant.parse(node.path("opened").asText()),
        instant(node.path("closed")),
        weights,
        losses,
        missing,
        node.path("version").asText(),
        global,
        local);
  }

  private static Optional<Double> auroc(JsonNode report, String subject) {
    for (JsonNode m : report.path("measures")) {
      if (m.path("subject").asText().equals(subject)
          && m.path("cases").asText().equals("HOLDOUT")
          && m.path("quantity").asText().equals("AUROC")) {
        return Optional.of(m.path("value").asDouble());
      }
    }
    return Optional.empty();
  }

  private static Optional<Instant> instant(JsonNode node) {
    return node.isTextual() ? Optional.of(Instant.parse(node.asText())) : Optional.empty();
  }

  private static Optional<Model> model(JsonNode node) {
    return node.isObject()
        ? Optional.of(
            new Model(
                node.path("round").asInt(),
                node.path("version").asText(),
                node.path("fileBytes").asLong()))
        : Optional.empty();
  }
}
