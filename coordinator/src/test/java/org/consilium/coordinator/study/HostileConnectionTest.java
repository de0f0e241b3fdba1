package org.consilium.coordinator.study;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.consilium.coordinator.rpc.DoorLimits;
import org.consilium.coordinator.study.WireConsortium.Ear;
import org.consilium.proto.v1.CoordinationGrpc;
import org.consilium.proto.v1.CoordinatorMessage;
import org.consilium.proto.v1.FetchModelRequest;
import org.consilium.proto.v1.Hello;
import org.consilium.proto.v1.ModelChunk;
import org.consilium.proto.v1.Ping;
import org.consilium.proto.v1.SiteMessage;
import org.consilium.proto.v1.UpdateChunk;
import org.consilium.proto.v1.UploadProgress;
import org.consilium.protocol.Limits;
import org.consilium.protocol.SiteId;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Connections that flood or dawdle are closed, and another site's session does not notice. */
final class HostileConnectionTest {
  private static final DoorLimits SHORT =
      new DoorLimits(
          new DoorLimits.Counts(4, 100, 100, 32),
          Duration.ofSeconds(1),
          Duration.ofSeconds(2),
          Duration.ofHours(1),
          new DoorLimits.Leases(Duration.ofSeconds(2), Duration.ofSeconds(3)));
  private static final Duration SOON = Duration.ofSeconds(10);
  private static final String SESSION = "/consilium.v1.Coordination/Session";
  private static final String CHUNKS = "/consilium.v1.Coordination/SendChunks";

  @TempDir Path folder;

  private WireConsortium c;
  private SiteId hostile;
  private Ear<SiteMessage, CoordinatorMessage> others;
  private StreamObserver<SiteMessage> speaking;

  @BeforeEach
  void start() throws Exception {
    c = new WireConsortium(folder, 2, SHORT);
    hostile = c.inside.ids.getFirst();
    others = new Ear<>(100_000);
    speaking = CoordinationGrpc.newStub(c.channel(c.inside.ids.getLast())).session(others);
    speaking.onNext(
        SiteMessage.newBuilder()
            .setHello(Hello.newBuilder().setProtocol(Limits.PROTOCOL).setSoftwareVersion("0.1.0"))
            .build());
    TestConsortium.await(() -> c.inside.presence().connected(c.inside.ids.getLast()));
  }

  /** The other site is answered on the stream that it has had all the time. */
  @AfterEach
  void otherSiteIsServed() {
    try (WireConsortium _ = c) {
      speaking.onNext(SiteMessage.newBuilder().setPing(Ping.newBuilder().setSequence(77)).build());
      TestConsortium.await(
          () -> others.heard.stream().anyMatch(m -> m.getPong().getSequence() == 77));
      assertThat(others.open()).isTrue();
    }
  }

