package org.consilium.sim.consortium;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.consilium.protocol.SiteId;
import org.consilium.security.privacy.NoisySteps;
import org.consilium.security.privacy.Spend;
import org.consilium.sim.process.Packaged;
import org.consilium.sim.process.Pause;
import org.consilium.sim.process.Supervisor;
import org.consilium.sim.scenario.CaseFiles;
import org.consilium.sim.scenario.Scenario;
import org.consilium.sim.scenario.SimulatedSite;
import org.consilium.site.SiteMain;
import org.consilium.site.ledger.privacy.PrivacyCharge;
import org.consilium.site.ledger.privacy.PrivacyLedger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A masked study that hides patients, as real processes over the demonstration's cases: three sites
 * of 640 patients, a head on the bundled encoder, ε 8. One site is killed when it has paid for the
 * first block of round 2.
 */
@Tag("slow")
final class PrivateStudyAcceptanceTest {
  private static final InstantSource CLOCK = InstantSource.system();
  private static final Duration LONGEST = Duration.ofMinutes(5);
  private static final int SEED = 7;
  private static final int ROUNDS = 4;
  private static final int STEPS = 96; // of a round: three blocks that are paid for in advance
  private static final int BLOCK = 32;
  private static final double BUDGET = 8;
  private static final double DELTA = 1e-5;

  @TempDir static Path folder;
  private static Supervisor supervisor;
  private static LocalConsortium consortium;
  private static LocalConsortium.Layout layout;
  private static List<SiteId> sites = List.of();
  private static SiteId killed = new SiteId("none");
  private static Noise noise = new Noise(0, 0);
  private static StudyView end;
  private static String card = "";

  /** The plan's noise, as the coordinator shows it: multiplier and chance of each patient. */
  private record Noise(double sigma, double rate) {}

  /** What stood in the killed site's ledger, and what the coordinator had of it in that round. */
  private record AtKill(List<PrivacyCharge> charges, StudyView study) {}

  private static AtKill atKill;

  @BeforeAll
  static void runStudy() throws Exception {
    List<SimulatedSite> simulated = SimulatedSite.of(Scenario.SKEW, 3, SEED);
    sites = simulated.stream().map(SimulatedSite::id).toList();
    killed = sites.get(1);
    supervisor = new Supervisor(CLOCK, _ -> {});
    layout = new LocalConsortium.Layout(folder.resolve("lab"), 256, 512);
    consortium = LocalConsortium.start(Packaged.installation(), layout, CLOCK, supervisor);
    CaseFiles cases = CaseFiles.of(new CaseFiles.Counts(640, 300, 0, 0, 0, 64), SEED);
    for (SimulatedSite site : simulated) {
      var _ = cases.writeTraining(site, layout.site(site.id()).resolve("cases.npz"));
    }
    var _ = consortium.await();
    consortium.join(sites);
    for (SiteId site : sites) {
      consortium.serve(site, List.of("--data", layout.site(site).resolve("cases.npz").toString()));
    }
    String digest = consortium.create(yaml("private-one"));
    JsonNode privacy = consortium.api().get("/api/v1/studies/private-one").path("privacy");
    noise = new Noise(privacy.path("sigma").asDouble(), privacy.path("rate").asDouble());
    consortium.approveStudy("private-one", digest, sites);
    consortium.startStudy("private-one");
    atKill = killInRoundTwo();
    end = await("private-one");
    Path file = folder.resolve("card.md");
    consortium.api().download("/api/v1/studies/private-one/models/best/card", file);
    card = Files.readString(file);
  }

  @AfterAll
  static void stop() {
    if (supervisor != null) {
      supervisor.close();
    }
  }

  @Test
  void ledger_everyRound_isChargedByThePlanAtEverySite() throws IOException {
    for (SiteId site : sites) {
      List<PrivacyCharge> charges = charges(site);
      assertThat(charges).allMatch(c -> c.steps().sigma() == noise.sigma());
      assertThat(charges).allMatch(c -> c.steps().rate() == noise.rate());
      assertThat(charges).allMatch(c -> c.steps().count() == BLOCK);
      Map<Integer, Long> byRound =
          charges.stream()
              .collect(
                  Collectors.groupingBy(
                      PrivacyCharge::round, Collectors.summingLong(c -> c.steps().count())));
      assertThat(byRound.keySet()).containsExactlyInAnyOrder(1, 2, 3, 4);
      if (!site.equals(killed)) {
        assertThat(byRound.values()).as("steps by round at %s", site).containsOnly((long) STEPS);
      }
    }
  }

