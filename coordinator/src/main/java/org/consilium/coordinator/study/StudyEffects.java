package org.consilium.coordinator.study;

import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.consilium.coordinator.aggregate.RoundBroken;
import org.consilium.coordinator.aggregate.rule.ServerRule;
import org.consilium.coordinator.consortium.EnrolledSite;
import org.consilium.coordinator.drift.DriftMonitor;
import org.consilium.coordinator.intake.IntakeTerms;
import org.consilium.coordinator.intake.Spool;
import org.consilium.coordinator.intake.UpdateIntake;
import org.consilium.coordinator.masking.Attempt;
import org.consilium.coordinator.masking.MaskTranscript;
import org.consilium.coordinator.masking.Unmasker;
import org.consilium.coordinator.registry.ModelRegistry;
import org.consilium.coordinator.roster.RosterPolicy;
import org.consilium.coordinator.round.Dealers;
import org.consilium.coordinator.round.MaskEvent;
import org.consilium.coordinator.round.Masking;
import org.consilium.coordinator.round.Opening;
import org.consilium.coordinator.round.RoundEffects;
import org.consilium.coordinator.round.RoundEvent;
import org.consilium.coordinator.round.RoundState;
import org.consilium.coordinator.round.RoundState.Abandoned;
import org.consilium.coordinator.round.RoundState.Aggregating;
import org.consilium.coordinator.round.RoundState.Closed;
import org.consilium.coordinator.round.StudyEvent;
import org.consilium.coordinator.round.StudyEvent.InRound;
import org.consilium.coordinator.round.StudyEvent.Member;
import org.consilium.coordinator.round.StudyState;
import org.consilium.models.federated.RoundLayout;
import org.consilium.models.params.ParameterLayout;
import org.consilium.protocol.Digest;
import org.consilium.protocol.Limits;
import org.consilium.protocol.RoundId;
import org.consilium.protocol.SiteId;
import org.consilium.protocol.StudyId;
import org.consilium.protocol.StudyPlan;
import org.consilium.protocol.UpdateManifest;
import org.consilium.security.fixed.FixedTerms;
import org.consilium.security.identity.Fingerprint;
import org.consilium.security.seal.AggregationKey;

/** What one study's rounds do to the world: files, keys, sites. Runs on the loop's thread. */
final class StudyEffects implements RoundEffects {
  private static final System.Logger LOG = System.getLogger(StudyEffects.class.getName());

  private final Surroundings around;
  private final Stores stores;
  private final StudyPlan plan;
  private final Digest digest;
  private final ParameterLayout layout;
  private final Optional<AggregationKey> key;
  private final ServerRule rule;
  private final Upkeep upkeep;
  private volatile DriftMonitor drift;
  private volatile Optional<IntakeTerms> lastTerms = Optional.empty();

  /** Files shared by all studies. */
  record Stores(
      ModelRegistry models, Releases releases, Spool spool, UpdateIntake intake, Hold hold) {}

  /** A study's fixed parts; the key is gone once the study is over. */
  record Fixed(
      StudyPlan plan, Digest digest, ParameterLayout layout, Optional<AggregationKey> key) {}

  StudyEffects(Surroundings around, Stores stores, Fixed fixed, DriftMonitor drift) {
    this.around = around;
    this.stores = stores;
    this.plan = fixed.plan();
    this.digest = fixed.digest();
    this.layout = fixed.layout();
    this.key = fixed.key();
    this.rule = ServerRule.of(plan.aggregation());
    this.upkeep = new Upkeep(around, stores, plan.study());
    this.drift = drift;
  }

  /** The study's settings. */
  StudyPlan plan() {
    return plan;
  }

  /** The effects of a study, new or replayed; nothing has happened yet. */
  static StudyEffects of(
      Surroundings around,
      Stores stores,
      StudyEvent.Created created,
      Optional<AggregationKey> key) {
    StudyPlan plan = created.plan();
    ParameterLayout layout = Releases.layout(plan);
    Fixed fixed = new Fixed(plan, Digest.sha256(created.planBytes()), layout, key);
    return new StudyEffects(around, stores, fixed, DriftMonitor.of(plan));
  }

  /** Removes what a backup made the study keep after its end. */
  void sweep(StudyState over) throws IOException {
    upkeep.sweep(over, key);
  }

  /** Feeds the detectors with what a replayed journal says. */
  void recall(StudyState state) {
    for (RoundState round : state.all()) {
      Reports.of(round).forEach((site, report) -> drift = drift.observe(site, report));
    }
  }

  StudyId study() {
    return plan.study();
  }

  DriftMonitor drift() {
    return drift;
  }

  ParameterLayout layout() {
    return layout;
  }

