package org.consilium.coordinator.rpc;

import com.google.protobuf.ByteString;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;
import org.consilium.coordinator.audit.AuditLog;
import org.consilium.coordinator.roster.Presence;
import org.consilium.coordinator.round.Reply;
import org.consilium.coordinator.study.Outgoing;
import org.consilium.coordinator.study.Studies;
import org.consilium.proto.v1.AuditCosign;
import org.consilium.proto.v1.AuditState;
import org.consilium.proto.v1.CoordinatorMessage;
import org.consilium.proto.v1.Goodbye;
import org.consilium.proto.v1.Hello;
import org.consilium.proto.v1.Ping;
import org.consilium.proto.v1.Pong;
import org.consilium.proto.v1.Refusal;
import org.consilium.proto.v1.Signed;
import org.consilium.proto.v1.SiteHours;
import org.consilium.proto.v1.SiteMessage;
import org.consilium.proto.v1.StudyDecision;
import org.consilium.proto.v1.TaskState;
import org.consilium.proto.v1.Welcome;
import org.consilium.protocol.Digest;
import org.consilium.protocol.Limits;
import org.consilium.protocol.MessageBudget;
import org.consilium.protocol.SiteId;
import org.consilium.protocol.StudyId;
import org.consilium.security.audit.MerkleTree.Head;
import org.consilium.security.witness.CheckpointRefused;

/**
 * One site's long-lived stream. What is pending for the site is asked of the studies whenever
 * something may have changed, and each thing is sent once a stream; so nothing is lost when a
 * stream breaks, and a new stream begins with all that is still pending.
 */
final class SiteSession implements StreamObserver<SiteMessage>, Presence.Link {
  private static final System.Logger LOG = System.getLogger(SiteSession.class.getName());

  private final SiteId site;
  private final StreamObserver<CoordinatorMessage> out;
  private final Door door;
  private final Set<String> sent = new HashSet<>();
  private final AtomicBoolean waking = new AtomicBoolean();
  private final SessionBudgets budgets;
  private Optional<Head> known = Optional.empty();

  /** A checkpoint was offered, and the site has not said since what it knows. */
  private boolean offered;

  private boolean greeted;
  private boolean over;

  /** What a session works with. */
  record Door(
      Studies studies, AuditLog audit, Presence presence, InstantSource clock, Executor threads) {}

  SiteSession(
      SiteId site, StreamObserver<CoordinatorMessage> out, Door door, SessionBudgets budgets) {
    this.site = site;
    this.out = out;
    this.door = door;
    this.budgets = budgets;
  }

  @Override
  public void onNext(SiteMessage message) {
    if (!isOpen(message)) {
      return;
    }
    if (!budgets.take(site)) {
      LOG.log(System.Logger.Level.WARNING, "session of site {0}: too many messages", site);
      fail(RpcStatus.tooManyMessages(MessageBudget.MINUTE_MAX));
      return;
    }
    door.presence().hear(site);
    try {
      switch (message.getKindCase()) {
        case HELLO -> hello(message.getHello());
        case PING -> ping(message.getPing());
        case DECISION -> decide(message.getDecision());
        case TASK_STATE -> taskState(message.getTaskState());
        case AUDIT_STATE -> auditState(message.getAuditState());
        case HOURS -> hours(message.getHours());
        case AUDIT_COSIGN -> auditCosign(message.getAuditCosign());
        case KIND_NOT_SET -> end(Goodbye.Reason.PROTOCOL);
      }
    } catch (IllegalArgumentException malformed) {
      LOG.log(
          System.Logger.Level.WARNING, "session of site {0}: {1}", site, malformed.getMessage());
      end(Goodbye.Reason.PROTOCOL);
    } catch (IOException unavailable) {
      // The site keeps its message until it is told, and repeats it on its next stream.
      LOG.log(
          System.Logger.Level.WARNING, "session of site {0}: {1}", site, unavailable.getMessage());
      end(Goodbye.Reason.SHUTTING_DOWN);
    }
  }

  @Override
  public void onError(Throwable cut) {
    gone();
  }

  @Override
  public void onCompleted() {
    boolean first;
    synchronized (this) {
      first = !over;
      over = true;
    }
    door.presence().disconnect(site, this);
    if (first) {
      out.onCompleted();
    }
  }

