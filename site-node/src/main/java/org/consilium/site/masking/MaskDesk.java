package org.consilium.site.masking;

import java.io.IOException;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.consilium.protocol.Digest;
import org.consilium.protocol.MalformedMessage;
import org.consilium.protocol.MaskMessage;
import org.consilium.protocol.MaskMessage.Complaint;
import org.consilium.protocol.MaskOrder;
import org.consilium.protocol.RoundId;
import org.consilium.protocol.RoundTask;
import org.consilium.protocol.StudyId;
import org.consilium.security.identity.Fingerprint;
import org.consilium.security.keyfile.SealedFile;
import org.consilium.security.mask.MaskRefused;
import org.consilium.security.mask.MaskSecrets;
import org.consilium.security.mask.MaskingSite.Progress;
import org.consilium.security.mask.Masks;
import org.consilium.security.mask.Pledge;
import org.consilium.security.sign.ChainRefused;
import org.consilium.site.policy.Why;
import org.consilium.site.protect.EgressBlocked;
import org.consilium.site.protect.MaskProtector;
import org.consilium.site.protect.ReleasedMask;
import org.consilium.site.session.Halt;
import org.consilium.site.upload.Delivery;

/**
 * Takes part in masking on a thread of its own, beside training: a round's keys and shares are
 * exchanged while the model trains, and its sum is freed while the next task may already be at
 * work. What the coordinator hands on may come again, after a cut or a restart; the answer is the
 * same.
 */
public final class MaskDesk {
  private static final Duration POLL = Duration.ofMillis(50);

  private final Journal journal;
  private final MaskProtector exit;
  private final Outlet outlet;
  private final Trust trust;
  private final SecureRandom random;
  private final Consumer<String> log;
  private final Steps steps;
  private final Map<StudyId, Begun> newest = new ConcurrentHashMap<>();
  private final Map<StudyId, MaskAttempt> attempts = new HashMap<>();
  private final Map<Digest, Outcome> outcomes = new ConcurrentHashMap<>();

  /** The attempt of a study that began last, unless its round is over. */
  private record Begun(int round, Digest context) {}

  /** Sends a message until the coordinator has taken or refused it, or gives up for now. */
  @FunctionalInterface
  public interface Outlet {
    /** What became of it. */
    Delivery send(ReleasedMask message, Halt halt) throws IOException;
  }

  /** Where masks stand for one attempt. */
  public sealed interface Outcome {
    /** The masks of this site's vector. */
    record Ready(Masks masks) implements Outcome {}

    /** The others' messages do not do; the detail is for the local log. */
    record Failed(String detail) implements Outcome {}

    /** Told to stop before it was known. */
    record Stopped() implements Outcome {}
  }

  /**
   * A desk.
   *
   * @param studies one folder a study
   * @param files encrypts what is kept
   * @param log for people at the hospital
   */
  public MaskDesk(
      java.nio.file.Path studies,
      SealedFile files,
      MaskProtector exit,
      Outlet outlet,
      Trust trust,
      SecureRandom random,
      Consumer<String> log) {
    this.journal = new Journal(studies, files);
    this.exit = exit;
    this.outlet = outlet;
    this.trust = trust;
    this.random = random;
    this.log = log;
    this.steps = new Steps(log);
  }

  /** Works until {@code halt} is set. */
  public void run(Halt halt) {
    steps.run(halt);
  }

  /**
   * Begins a round's masking, or says its keys again. The terms were checked.
   *
   * @param context of the round
   */
  public void begin(RoundTask task, Digest context) {
    newest.put(task.study(), new Begun(task.round(), context));
    steps.post(halt -> began(task, context, halt));
  }

  /** What the coordinator handed on; its signature was verified, and the policy asked. */
  public void order(MaskOrder order) {
    steps.post(halt -> ordered(order, halt));
  }

  /** A round is over: its secrets are erased. */
  public void over(RoundId round) {
    Begun _ =
        newest.computeIfPresent(
            round.study(), (_, begun) -> begun.round() > round.number() ? begun : null);
    steps.post(_ -> erase(round.study(), round.number()));
  }

  /** Does all that waits, on the caller's thread, which stands for the desk's own. */
  public void advance(Halt halt) throws IOException {
    steps.advance(halt);
  }

  /** Where masks stand for an attempt; empty while that is not known. */
  public Optional<Outcome> outcome(Digest context) {
    return Optional.ofNullable(outcomes.get(context));
  }

