package org.consilium.coordinator.study;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.StreamObserver;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.consilium.coordinator.rpc.DoorLimits;
import org.consilium.coordinator.study.WireConsortium.Ear;
import org.consilium.proto.v1.CoordinationGrpc;
import org.consilium.proto.v1.CoordinatorMessage;
import org.consilium.proto.v1.FetchModelRequest;
import org.consilium.proto.v1.Hello;
import org.consilium.proto.v1.Ping;
import org.consilium.proto.v1.RevocationsRequest;
import org.consilium.proto.v1.SiteMessage;
import org.consilium.protocol.Limits;
import org.consilium.protocol.SiteId;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What one member can take of a coordinator, by as many connections and streams as it likes. */
final class GreedySiteTest {
  private static final int ALL = 100_000;

  /** Of one site; half of them go on. */
  private static final int CALLS = 8;

  private static final int NEWCOMERS = 2;
  private static final DoorLimits TIGHT =
      new DoorLimits(
          new DoorLimits.Counts(100, 100, NEWCOMERS, CALLS),
          Duration.ofSeconds(10),
          Duration.ofMinutes(15),
          Duration.ofHours(1),
          new DoorLimits.Leases(Duration.ofSeconds(2), Limits.SENDING_LEASE));

  @TempDir Path folder;

  private WireConsortium c;
  private SiteId greedy;
  private ManagedChannel line;
  private ManagedChannel othersLine;
  private final Ear<SiteMessage, CoordinatorMessage> others = new Ear<>(ALL);

  @BeforeEach
  void start() throws Exception {
    c = new WireConsortium(folder, 2, TIGHT);
    greedy = c.inside.ids.getFirst();
    line = c.channel(greedy);
    othersLine = c.channel(c.inside.ids.getLast());
    CoordinationGrpc.newStub(othersLine).session(others).onNext(hello());
    TestConsortium.await(() -> c.inside.presence().connected(c.inside.ids.getLast()));
  }

  /** The other site has its stream still, and may begin calls. */
  @AfterEach
  void otherSiteIsServed() {
    try (WireConsortium _ = c) {
      assertThat(others.open()).isTrue();
      assertThat(ask(othersLine).getCode()).isEqualTo(Status.Code.OK);
    }
  }

