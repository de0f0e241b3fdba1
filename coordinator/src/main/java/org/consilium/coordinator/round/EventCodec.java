package org.consilium.coordinator.round;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.consilium.coordinator.round.RoundEvent.Accepted;
import org.consilium.coordinator.round.RoundEvent.DeadlinePassed;
import org.consilium.coordinator.round.RoundEvent.ModelPublished;
import org.consilium.coordinator.round.RoundEvent.Place;
import org.consilium.coordinator.round.RoundEvent.ReportAccepted;
import org.consilium.coordinator.round.RoundEvent.RuleUnmet;
import org.consilium.coordinator.round.RoundEvent.SiteDeclined;
import org.consilium.coordinator.round.RoundEvent.SiteRemoved;
import org.consilium.coordinator.round.RoundEvent.UpdateAccepted;
import org.consilium.coordinator.round.RoundEvent.UpdateLost;
import org.consilium.coordinator.round.RoundEvent.ValidationClosed;
import org.consilium.coordinator.round.RoundEvent.WindowClosed;
import org.consilium.coordinator.round.StudyEvent.Created;
import org.consilium.coordinator.round.StudyEvent.Decided;
import org.consilium.coordinator.round.StudyEvent.Ended;
import org.consilium.coordinator.round.StudyEvent.InRound;
import org.consilium.coordinator.round.StudyEvent.Member;
import org.consilium.coordinator.round.StudyEvent.Model;
import org.consilium.coordinator.round.StudyEvent.Paused;
import org.consilium.coordinator.round.StudyEvent.Resumed;
import org.consilium.coordinator.round.StudyEvent.RoundOpened;
import org.consilium.coordinator.round.StudyEvent.Started;
import org.consilium.coordinator.round.StudyEvent.UpdateLate;
import org.consilium.coordinator.round.StudyEvent.WindowOpened;
import org.consilium.proto.journal.StudyEntry;
import org.consilium.protocol.Digest;
import org.consilium.protocol.ModelVersion;
import org.consilium.protocol.SiteId;
import org.consilium.protocol.wire.PlanCodec;
import org.consilium.protocol.wire.ReportCodec;

/** Events as the bytes that stand in the journal. */
final class EventCodec {
  private EventCodec() {}

  static byte[] encode(StudyEvent event) {
    StudyEntry.Builder m = StudyEntry.newBuilder().setAtMillis(event.at().toEpochMilli());
    switch (event) {
      case Created e ->
          m.getCreatedBuilder()
              .setPlan(ByteString.copyFrom(e.planBytes()))
              .setInitial(model(e.initial()))
              .addAllAggregationChain(
                  e.aggregationChain().stream().map(ByteString::copyFrom).toList());
      case Decided e ->
          m.getDecidedBuilder()
              .setSite(e.site().value())
              .setAccepted(e.accepted())
              .setRefusal(e.refusal())
              .setSamples(e.samples());
      case Started _ -> m.getStartedBuilder();
      case Paused e -> m.getPausedBuilder().setDetail(e.detail());
      case Resumed _ -> m.getResumedBuilder();
      case Ended e -> m.getEndedBuilder().setCompleted(e.completed()).setDetail(e.detail());
      case RoundOpened e -> m.setRoundOpened(opened(e.opening()));
      case WindowOpened e ->
          m.getWindowOpenedBuilder()
              .setWindow(e.window())
              .setModel(model(e.model()))
              .addAllSites(e.sites().stream().map(SiteId::value).toList())
              .setDeadlineMillis(e.deadline().toEpochMilli());
      case UpdateLate e ->
          m.getUpdateLateBuilder()
              .setNumber(e.place().number())
              .setAttempt(e.place().attempt())
              .setSite(e.site().value())
              .setUpload(bytes(e.upload()));
      case InRound(RoundEvent e) -> inRound(m, e);
    }
    return m.build().toByteArray();
  }