  @Override
  public void wake() {
    if (waking.compareAndSet(false, true)) {
      door.threads().execute(this::push);
    }
  }

  @Override
  public void close(Presence.Why why) {
    end(
        switch (why) {
          case REVOKED -> Goodbye.Reason.REVOKED;
          case REPLACED -> Goodbye.Reason.REPLACED;
          case SHUTTING_DOWN -> Goodbye.Reason.SHUTTING_DOWN;
        });
  }

  /** The transport is gone; nothing can be said any more. */
  void gone() {
    synchronized (this) {
      over = true;
    }
    door.presence().disconnect(site, this);
  }

  private synchronized boolean isOpen(SiteMessage message) {
    if (!over && !greeted && !message.hasHello()) {
      end(Goodbye.Reason.PROTOCOL);
    }
    return !over;
  }

  private void hello(Hello hello) throws IOException {
    if (hello.getProtocol() != Limits.PROTOCOL) {
      end(Goodbye.Reason.PROTOCOL);
      return;
    }
    Welcome.Builder welcome =
        Welcome.newBuilder()
            .setProtocol(Limits.PROTOCOL)
            .setSite(site.value())
            .setCoordinatorTimeMillis(door.clock().millis());
    door.studies().signingChain().forEach(der -> welcome.addSigningChain(ByteString.copyFrom(der)));
    send(CoordinatorMessage.newBuilder().setWelcome(welcome).build());
    boolean first;
    synchronized (this) {
      first = !greeted;
      greeted = true;
    }
    if (first) {
      door.presence().connect(site, this);
    }
    wake();
  }

  private void ping(Ping ping) {
    Pong pong =
        Pong.newBuilder()
            .setSequence(ping.getSequence())
            .setCoordinatorTimeMillis(door.clock().millis())
            .build();
    // A site that does not read what it is sent gets no answers to pile up.
    if (!(out instanceof ServerCallStreamObserver<CoordinatorMessage> call) || call.isReady()) {
      send(CoordinatorMessage.newBuilder().setPong(pong).build());
    }
  }

  private void decide(StudyDecision decision) throws IOException {
    Digest about = Digest.of(decision.getStudyDigest().toByteArray());
    if (decision.getRefusal() == Refusal.UNRECOGNIZED) {
      throw new IllegalArgumentException(
          "decision: refusal %d is not known".formatted(decision.getRefusalValue()));
    }
    if (decision.getSamples() < 0) {
      throw new IllegalArgumentException("decision: more than 2^31 samples");
    }
    Reply reply =
        door.studies()
            .decide(
                site,
                about,
                decision.getAccepted(),
                decision.getRefusal().name(),
                decision.getSamples());
    note("decision", reply);
    wake();
  }

  /** A hospital's hours for a study began or ended. */
  private void hours(SiteHours hours) {
    StudyId study = new StudyId(hours.getStudy());
    switch (hours.getState()) {
      case OPEN -> door.presence().opened(site, study);
      case NOT_NOW ->
          door.presence()
              .closed(
                  site,
                  study,
                  hours.getOpensHour() == 0
                      ? Optional.empty()
                      : Optional.of(
                          Instant.EPOCH.plus(
                              Duration.ofHours(Integer.toUnsignedLong(hours.getOpensHour())))));
      case STATE_UNSPECIFIED, UNRECOGNIZED ->
          throw new IllegalArgumentException(
              "hours: state %d is not known".formatted(hours.getStateValue()));
    }
    door.studies().phase(site, study, hours.getState() == SiteHours.State.OPEN ? "" : "CLOSED");
  }

  private void taskState(TaskState state) throws IOException {
    StudyId study = new StudyId(state.getStudy());
    if (state.getPhase() == TaskState.Phase.UNRECOGNIZED
        || state.getRefusal() == Refusal.UNRECOGNIZED) {
      throw new IllegalArgumentException(
          "task state: phase %d with refusal %d is not known"
              .formatted(state.getPhaseValue(), state.getRefusalValue()));
    }
    door.studies().phase(site, study, state.getPhase().name());
    if (state.getPhase() == TaskState.Phase.REFUSED && state.getWindow() == 0) {
      Reply reply =
          door.studies().decline(site, study, state.getRound(), state.getRefusal().name());
      note("refusal", reply);
    }
  }

