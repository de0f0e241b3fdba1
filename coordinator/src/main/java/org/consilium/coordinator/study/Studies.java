package org.consilium.coordinator.study;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.function.Predicate;
import org.consilium.coordinator.consortium.EnrolledSite;
import org.consilium.coordinator.intake.Intake;
import org.consilium.coordinator.intake.Intake.Announced;
import org.consilium.coordinator.intake.Intake.Checked;
import org.consilium.coordinator.intake.Intake.Rejected;
import org.consilium.coordinator.intake.Spool;
import org.consilium.coordinator.intake.UpdateIntake;
import org.consilium.coordinator.journal.JournalConflict;
import org.consilium.coordinator.round.MaskEvent;
import org.consilium.coordinator.round.Reply;
import org.consilium.coordinator.round.RoundLoop;
import org.consilium.coordinator.round.StudyEvent.Created;
import org.consilium.coordinator.round.StudyEvent.Ended;
import org.consilium.coordinator.round.StudyEvent.Paused;
import org.consilium.coordinator.round.StudyEvent.Resumed;
import org.consilium.coordinator.round.StudyEvent.Started;
import org.consilium.coordinator.round.StudyMachine;
import org.consilium.coordinator.round.StudyState;
import org.consilium.coordinator.round.StudyState.Stage;
import org.consilium.coordinator.validation.ReportDesk;
import org.consilium.protocol.Digest;
import org.consilium.protocol.ModelVersion;
import org.consilium.protocol.SignedBytes;
import org.consilium.protocol.SiteId;
import org.consilium.protocol.StudyId;
import org.consilium.protocol.StudyPlan;
import org.consilium.protocol.ValidationReport;
import org.consilium.security.seal.AggregationKey;
import org.consilium.security.sign.VerifyingKey;

/**
 * All studies of the consortium, each run by a thread of its own. Opening replays the journal and
 * goes on wherever each study was. Safe for use by many threads.
 */
public final class Studies implements StudyCatalogue, AutoCloseable {
  private static final String PREFIX = "study:";

  private final Surroundings around;
  private final StudyEffects.Stores stores;
  private final Map<StudyId, Study> studies = new ConcurrentSkipListMap<>();

  private final boolean threaded;

  private Studies(Surroundings around, StudyEffects.Stores stores, boolean threaded) {
    this.around = around;
    this.stores = stores;
    this.threaded = threaded;
  }

  /**
   * Replays every study of the journal and starts its thread.
   *
   * @throws IOException if the journal, a key or the state folder cannot be read
   */
  public static Studies open(Surroundings around) throws IOException {
    return open(around, true);
  }

  /**
   * The same without any thread: whoever calls does each study's work, one caller at a time, and
   * {@link #advance} does what is due by itself. For a simulation that owns time.
   */
  public static Studies stepped(Surroundings around) throws IOException {
    return open(around, false);
  }

  private static Studies open(Surroundings around, boolean threaded) throws IOException {
    Studies all = new Studies(around, around.stores(), threaded);
    for (String stream : around.journal().streams(PREFIX)) {
      StudyId study = new StudyId(stream.substring(PREFIX.length()));
      Optional<StudyState> state = RoundLoop.replay(study, around.journal());
      if (state.isPresent()) {
        all.resume(state.get());
      }
    }
    Set<String> keyed = AggregationKeys.of(around).kept(); // of some a crash left the key behind
    all.studies.values().stream()
        .filter(study -> keyed.contains(study.plan().study().value()))
        .forEach(Study::sweep);
    return all;
  }

  @Override
  public List<StudySnapshot> list() {
    return studies.values().stream().map(Study::snapshot).toList();
  }

  @Override
  public Optional<StudySnapshot> find(StudyId study) {
    return Optional.ofNullable(studies.get(study)).map(Study::snapshot);
  }

  @Override
  public synchronized StudySnapshot create(byte[] planBytes) throws StudyRefused, IOException {
    StudyPlan plan = PlanGate.legal(planBytes);
    Study there = studies.get(plan.study());
    if (there != null) {
      return there.proposed(planBytes); // perhaps the answer to the first request was lost
    }
    NewStudy made = NewStudy.of(plan, planBytes, around, stores);
    Created created = made.created();
    StudyEffects effects = made.effects();
    try {
      add(RoundLoop.create(created, around.journal(), effects, around.clocks()), effects);
    } catch (JournalConflict twice) {
      throw new IOException("create study " + plan.study(), twice);
    }
    around.presence().wake(plan.participation().sites());
    return require(plan.study()).snapshot();
  }

  @Override
  public StudySnapshot start(StudyId study) throws StudyRefused, IOException {
    Study found = require(study);
    return found.command(
        "start",
        state -> state.stage() == Stage.AWAITING,
        () -> found.loop().record(new Started(found.loop().now())));
  }

