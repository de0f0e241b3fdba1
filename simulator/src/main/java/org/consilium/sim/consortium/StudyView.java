package org.consilium.sim.consortium;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/**
 * A study as the coordinator's REST interface shows it, as far as the simulator needs it.
 *
 * @param state for example RUNNING, MONITORING, COMPLETED, FAILED
 * @param round in progress or last; 0 before the first
 * @param window likewise for monitoring
 * @param measure what rounds are measured by: AUROC, Dice, or loss where neither was released
 */
public record StudyView(
    String state,
    String detail,
    int round,
    int window,
    List<Site> sites,
    List<Round> rounds,
    Optional<Model> best,
    String measure) {
  /** What a node says until its people have decided. */
  private static final String NOT_YET = "NOT_APPROVED";

  public StudyView {
    sites = List.copyOf(sites);
    rounds = List.copyOf(rounds);
  }

  /** One site. */
  public record Site(
      String id,
      String decision,
      String refusal,
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
   * @param remarks what there is to say of a site's update; empty where there is nothing
   * @param global the study's measure of the global model on the hold-out by site
   * @param local likewise of the local-only model
   */
  public record Round(
      int number,
      String outcome,
      Instant opened,
      Optional<Instant> closed,
      Map<String, Integer> weights,
      Map<String, Double> losses,
      Map<String, String> remarks,
      List<String> missing,
      String version,
      Map<String, Double> global,
      Map<String, Double> local) {}

  /** A published model. */
  public record Model(int round, String version, long fileBytes) {}

  /** Whether nothing more will happen by itself: a paused study waits for a person. */
  public boolean over() {
    return List.of("COMPLETED", "FAILED", "PAUSED").contains(state);
  }

  /**
   * Every site was asked by its own people: one that refuses has data that do not fit, or no
   * budget. One that was asked before its people decided says so, and answers anew within seconds.
   *
   * @throws IOException if one does; names it and its reason
   */
  public void failIfRefused(String study) throws IOException {
    for (Site site : sites) {
      if (site.decision.equals("REFUSED") && !site.refusal.equals(NOT_YET)) {
        throw new IOException(
            "study %s: site %s refuses it: %s".formatted(study, site.id, site.refusal));
      }
    }
  }

  /** The three resources of a study as one: itself, its rounds, its metrics by site. */
  static StudyView parse(JsonNode study, JsonNode rounds, JsonNode metrics) {
    Map<String, JsonNode> centres = new HashMap<>();
    metrics.forEach(centre -> centres.put(centre.path("site").asText(), centre));
    List<Site> sites = new ArrayList<>();
    for (JsonNode node : study.path("sites")) {
      JsonNode centre = centres.getOrDefault(node.path("site").asText(), node);
      sites.add(site(node, centre.path("drift")));
    }
    Quantity quantity = quantity(metrics);
    List<Round> all = new ArrayList<>();
    rounds.forEach(node -> all.add(round(node, centres, quantity)));
    return new StudyView(
        study.path("state").asText(),
        study.path("detail").asText(),
        study.path("round").asInt(),
        study.path("window").asInt(),
        sites,
        all,
        model(study.path("best")),
        quantity.words);
  }

  /** What rounds are measured by. */
  private enum Quantity {
    AUROC("AUROC"),
    DICE("Dice"),
    LOG_LOSS("loss");

    private final String words;

    Quantity(String words) {
      this.words = words;
    }
  }

  /** The first that anybody released; AUROC while nobody has released anything. */
  private static Quantity quantity(JsonNode metrics) {
    Set<String> released = new HashSet<>();
    metrics.forEach(
        centre -> centre.path("scores").forEach(p -> released.add(p.path("quantity").asText())));
    return Arrays.stream(Quantity.values())
        .filter(q -> released.contains(q.name()))
        .findFirst()
        .orElse(Quantity.AUROC);
  }

  private static Site site(JsonNode node, JsonNode drift) {
    List<Observation> observations = new ArrayList<>();
    int firstAlarm = 0;
    if (drift.isArray()) {
      for (JsonNode p : drift) {
        Observation seen =
            new Observation(
                p.path("window").asInt(),
                p.path("quantity").asText(),
                p.path("shift").asDouble(),
                p.path("statistic").asDouble(),
                p.path("threshold").asDouble());
        observations.add(seen);
        if (seen.statistic > seen.threshold && (firstAlarm == 0 || seen.window < firstAlarm)) {
          firstAlarm = seen.window;
        }
      }
    }
    return new Site(
        node.path("site").asText(),
        node.path("decision").asText(),
        node.path("refusal").asText(),
        node.path("samples").asInt(),
        node.path("connected").asBoolean(),
        node.path("phase").asText(),
        node.path("bytesUp").asLong(),
        node.path("bytesDown").asLong(),
        node.path("drift").asText(),
        firstAlarm,
        observations);
  }

  private static Round round(JsonNode node, Map<String, JsonNode> centres, Quantity quantity) {
    Map<String, Integer> weights = new HashMap<>();
    Map<String, Double> losses = new HashMap<>();
    Map<String, String> remarks = new TreeMap<>();
    for (JsonNode update : node.path("updates")) {
      weights.put(update.path("site").asText(), update.path("weight").asInt());
      losses.put(update.path("site").asText(), update.path("trainingLoss").asDouble());
      String remark = update.path("remark").asText();
      if (!remark.isEmpty()) {
        remarks.put(update.path("site").asText(), remark);
      }
    }
    List<String> missing = new ArrayList<>();
    node.path("missing").forEach(m -> missing.add(m.asText()));
    int number = node.path("number").asInt();
    return new Round(
        number,
        node.path("outcome").asText(),
        Instant.parse(node.path("opened").asText()),
        instant(node.path("closed")),
        weights,
        losses,
        remarks,
        missing,
        node.path("version").asText(),
        values(centres, number, "GLOBAL", quantity),
        values(centres, number, "LOCAL_ONLY", quantity));
  }

  private static Map<String, Double> values(
      Map<String, JsonNode> centres, int round, String subject, Quantity quantity) {
    Map<String, Double> values = new HashMap<>();
    centres.forEach(
        (site, centre) -> {
          for (JsonNode p : centre.path("scores")) {
            if (p.path("round").asInt() == round
                && p.path("subject").asText().equals(subject)
                && p.path("quantity").asText().equals(quantity.name())) {
              values.put(site, p.path("value").asDouble());
            }
          }
        });
    return values;
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
                node.path("bytes").asLong()))
        : Optional.empty();
  }
}