  private void auditState(AuditState state) throws IOException {
    Head head = CheckpointMessages.head(state);
    door.audit().claimed(site, head, CheckpointMessages.proof(state));
    synchronized (this) {
      known = Optional.of(head);
      offered = false;
    }
    wake();
  }

  private void auditCosign(AuditCosign cosign) throws IOException {
    try {
      door.audit().cosign(site, cosign.getSize(), CheckpointMessages.cosignature(cosign));
    } catch (CheckpointRefused refused) {
      LOG.log(
          System.Logger.Level.WARNING,
          "cosignature of site {0} does not count: {1}",
          site,
          refused.getMessage());
    }
  }

  private void note(String what, Reply reply) {
    if (reply instanceof Reply.Refused(String why)) {
      LOG.log(System.Logger.Level.WARNING, "{0} of site {1} does not count: {2}", what, site, why);
    }
  }

  private synchronized boolean wasSent(String about) {
    return sent.contains(about);
  }

  /** Sends what is pending and was not sent on this stream. */
  private void push() {
    waking.set(false);
    for (Outgoing message : door.studies().pending(site, this::wasSent)) {
      boolean isNew;
      synchronized (this) {
        isNew = !over && greeted && sent.add(message.about());
      }
      if (isNew) {
        send(encoded(message));
      }
    }
    pushCheckpoint();
  }

  /**
   * Offers the newest checkpoint to a site that has said which one it knows. One at a time: the
   * proof of a second one would begin before the first, which the site would have to refuse.
   */
  private void pushCheckpoint() {
    Optional<Head> seen;
    synchronized (this) {
      seen = offered ? Optional.empty() : known;
    }
    try {
      Optional<AuditLog.Offer> offer =
          seen.isEmpty() ? Optional.empty() : door.audit().offer(seen.get());
      if (offer.isPresent()) {
        boolean isNew;
        synchronized (this) {
          // The site says what it knows again when it has taken this one.
          isNew = !over && !offered && sent.add("checkpoint/%d".formatted(offer.get().size()));
          offered = offered || isNew;
        }
        if (isNew) {
          send(
              CoordinatorMessage.newBuilder()
                  .setCheckpoint(CheckpointMessages.offer(offer.get()))
                  .build());
        }
      }
    } catch (IOException unreadable) {
      LOG.log(
          System.Logger.Level.WARNING,
          "offer a checkpoint to site {0}: {1}",
          site,
          unreadable.getMessage());
    }
  }

  private static CoordinatorMessage encoded(Outgoing message) {
    Signed signed =
        Signed.newBuilder()
            .setBody(ByteString.copyFrom(message.body()))
            .setSignature(ByteString.copyFrom(message.signature()))
            .build();
    CoordinatorMessage.Builder out = CoordinatorMessage.newBuilder();
    return switch (message.kind()) {
      case PROPOSAL -> out.setProposal(signed).build();
      case TASK -> out.setTask(signed).build();
      case MASK_ORDER -> out.setMask(signed).build();
      case UPDATE,
          REPORT,
          RECOVERY,
          MASK_KEYS,
          MASK_PARCEL,
          MASK_CONSENT,
          MASK_RELEASE,
          MASK_COMPLAINT ->
          throw new IllegalStateException("a coordinator sends no " + message.kind());
    };
  }

  private synchronized void send(CoordinatorMessage message) {
    if (!over) {
      out.onNext(message);
    }
  }

  private void fail(StatusRuntimeException status) {
    synchronized (this) {
      if (!over) {
        over = true;
        out.onError(status);
      }
    }
    door.presence().disconnect(site, this);
  }

  private void end(Goodbye.Reason reason) {
    synchronized (this) {
      if (!over) {
        out.onNext(
            CoordinatorMessage.newBuilder()
                .setGoodbye(Goodbye.newBuilder().setReason(reason))
                .build());
        over = true;
        out.onCompleted();
      }
    }
    door.presence().disconnect(site, this);
  }
}
