package org.consilium.site.session;

import io.grpc.Status;
import io.grpc.StatusException;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.BlockingClientCall;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeoutException;
import org.consilium.proto.v1.CheckpointOffer;
import org.consilium.proto.v1.CoordinationGrpc;
import org.consilium.proto.v1.CoordinatorMessage;
import org.consilium.proto.v1.Goodbye;
import org.consilium.proto.v1.Hello;
import org.consilium.proto.v1.Ping;
import org.consilium.proto.v1.Signed;
import org.consilium.proto.v1.SiteMessage;
import org.consilium.protocol.Digest;
import org.consilium.protocol.Limits;
import org.consilium.protocol.MalformedMessage;
import org.consilium.protocol.MessageBudget;
import org.consilium.protocol.SiteId;
import org.consilium.protocol.wire.MaskCodec;
import org.consilium.protocol.wire.PlanCodec;
import org.consilium.protocol.wire.SignedKind;
import org.consilium.protocol.wire.TaskCodec;
import org.consilium.security.audit.MerkleTree.Head;
import org.consilium.security.sign.ChainCheck;
import org.consilium.security.sign.ChainRefused;
import org.consilium.site.protect.EgressBlocked;
import org.consilium.site.protect.witness.AuditWitness;
import org.consilium.site.protect.witness.AuditWitness.Judgement;
import org.consilium.site.protect.witness.ReleasedCosignature;

/**
 * The stream to the coordinator: greets, pings, hands verified orders on, sends answers, and comes
 * back after every cut. The latest decision and hours of each study are sent again after a
 * reconnection.
 */
public final class CoordinatorSession {
  private static final Duration PING_EVERY = Duration.ofSeconds(10);

  /** How soon a stream moves over to a new certificate, and a pause is noticed to have ended. */
  private static final Duration LOOK_EVERY = Duration.ofSeconds(1);

  private final CoordinatorLink link;
  private final Self self;
  private final Orders orders;
  private final InstantSource clock;
  private final Object sending = new Object();
  private final Map<String, Answer> standing = new LinkedHashMap<>();
  private Optional<BlockingClientCall<SiteMessage, CoordinatorMessage>> call = Optional.empty();
  private Optional<Head> told = Optional.empty();
  private boolean welcomed;
  private long sequence;
  private Instant pinged = Instant.MIN;
  private Instant lastHeard = Instant.MIN;

  /**
   * Who this site is.
   *
   * @param site must be the name that the coordinator greets
   * @param chains checks the coordinator's signing chain
   * @param softwareVersion told to the coordinator
   * @param witness judges the checkpoints of the coordinator's audit log
   * @param roster goes on with no coordinator whose roster does not go on from the pinned one
   */
  public record Self(
      SiteId site,
      ChainCheck chains,
      String softwareVersion,
      AuditWitness witness,
      RosterPin roster) {}

  /** Why the session is over for good. */
  public enum Ending {
    HALTED,
    REVOKED,
    PROTOCOL,
    CLOCK // it differs too much; only before the first welcome
  }

  public CoordinatorSession(CoordinatorLink link, Self self, Orders orders, InstantSource clock) {
    this.link = link;
    this.self = self;
    this.orders = orders;
    this.clock = clock;
  }

  /** Keeps the session up until {@code halt} is set or the coordinator sends this site away. */
  public Ending run(Halt halt, Backoff backoff) {
    halt.onHalt(this::cancel);
    while (!halt.halted()) {
      if (link.gate().paused()) {
        if (halt.await(LOOK_EVERY)) {
          return Ending.HALTED;
        }
        continue;
      }
      link.connectNow();
      Goodbye.Reason reason = Goodbye.Reason.REASON_UNSPECIFIED;
      String word;
      try {
        reason = converse(halt, backoff);
        word = link.gate().paused() ? "paused" : "goodbye";
      } catch (StatusException | StatusRuntimeException cut) {
        Status status = Status.fromThrowable(cut);
        word = Failures.word(status);
        if (status.getCode() == Status.Code.DEADLINE_EXCEEDED) {
          link.drop(); // who took the connection does not answer on it
        }
      } catch (TimeoutException silent) {
        word = "silent";
        link.drop(); // nobody closed it, and transfers on it wait for nothing too
      } catch (Skew skew) {
        orders.dropped(String.valueOf(skew.getMessage()));
        if (lastHeard.equals(Instant.MIN)) {
          hangUp();
          return Ending.CLOCK;
        }
        word = "clock";
      } catch (EgressBlocked blocked) {
        orders.held(blocked);
        word = blocked.step().word();
      } catch (ChainRefused | MalformedMessage | IOException | UncheckedIOException refused) {
        orders.dropped(String.valueOf(refused.getMessage()));
        word = "refused";
      } catch (InterruptedException interrupted) {
        Thread.currentThread().interrupt();
        word = "interrupted";
      }
      hangUp();
      orders.disconnected(word);
      switch (reason) {
        case REVOKED -> {
          return Ending.REVOKED;
        }
        case PROTOCOL -> {
          return Ending.PROTOCOL;
        }
        case REASON_UNSPECIFIED, REPLACED, SHUTTING_DOWN, UNRECOGNIZED -> {}
      }
      if (halt.await(backoff.next())) {
        return Ending.HALTED;
      }
      link.elsewhere(); // it may have moved to another machine
    }
    return Ending.HALTED;
  }