  /** Waits for the masks of an attempt. */
  public Outcome await(Digest context, Halt halt) {
    while (!halt.halted()) {
      Optional<Outcome> outcome = outcome(context);
      if (outcome.isPresent()) {
        return outcome.get();
      }
      if (halt.await(POLL)) {
        break;
      }
    }
    return new Outcome.Stopped();
  }

  /**
   * Notes this site's own upload, before it is sent.
   *
   * @return why it must not be sent, if so
   */
  public Optional<String> uploaded(StudyId study, Digest context, Digest upload)
      throws IOException {
    synchronized (attempts) {
      MaskAttempt attempt = attempts.get(study);
      if (attempt == null || !attempt.place().context().equals(context)) {
        return Optional.of("its attempt is not the one in progress");
      }
      try {
        attempt.uploaded(upload);
        return Optional.empty();
      } catch (MaskRefused refused) {
        return Optional.of(String.valueOf(refused.getMessage()));
      }
    }
  }

  private void began(RoundTask task, Digest context, Halt halt) throws IOException {
    Begun begun = newest.get(task.study());
    if (begun == null || !begun.context().equals(context)) {
      return; // it is over, or another one has begun, while this one was tried again
    }
    RoundId round = new RoundId(task.study(), task.round());
    Optional<Pledge> pledge = journal.pledge(round);
    if (!Pledge.mayMask(pledge, new Fingerprint(context.bytes()))) {
      outcomes.put(
          context,
          new Outcome.Failed(
              "%s is burnt here: this site consented to survivors in another attempt"
                  .formatted(round)));
      return;
    }
    Optional<String> stranger = stranger(task);
    if (stranger.isPresent()) {
      outcomes.put(context, new Outcome.Failed("%s: %s".formatted(round, stranger.get())));
      return;
    }
    ReleasedMask keys;
    synchronized (attempts) {
      Optional<MaskAttempt> known = attempt(task.study(), context);
      if (known.isEmpty()) {
        erase(task.study(), Integer.MAX_VALUE);
        known = Optional.of(drawn(task, round, context));
      }
      keys = known.get().keys();
    }
    send(keys, context, halt);
  }

  /** A participant that this site does not know as a member; empty if there is none. */
  private Optional<String> stranger(RoundTask task) {
    for (RoundTask.Participant participant : task.terms().orElseThrow().participants()) {
      try {
        if (!trust.roster().has(participant.site())) {
          return Optional.of(
              "participant %s is not on the roster that this site has pinned"
                  .formatted(participant.site()));
        }
      } catch (IOException | EgressBlocked unknown) {
        return Optional.of(
            "participant %s cannot be looked up on the roster: %s"
                .formatted(participant.site(), unknown.getMessage()));
      }
    }
    return Optional.empty();
  }

  private MaskAttempt drawn(RoundTask task, RoundId round, Digest context) throws IOException {
    RoundTask.Terms terms = task.terms().orElseThrow();
    Journal.Entry entry =
        new Journal.Entry(
            new MaskMessage.Place(context, round, task.attempt()),
            task.studyDigest(),
            terms.participants().stream().map(RoundTask.Participant::site).toList(),
            terms.participants().stream().map(RoundTask.Participant::signingKey).toList(),
            terms.threshold(),
            Math.max(terms.threshold(), terms.quorum()),
            MaskSecrets.draw(random),
            Progress.NONE);
    journal.write(entry);
    MaskAttempt attempt = open(entry);
    attempts.put(task.study(), attempt);
    return attempt;
  }

  private void ordered(MaskOrder order, Halt halt) throws IOException {
    MaskMessage.Place place = order.place();
    Optional<ReleasedMask> answer = Optional.empty();
    try {
      synchronized (attempts) {
        Optional<MaskAttempt> known = attempt(place.round().study(), place.context());
        if (known.isEmpty()) {
          log.accept(
              "masking of %s, attempt %d: an order for another attempt than the one in progress"
                  .formatted(place.round(), place.attempt()));
          return;
        }
        answer = answer(known.get(), order);
      }
    } catch (MaskRefused refused) {
      try {
        complain(order, refused, halt);
      } finally {
        refuse(place, new OrderRefused(refused));
      }
      return;
    } catch (ChainRefused refused) {
      refuse(place, new OrderRefused(refused));
      return;
    } catch (OrderRefused refused) {
      refuse(place, refused);
      return;
    } catch (MalformedMessage malformed) {
      refuse(
          place,
          new OrderRefused(OrderRefused.Why.MALFORMED, String.valueOf(malformed.getMessage())));
      return;
    }
    if (answer.isPresent()) {
      send(answer.get(), place.context(), halt);
    }
  }