  @Override
  public StudySnapshot pause(StudyId study, String reason) throws StudyRefused, IOException {
    Study found = require(study);
    return found.command(
        "pause",
        state -> state.stage() == Stage.RUNNING || state.stage() == Stage.MONITORING,
        () -> found.loop().record(new Paused(found.loop().now(), PlanGate.text(reason))));
  }

  @Override
  public StudySnapshot resume(StudyId study) throws StudyRefused, IOException {
    Study found = require(study);
    return found.command(
        "resume",
        state -> state.stage() == Stage.PAUSED,
        () -> found.loop().record(new Resumed(found.loop().now())));
  }

  @Override
  public StudySnapshot stop(StudyId study, String reason) throws StudyRefused, IOException {
    Study found = require(study);
    return found.command(
        "stop",
        state -> !StudyMachine.over(state),
        () ->
            found
                .loop()
                .record(new Ended(found.loop().now(), false, "stopped: " + PlanGate.text(reason))));
  }

  @Override
  public Path modelFile(ModelVersion version) throws StudyRefused, IOException {
    Optional<Study> study = studies.values().stream().filter(s -> s.published(version)).findFirst();
    if (study.isEmpty() || stores.models().find(version).isEmpty()) {
      throw new StudyRefused(
          StudyRefused.Why.NOT_FOUND,
          "open model %s: %s"
              .formatted(
                  version.digest().brief(),
                  study.isPresent() ? "it is no longer kept" : "no study published it"));
    }
    return stores.releases().whole(study.get().plan(), version);
  }

  /** Certificates of the key that signs proposals and tasks, DER, leaf first. */
  public List<byte[]> signingChain() {
    return around.signer().der();
  }

  /**
   * All that is to be sent to a site now; repeats are harmless.
   *
   * @param sent whether a message about something need not be written again
   */
  public List<Outgoing> pending(SiteId site, Predicate<String> sent) {
    List<Outgoing> messages = new ArrayList<>();
    if (around.sites().apply(site).isPresent()) {
      studies.values().forEach(study -> messages.addAll(study.pending(site, sent)));
    }
    return messages;
  }

  /**
   * A hospital's answer to a proposal.
   *
   * @param about digest of the plan that it answers
   * @param refusal why it refuses, empty otherwise
   * @param samples training examples it would use
   */
  public Reply decide(SiteId site, Digest about, boolean accepted, String refusal, int samples)
      throws IOException {
    Optional<Study> found =
        studies.values().stream()
            .filter(s -> Digest.sha256(s.loop().state().created().planBytes()).equals(about))
            .findFirst();
    return found.isPresent()
        ? found.get().decide(site, about, accepted, refusal, samples)
        : new Reply.Refused(
            "decision of site %s: no study has digest %s".formatted(site, about.brief()));
  }

  /** A site will not deliver in a round. */
  public Reply decline(SiteId site, StudyId study, int round, String refusal) throws IOException {
    Study found = studies.get(study);
    return found != null && found.names(site)
        ? found.decline(site, round, refusal)
        : new Reply.Refused("no study %s names site %s".formatted(study, site));
  }

  /** What a site says it is doing. */
  public void phase(SiteId site, StudyId study, String phase) {
    Study found = studies.get(study);
    if (found != null && found.names(site)) {
      found.activity().phase(site, phase);
    }
  }

  /**
   * A site was revoked: its stream is closed. Every open round drops it, and an update of it, as
   * soon as its loop looks.
   */
  public void revoked(SiteId site) {
    around.presence().revoke(site);
  }

  /** Announces an update; answers progress or a refusal. Fails only if the study has stopped. */
  public Intake begin(SiteId caller, byte[] body, byte[] signature) throws IOException {
    Optional<EnrolledSite> enrolled = around.sites().apply(caller);
    if (enrolled.isEmpty()) {
      return new Rejected(Intake.Why.UNKNOWN_SITE, "site %s is not enrolled".formatted(caller));
    }
    Intake announced =
        UpdateIntake.announce(
            caller, VerifyingKey.of(enrolled.get().signingCertificate()), body, signature);
    if (!(announced instanceof Announced genuine)) {
      return announced;
    }
    StudyId name = genuine.manifest().round().study();
    Study study = studies.get(name);
    Intake outcome =
        study != null && study.names(caller)
            ? study.begin(genuine, stores.intake())
            : new Rejected(
                Intake.Why.UNKNOWN_STUDY, "no study %s names site %s".formatted(name, caller));
    if (study != null && outcome instanceof Rejected(Intake.Why why, String _)) {
      around.observer().refused(name, caller, why);
    }
    return outcome;
  }

  /** Gives one stream the right to send an announced update's chunks. */
  public Intake attach(SiteId caller, Digest upload) {
    return stores.intake().attach(caller, upload);
  }

