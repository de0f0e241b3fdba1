package org.consilium.coordinator.study;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import org.consilium.coordinator.intake.Intake;
import org.consilium.coordinator.intake.Intake.Announced;
import org.consilium.coordinator.intake.Intake.Checked;
import org.consilium.coordinator.intake.Intake.Rejected;
import org.consilium.coordinator.intake.Intake.Why;
import org.consilium.coordinator.intake.UpdateIntake;
import org.consilium.coordinator.journal.JournalConflict;
import org.consilium.coordinator.round.Opening;
import org.consilium.coordinator.round.Reply;
import org.consilium.coordinator.round.Reply.Done;
import org.consilium.coordinator.round.RoundEvent.Accepted;
import org.consilium.coordinator.round.RoundEvent.Place;
import org.consilium.coordinator.round.RoundEvent.SiteDeclined;
import org.consilium.coordinator.round.RoundEvent.UpdateAccepted;
import org.consilium.coordinator.round.RoundLoop;
import org.consilium.coordinator.round.RoundState.Collecting;
import org.consilium.coordinator.round.StudyEvent.Decided;
import org.consilium.coordinator.round.StudyEvent.InRound;
import org.consilium.coordinator.round.StudyEvent.UpdateLate;
import org.consilium.coordinator.round.StudyMachine;
import org.consilium.coordinator.round.StudyState;
import org.consilium.coordinator.round.StudyState.Stage;
import org.consilium.protocol.Digest;
import org.consilium.protocol.Late;
import org.consilium.protocol.Limits;
import org.consilium.protocol.ModelVersion;
import org.consilium.protocol.SiteId;
import org.consilium.protocol.StudyPlan;

/** One study: its loop, and what sites may ask of it. */
final class Study {
  private final StudyPlan plan;
  private final Digest digest;
  private final StudyEffects effects;
  private final RoundLoop loop;
  private final Surroundings around;
  private final DecisionBudget decisions = new DecisionBudget();
  private final SiteActivity activity = new SiteActivity();
  private final PastRounds past = new PastRounds();

  Study(RoundLoop loop, StudyEffects effects, Surroundings around) {
    this.plan = loop.state().plan();
    this.digest = Digest.sha256(loop.state().created().planBytes());
    this.loop = loop;
    this.effects = effects;
    this.around = around;
  }

  StudyPlan plan() {
    return plan;
  }

  RoundLoop loop() {
    return loop;
  }

  SiteActivity activity() {
    return activity;
  }

  /** Removes what a backup kept, if the study is over and its loop does nothing more. */
  void sweep() {
    try {
      effects.sweep(loop.state());
    } catch (IOException disk) {
      System.getLogger(Study.class.getName())
          .log(
              System.Logger.Level.WARNING,
              "study {0}: remove files that are no longer needed: {1}",
              plan.study(),
              disk.getMessage());
    }
  }

  StudySnapshot snapshot() {
    return Snapshots.of(
        new Snapshots.Parts(
            loop.state(),
            past,
            digest,
            loop.waiting(),
            effects.drift(),
            around.presence(),
            activity));
  }

  /**
   * What the request that created it is answered when it comes again.
   *
   * @throws StudyRefused if it has been started, or these are other settings
   */
  StudySnapshot proposed(byte[] planBytes) throws StudyRefused {
    if (loop.state().stage() != Stage.AWAITING || !digest.equals(Digest.sha256(planBytes))) {
      throw new StudyRefused(
          StudyRefused.Why.ALREADY_EXISTS,
          "create study %s: there is one of this name".formatted(plan.study()));
    }
    return snapshot();
  }

  boolean names(SiteId site) {
    return plan.participation().sites().contains(site);
  }

  /** What is to be sent to a site now and was not: a proposal, a task, orders of masking. */
  List<Outgoing> pending(SiteId site, Predicate<String> sent) {
    StudyState state = loop.state();
    List<Outgoing> messages = new ArrayList<>();
    if (names(site) && !StudyMachine.over(state)) {
      Messages writer =
          new Messages(plan, digest, effects.layout().digest(), around, state.created(), sent);
      if (!state.answers().containsKey(site)) {
        writer.proposal().ifPresent(messages::add);
      }
      state
          .current()
          .flatMap(round -> writer.task(round, site, loop.remaining(), state.roundsOver(), effects))
          .ifPresent(messages::add);
      messages.addAll(masks().orders(site, sent));
    }
    return messages;
  }

  /** What this study's sites and its coordinator say in masking. */
  StudyMasks masks() {
    return new StudyMasks(loop, effects, around);
  }

