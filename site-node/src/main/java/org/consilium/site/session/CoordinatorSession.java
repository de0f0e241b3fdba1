package org.consilium.site.session;

import com.google.protobuf.ByteString;
import io.grpc.Status;
import io.grpc.StatusException;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.BlockingClientCall;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.consilium.proto.v1.CoordinationGrpc;
import org.consilium.proto.v1.CoordinatorMessage;
import org.consilium.proto.v1.GetRosterRequest;
import org.consilium.proto.v1.Goodbye;
import org.consilium.proto.v1.Hello;
import org.consilium.proto.v1.Ping;
import org.consilium.proto.v1.Signed;
import org.consilium.proto.v1.SiteMessage;
import org.consilium.proto.v1.Welcome;
import org.consilium.protocol.Digest;
import org.consilium.protocol.Limits;
import org.consilium.protocol.MalformedMessage;
import org.consilium.protocol.MessageBudget;
import org.consilium.protocol.SiteId;
import org.consilium.protocol.StudyId;
import org.consilium.protocol.wire.PlanCodec;
import org.consilium.protocol.wire.SignedKind;
import org.consilium.protocol.wire.TaskCodec;
import org.consilium.security.sign.ChainCheck;
import org.consilium.security.sign.ChainRefused;
import org.consilium.site.ledger.EgressEntry;
import org.consilium.site.ledger.EgressLedger;

/**
 * The stream to the coordinator: greets, pings, hands verified orders on, sends answers, and comes
 * back after every cut. The latest decision about each study is sent again after a reconnection.
 */
public final class CoordinatorSession {
  private static final Duration PING_EVERY = Duration.ofSeconds(10);

  /** Three pings unanswered: the stream is dead, whatever the network says. */
  private static final Duration SILENCE_MAX = Duration.ofSeconds(35);

  private static final Duration WRITE_MAX = Duration.ofSeconds(20);

  private final CoordinatorLink link;
  private final Self self;
  private final Orders orders;
  private final EgressLedger ledger;
  private final InstantSource clock;
  private final Optional<RosterPin> pin;
  private final Object sending = new Object();
  private final Map<StudyId, Answer.Decision> decisions = new LinkedHashMap<>();
  private Optional<BlockingClientCall<SiteMessage, CoordinatorMessage>> call = Optional.empty();
  private long heartbeats;
  private long sequence;
  private Instant pinged = Instant.MIN;
  private Instant lastHeard = Instant.MIN;

  /**
   * Who this site is.
   *
   * @param site must be the name that the coordinator greets
   * @param chains checks the coordinator's signing chain
   * @param softwareVersion told to the coordinator
   */
  public record Self(SiteId site, ChainCheck chains, String softwareVersion) {}

  /** Why the session is over for good. */
  public enum Ending {
    HALTED,
    REVOKED,
    PROTOCOL
  }

  public CoordinatorSession(
      CoordinatorLink link, Self self, Orders orders, EgressLedger ledger, InstantSource clock) {
    this(link, self, orders, ledger, clock, Optional.empty());
  }

  private CoordinatorSession(
      CoordinatorLink link,
      Self self,
      Orders orders,
      EgressLedger ledger,
      InstantSource clock,
      Optional<RosterPin> pin) {
    this.pin = pin;
    this.link = link;
    this.self = self;
    this.orders = orders;
    this.ledger = ledger;
    this.clock = clock;
  }

  /** The same, but never with a coordinator whose roster does not go on from the pinned one. */
  public CoordinatorSession pinning(RosterPin roster) {
    return new CoordinatorSession(link, self, orders, ledger, clock, Optional.of(roster));
  }