  /** The kill came when a block was paid and its round was not yet sent: charge before steps. */
  @Test
  void ledger_siteKilledInARound_hadPaidBeforeAndPaysAgain() throws IOException {
    long paidThen =
        atKill.charges().stream()
            .filter(c -> c.round() == 2)
            .mapToLong(c -> c.steps().count())
            .sum();
    assertThat(paidThen).isBetween((long) BLOCK, (long) STEPS);
    assertThat(atKill.study().rounds())
        .filteredOn(r -> r.number() == 2)
        .allMatch(r -> !r.weights().containsKey(killed.value()));

    List<PrivacyCharge> now = charges(killed);

    assertThat(now.subList(0, atKill.charges().size())).isEqualTo(atKill.charges());
    long paid = now.stream().filter(c -> c.round() == 2).mapToLong(c -> c.steps().count()).sum();
    assertThat(paid).isEqualTo(paidThen + STEPS);
  }

  @Test
  void statement_everySite_saysTheAccountantsEpsilon() throws IOException {
    for (SiteId site : sites) {
      long steps = charges(site).stream().mapToLong(c -> c.steps().count()).sum();
      String text = statement(site);

      double said = number("study private-one: epsilon ([0-9.]+) of", text);
      assertThat(said).as(site.value()).isCloseTo(epsilon(steps), within(1e-6));
      assertThat(number("spent epsilon ([0-9.]+) of", text)).isEqualTo(said);
      assertThat(said).isLessThan(BUDGET);
    }
  }

  @Test
  void card_ofTheBestVersion_saysTheAccountantsEpsilon() {
    int round = end.best().orElseThrow().round();

    double said = number("epsilon ([0-9.]+); a round that was begun again", card);
    assertThat(said).isCloseTo(epsilon((long) round * STEPS), within(1e-6));
    assertThat(card).contains("Protection: masked.", "DP-SGD", "at most 8.0 at delta 1.0E-5");
  }

  /** By chance it is .5; without noise a head on this encoder comes to about .71. */
  @Test
  void model_underNoise_isClearlyBetterThanChance() {
    int round = end.best().orElseThrow().round();
    StudyView.Round best =
        end.rounds().stream().filter(r -> r.number() == round).findFirst().orElseThrow();

    double mean =
        best.global().values().stream().mapToDouble(Double::doubleValue).average().orElse(0);
    assertThat(best.global()).hasSize(3);
    // Runs with other noise gave .60 to .66; the mean of 900 cases has a standard error of .02.
    assertThat(mean).as("AUROC by site %s", best.global()).isGreaterThan(0.54);
  }

  /** Asked after another restart: what was spent is still spent. */
  @Test
  void secondStudy_beyondTheBudget_stopsWithItsReasonAndSpendsNothing() throws Exception {
    Map<SiteId, byte[]> before = new HashMap<>();
    for (SiteId site : sites) {
      before.put(site, Files.readAllBytes(ledger(site)));
    }
    var _ = supervisor.kill(sites.getFirst().value(), "a restart that must not refund");

    consortium.approveStudy("private-two", consortium.create(yaml("private-two")), sites);

    assertThatThrownBy(() -> consortium.startStudy("private-two"))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("study private-two: site")
        .hasMessageContaining("PRIVACY_BUDGET");
    // Nor does a round open when it is started all the same.
    var _ = consortium.api().post("/api/v1/studies/private-two:start", "application/json", "{}");
    StudyView refused = refusedByAll("private-two");
    assertThat(refused.round()).isZero();
    assertThat(refused.rounds()).isEmpty();
    assertThat(refused.sites()).allMatch(s -> s.decision().equals("REFUSED"));
    for (SiteId site : sites) {
      assertThat(Files.readAllBytes(ledger(site))).isEqualTo(before.get(site));
      assertThat(statement(site)).contains("the chain is intact").doesNotContain("private-two");
    }
  }