  /** Says something; without a connection it is dropped, and a decision is said at the next one. */
  public void say(Answer answer) throws IOException {
    synchronized (sending) {
      answer.standing().ifPresent(subject -> standing.put(subject, answer));
      if (call.isPresent()) {
        transmit(answer);
      }
    }
  }

  private Goodbye.Reason converse(Halt halt, Backoff backoff)
      throws StatusException, TimeoutException, InterruptedException, ChainRefused, IOException {
    Opened opened = greet();
    backoff.reset();
    while (true) {
      Optional<Goodbye.Reason> end = listen(halt, opened);
      if (end.isPresent()) {
        return end.get();
      }
      opened = greet(); // under the new certificate; only then the former stream ends
    }
  }

  private Opened greet()
      throws StatusException, TimeoutException, InterruptedException, ChainRefused, IOException {
    int generation = link.generation();
    self.roster().refresh(link);
    var stream = CoordinationGrpc.newBlockingV2Stub(link.channel()).session();
    Instant asked = clock.instant();
    Stream.write(
        stream,
        SiteMessage.newBuilder()
            .setHello(
                Hello.newBuilder()
                    .setProtocol(Limits.PROTOCOL)
                    .setSoftwareVersion(self.softwareVersion()))
            .build());
    CoordinatorMessage first = Stream.read(stream, link.traffic().silenceMax());
    if (first.hasGoodbye()) {
      return new Opened(stream, Optional.empty(), first.getGoodbye().getReason(), generation);
    }
    CoordinatorKey key = Welcoming.checked(first, self, asked, clock.instant());
    lastHeard = clock.instant();
    pinged = clock.instant();
    synchronized (sending) {
      call.ifPresent(former -> former.cancel("another stream took over", null));
      call = Optional.of(stream);
      welcomed = true;
      orders.connected();
      for (Answer answer : standing.values()) {
        transmit(answer);
      }
      tellKnown(stream);
    }
    return new Opened(stream, Optional.of(key), Goodbye.Reason.REASON_UNSPECIFIED, generation);
  }

  /** Why the stream ended; nothing when the link has a new credential, and it has to move. */
  private Optional<Goodbye.Reason> listen(Halt halt, Opened opened)
      throws StatusException, TimeoutException, InterruptedException, IOException {
    if (opened.key().isEmpty()) {
      return Optional.of(opened.refusal());
    }
    var stream = opened.stream();
    MessageBudget budget = new MessageBudget(clock.instant());
    while (!halt.halted() && !link.gate().paused()) {
      if (opened.generation() != link.generation()) {
        return Optional.empty();
      }
      ping(stream);
      tellAnew(stream);
      Optional<CoordinatorMessage> message = Stream.poll(stream, untilNextLook());
      if (message.isPresent()) {
        lastHeard = clock.instant();
        if (!budget.take(lastHeard)) {
          throw Status.RESOURCE_EXHAUSTED
              .withDescription("over %d messages in a minute".formatted(MessageBudget.MINUTE_MAX))
              .asException();
        }
        orders.heard();
        if (message.get().hasGoodbye()) {
          return Optional.of(message.get().getGoodbye().getReason());
        }
        handle(message.get(), opened.key().get());
      } else if (clock.instant().isAfter(lastHeard.plus(link.traffic().silenceMax()))) {
        throw new TimeoutException();
      }
    }
    synchronized (sending) {
      if (!halt.halted()) { // a node that stops has cancelled it
        stream.halfClose();
      }
    }
    return Optional.of(Goodbye.Reason.REASON_UNSPECIFIED);
  }

  private void handle(CoordinatorMessage message, CoordinatorKey key) throws IOException {
    try {
      switch (message.getKindCase()) {
        case PROPOSAL -> proposal(message.getProposal(), key);
        case TASK ->
            key.open(SignedKind.TASK, message.getTask())
                .ifPresentOrElse(
                    body -> orders.task(TaskCodec.decode(body)),
                    () -> orders.dropped("task: the signature does not verify"));
        case MASK ->
            key.open(SignedKind.MASK_ORDER, message.getMask())
                .ifPresentOrElse(
                    body -> orders.mask(MaskCodec.order(body)),
                    () -> orders.dropped("mask order: the signature does not verify"));
        case CHECKPOINT -> checkpoint(message.getCheckpoint());
        case PONG -> orders.roundTrip(Duration.between(pinged, clock.instant()));
        case WELCOME, GOODBYE, KIND_NOT_SET -> {}
      }
    } catch (MalformedMessage malformed) {
      orders.dropped(String.valueOf(malformed.getMessage()));
    }
  }