  private static void inRound(StudyEntry.Builder m, RoundEvent event) {
    switch (event) {
      case UpdateAccepted(_, Place place, Accepted u) ->
          m.getUpdateAcceptedBuilder()
              .setNumber(place.number())
              .setAttempt(place.attempt())
              .setSite(u.site().value())
              .setUpload(bytes(u.upload()))
              .setWeight(u.weight())
              .setSamples(u.samples())
              .setNorm(u.norm())
              .setTrainingLoss(u.trainingLoss())
              .setBytes(u.bytes())
              .setContent(u.content().map(EventCodec::bytes).orElse(ByteString.EMPTY))
              .setOrigin(u.origin());
      case SiteDeclined(_, Place place, SiteId site, String refusal) ->
          m.getSiteDeclinedBuilder()
              .setNumber(place.number())
              .setAttempt(place.attempt())
              .setSite(site.value())
              .setRefusal(refusal);
      case SiteRemoved(_, Place place, SiteId site) ->
          m.getSiteRemovedBuilder()
              .setNumber(place.number())
              .setAttempt(place.attempt())
              .setSite(site.value());
      case UpdateLost(_, Place place, SiteId site, String detail, Instant deadline) ->
          m.getUpdateLostBuilder()
              .setNumber(place.number())
              .setAttempt(place.attempt())
              .setSite(site.value())
              .setDetail(detail)
              .setDeadlineMillis(deadline.toEpochMilli());
      case DeadlinePassed(_, Place place) ->
          m.getDeadlinePassedBuilder().setNumber(place.number()).setAttempt(place.attempt());
      case ModelPublished e ->
          m.getModelPublishedBuilder()
              .setNumber(e.place().number())
              .setAttempt(e.place().attempt())
              .setModel(model(e.model()))
              .addAllNextExponents(e.nextExponents())
              .addAllMoments(e.moments().stream().map(EventCodec::bytes).toList())
              .addAllHandlings(HandlingCodec.encode(e.handlings()))
              .setDeadlineMillis(e.deadline().toEpochMilli());
      case RuleUnmet(_, Place place, String detail) ->
          m.getRuleUnmetBuilder()
              .setNumber(place.number())
              .setAttempt(place.attempt())
              .setDetail(detail);
      case ReportAccepted(_, SiteId site, var report) ->
          m.getReportAcceptedBuilder()
              .setNumber(report.round().number())
              .setWindow(report.window())
              .setSite(site.value())
              .setReport(ByteString.copyFrom(ReportCodec.encode(report)));
      case ValidationClosed(_, int number) -> m.getValidationClosedBuilder().setNumber(number);
      case WindowClosed(_, int window) -> m.getWindowClosedBuilder().setWindow(window);
      case MaskEvent e -> MaskEventCodec.encode(m, e);
    }
  }

  private static org.consilium.proto.journal.RoundOpened opened(Opening o) {
    return org.consilium.proto.journal.RoundOpened.newBuilder()
        .setNumber(o.number())
        .setAttempt(o.attempt())
        .setBase(model(o.base()))
        .addAllMembers(
            o.members().stream()
                .map(
                    member ->
                        org.consilium.proto.journal.Member.newBuilder()
                            .setSite(member.site().value())
                            .setSigningKeyDigest(bytes(member.signingKey()))
                            .setSamples(member.samples())
                            .setWeight(member.weight())
                            .build())
                .toList())
        .setQuorum(o.quorum())
        .setReferenceSamples(o.referenceSamples())
        .addAllScaleExponents(o.scaleExponents())
        .setDeadlineMillis(o.deadline().toEpochMilli())
        .setThreshold(o.threshold())
        .build();
  }

  /**
   * The event in a journal entry's body.
   *
   * @throws IllegalStateException if it cannot be read: the journal was written by a newer version
   */
  static StudyEvent decode(byte[] body) {
    try {
      return event(StudyEntry.parseFrom(body));
    } catch (InvalidProtocolBufferException broken) {
      throw new IllegalStateException(
          "read journal entry of %d bytes: not a study event".formatted(body.length), broken);
    }
  }

  private static StudyEvent event(StudyEntry m) {
    Instant at = Instant.ofEpochMilli(m.getAtMillis());
    return switch (m.getKindCase()) {
      case CREATED -> {
        var e = m.getCreated();
        byte[] plan = e.getPlan().toByteArray();
        yield new Created(
            at,
            PlanCodec.decode(plan),
            plan,
            model(e.getInitial()),
            e.getAggregationChainList().stream().map(ByteString::toByteArray).toList());
      }
      case DECIDED -> {
        var e = m.getDecided();
        yield new Decided(
            at, new SiteId(e.getSite()), e.getAccepted(), e.getRefusal(), e.getSamples());
      }
      case STARTED -> new Started(at);
      case PAUSED -> new Paused(at, m.getPaused().getDetail());
      case RESUMED -> new Resumed(at);
      case ENDED -> new Ended(at, m.getEnded().getCompleted(), m.getEnded().getDetail());
      case ROUND_OPENED -> new RoundOpened(opening(at, m.getRoundOpened()));
      case WINDOW_OPENED -> {
        var e = m.getWindowOpened();
        yield new WindowOpened(
            at,
            e.getWindow(),
            model(e.getModel()),
            e.getSitesList().stream().map(SiteId::new).toList(),
            Instant.ofEpochMilli(e.getDeadlineMillis()));
      }
      case UPDATE_LATE -> {
        var e = m.getUpdateLate();
        yield new UpdateLate(
            at,
            new Place(e.getNumber(), e.getAttempt()),
            new SiteId(e.getSite()),
            digest(e.getUpload()));
      }
      case UPDATE_ACCEPTED,
          SITE_DECLINED,
          SITE_REMOVED,
          UPDATE_LOST,
          DEADLINE_PASSED,
          MODEL_PUBLISHED,
          RULE_UNMET,
          REPORT_ACCEPTED,
          VALIDATION_CLOSED,
          WINDOW_CLOSED,
          MASK_TAKEN,
          MASK_PHASE_CLOSED,
          SHARES_REFUSED,
          SUM_REFUSED,
          DEALER_BLAMED ->
          new InRound(roundEvent(at, m));
      case KIND_NOT_SET ->
          throw new IllegalStateException(
              "read journal entry: its kind is unknown to this version; use the one that wrote it");
    };
  }