  /** What an update of an open round must look like: one table for all of its sites. */
  IntakeTerms terms(Opening opening) {
    IntakeTerms now =
        lastTerms
            .filter(t -> t.round().number() == opening.number() && t.attempt() == opening.attempt())
            .orElseGet(() -> made(opening));
    lastTerms = Optional.of(now);
    return now;
  }

  private IntakeTerms made(Opening opening) {
    Map<SiteId, Integer> samples = new HashMap<>();
    opening.members().forEach(m -> samples.put(m.site(), m.samples()));
    AggregationKey opener = requireKey();
    return new IntakeTerms(
        new RoundId(plan.study(), opening.number()),
        opening.attempt(),
        opening.base().version(),
        layout,
        context(opening),
        fixed(opening),
        opening.scaleExponents(),
        plan.protection().clip(),
        samples,
        SiteWeights.expected(plan, opening),
        plan.protection().exposure().encoding(),
        opening.masked(),
        opener);
  }

  /** The attempt in a round's state, if it is masked and not over. */
  Optional<Attempt> attempt(RoundState round) {
    return round
        .masks()
        .map(
            masking -> {
              Opening opening = round.start().orElseThrow();
              return new Attempt(
                  plan.study(), opening, context(opening), masking, new TreeMap<>(round.updates()));
            });
  }

  /** The messages of masking on disk. */
  MaskTranscript transcript() {
    return new MaskTranscript(stores.spool());
  }

  /** The public half, as tasks carry it. */
  byte[] aggregationKey() {
    return requireKey().publicKey();
  }

  @Override
  public Opportunity opportunity(StudyState state) throws IOException {
    RosterPolicy.Pick pick =
        RosterPolicy.pick(
            Dealers.trusted(state),
            site -> around.sites().apply(site).isPresent(),
            site -> present(site) && !closed(site),
            plan.participation().quorum());
    return switch (pick) {
      case RosterPolicy.TooFew(String why) ->
          new NotNow(why + Absences.remark(state, around.presence()) + Dealers.remark(state));
      case RosterPolicy.Roster(List<SiteId> sites) -> ready(state, sites);
    };
  }

  private Opportunity ready(StudyState state, List<SiteId> sites) throws IOException {
    long vector = layout.length() + UpdateManifest.TRAILER;
    int valueBytes = FixedPoint.valueBytes(plan);
    long plain = valueBytes * vector;
    long chunks = Math.ceilDiv(plain, (long) UpdateManifest.plainChunkBytes(valueBytes));
    long sealed = plain + chunks * Limits.CHUNK_TAG_BYTES;
    long needed =
        sites.size() * sealed
            + state.latest().model().fileBytes() * (1L + rule.moments())
            + UpdateIntake.RESERVE_BYTES;
    long usable = around.space().usableBytes();
    if (usable < needed) {
      return new NotNow(
          "waiting for disk space: a round of %d sites needs %d MiB, %d MiB are left"
              .formatted(sites.size(), needed >> 20, usable >> 20));
    }
    List<Member> members = new ArrayList<>();
    for (SiteId site : sites) {
      Optional<EnrolledSite> enrolled = around.sites().apply(site);
      int samples =
          Optional.ofNullable(state.answers().get(site)).map(StudyState.Answer::samples).orElse(0);
      enrolled.ifPresent(e -> members.add(new Member(site, e.signingKey(), samples, 0)));
    }
    if (members.size() < plan.participation().quorum()) {
      return new NotNow("waiting for sites: one was revoked a moment ago");
    }
    List<Integer> exponents =
        state.exponents().isEmpty()
            ? layout.tensors().stream().map(t -> firstExponent(t.name())).toList()
            : state.exponents();
    return new Ready(SiteWeights.given(state, members), exponents);
  }

  /** log2 of a tensor's range in round 1: of the plan's, but FedNova's steps are at most 1. */
  private int firstExponent(String tensor) {
    // In 64 bits there is one range for all.
    return RoundLayout.part(tensor) == RoundLayout.Part.STEPS
            && FixedPoint.ring(plan) == FixedTerms.Ring.BITS_32
        ? 0
        : Math.getExponent(plan.protection().range());
  }

  @Override
  public boolean enrolled(Member member) {
    return around
        .sites()
        .apply(member.site())
        .filter(e -> e.signingKey().equals(member.signingKey()))
        .isPresent();
  }

  @Override
  public boolean present(SiteId site) {
    return around.presence().present(site);
  }

  @Override
  public boolean closed(SiteId site) {
    return around.presence().isClosed(site, plan.study());
  }

  @Override
  public List<SiteId> watchable(StudyState state) {
    return state.willing().stream()
        .filter(site -> around.sites().apply(site).isPresent() && present(site))
        .toList();
  }

