package org.consilium.coordinator.web;

import io.micronaut.serde.annotation.Serdeable;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.consilium.coordinator.aggregate.robust.Handling;
import org.consilium.coordinator.study.CentreScores;
import org.consilium.coordinator.study.MaskingView;
import org.consilium.coordinator.study.StudyCentral;
import org.consilium.coordinator.study.StudyPrivacy;
import org.consilium.coordinator.study.StudySnapshot;
import org.consilium.coordinator.study.StudySnapshot.DriftPoint;
import org.consilium.coordinator.study.StudySnapshot.Flag;
import org.consilium.coordinator.study.StudySnapshot.PublishedModel;
import org.consilium.coordinator.study.StudySnapshot.RoundSummary;
import org.consilium.coordinator.study.StudySnapshot.SiteStatus;
import org.consilium.protocol.Digest;
import org.consilium.protocol.ModelVersion;
import org.consilium.protocol.SiteId;
import org.consilium.protocol.ValidationReport.Measure;
import org.consilium.protocol.ValidationReport.Quantity;
import org.consilium.protocol.ValidationReport.Subject;
import org.jspecify.annotations.Nullable;

/**
 * A study as the REST interface shows it. Numbers that a centre suppressed are null, never 0.
 *
 * @param masking what the masking of the last round waits for, and who is blamed; else empty
 */