  private void proposal(Signed signed, CoordinatorKey key) {
    Optional<byte[]> body = key.open(SignedKind.PROPOSAL, signed);
    if (body.isEmpty()) {
      orders.dropped("proposal: the signature does not verify");
      return;
    }
    byte[] plan = PlanCodec.planBytes(body.get());
    orders.proposal(plan, PlanCodec.decode(plan), Digest.sha256(plan));
  }

  /** Cosigns a checkpoint that continues the last one; any other is evidence, and ends the work. */
  private void checkpoint(CheckpointOffer offer) throws IOException {
    switch (self.witness()
        .offered(CheckpointCodec.checkpoint(offer), CheckpointCodec.proof(offer))) {
      case Judgement.Right(ReleasedCosignature released) -> cosign(released);
      case Judgement.Refused(var why, String detail) ->
          orders.distrusted("AUDIT %s, NOT COSIGNED: %s".formatted(why, detail));
      case Judgement.Withheld() -> {}
    }
  }

  /** The exit has the cosignature in the ledger before it leaves. */
  private void cosign(ReleasedCosignature released) throws IOException {
    SiteMessage message = CheckpointCodec.cosign(released);
    synchronized (sending) {
      if (call.isPresent()) {
        try {
          Stream.write(call.get(), message);
          tellKnown(call.get());
        } catch (EgressBlocked blocked) {
          orders.held(blocked);
        } catch (UncheckedIOException full) {
          throw new IOException(full.getMessage(), full);
        } catch (StatusException | TimeoutException cut) {
          call = Optional.empty(); // the reading side notices as well
        } catch (InterruptedException interrupted) {
          Thread.currentThread().interrupt();
        }
      }
    }
  }

  /** Says which checkpoint this site knows; the caller holds {@link #sending}. */
  private void tellKnown(BlockingClientCall<SiteMessage, CoordinatorMessage> stream)
      throws StatusException, TimeoutException, InterruptedException, IOException {
    AuditWitness.Memory known = self.witness().memory();
    Stream.write(stream, CheckpointCodec.state(known));
    told = Optional.of(known.head());
  }

  /** People may have accepted a checkpoint that was refused: others are measured by it then. */
  private void tellAnew(BlockingClientCall<SiteMessage, CoordinatorMessage> stream)
      throws StatusException, TimeoutException, InterruptedException, IOException {
    synchronized (sending) {
      if (!told.equals(Optional.of(self.witness().known()))) {
        tellKnown(stream);
      }
    }
  }

  private void ping(BlockingClientCall<SiteMessage, CoordinatorMessage> stream)
      throws StatusException, TimeoutException, InterruptedException {
    Instant now = clock.instant();
    if (now.isBefore(pinged.plus(PING_EVERY))) {
      return;
    }
    pinged = now;
    sequence++;
    synchronized (sending) {
      Stream.write(
          stream,
          SiteMessage.newBuilder()
              .setPing(
                  Ping.newBuilder().setSequence(sequence).setSiteTimeMillis(now.toEpochMilli()))
              .build());
    }
  }

  private Duration untilNextLook() {
    Duration left = Duration.between(clock.instant(), pinged.plus(PING_EVERY)).plusMillis(1);
    return left.compareTo(LOOK_EVERY) > 0
        ? LOOK_EVERY
        : left.isPositive() ? left : Duration.ofMillis(1);
  }

  /** Sends an answer; the caller holds {@link #sending}. A decision is in the ledger before. */
  private void transmit(Answer answer) throws IOException {
    try {
      Stream.write(call.orElseThrow(), AnswerCodec.encode(answer));
    } catch (EgressBlocked blocked) {
      orders.held(blocked);
    } catch (UncheckedIOException ledger) {
      throw new IOException(ledger.getMessage(), ledger);
    } catch (StatusException | TimeoutException cut) {
      // The reading side notices the cut as well, and reconnects.
      call = Optional.empty();
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private void hangUp() {
    synchronized (sending) {
      call.ifPresent(c -> c.cancel("session over", null));
      call = Optional.empty();
      if (!welcomed) {
        return;
      }
      welcomed = false;
      try {
        link.gate().summarise();
      } catch (IOException full) {
        orders.dropped("ledger: " + full.getMessage());
      }
    }
  }

  private void cancel() {
    synchronized (sending) {
      call.ifPresent(c -> c.cancel("node stops", null));
    }
  }
}