  /** What an administrator asks of the study, if its state lets it. */
  StudySnapshot command(String verb, Predicate<StudyState> legal, RoundLoop.Request request)
      throws StudyRefused, IOException {
    Reply reply =
        loop.ask(
            () ->
                legal.test(loop.state())
                    ? request.answer()
                    : new Reply.Refused(
                        "%s study %s: it is %s"
                            .formatted(verb, plan.study(), loop.state().stage())));
    return switch (reply) {
      case Done _ -> snapshot();
      case Reply.Refused(String why) -> throw new StudyRefused(StudyRefused.Why.WRONG_STATE, why);
    };
  }

  /** The hospital's answer to the proposal. */
  Reply decide(SiteId site, Digest about, boolean accepted, String refusal, int samples)
      throws IOException {
    if (!names(site)) {
      return new Reply.Refused("study %s does not name site %s".formatted(plan.study(), site));
    }
    if (!about.equals(digest)) {
      return new Reply.Refused(
          "decision on study %s is about another plan: %s, it is %s"
              .formatted(plan.study(), about.brief(), digest.brief()));
    }
    boolean small = accepted && samples < plan.protection().minSamples();
    String why = small ? "COHORT_TOO_SMALL" : accepted ? "" : refusal;
    boolean counts = accepted && !small;
    StudyState.Answer answer =
        new StudyState.Answer(counts, Limits.printable(why), counts ? samples : 0);
    return loop.ask(
        () -> {
          StudyState.Answer former = loop.state().answers().get(site);
          if (answer.equals(former)) {
            return new Done(true);
          }
          if (StudyMachine.over(loop.state())) {
            return new Reply.Refused("study %s is over".formatted(plan.study()));
          }
          boolean withdraws = former != null && former.accepted() && !answer.accepted();
          if (!decisions.take(site, withdraws, loop.now())) {
            return new Reply.Refused(
                "decision on study %s: over %d in 24 h"
                    .formatted(plan.study(), DecisionBudget.DAY_MAX));
          }
          return loop.record(
              new Decided(loop.now(), site, answer.accepted(), answer.refusal(), answer.samples()));
        });
  }

  /**
   * The site will not deliver in the open round; a repeat, or one for another round, is nothing.
   */
  Reply decline(SiteId site, int round, String refusal) throws IOException {
    return loop.ask(
        () ->
            loop.state().current().orElse(null) instanceof Collecting c
                    && c.opening().number() == round
                    && c.awaits(site)
                ? loop.record(
                    new InRound(
                        new SiteDeclined(loop.now(), c.place(), site, Limits.printable(refusal))))
                : new Done(true));
  }

  /** Whether this very update was taken in before, in whatever round. */
  boolean holds(SiteId site, Digest upload) {
    return loop.state().all().stream()
        .flatMap(r -> r.updates().values().stream())
        .anyMatch(u -> u.site().equals(site) && u.upload().equals(upload));
  }

  /**
   * Announces an update to the open round.
   *
   * @throws IOException if the study's loop stopped; the site asks again later
   */
  Intake begin(Announced announced, UpdateIntake intake) throws IOException {
    StudyState state = loop.state();
    int number = announced.manifest().round().number();
    int attempt = announced.manifest().attempt();
    SiteId site = announced.site();
    Optional<Accepted> known =
        state.all().stream()
            .filter(r -> r.start().filter(o -> is(o, number, attempt)).isPresent())
            .flatMap(r -> r.updates().values().stream())
            .filter(u -> u.site().equals(site))
            .findFirst();
    if (known.isPresent()) {
      return known.get().upload().equals(announced.upload())
          ? Intake.Progress.complete(announced.upload(), announced.manifest().seal().chunks())
          : new Rejected(
              Why.DIFFERENT_UPDATE,
              "update of site %s for round %d: another one, %s, was taken in before"
                  .formatted(site, number, known.get().upload().brief()));
    }
    Place place = new Place(number, attempt);
    if (state.late(place, site)) {
      return late(place, site, announced.upload());
    }
    if (state.current().orElse(null) instanceof Collecting c) {
      Optional<Rejected> notCarried =
          Carrying.refusal(state, c.opening(), site, announced.manifest());
      if (notCarried.isPresent()) {
        return notCarried.get();
      }
      if (!c.masking().lets(site)) {
        return new Rejected(
            Why.NOT_A_PARTICIPANT,
            "update of site %s: it shared no secrets in %s, whose masking is at %s"
                .formatted(site, c.place(), c.masking().phase()));
      }
      return c.declined().containsKey(site)
          ? new Rejected(
              Why.NOT_A_PARTICIPANT,
              "update of site %s: it declined %s before".formatted(site, c.place()))
          : intake.begin(
              announced,
              Carrying.terms(
                  effects.terms(c.opening()), state, c.opening(), site, announced.manifest()));
    }
    return new Rejected(
        Why.WRONG_ROUND,
        "update of site %s for round %d: no round of study %s takes updates now"
            .formatted(site, number, plan.study()));
  }