  private static RoundEvent roundEvent(Instant at, StudyEntry m) {
    return switch (m.getKindCase()) {
      case UPDATE_ACCEPTED -> accepted(at, m.getUpdateAccepted());
      case SITE_DECLINED -> {
        var e = m.getSiteDeclined();
        yield new SiteDeclined(
            at, new Place(e.getNumber(), e.getAttempt()), new SiteId(e.getSite()), e.getRefusal());
      }
      case SITE_REMOVED -> {
        var e = m.getSiteRemoved();
        yield new SiteRemoved(
            at, new Place(e.getNumber(), e.getAttempt()), new SiteId(e.getSite()));
      }
      case UPDATE_LOST -> {
        var e = m.getUpdateLost();
        yield new UpdateLost(
            at,
            new Place(e.getNumber(), e.getAttempt()),
            new SiteId(e.getSite()),
            e.getDetail(),
            Instant.ofEpochMilli(e.getDeadlineMillis()));
      }
      case DEADLINE_PASSED ->
          new DeadlinePassed(
              at, new Place(m.getDeadlinePassed().getNumber(), m.getDeadlinePassed().getAttempt()));
      case MODEL_PUBLISHED -> {
        var e = m.getModelPublished();
        yield new ModelPublished(
            at,
            new Place(e.getNumber(), e.getAttempt()),
            model(e.getModel()),
            e.getNextExponentsList(),
            e.getMomentsList().stream().map(EventCodec::digest).toList(),
            HandlingCodec.decode(e.getHandlingsList()),
            Instant.ofEpochMilli(e.getDeadlineMillis()));
      }
      case RULE_UNMET -> {
        var e = m.getRuleUnmet();
        yield new RuleUnmet(at, new Place(e.getNumber(), e.getAttempt()), e.getDetail());
      }
      case REPORT_ACCEPTED -> {
        var e = m.getReportAccepted();
        yield new ReportAccepted(
            at, new SiteId(e.getSite()), ReportCodec.decode(e.getReport().toByteArray()));
      }
      case VALIDATION_CLOSED -> new ValidationClosed(at, m.getValidationClosed().getNumber());
      case WINDOW_CLOSED -> new WindowClosed(at, m.getWindowClosed().getWindow());
      case MASK_TAKEN, MASK_PHASE_CLOSED, SHARES_REFUSED, SUM_REFUSED, DEALER_BLAMED ->
          MaskEventCodec.decode(at, m);
      case CREATED,
          DECIDED,
          STARTED,
          PAUSED,
          RESUMED,
          ENDED,
          ROUND_OPENED,
          WINDOW_OPENED,
          UPDATE_LATE,
          KIND_NOT_SET ->
          throw new IllegalStateException("not a round event: " + m.getKindCase());
    };
  }

  private static UpdateAccepted accepted(Instant at, org.consilium.proto.journal.UpdateAccepted e) {
    return new UpdateAccepted(
        at,
        new Place(e.getNumber(), e.getAttempt()),
        new Accepted(
            new SiteId(e.getSite()),
            digest(e.getUpload()),
            e.getWeight(),
            e.getSamples(),
            e.getNorm(),
            e.getTrainingLoss(),
            e.getBytes(),
            e.getContent().isEmpty() ? Optional.empty() : Optional.of(digest(e.getContent())),
            e.getOrigin()));
  }

  private static Opening opening(Instant at, org.consilium.proto.journal.RoundOpened e) {
    List<Member> members =
        e.getMembersList().stream()
            .map(
                member ->
                    new Member(
                        new SiteId(member.getSite()),
                        digest(member.getSigningKeyDigest()),
                        member.getSamples(),
                        member.getWeight()))
            .toList();
    return new Opening(
        e.getNumber(),
        e.getAttempt(),
        model(e.getBase()),
        members,
        e.getQuorum(),
        e.getReferenceSamples(),
        e.getScaleExponentsList(),
        at,
        Instant.ofEpochMilli(e.getDeadlineMillis()),
        e.getThreshold());
  }

  private static org.consilium.proto.journal.Model model(Model model) {
    return org.consilium.proto.journal.Model.newBuilder()
        .setVersion(bytes(model.version().digest()))
        .setFileBytes(model.fileBytes())
        .build();
  }

  private static Model model(org.consilium.proto.journal.Model m) {
    return new Model(new ModelVersion(digest(m.getVersion())), m.getFileBytes());
  }

  private static ByteString bytes(Digest digest) {
    return ByteString.copyFrom(digest.bytes());
  }

  private static Digest digest(ByteString raw) {
    return Digest.of(raw.toByteArray());
  }
}