  /** Nothing leaves, and training for this attempt stops; the reason is for the local log. */
  private void refuse(MaskMessage.Place place, OrderRefused refused) {
    String detail = String.valueOf(refused.getMessage());
    outcomes.put(place.context(), new Outcome.Failed(detail));
    log.accept(
        "masking of %s, attempt %d, REFUSED, %s: %s"
            .formatted(place.round(), place.attempt(), refused.reason(), detail));
  }

  /** Names the dealer of a parcel that does not do, before this site declines for it. */
  private void complain(MaskOrder order, MaskRefused refused, Halt halt) throws IOException {
    MaskMessage.Place place = order.place();
    Optional<Complaint.Why> why = OrderRefused.complaint(refused);
    if (!(order instanceof MaskOrder.Parcels) || why.isEmpty() || refused.site().isEmpty()) {
      return;
    }
    Optional<ReleasedMask> complaint;
    synchronized (attempts) {
      complaint =
          attempt(place.round().study(), place.context())
              .map(a -> a.complaint(refused.site().getAsInt(), why.get()));
    }
    if (complaint.isPresent()) {
      send(complaint.get(), place.context(), halt);
    }
  }

  private Optional<ReleasedMask> answer(MaskAttempt attempt, MaskOrder order)
      throws OrderRefused, MaskRefused, ChainRefused, IOException {
    return switch (order) {
      case MaskOrder.KeyBook book -> Optional.of(attempt.shares(book));
      case MaskOrder.Parcels parcels -> {
        outcomes.put(order.place().context(), new Outcome.Ready(attempt.masks(parcels)));
        yield Optional.empty();
      }
      case MaskOrder.Survivors survivors -> Optional.of(attempt.consent(survivors));
      case MaskOrder.Consents consents -> Optional.of(attempt.release(consents));
    };
  }

  private void send(ReleasedMask message, Digest context, Halt halt) throws IOException {
    Delivery delivery;
    try {
      delivery = outlet.send(message, halt);
    } catch (EgressBlocked held) {
      if (held.why() != Why.PAUSED) {
        var _ =
            outcomes.putIfAbsent(context, new Outcome.Failed(String.valueOf(held.getMessage())));
      }
      throw held;
    }
    switch (delivery) {
      case Delivery.Accepted _ -> {}
      case Delivery.Refused(String reason) -> {
        log.accept(
            "%s of %s refused: %s".formatted(message.kind().word(), message.round(), reason));
        var _ = outcomes.putIfAbsent(context, new Outcome.Failed(reason));
      }
      case Delivery.Late(String reason) ->
          log.accept("%s of %s late: %s".formatted(message.kind().word(), message.round(), reason));
      case Delivery.OverLimit(String reason) -> log.accept("masking: " + reason);
      case Delivery.Postponed(String reason) ->
          throw new Steps.NotSent(
              "%s of %s postponed: %s".formatted(message.kind().word(), message.round(), reason));
    }
  }

  /** The attempt in progress, from memory or from disk, if it is this one. */
  private Optional<MaskAttempt> attempt(StudyId study, Digest context) throws IOException {
    MaskAttempt known = attempts.get(study);
    if (known == null) {
      Optional<Journal.Entry> entry = kept(study);
      if (entry.isPresent()) {
        known = open(entry.get());
        attempts.put(study, known);
      }
    }
    return Optional.ofNullable(known).filter(a -> a.place().context().equals(context));
  }

  /**
   * What is kept of an attempt. What this site signed is kept elsewhere: it signs nothing twice.
   */
  private Optional<Journal.Entry> kept(StudyId study) throws IOException {
    try {
      return journal.read(study);
    } catch (SealedFile.Damaged useless) {
      log.accept("masking: %s; it is begun anew".formatted(useless.getMessage()));
      journal.erase(study);
      return Optional.empty();
    }
  }

  private MaskAttempt open(Journal.Entry entry) throws IOException {
    return new MaskAttempt(journal, exit, trust.chains(), trust.self(), entry);
  }

  /** Erases the attempt of a study, if it is of this round or an earlier one. */
  private void erase(StudyId study, int round) throws IOException {
    synchronized (attempts) {
      MaskAttempt known = attempts.get(study);
      if (known != null && known.place().round().number() <= round) {
        outcomes.keySet().removeIf(known.place().context()::equals);
        attempts.remove(study, known);
        known.close();
        journal.erase(study);
      } else if (known == null) {
        Optional<Journal.Entry> kept = kept(study);
        if (kept.isPresent() && kept.get().place().round().number() <= round) {
          journal.erase(study);
        }
      }
    }
  }
}
