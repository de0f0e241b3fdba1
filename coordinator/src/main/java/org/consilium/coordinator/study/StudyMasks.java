package org.consilium.coordinator.study;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import org.consilium.coordinator.consortium.EnrolledSite;
import org.consilium.coordinator.intake.Intake;
import org.consilium.coordinator.intake.Intake.Rejected;
import org.consilium.coordinator.intake.Intake.Why;
import org.consilium.coordinator.masking.Attempt;
import org.consilium.coordinator.masking.MaskIntake;
import org.consilium.coordinator.masking.MaskOrders;
import org.consilium.coordinator.masking.MaskOrders.Step;
import org.consilium.coordinator.masking.MaskTranscript;
import org.consilium.coordinator.round.MaskEvent;
import org.consilium.coordinator.round.MaskEvent.DealerBlamed;
import org.consilium.coordinator.round.MaskEvent.Kind;
import org.consilium.coordinator.round.MaskEvent.MaskTaken;
import org.consilium.coordinator.round.MaskMachine;
import org.consilium.coordinator.round.Reply;
import org.consilium.coordinator.round.RoundEvent.Place;
import org.consilium.coordinator.round.RoundLoop;
import org.consilium.coordinator.round.RoundState;
import org.consilium.coordinator.round.StudyEvent.InRound;
import org.consilium.protocol.Digest;
import org.consilium.protocol.MaskMessage.Complaint;
import org.consilium.protocol.SignedBytes;
import org.consilium.protocol.SiteId;
import org.consilium.protocol.StudyId;
import org.consilium.protocol.fault.FailPoint;
import org.consilium.protocol.wire.MaskCodec;
import org.consilium.protocol.wire.SignedKind;
import org.consilium.security.sign.ChainCheck;
import org.consilium.security.sign.VerifyingKey;

/** One study's masking: takes its sites' messages in, and says what they are to be handed. */
record StudyMasks(RoundLoop loop, StudyEffects effects, Surroundings around) {
  private static final System.Logger LOG = System.getLogger(StudyMasks.class.getName());

  /** Takes a caller's messages of a phase in. */
  Intake from(SiteId caller, Kind kind, List<SignedBytes> messages) throws IOException {
    Optional<EnrolledSite> enrolled = around.sites().apply(caller);
    StudyId study = loop.state().plan().study();
    Intake outcome =
        enrolled.isEmpty() ? unknown(study, caller) : take(enrolled.get(), kind, messages);
    if (outcome instanceof Rejected(Why why, String _)) {
      around.observer().refused(study, caller, why);
    }
    return outcome;
  }

  static Rejected unknown(StudyId study, SiteId caller) {
    return new Rejected(Why.UNKNOWN_STUDY, "no study %s names site %s".formatted(study, caller));
  }

  /**
   * Verifies a site's messages of a phase, keeps them and has them journaled.
   *
   * @throws IOException if they could not be stored; the site sends them again
   */
  private Intake take(EnrolledSite site, Kind kind, List<SignedBytes> messages) throws IOException {
    Optional<Attempt> open = loop.state().current().flatMap(effects::attempt);
    if (open.isEmpty()) {
      return refused(site.id(), "no masked round is open");
    }
    Attempt attempt = open.get();
    Optional<Rejected> rejected = refusal(site, attempt, kind, messages);
    if (rejected.isPresent()) {
      return rejected.get();
    }
    byte[] blob = MaskCodec.file(messages);
    Digest digest = Digest.sha256(blob);
    // Nothing is written for a message that will not count: a member must not fill the disk.
    Optional<Reply> settled = settled(site.id(), kind, attempt, digest);
    if (settled.isPresent()) {
      return answer(site.id(), digest, settled.get());
    }
    transcript().keep(attempt, site.id(), kind, blob);
    Reply reply = loop.ask(() -> journal(site, kind, attempt, messages, digest));
    return answer(site.id(), digest, reply);
  }

  private static Optional<Rejected> refusal(
      EnrolledSite site, Attempt attempt, Kind kind, List<SignedBytes> messages) {
    VerifyingKey key = VerifyingKey.of(site.signingCertificate());
    return new MaskIntake(site.id(), key, attempt).refusal(kind, messages);
  }

  private static Intake answer(SiteId site, Digest digest, Reply reply) {
    return switch (reply) {
      case Reply.Done(boolean duplicate) -> new Intake.Accepted(digest, duplicate);
      case Reply.Refused(String why) -> refused(site, why);
    };
  }