  private static AtKill killInRoundTwo() throws IOException, InterruptedException {
    Instant until = CLOCK.instant().plus(LONGEST);
    while (charges(killed).stream().noneMatch(c -> c.round() == 2)) {
      assertThat(CLOCK.instant()).as("round 2 begins").isBefore(until);
      consortium.failIfGivenUp();
      Pause.of(Duration.ofMillis(5));
    }
    assertThat(supervisor.kill(killed.value(), "in round 2")).isPresent();
    List<PrivacyCharge> charges = charges(killed);
    return new AtKill(charges, consortium.study("private-one"));
  }

  private static StudyView await(String study) throws IOException, InterruptedException {
    Instant until = CLOCK.instant().plus(LONGEST);
    while (true) {
      StudyView view = consortium.study(study);
      view.failIfRefused(study);
      consortium.failIfGivenUp();
      if (view.over()) {
        assertThat(view.state()).as(view.detail()).isEqualTo("COMPLETED");
        return view;
      }
      assertThat(CLOCK.instant()).as("%s in round %d", view.state(), view.round()).isBefore(until);
      Pause.of(Duration.ofMillis(200));
    }
  }

  private static StudyView refusedByAll(String study) throws IOException, InterruptedException {
    Instant until = CLOCK.instant().plus(LONGEST);
    StudyView view = consortium.study(study);
    while (!view.sites().stream().allMatch(s -> s.refusal().contains("PRIVACY_BUDGET"))) {
      assertThat(CLOCK.instant()).as("decisions %s", view.sites()).isBefore(until);
      Pause.of(Duration.ofMillis(100));
      view = consortium.study(study);
    }
    return view;
  }

  private static Path ledger(SiteId site) {
    return layout.siteState(site).resolve("privacy.jsonl");
  }

  private static List<PrivacyCharge> charges(SiteId site) throws IOException {
    return PrivacyLedger.read(ledger(site));
  }

  /** The statement as the data-protection officer makes it, checked as they check it. */
  private static String statement(SiteId site) throws IOException {
    Path file = Files.createTempDirectory(folder, "statement").resolve(site + ".txt");
    String state = layout.siteState(site).toString();
    command("statement", "-o", file.toString(), "--state", state);
    command("verify", "--statement", file.toString(), "--state", state);
    return Files.readString(file);
  }

  private static void command(String... words) {
    StringWriter out = new StringWriter();
    List<String> args = new ArrayList<>(List.of("node", "privacy"));
    args.addAll(List.of(words));
    int exit =
        SiteMain.run(new PrintWriter(out), new PrintWriter(out), args.toArray(String[]::new));
    assertThat(exit).as(out.toString()).isZero();
  }

  private static double number(String pattern, String text) {
    Matcher found = Pattern.compile(pattern).matcher(text);
    assertThat(found.find()).as("%s in %s", pattern, text).isTrue();
    return Double.parseDouble(found.group(1));
  }

  private static double epsilon(long steps) {
    NoisySteps all = new NoisySteps(noise.sigma(), noise.rate(), steps);
    return Spend.none().plus(all).guarantee(DELTA).epsilon();
  }

  private static String yaml(String name) {
    return """
    apiVersion: consilium/v1
    kind: Study
    metadata: {name: %s, title: "Lesions, each patient hidden"}
    spec:
      model: {architecture: vit-mini-avg, foundation: consilium-vit-mini, height: 64, width: 64}
      task: {labels: [normal, lesion], metrics: [auroc, loss], select: auroc}
      tuning: {regime: probe}
      algorithm: {name: fedavg, rounds: %d, localSteps: %d}
      training: {augmentation: none, mean: 0.25, deviation: 0.25}
      privacy: {mode: masked, clip: 100, dp: {epsilon: %s, delta: %s}}
      sites: {include: [%s], quorum: 3, deadline: 2m}
      drift: {detector: none}
      seed: %d
    """
        .formatted(
            name,
            ROUNDS,
            STEPS,
            BUDGET,
            DELTA,
            sites.stream().map(SiteId::value).collect(Collectors.joining(", ")),
            SEED);
  }
}