  @Override
  public Made make(StudyState state, Aggregating round) throws RoundBroken, IOException {
    long before = around.clocks().nanos().getAsLong();
    Opening opening = round.opening();
    if (around.retention() == Retention.KEEP) {
      stores.spool().keep(new RoundId(plan.study(), opening.number()), opening.attempt());
    }
    Made made =
        publication(stores, opening)
            .make(state, round, new Unmasker(transcript()).of(attempt(round)));
    double seconds = (around.clocks().nanos().getAsLong() - before) / 1e9;
    around.observer().phase(plan.study(), StudyObserver.Phase.AGGREGATE, seconds);
    return made;
  }

  /** Makes a round's version once more, from the same spool into another registry. */
  Made again(ModelRegistry scratch, StudyState state, Aggregating round)
      throws RoundBroken, IOException {
    Stores other =
        new Stores(scratch, stores.releases(), stores.spool(), stores.intake(), stores.hold());
    return publication(other, round.opening())
        .make(state, round, new Unmasker(transcript()).of(attempt(round)));
  }

  private Publication publication(Stores into, Opening opening) {
    return new Publication(
        around, into, plan, layout, requireKey(), context(opening), fixed(opening));
  }

  @Override
  public void applied(Optional<StudyState> before, StudyEvent event, StudyState after) {
    if (event instanceof InRound(RoundEvent.ReportAccepted(_, SiteId site, var report))) {
      drift = drift.observe(site, report);
    }
    tell(event);
    if (after.history().size() > before.map(s -> s.history().size()).orElse(0)) {
      tellEnd(after.history().getLast());
    }
    try {
      upkeep.after(before, event, after, key);
    } catch (IOException disk) {
      // Left-over files cost room only; the next round's opening removes them again.
      LOG.log(
          System.Logger.Level.WARNING,
          "study {0}: remove files that are no longer needed: {1}",
          plan.study(),
          disk.getMessage());
    }
    boolean chatter =
        event instanceof StudyEvent.Decided
            || event instanceof InRound(MaskEvent _)
            || event instanceof InRound(RoundEvent.UpdateAccepted _)
            || event instanceof InRound(RoundEvent.ReportAccepted _)
            || event instanceof InRound(RoundEvent.SiteDeclined _);
    // The last message that a phase of masking waits for is news to all.
    chatter &= phase(before).equals(phase(Optional.of(after)));
    if (!chatter) {
      around.presence().wake(plan.participation().sites());
    }
  }

  /** What masking waits for; its single messages are of no interest to other sites. */
  private static Optional<Masking.Phase> phase(Optional<StudyState> state) {
    return state.flatMap(StudyState::current).flatMap(RoundState::masks).map(Masking::phase);
  }

  @Override
  public void stopped(Exception cause) {
    LOG.log(System.Logger.Level.ERROR, "study " + plan.study() + ": stopped", cause);
    around.observer().stopped(plan.study(), cause);
  }

  private void tell(StudyEvent event) {
    if (event instanceof InRound(MaskEvent.DealerBlamed blamed)) {
      LOG.log(
          System.Logger.Level.WARNING,
          "study {0}, {1}: {2}",
          plan.study(),
          blamed.place(),
          Dealers.words(blamed));
    }
    if (event instanceof InRound(RoundEvent.UpdateAccepted(_, _, var update))) {
      around.observer().accepted(plan.study(), update.site(), update.bytes());
    }
  }

  private void tellEnd(RoundState ended) {
    StudyObserver observer = around.observer();
    if (ended instanceof Closed closed) {
      Instant opened = closed.opening().opened();
      observer.roundEnded(plan.study(), true, seconds(opened, closed.closed()));
      observer.phase(
          plan.study(), StudyObserver.Phase.COLLECT, seconds(opened, closed.published()));
      observer.phase(
          plan.study(), StudyObserver.Phase.VALIDATE, seconds(closed.published(), closed.closed()));
    } else if (ended instanceof Abandoned abandoned) {
      observer.roundEnded(
          plan.study(), false, seconds(abandoned.opening().opened(), abandoned.closed()));
    }
  }

  private Digest context(Opening opening) {
    Fingerprint sealing = requireKey().publicKeyDigest();
    return RoundContexts.digest(around.federation(), plan, digest, opening, layout, sealing);
  }

  private FixedTerms fixed(Opening opening) {
    return FixedPoint.terms(plan, opening.members().size());
  }

  private AggregationKey requireKey() {
    return key.orElseThrow(
        () ->
            new IllegalStateException("the aggregation key of study " + plan.study() + " is gone"));
  }

  private static double seconds(Instant from, Instant to) {
    return Duration.between(from, to).toMillis() / 1e3;
  }
}