  @Test
  void badInput_31_handshakeByteByByte_closed() throws Exception {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), c.sitesPort())) {
      byte[] hello = {22, 3, 1, 2, 0, 1, 0, 1, (byte) 252, 3, 3};
      long closedAfter = dawdle(hello.length * 20, i -> write(socket, hello[i % hello.length]));

      assertThat(closedAfter).isBetween(500L, 5_000L);
    }
  }

  @Test
  void badInput_31_nothingAfterTheHandshake_closed() throws Exception {
    try (RawHttp2 line = RawHttp2.connect(c.tls(hostile), c.sitesPort())) {
      assertThat(line.closedWithin(SOON)).isTrue();
    }
  }

  @Test
  @Tag("slow") // a connection that is asked to leave has ten seconds to answer
  void badInput_31_headersByteByByte_closed() throws Exception {
    try (RawHttp2 line = RawHttp2.greet(c.tls(hostile), c.sitesPort())) {
      line.bytes(new byte[] {0, 1, 0, RawHttp2.HEADERS, RawHttp2.END_HEADERS, 0, 0, 0, 1});
      long closedAfter = dawdle(250, _ -> line.bytes(new byte[1]));

      assertThat(closedAfter).isBetween(1_000L, 20_000L);
    }
  }

  @Test
  void badInput_31_chunkByteByByte_streamEnds() throws Exception {
    try (RawHttp2 line = RawHttp2.greet(c.tls(hostile), c.sitesPort())) {
      line.call(1, CHUNKS);
      line.frame(RawHttp2.DATA, 0, 1, new byte[] {0, 0, 0, 100, 0}); // a message of 25,600 bytes
      long _ =
          dawdle(
              80,
              _ -> {
                if (line.count(RawHttp2::endsStream) > 0) {
                  throw new SocketException("the stream ended");
                }
                line.frame(RawHttp2.DATA, 0, 1, new byte[1]);
              });

      assertThat(line.count(RawHttp2::endsStream)).isPositive();
    }
  }

  @Test
  void upload_slowChunkThatMoves_isNotEnded() throws Exception {
    try (RawHttp2 line = RawHttp2.greet(c.tls(hostile), c.sitesPort())) {
      line.call(1, CHUNKS);
      int pieces = 40; // 16 KiB each in 150 ms, 6 s: three leases of 2 s for one message
      int message = pieces * (16 << 10);
      line.frame(
          RawHttp2.DATA, 0, 1, new byte[] {0, 0, (byte) (message >> 16), (byte) (message >> 8), 0});
      for (int i = 0; i < pieces; i++) {
        assertThat(line.count(RawHttp2::endsStream)).isZero();
        line.frame(RawHttp2.DATA, 0, 1, new byte[16 << 10]);
        TimeUnit.MILLISECONDS.sleep(150);
      }

      // The message is whole, and is no chunk: only now it is refused.
      TestConsortium.await(() -> line.count(RawHttp2::endsStream) > 0);
    }
  }

  @Test
  void download_nobodyReads_endsAndResumes() throws Exception {
    // 20 MB: more than fits into what is on its way.
    var _ = c.inside.begin(TestPlan.of(c.inside.ids).parameters(5_000_000));
    byte[] version = c.inside.task(hostile).model().version().digest().bytes();
    Ear<FetchModelRequest, ModelChunk> fetch = new Ear<>(1);
    CoordinationGrpc.newStub(c.channel(hostile))
        .fetchModel(
            FetchModelRequest.newBuilder().setVersion(ByteString.copyFrom(version)).build(), fetch);

    TimeUnit.SECONDS.sleep(6); // the lease is 3 s
    fetch.listen();

    assertThat(fetch.ended().getDescription()).isEqualTo("STALLED: no chunk was taken for 3000 ms");
    assertThat(fetch.count.get()).isBetween(1L, 20L);
  }

  @Test
  void badInput_31_uploadWithoutChunks_deadlineExceeded() throws Exception {
    Ear<UpdateChunk, UploadProgress> upload = new Ear<>(1);
    StreamObserver<UpdateChunk> _ = CoordinationGrpc.newStub(c.channel(hostile)).sendChunks(upload);

    Status end = upload.ended();

    assertThat(end.getCode()).isEqualTo(Status.Code.DEADLINE_EXCEEDED);
    assertThat(end.getDescription())
        .isEqualTo("STALLED: no whole message and less than 64 KiB came for 2000 ms");
  }

  @Test
  void badInput_32_rapidReset_closed() throws Exception {
    flood(
        400,
        (line, i) -> {
          line.call(2 * i + 1, SESSION);
          line.frame(RawHttp2.RST_STREAM, 0, 2 * i + 1, new byte[] {0, 0, 0, 8});
        });
  }

  @Test
  void badInput_32_streamsBeforeSettingsAreAcknowledged_refused() throws Exception {
    try (RawHttp2 line = RawHttp2.greet(c.tls(hostile), c.sitesPort())) {
      int streams = 90; // fewer than what counts as a flood of resets
      for (int i = 0; i < streams; i++) {
        line.call(2 * i + 1, SESSION);
      }
      TestConsortium.await(
          () -> line.count(f -> f.type() == RawHttp2.RST_STREAM) >= streams - 16 || closed(line));

      assertThat(line.count(RawHttp2::endsStream) + 16).isGreaterThanOrEqualTo(streams);
    }
  }

  @Test
  void badInput_32_manyStreamErrors_leaveFewLinesAndNoTrace() throws Exception {
    List<LogRecord> records = new CopyOnWriteArrayList<>();
    Handler handler =
        new Handler() {
          @Override
          public void publish(LogRecord record) {
            records.add(record);
          }

          @Override
          public void flush() {
            // nothing is buffered
          }

          @Override
          public void close() {
            // nothing is open
          }
        };
    Logger transport = Logger.getLogger("io.grpc.netty.shaded.io.grpc.netty");
    transport.addHandler(handler);
    try (RawHttp2 line = RawHttp2.greet(c.tls(hostile), c.sitesPort())) {
      for (int i = 0; i < 60; i++) {
        line.call(2 * i + 1, SESSION);
      }
      TestConsortium.await(() -> line.count(RawHttp2::endsStream) >= 44 || closed(line));
    } finally {
      transport.removeHandler(handler);
    }

    assertThat(records).hasSizeBetween(1, 10).allMatch(r -> r.getThrown() == null);
    assertThat(records.getFirst().getMessage()).contains("Maximum active streams");
  }

  @Test
  void badInput_32_continuationsWithoutEnd_closed() throws Exception {
    byte[] block = RawHttp2.requestHeaders(SESSION);
    byte[] more = headers(1, 16_000);
    flood(
        400,
        (line, i) ->
            line.frame(
                i == 0 ? RawHttp2.HEADERS : RawHttp2.CONTINUATION, 0, 1, i == 0 ? block : more));
  }

  @Test
  void badInput_32_emptyContinuationsWithoutEnd_closed() throws Exception {
    byte[] block = RawHttp2.requestHeaders(SESSION);
    flood(
        20_000,
        (line, i) ->
            line.frame(
                i == 0 ? RawHttp2.HEADERS : RawHttp2.CONTINUATION,
                0,
                1,
                i == 0 ? block : new byte[0]));
  }

  @Test
  void badInput_32_metadataOfOneMegabyte_closed() throws Exception {
    sendHeaders(headers(1, 1 << 20));
  }

  @Test
  void badInput_32_tenThousandHeaders_closed() throws Exception {
    sendHeaders(headers(10_000, 4));
  }

  @Test
  void badInput_32_pingFloodOfFrames_closed() throws Exception {
    flood(400, (line, _) -> line.frame(RawHttp2.PING, 0, 0, new byte[8]));
  }

  @Test
  void badInput_32_connectionsBeyondTheLimit_turnedAwayBeforeTls() throws Exception {
    List<Socket> held = new ArrayList<>();
    try {
      for (int i = 0; i < 3; i++) { // the other site's is the fourth
        held.add(new Socket(InetAddress.getLoopbackAddress(), c.sitesPort()));
      }
      try (Socket beyond = new Socket(InetAddress.getLoopbackAddress(), c.sitesPort())) {
        beyond.setSoTimeout(500); // sooner than the handshake's limit
        assertThat(ends(beyond)).isTrue();
      }
    } finally {
      for (Socket socket : held) {
        socket.close();
      }
    }
    TestConsortium.await(
        () -> {
          try (RawHttp2 line = RawHttp2.greet(c.tls(hostile), c.sitesPort())) {
            return !line.closedWithin(Duration.ofMillis(100));
          } catch (Exception turnedAway) {
            return false;
          }
        });
  }

  /** One step of an attack. */
  private interface Step {
    void run(RawHttp2 line, int index) throws IOException;
  }

  /** Repeats a step until the connection is closed, which has to be soon. */
  private void flood(int times, Step step) throws Exception {
    try (RawHttp2 line = RawHttp2.greet(c.tls(hostile), c.sitesPort())) {
      try {
        for (int i = 0; i < times; i++) {
          step.run(line, i);
        }
      } catch (IOException closed) {
        // the sooner the better
      }
      assertThat(line.closedWithin(SOON)).isTrue();
    }
  }

  private void sendHeaders(byte[] fields) throws Exception {
    byte[] request = RawHttp2.requestHeaders(SESSION);
    byte[] block =
        ByteBuffer.allocate(request.length + fields.length).put(request).put(fields).array();
    int part = 16_000;
    int parts = (block.length + part - 1) / part;
    flood(
        parts,
        (line, i) ->
            line.frame(
                i == 0 ? RawHttp2.HEADERS : RawHttp2.CONTINUATION,
                i == parts - 1 ? RawHttp2.END_HEADERS : 0,
                1,
                java.util.Arrays.copyOfRange(
                    block, i * part, Math.min(block.length, (i + 1) * part))));
  }

  private static byte[] headers(int count, int valueLength) {
    var block = new ByteArrayOutputStream();
    for (int i = 0; i < count; i++) {
      RawHttp2.literal(block, "x-%d".formatted(i), "v".repeat(valueLength));
    }
    return block.toByteArray();
  }

  private static boolean closed(RawHttp2 line) {
    try {
      return line.closedWithin(Duration.ZERO);
    } catch (InterruptedException stopped) {
      throw new AssertionError(stopped);
    }
  }

  /** A slow step. */
  private interface Drop {
    void run(int index) throws IOException;
  }

  /** Ten steps a second; how many milliseconds it took until one failed. */
  private static long dawdle(int times, Drop drop) throws InterruptedException {
    long begin = System.nanoTime();
    for (int i = 0; i < times; i++) {
      try {
        drop.run(i);
      } catch (IOException closed) {
        return Duration.ofNanos(System.nanoTime() - begin).toMillis();
      }
      Thread.sleep(100);
    }
    throw new AssertionError("still open after %d steps".formatted(times));
  }

  private static void write(Socket socket, byte one) throws IOException {
    socket.getOutputStream().write(one);
    socket.setSoTimeout(1);
    try {
      if (socket.getInputStream().read() < 0) {
        throw new SocketException("closed");
      }
    } catch (java.net.SocketTimeoutException open) {
      // nothing was said
    }
  }

  private static boolean ends(Socket socket) throws IOException {
    try {
      return socket.getInputStream().read() < 0;
    } catch (SocketException reset) {
      return true;
    }
  }
}