  @Test
  void badInput_32_callsBeyondThoseOfASite_oldestEndAndTheNewestIsServed() throws Exception {
    List<Ear<SiteMessage, CoordinatorMessage>> held = new ArrayList<>();
    for (int i = 0; i < CALLS; i++) {
      Ear<SiteMessage, CoordinatorMessage> silent = new Ear<>(ALL);
      var _ = CoordinationGrpc.newStub(c.channel(greedy)).session(silent); // its own connection
      held.add(silent);
    }
    TestConsortium.await(() -> held.stream().filter(Ear::open).count() == CALLS / 2);

    Ear<SiteMessage, CoordinatorMessage> newest = new Ear<>(ALL);
    CoordinationGrpc.newStub(line).session(newest).onNext(hello());
    TestConsortium.await(() -> c.inside.presence().connected(greedy));

    TestConsortium.await(() -> held.stream().filter(Ear::open).count() == CALLS / 2 - 1);
    assertThat(newest.open()).isTrue();
    for (Ear<SiteMessage, CoordinatorMessage> one : held) {
      if (!one.open()) {
        assertThat(one.ended().getCode()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
        assertThat(one.ended().getDescription())
            .isEqualTo("TOO_MANY_CALLS: 4 later calls of this site go on");
      }
    }
  }

  @Test
  void badInput_32_downloadsThatNobodyReads_noMoreCallsUntilOneIsGone() throws Exception {
    var _ = c.inside.begin(TestPlan.of(c.inside.ids).parameters(500_000));
    byte[] version = c.inside.task(greedy).model().version().digest().bytes();
    List<RawHttp2> unread = new ArrayList<>();
    try {
      for (int i = 0; i < CALLS; i++) {
        unread.add(unread(version));
      }

      Status refused = ask(line);
      Status anothers = ask(othersLine);
      unread.getFirst().close();

      assertThat(refused.getCode()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
      assertThat(refused.getDescription())
          .isEqualTo(
              "TOO_MANY_CALLS: 8 calls of this site are open; try again when some have ended");
      assertThat(anothers.getCode()).isEqualTo(Status.Code.OK);
      TestConsortium.await(() -> ask(line).isOk());
    } finally {
      for (RawHttp2 raw : unread) {
        raw.close();
      }
    }
  }

  @Test
  void badInput_32_messagesOverSeveralSessions_shareOneBudget() throws Exception {
    assertThat(converse(4_000).getCode()).isEqualTo(Status.Code.OK);
    Status second = converse(4_000);
    c.inside.time.jump(Duration.ofMinutes(1));

    assertThat(second.getCode()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
    assertThat(second.getDescription())
        .isEqualTo("BUSY: over 6000 messages of this site in a minute");
    assertThat(converse(4_000).getCode()).isEqualTo(Status.Code.OK);
  }

  @Test
  void badInput_31_lastByteOfAMessageIsMissing_everyKindOfCallEnds() throws Exception {
    List<String> methods = List.of("SubmitReport", "FetchModel", "Session");
    try (RawHttp2 raw = RawHttp2.greet(c.tls(greedy), c.sitesPort())) {
      for (int i = 0; i < methods.size(); i++) {
        int stream = 2 * i + 1;
        begin(raw, stream, methods.get(i), 25_600);
        raw.frame(RawHttp2.DATA, 0, stream, new byte[16_000]);
        raw.frame(RawHttp2.DATA, 0, stream, new byte[9_599]);
      }

      TestConsortium.await(() -> ended(raw) == methods.size());
    }
  }

  @Test
  void report_slowMessageThatMoves_isNotEnded() throws Exception {
    try (RawHttp2 raw = RawHttp2.greet(c.tls(greedy), c.sitesPort())) {
      int pieces = 30; // 16 KiB each in 150 ms, 4.5 s: two leases of 2 s for one message
      begin(raw, 1, "SubmitReport", pieces * (16 << 10));
      for (int i = 0; i < pieces; i++) {
        assertThat(ended(raw)).isZero();
        raw.frame(RawHttp2.DATA, 0, 1, new byte[16 << 10]);
        TimeUnit.MILLISECONDS.sleep(150);
      }

      // The message is whole, and is no report: only now it is refused.
      TestConsortium.await(() -> ended(raw) == 1);
    }
  }

  @Test
  void badInput_32_connectionsBeyondAllOfADoor_turnedAwayBeforeTls() throws Exception {
    List<Socket> held = new ArrayList<>();
    try {
      for (int i = 0; i < NEWCOMERS; i++) { // far fewer than one address may have
        held.add(new Socket(InetAddress.getLoopbackAddress(), c.enrolmentPort()));
      }
      try (Socket beyond = new Socket(InetAddress.getLoopbackAddress(), c.enrolmentPort())) {
        beyond.setSoTimeout(5_000); // sooner than the handshake's limit
        assertThat(ends(beyond)).isTrue();
      }
    } finally {
      for (Socket socket : held) {
        socket.close();
      }
    }
  }

  /** A download on a connection of its own that takes the first 64 KiB and no more. */
  private RawHttp2 unread(byte[] version) throws Exception {
    byte[] request =
        FetchModelRequest.newBuilder()
            .setVersion(ByteString.copyFrom(version))
            .build()
            .toByteArray();
    RawHttp2 raw = RawHttp2.greet(c.tls(greedy), c.sitesPort());
    begin(raw, 1, "FetchModel", request.length);
    raw.frame(RawHttp2.DATA, RawHttp2.END_STREAM, 1, request);
    TestConsortium.await(() -> raw.count(f -> f.type() == RawHttp2.DATA) > 0);
    return raw;
  }

  /** A session of so many pings; how it ended. */
  private Status converse(int pings) throws Exception {
    Ear<SiteMessage, CoordinatorMessage> ear = new Ear<>(ALL);
    StreamObserver<SiteMessage> out = CoordinationGrpc.newStub(line).session(ear);
    out.onNext(hello());
    for (int i = 0; i < pings; i++) {
      out.onNext(SiteMessage.newBuilder().setPing(Ping.newBuilder().setSequence(i)).build());
    }
    out.onCompleted();
    return ear.ended();
  }

  /** A call with a long deadline, and the length of its first message. */
  private static void begin(RawHttp2 raw, int stream, String method, int length)
      throws IOException {
    var block = new ByteArrayOutputStream();
    block.writeBytes(RawHttp2.requestHeaders("/consilium.v1.Coordination/" + method));
    RawHttp2.literal(block, "grpc-timeout", "14M");
    raw.frame(RawHttp2.HEADERS, RawHttp2.END_HEADERS, stream, block.toByteArray());
    raw.frame(
        RawHttp2.DATA,
        0,
        stream,
        new byte[] {0, 0, (byte) (length >> 16), (byte) (length >> 8), (byte) length});
  }

  private static long ended(RawHttp2 raw) {
    return raw.heard.stream()
        .filter(RawHttp2::endsStream)
        .map(RawHttp2.Frame::stream)
        .distinct()
        .count();
  }

  private static Status ask(ManagedChannel channel) {
    try {
      var _ =
          CoordinationGrpc.newBlockingStub(channel)
              .withDeadlineAfter(20, TimeUnit.SECONDS)
              .revocations(RevocationsRequest.getDefaultInstance());
      return Status.OK;
    } catch (StatusRuntimeException refused) {
      return refused.getStatus();
    }
  }

  private static SiteMessage hello() {
    return SiteMessage.newBuilder()
        .setHello(Hello.newBuilder().setProtocol(Limits.PROTOCOL).setSoftwareVersion("0.1.0"))
        .build();
  }

  private static boolean ends(Socket socket) throws IOException {
    try {
      return socket.getInputStream().read() < 0;
    } catch (SocketException reset) {
      return true;
    }
  }
}