  /** Keeps the session up until {@code halt} is set or the coordinator sends this site away. */
  public Ending run(Halt halt, Backoff backoff) {
    halt.onHalt(this::cancel);
    while (!halt.halted()) {
      link.connectNow();
      Goodbye.Reason reason = Goodbye.Reason.REASON_UNSPECIFIED;
      String word;
      try {
        reason = converse(halt, backoff);
        word = "goodbye";
      } catch (StatusException | StatusRuntimeException cut) {
        word = word(Status.fromThrowable(cut));
      } catch (TimeoutException silent) {
        word = "silent";
      } catch (ChainRefused | MalformedMessage | IOException refused) {
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
    }
    return Ending.HALTED;
  }

  /** Says something; without a connection it is dropped, and a decision is said at the next one. */
  public void say(Answer answer) throws IOException {
    synchronized (sending) {
      if (answer instanceof Answer.Decision decision) {
        decisions.put(decision.study(), decision);
      }
      if (call.isPresent()) {
        transmit(answer);
      }
    }
  }

  private Goodbye.Reason converse(Halt halt, Backoff backoff)
      throws StatusException, TimeoutException, InterruptedException, ChainRefused, IOException {
    checkRoster();
    var stream = CoordinationGrpc.newBlockingV2Stub(link.channel()).session();
    write(
        stream,
        SiteMessage.newBuilder()
            .setHello(
                Hello.newBuilder()
                    .setProtocol(Limits.PROTOCOL)
                    .setSoftwareVersion(self.softwareVersion()))
            .build());
    CoordinatorMessage first = read(stream, SILENCE_MAX);
    if (first.hasGoodbye()) {
      return first.getGoodbye().getReason();
    }
    CoordinatorKey key = welcome(first);
    lastHeard = clock.instant();
    pinged = clock.instant();
    backoff.reset();
    synchronized (sending) {
      call = Optional.of(stream);
      orders.connected();
      for (Answer.Decision decision : decisions.values()) {
        transmit(decision);
      }
    }
    MessageBudget budget = new MessageBudget(clock.instant());
    while (!halt.halted()) {
      ping(stream);
      Optional<CoordinatorMessage> message = poll(stream, untilNextPing());
      if (message.isPresent()) {
        lastHeard = clock.instant();
        if (!budget.take(lastHeard)) {
          throw Status.RESOURCE_EXHAUSTED
              .withDescription("over %d messages in a minute".formatted(MessageBudget.MINUTE_MAX))
              .asException();
        }
        orders.heard();
        if (message.get().hasGoodbye()) {
          return message.get().getGoodbye().getReason();
        }
        handle(message.get(), key);
      } else if (clock.instant().isAfter(lastHeard.plus(SILENCE_MAX))) {
        throw new TimeoutException();
      }
    }
    stream.halfClose();
    return Goodbye.Reason.REASON_UNSPECIFIED;
  }

  private void checkRoster() throws StatusException, IOException {
    if (pin.isEmpty()) {
      return;
    }
    try {
      var _ =
          pin.get()
              .accept(
                  RosterPin.of(
                      CoordinationGrpc.newBlockingV2Stub(link.channel())
                          .withDeadlineAfter(WRITE_MAX.toMillis(), TimeUnit.MILLISECONDS)
                          .getRoster(GetRosterRequest.getDefaultInstance())));
    } catch (StatusException failed) {
      // Its authority may be away; what was pinned holds, and nothing older was shown.
      if (failed.getStatus().getCode() != Status.Code.UNAVAILABLE || !pin.get().known()) {
        throw failed;
      }
    }
  }

  private CoordinatorKey welcome(CoordinatorMessage first) throws ChainRefused {
    if (!first.hasWelcome()) {
      throw new MalformedMessage("session: the first message is not a welcome");
    }
    Welcome welcome = first.getWelcome();
    if (welcome.getProtocol() != Limits.PROTOCOL) {
      throw new MalformedMessage(
          "session: protocol %d, this node speaks %d"
              .formatted(welcome.getProtocol(), Limits.PROTOCOL));
    }
    if (!welcome.getSite().equals(self.site().value())) {
      throw new MalformedMessage(
          "session: welcomed as %s, this is %s"
              .formatted(Limits.printable(welcome.getSite()), self.site()));
    }
    return CoordinatorKey.of(welcome.getSigningChainList(), self.chains());
  }

  private void handle(CoordinatorMessage message, CoordinatorKey key) {
    try {
      switch (message.getKindCase()) {
        case PROPOSAL -> proposal(message.getProposal(), key);
        case TASK ->
            key.open(SignedKind.TASK, message.getTask())
                .ifPresentOrElse(
                    body -> orders.task(TaskCodec.decode(body)),
                    () -> orders.dropped("task: the signature does not verify"));
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

  private void ping(BlockingClientCall<SiteMessage, CoordinatorMessage> stream)
      throws StatusException, TimeoutException, InterruptedException {
    Instant now = clock.instant();
    if (now.isBefore(pinged.plus(PING_EVERY))) {
      return;
    }
    pinged = now;
    sequence++;
    synchronized (sending) {
      heartbeats++;
      write(
          stream,
          SiteMessage.newBuilder()
              .setPing(
                  Ping.newBuilder().setSequence(sequence).setSiteTimeMillis(now.toEpochMilli()))
              .build());
    }
  }

  private Duration untilNextPing() {
    Duration left = Duration.between(clock.instant(), pinged.plus(PING_EVERY));
    return left.isNegative() ? Duration.ofMillis(1) : left.plusMillis(1);
  }

  /** Sends an answer; the caller holds {@link #sending}. A decision is in the ledger before. */
  private void transmit(Answer answer) throws IOException {
    SiteMessage message = AnswerCodec.encode(answer);
    if (answer instanceof Answer.Decision decision) {
      byte[] bytes = message.toByteArray();
      ledger.record(
          new EgressEntry(
              EgressEntry.Kind.DECISION,
              decision.study().value(),
              0,
              bytes.length,
              Digest.sha256(bytes),
              "coordinator",
              0));
    } else {
      heartbeats++;
    }
    try {
      write(call.orElseThrow(), message);
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
      if (heartbeats == 0) {
        return;
      }
      byte[] summary = ByteString.copyFromUtf8("heartbeats " + heartbeats).toByteArray();
      try {
        ledger.record(
            new EgressEntry(
                EgressEntry.Kind.HEARTBEATS,
                "",
                0,
                heartbeats * AnswerCodec.HEARTBEAT_BYTES,
                Digest.sha256(summary),
                "coordinator",
                0));
        heartbeats = 0;
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

  private static void write(
      BlockingClientCall<SiteMessage, CoordinatorMessage> stream, SiteMessage message)
      throws StatusException, TimeoutException, InterruptedException {
    if (!stream.write(message, WRITE_MAX.toMillis(), TimeUnit.MILLISECONDS)) {
      throw Status.UNAVAILABLE.withDescription("the stream was closed").asException();
    }
  }

  private static CoordinatorMessage read(
      BlockingClientCall<SiteMessage, CoordinatorMessage> stream, Duration limit)
      throws StatusException, TimeoutException, InterruptedException {
    CoordinatorMessage message = stream.read(limit.toMillis(), TimeUnit.MILLISECONDS);
    if (message == null) {
      throw Status.UNAVAILABLE.withDescription("the coordinator closed the stream").asException();
    }
    return message;
  }

  private static Optional<CoordinatorMessage> poll(
      BlockingClientCall<SiteMessage, CoordinatorMessage> stream, Duration limit)
      throws StatusException, InterruptedException {
    try {
      return Optional.of(read(stream, limit));
    } catch (TimeoutException nothingYet) {
      return Optional.empty();
    }
  }

  private static String word(Status status) {
    String words = Failures.words(status);
    if (words.contains("407")) {
      return "proxy_auth";
    }
    if (words.contains("pinned") || words.contains("PKIX") || words.contains("certificate")) {
      return "tls";
    }
    return status.getCode().name().toLowerCase(java.util.Locale.ROOT);
  }
}