  /** The answer to a message that is known, or that the site does not owe; empty if it is due. */
  private Optional<Reply> settled(SiteId site, Kind kind, Attempt attempt, Digest digest) {
    Optional<Digest> known = Optional.ofNullable(attempt.masking().of(kind).get(site));
    if (known.isPresent()) {
      return Optional.of(
          known.get().equals(digest)
              ? new Reply.Done(true)
              : new Reply.Refused(
                  "another message, %s, was taken before".formatted(known.get().brief())));
    }
    boolean due =
        loop.state().current().filter(r -> MaskMachine.expects(r, site, kind)).isPresent();
    return due
        ? Optional.empty()
        : Optional.of(
            new Reply.Refused(
                "the masking of %s is at %s, and this site owes no %s"
                    .formatted(attempt.opening().place(), attempt.masking().phase(), kind)));
  }

  /** What the journal is to say of a message. */
  private MaskEvent event(
      SiteId site, Kind kind, Attempt attempt, List<SignedBytes> messages, Digest digest) {
    Place place = attempt.opening().place();
    if (kind != Kind.COMPLAINT) {
      return new MaskTaken(loop.now(), place, site, kind, digest);
    }
    Complaint complaint = MaskCodec.complaint(messages.getFirst().body());
    SiteId dealer = attempt.opening().sites().get(complaint.dealer());
    return new DealerBlamed(loop.now(), place, site, dealer, complaint.why(), digest);
  }

  /**
   * Has a message journaled.
   *
   * @param judged the attempt as it was when the message was found right. What a message has to
   *     hold depends on the phase: one that came while another ended its phase is judged once more
   */
  private Reply journal(
      EnrolledSite site, Kind kind, Attempt judged, List<SignedBytes> messages, Digest digest)
      throws org.consilium.coordinator.journal.JournalConflict, IOException {
    Optional<RoundState> now = loop.state().current();
    Optional<Attempt> open = now.flatMap(effects::attempt);
    if (open.isEmpty() || !open.get().opening().place().equals(judged.opening().place())) {
      return new Reply.Refused("its attempt is over");
    }
    if (open.get().masking().phase() != judged.masking().phase()) {
      Optional<Rejected> rejected = refusal(site, open.get(), kind, messages);
      if (rejected.isPresent()) {
        return new Reply.Refused(rejected.get().detail());
      }
    }
    Optional<Reply> settled = settled(site.id(), kind, open.get(), digest);
    return settled.isPresent()
        ? settled.get()
        : loop.record(new InRound(event(site.id(), kind, judged, messages, digest)));
  }

  /** The orders that a site is due and that were not sent on its stream. */
  List<Outgoing> orders(SiteId site, Predicate<String> sent) {
    List<Outgoing> orders = new ArrayList<>();
    Optional<Attempt> open = loop.state().current().flatMap(effects::attempt);
    if (open.isEmpty()) {
      return orders;
    }
    MaskOrders writer = new MaskOrders(transcript(), this::chain);
    for (Step step : MaskOrders.due(open.get(), site)) {
      String about =
          "mask/%s/%s/%s".formatted(open.get().study(), open.get().opening().place(), step);
      if (sent.test(about)) {
        continue;
      }
      try {
        byte[] body = MaskCodec.encode(writer.order(open.get(), site, step));
        orders.add(Outgoing.signed(SignedKind.MASK_ORDER, about, body, around.signer().key()));
        switch (step) {
          case PARCELS -> FailPoint.PARCELS_HANDED_ON.reach();
          case SURVIVORS -> FailPoint.SURVIVORS_CHOSEN.reach();
          case KEYS, CONSENTS -> {}
        }
      } catch (IOException disk) {
        LOG.log(
            System.Logger.Level.WARNING, "{0} for site {1}: {2}", about, site, disk.getMessage());
      }
    }
    return orders;
  }

  private MaskTranscript transcript() {
    return effects.transcript();
  }

  private List<byte[]> chain(SiteId site) throws IOException {
    EnrolledSite enrolled =
        around
            .sites()
            .apply(site)
            .orElseThrow(() -> new IOException("site %s is not enrolled".formatted(site)));
    return ChainCheck.der(enrolled.signingChain());
  }

  private static Rejected refused(SiteId site, String why) {
    return new Rejected(Why.WRONG_ROUND, "mask message of site %s: %s".formatted(site, why));
  }
}