  /**
   * Checks a complete update and has it journaled; it counts when this answers {@code Accepted}.
   *
   * @throws IOException if the study's loop stopped; the site asks again later
   */
  public Intake commit(SiteId caller, Digest upload) throws IOException {
    for (Study study : studies.values()) {
      if (study.holds(caller, upload)) {
        return new Intake.Accepted(upload, true);
      }
    }
    Optional<StudyId> about = stores.intake().study(caller, upload);
    Intake outcome = stores.intake().check(caller, upload);
    if (outcome instanceof Checked checked) {
      Study study = studies.get(checked.manifest().round().study());
      if (study == null) {
        throw new IllegalStateException("a checked update belongs to no study");
      }
      outcome = study.accept(caller, checked);
      if (outcome instanceof Rejected(Intake.Why why, String _) && why == Intake.Why.REPLAYED) {
        var manifest = checked.manifest(); // or it would keep an update of its own out as BUSY
        stores.intake().discard(new Spool.Place(manifest.round(), manifest.attempt(), caller));
      }
    }
    if (about.isPresent() && outcome instanceof Rejected(Intake.Why why, String _)) {
      around.observer().refused(about.get(), caller, why);
    }
    return outcome;
  }

  /**
   * Takes a site's messages of one phase of masking in.
   *
   * @throws IOException if they could not be stored; the site sends them again
   */
  public Intake mask(SiteId caller, StudyId name, MaskEvent.Kind kind, List<SignedBytes> messages)
      throws IOException {
    Study study = studies.get(name);
    return study == null || !study.names(caller)
        ? StudyMasks.unknown(name, caller)
        : study.masks().from(caller, kind, messages);
  }

  /** Files a signed report. */
  public ReportDesk.Outcome report(SiteId caller, byte[] body, byte[] signature)
      throws IOException {
    Optional<EnrolledSite> enrolled = around.sites().apply(caller);
    if (enrolled.isEmpty()) {
      return new ReportDesk.Rejected(
          ReportDesk.Why.NOT_A_PARTICIPANT, "site %s is not enrolled".formatted(caller));
    }
    VerifyingKey key = VerifyingKey.of(enrolled.get().signingCertificate());
    ReportDesk.Outcome opened = ReportDesk.open(caller, key, body, signature);
    if (!(opened instanceof ReportDesk.Genuine(ValidationReport report))) {
      return opened;
    }
    Study study = studies.get(report.round().study());
    return study != null && study.names(caller)
        ? study.reports().file(caller, report)
        : new ReportDesk.Rejected(
            ReportDesk.Why.UNKNOWN_STUDY,
            "no study %s names site %s".formatted(report.round().study(), caller));
  }

  /** The file of a version, if a study that the site agreed to published it and it is kept. */
  public Optional<Path> modelFor(SiteId caller, ModelVersion version) throws IOException {
    return studies.values().stream().anyMatch(s -> s.serves(caller, version))
        ? stores.releases().file(version)
        : Optional.empty();
  }

  /** Counts model bytes that went to a site. */
  public void modelSent(SiteId site, ModelVersion version, long bytes) {
    around.observer().modelSent(site, bytes);
    studies.values().stream()
        .filter(s -> s.serves(site, version))
        .findFirst()
        .ifPresent(s -> s.activity().sent(site, bytes));
  }

  /** Counts update bytes that came from a site. */
  public void updateBytes(SiteId site, long bytes) {
    around.observer().updateBytes(site, bytes);
  }

  /** Keeps studies' files while they are copied. */
  public Hold hold() {
    return stores.hold();
  }

  /** Files of the state folder that must be in a copy of it; a shared store has them itself. */
  public List<String> essentials() {
    return around.shared().isPresent()
        ? List.of()
        : studies.values().stream().flatMap(s -> Essentials.of(s.loop().state()).stream()).toList();
  }

  /** Ends every study's thread after its step in progress; the journal has all that is needed. */
  @Override
  public void close() {
    studies.values().forEach(study -> study.loop().close());
  }

  private void resume(StudyState state) throws IOException {
    Optional<AggregationKey> key = AggregationKeys.of(around).resume(state);
    StudyEffects effects = StudyEffects.of(around, stores, state.created(), key);
    effects.recall(state);
    add(RoundLoop.resume(state, around.journal(), effects, around.clocks()), effects);
  }

  private void add(RoundLoop loop, StudyEffects effects) {
    Study study = new Study(loop, effects, around);
    studies.put(study.plan().study(), study);
    around.observer().known(study.plan().study(), study.plan().participation().sites());
    stores.hold().onRelease(study::sweep);
    if (threaded) {
      loop.start();
    }
  }

  /** Does what is due in every study, on the caller's thread; for studies without threads. */
  public void advance() {
    studies.values().forEach(study -> study.loop().advance());
  }

  private Study require(StudyId study) throws StudyRefused {
    Study found = studies.get(study);
    if (found == null) {
      throw new StudyRefused(StudyRefused.Why.NOT_FOUND, "there is no study %s".formatted(study));
    }
    return found;
  }
}