@Serdeable
record StudyJson(
    String name,
    String title,
    String digest,
    String state,
    String detail,
    int round,
    int rounds,
    int window,
    int quorum,
    @Nullable Instant opened,
    @Nullable Instant deadline,
    String architecture,
    String mode,
    @Nullable Robust robust,
    String select,
    @Nullable Privacy privacy,
    @Nullable Central central,
    @Nullable Model best,
    String masking,
    List<Site> sites) {
  StudyJson {
    sites = List.copyOf(sites);
  }

  static StudyJson of(StudySnapshot study) {
    return new StudyJson(
        study.plan().study().value(),
        study.plan().title(),
        study.digest().hex(),
        study.state().name(),
        study.detail(),
        study.round(),
        study.plan().rounds(),
        study.window(),
        study.plan().participation().quorum(),
        study.opened().orElse(null),
        study.deadline().orElse(null),
        study.plan().model().architecture(),
        study.plan().protection().mode().name(),
        Robust.of(study.plan().protection().exposure().robustRule()),
        study.plan().select(),
        Privacy.of(study),
        Central.of(study),
        study.best().map(Model::of).orElse(null),
        study.rounds().isEmpty()
            ? ""
            : study.rounds().getLast().masking().map(MaskingView::words).orElse(""),
        study.sites().stream().map(s -> Site.of(study, s)).toList());
  }

  /** A robust rule. */
  @Serdeable
  record Robust(String rule, int faulty) {
    static @Nullable Robust of(org.consilium.protocol.Robust rule) {
      return rule instanceof org.consilium.protocol.Robust.None
          ? null
          : new Robust(rule.word(), rule.faulty());
    }
  }

  /**
   * What each training patient of a site gives up at most, by the plan alone.
   *
   * @param epsilon never exceeded, repeated rounds included: each site refuses
   * @param epsilonSoFar of the rounds so far, had none been repeated
   */
  @Serdeable
  record Privacy(
      double epsilon, double delta, double epsilonSoFar, double sigma, double clip, double rate) {
    static @Nullable Privacy of(StudySnapshot study) {
      Optional<Double> soFar = StudyPrivacy.epsilon(study.plan(), study.round());
      return study
          .plan()
          .protection()
          .patients()
          .map(
              p ->
                  new Privacy(
                      p.epsilon(), p.delta(), soFar.orElse(0.0), p.sigma(), p.clip(), p.rate()))
          .orElse(null);
    }
  }

  /**
   * Noise that the coordinator adds to the sum, which it sees.
   *
   * @param epsilon of all rounds, for all that one site says
   * @param epsilonSoFar of the versions so far
   * @param patientEpsilonSoFar the same for one patient of one site
   */
  @Serdeable
  record Central(
      double epsilon,
      double delta,
      double epsilonSoFar,
      double patientEpsilonSoFar,
      double sigma,
      double clip) {
    static @Nullable Central of(StudySnapshot study) {
      int versions = StudyCentral.versions(study);
      return study
          .plan()
          .protection()
          .central()
          .map(
              c ->
                  new Central(
                      c.epsilon(),
                      c.delta(),
                      StudyCentral.siteEpsilon(study.plan(), versions).orElse(0.0),
                      StudyCentral.patientEpsilon(study.plan(), versions).orElse(0.0),
                      c.sigma(),
                      study.plan().protection().clip()))
          .orElse(null);
    }
  }

  /**
   * One centre in the study.
   *
   * @param remark what there is to say of its update in the last combined round
   */
  @Serdeable
  record Site(
      String site,
      String decision,
      String refusal,
      @Nullable Integer samples,
      boolean connected,
      @Nullable Instant lastSeen,
      String phase,
      long bytesUp,
      long bytesDown,
      String drift,
      @Nullable Score global,
      @Nullable Score localOnly,
      @Nullable Score personal,
      @Nullable String kept,
      String remark) {
    static Site of(StudySnapshot study, SiteStatus s) {
      return new Site(
          s.site().value(),
          s.decision().name(),
          s.refusal(),
          s.samples() < study.plan().protection().minSamples() ? null : s.samples(),
          s.connected(),
          s.lastSeen().orElse(null),
          s.phase(),
          s.bytesUp(),
          s.bytesDown(),
          s.drift().verdict().name(),
          score(study, s.site(), Subject.GLOBAL),
          score(study, s.site(), Subject.LOCAL_ONLY),
          score(study, s.site(), Subject.PERSONAL),
          CentreScores.kept(study, s.site()).map(Subject::name).orElse(null),
          study.lastCombined().map(r -> r.remark(s.site())).orElse(""));
    }

    private static @Nullable Score score(StudySnapshot study, SiteId site, Subject subject) {
      Optional<Measure> measure =
          CentreScores.latest(study, site, subject, CentreScores.measure(study.plan()));
      return measure.map(m -> new Score(m.value(), m.low(), m.high())).orElse(null);
    }
  }

  /** A score in the study's measure, such as an AUROC, with its 95 % interval. */
  @Serdeable
  record Score(double value, double low, double high) {}

  /** A published model version. */
  @Serdeable
  record Model(
      int round,
      String version,
      @Nullable String parent,
      long bytes,
      @Nullable Double score,
      Instant published) {
    static Model of(PublishedModel m) {
      return new Model(
          m.round(),
          m.version().digest().hex(),
          m.parent().map(ModelVersion::toString).orElse(null),
          m.fileBytes(),
          m.score().orElse(null),
          m.published());
    }
  }

  /** One round. */
  @Serdeable
  record Round(
      int number,
      int attempt,
      String outcome,
      String detail,
      Instant opened,
      @Nullable Instant closed,
      @Nullable String version,
      List<Update> updates,
      List<String> missing,
      List<String> late,
      List<String> reported,
      @Nullable Masks masking) {
    Round {
      updates = List.copyOf(updates);
      missing = List.copyOf(missing);
      late = List.copyOf(late);
      reported = List.copyOf(reported);
    }

    static Round of(RoundSummary r) {
      return new Round(
          r.number(),
          r.attempt(),
          r.outcome().name(),
          r.detail(),
          r.opened(),
          r.closed().orElse(null),
          r.version().map(ModelVersion::digest).map(Digest::hex).orElse(null),
          r.updates().entrySet().stream()
              .map(
                  e ->
                      new Update(
                          e.getKey().value(),
                          e.getValue().digest().hex(),
                          e.getValue().weight(),
                          e.getValue().norm(),
                          e.getValue().trainingLoss(),
                          e.getValue().bytes(),
                          handling(r, e.getKey()),
                          e.getValue().flags().stream().map(Flag::label).toList(),
                          r.remark(e.getKey())))
              .sorted(java.util.Comparator.comparing(Update::site))
              .toList(),
          r.missing().stream().map(SiteId::value).toList(),
          r.late().stream().map(SiteId::value).toList(),
          r.reports().keySet().stream().map(SiteId::value).sorted().toList(),
          r.masking().map(Masks::of).orElse(null));
    }
  }

  /**
   * How far a round's masking is.
   *
   * @param phase KEYS, SHARES, UPLOADS, CONSENT or RELEASE; null once it is over
   * @param waiting sites whose part is waited for
   * @param until when the phase ends without them
   * @param blamed what sites said of what others dealt them
   */
  @Serdeable
  record Masks(
      @Nullable String phase, List<String> waiting, @Nullable Instant until, List<String> blamed) {
    Masks {
      waiting = List.copyOf(waiting);
      blamed = List.copyOf(blamed);
    }

    static Masks of(MaskingView m) {
      return new Masks(
          m.phase().map(Enum::name).orElse(null),
          m.waiting().stream().map(SiteId::value).toList(),
          m.until().orElse(null),
          m.blamed());
    }
  }

  private static @Nullable Handled handling(RoundSummary round, SiteId site) {
    Handling handling = round.handlings().get(site);
    return handling == null
        ? null
        : new Handled(
            handling.what().name(), handling.measure().name(), handling.value(), handling.usual());
  }

  /** What a robust rule did with an update, what it measured of it, and the median of all sites. */
  @Serdeable
  record Handled(String what, String measure, double value, double usual) {}

  /**
   * An accepted update, without its content.
   *
   * @param flags what is odd about it
   * @param remark both in words
   */
  @Serdeable
  record Update(
      String site,
      String digest,
      int weight,
      double norm,
      double trainingLoss,
      long bytes,
      @Nullable Handled handling,
      List<String> flags,
      String remark) {
    Update {
      flags = List.copyOf(flags);
    }
  }

  /** A centre's numbers over time. */
  @Serdeable
  record Centre(String site, List<Point> scores, List<Drift> drift) {
    Centre {
      scores = List.copyOf(scores);
      drift = List.copyOf(drift);
    }

    static Centre of(StudySnapshot study, SiteStatus status) {
      List<Point> points = new java.util.ArrayList<>();
      for (Subject subject : Subject.values()) {
        for (Quantity quantity : Quantity.values()) {
          for (CentreScores.Point p :
              CentreScores.series(study, status.site(), subject, quantity)) {
            Measure m = p.measure();
            points.add(
                new Point(
                    p.round(), subject.name(), quantity.name(), m.value(), m.low(), m.high()));
          }
        }
      }
      return new Centre(
          status.site().value(), points, status.drift().points().stream().map(Drift::of).toList());
    }
  }

  /** One hold-out number. */
  @Serdeable
  record Point(int round, String subject, String quantity, double value, double low, double high) {}

  /** One observation of the detector. */
  @Serdeable
  record Drift(int window, String quantity, double shift, double statistic, double threshold) {
    static Drift of(DriftPoint p) {
      return new Drift(p.window(), p.quantity().name(), p.shift(), p.statistic(), p.threshold());
    }
  }
}