  /** Notes once that a site's update for an attempt came late, and tells it so. */
  private Rejected late(Place place, SiteId site, Digest upload) throws IOException {
    Reply reply =
        loop.ask(
            () ->
                loop.state().late(place, site)
                    ? noted(place, site, upload)
                    : new Reply.Refused("open again")); // its aggregation lost an update meanwhile
    return reply instanceof Reply.Refused
        ? new Rejected(Why.BUSY, "update of site %s: %s is open again".formatted(site, place))
        : lateWords(place, site);
  }

  private Done noted(Place place, SiteId site, Digest upload) throws JournalConflict, IOException {
    return loop.state().notedLate(place, site)
        ? new Done(true)
        : loop.record(new UpdateLate(loop.now(), place, site, upload));
  }

  private Rejected lateWords(Place place, SiteId site) {
    String next =
        plan.participation().late() instanceof Late.Carry carry
            ? "it may be carried into one of the next %d rounds".formatted(carry.roundsMax())
            : "it is discarded";
    return new Rejected(Why.LATE, "update of site %s: %s is over; %s".formatted(site, place, next));
  }

  /** Journals a checked update; it counts when this says so. */
  Intake accept(SiteId site, Checked checked) throws IOException {
    var manifest = checked.manifest();
    Place place = new Place(manifest.round().number(), manifest.attempt());
    List<Rejected> why = new ArrayList<>(1);
    Reply reply =
        loop.ask(
            () -> {
              if (holds(site, checked.upload())) {
                return new Done(true);
              }
              Optional<Accepted> copied = UpdateFlags.copied(loop.state(), site, checked);
              if (copied.isPresent()) {
                why.add(UpdateFlags.refused(site, manifest.round(), copied.get()));
                return new Reply.Refused(why.getFirst().detail());
              }
              if (loop.state().late(place, site)) {
                why.add(lateWords(place, site));
                Done _ = noted(place, site, checked.upload());
                return new Reply.Refused(why.getFirst().detail());
              }
              if (loop.state().current().orElse(null) instanceof Collecting c
                  && c.place().equals(place)
                  && c.awaits(site)
                  && c.masking().lets(site)
                  && c.opening().member(site).filter(effects::enrolled).isPresent()) {
                Optional<Rejected> notCarried =
                    Carrying.refusal(loop.state(), c.opening(), site, manifest);
                if (notCarried.isPresent()) {
                  why.add(notCarried.get());
                  return new Reply.Refused(notCarried.get().detail());
                }
                Accepted update =
                    new Accepted(
                        site,
                        checked.upload(),
                        manifest.weight(),
                        manifest.samples(),
                        checked.norm(),
                        manifest.trainingLoss(),
                        manifest.seal().sealedBytes(),
                        checked.content(),
                        manifest.origin());
                return loop.record(new InRound(new UpdateAccepted(loop.now(), c.place(), update)));
              }
              return new Reply.Refused(
                  "update of site %s came after round %s was closed, or the site was shut out"
                      .formatted(site, manifest.round()));
            });
    return switch (reply) {
      case Done(boolean duplicate) -> new Intake.Accepted(checked.upload(), duplicate);
      case Reply.Refused(String words) ->
          why.stream().findFirst().orElseGet(() -> new Rejected(Why.WRONG_ROUND, words));
    };
  }

  /** Takes reports in. */
  StudyReports reports() {
    return new StudyReports(loop);
  }

  /**
   * Whether the site may fetch a version: it agreed to the study, and the study made it or starts
   * from it.
   */
  boolean serves(SiteId site, ModelVersion version) {
    boolean foundation = plan.foundation().filter(f -> f.version().equals(version)).isPresent();
    return loop.state().willing().contains(site) && (foundation || published(version));
  }

  boolean published(ModelVersion version) {
    return loop.state().models().stream().anyMatch(m -> m.model().version().equals(version));
  }

  private static boolean is(Opening opening, int number, int attempt) {
    return opening.number() == number && opening.attempt() == attempt;
  }
}
