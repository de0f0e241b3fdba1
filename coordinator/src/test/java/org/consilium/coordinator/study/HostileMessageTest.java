package org.consilium.coordinator.study;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.WireFormat;
import io.grpc.CallOptions;
import io.grpc.ManagedChannel;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.consilium.coordinator.study.WireConsortium.Ear;
import org.consilium.proto.v1.CoordinationGrpc;
import org.consilium.proto.v1.CoordinatorMessage;
import org.consilium.proto.v1.EnrolRequest;
import org.consilium.proto.v1.EnrolmentGrpc;
import org.consilium.proto.v1.Goodbye;
import org.consilium.proto.v1.Hello;
import org.consilium.proto.v1.Signed;
import org.consilium.proto.v1.SiteMessage;
import org.consilium.proto.v1.StudyDecision;
import org.consilium.proto.v1.UpdateManifest;
import org.consilium.protocol.Limits;
import org.consilium.protocol.RoundTask;
import org.consilium.protocol.SiteId;
import org.consilium.protocol.wire.SignedKind;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Messages that no honest site sends, over a real socket into an open round. Each ends in a typed
 * status without inside knowledge; nothing is written to the journal, and the round still closes.
 */
final class HostileMessageTest {
  private static final List<Status.Code> TYPED =
      List.of(
          Status.Code.INVALID_ARGUMENT,
          Status.Code.NOT_FOUND,
          Status.Code.PERMISSION_DENIED,
          Status.Code.FAILED_PRECONDITION,
          Status.Code.RESOURCE_EXHAUSTED,
          Status.Code.ABORTED); // UNKNOWN_UPLOAD: announce it again

  @TempDir Path folder;

  private WireConsortium c;
  private SiteId site;
  private RoundTask task;
  private ManagedChannel line;

  @BeforeEach
  void openRound() throws Exception {
    c = new WireConsortium(folder, 3);
    var _ = c.inside.begin(TestPlan.of(c.inside.ids).rounds(1, 0));
    site = c.inside.ids.getFirst();
    task = c.inside.task(site);
    line = c.channel(site);
  }

  @AfterEach
  void roundStillCloses() {
    try (WireConsortium _ = c) {
      c.inside.run(c.inside.ids, StudySnapshot.State.COMPLETED);
      assertThat(c.inside.snapshot().models()).hasSize(2); // the first and the round's
    }
  }

  @Test
  void badInput_27_manifestOfTenGigabytes_refusedBeforeAnythingIsStored() throws Exception {
    UpdateManifest honest = UpdateManifest.parseFrom(update().body());

    for (long declared :
        new long[] {10L << 30, honest.getSealedBytes() + 1, -1, Long.MIN_VALUE, Long.MAX_VALUE}) {
      Status end = begin(honest.toBuilder().setSealedBytes(declared).build());

      assertRefused(end, Status.Code.INVALID_ARGUMENT);
    }
    for (long length : new long[] {1L << 40, -1, Long.MIN_VALUE}) {
      assertRefused(
          begin(honest.toBuilder().setVectorLength(length).build()), Status.Code.INVALID_ARGUMENT);
    }
    assertThat(folder.resolve("state/spool/pneumonia/1-1/site-a.sealed")).doesNotExist();
  }

  @Test
  void badInput_27_varintThatOverflows_refused() throws Exception {
    byte[] elevenBytes = new byte[12];
    java.util.Arrays.fill(elevenBytes, (byte) 0xff);
    elevenBytes[0] = (1 << 3) | WireFormat.WIRETYPE_LENGTH_DELIMITED;
    byte[] negative = new byte[11];
    java.util.Arrays.fill(negative, (byte) 0xff);
    negative[0] = (1 << 3) | WireFormat.WIRETYPE_LENGTH_DELIMITED;
    negative[10] = 1;

    for (byte[] message : List.of(elevenBytes, negative)) {
      assertRefused(
          RawCalls.call(line, CoordinationGrpc.getBeginUpdateMethod(), message),
          Status.Code.INVALID_ARGUMENT);
    }
  }

  @Test
  void badInput_27_messageDeclaredFourGigabytes_refusedUnread() throws Exception {
    for (byte[] length :
        List.of(
            new byte[] {-1, -1, -1, -1}, new byte[] {127, -1, -1, -1}, new byte[] {0, 32, 0, 1})) {
      try (RawHttp2 raw = RawHttp2.greet(c.tls(site), c.sitesPort())) {
        raw.call(1, "/" + CoordinationGrpc.getSendChunksMethod().getFullMethodName());
        raw.frame(RawHttp2.DATA, 0, 1, ByteBuffer.allocate(5).put((byte) 0).put(length).array());

        TestConsortium.await(() -> raw.count(RawHttp2::endsStream) > 0);
      }
    }
  }

  @Test
  void badInput_16_updateOfAnotherRound_failedPrecondition() throws Exception {
    UpdateManifest honest = UpdateManifest.parseFrom(update().body());

    assertRefused(begin(honest.toBuilder().setRound(2).build()), Status.Code.FAILED_PRECONDITION);
    assertRefused(begin(honest.toBuilder().setAttempt(2).build()), Status.Code.FAILED_PRECONDITION);
    assertRefused(
        begin(honest.toBuilder().setContext(ByteString.copyFrom(new byte[32])).build()),
        Status.Code.FAILED_PRECONDITION);
    assertRefused(begin(honest.toBuilder().setStudy("another").build()), Status.Code.NOT_FOUND);
  }

  @Test
  void badInput_18_updateOfAnotherBase_failedPrecondition() throws Exception {
    UpdateManifest honest = UpdateManifest.parseFrom(update().body());

    assertRefused(
        begin(honest.toBuilder().setBaseVersion(ByteString.copyFrom(new byte[32])).build()),
        Status.Code.FAILED_PRECONDITION);
  }

  @Test
  void badInput_33_compressedMessage_unimplemented() throws Exception {
    Status end =
        RawCalls.call(
            line,
            CoordinationGrpc.getBeginUpdateMethod(),
            CallOptions.DEFAULT.withCompression("gzip"),
            new byte[1 << 20]);

    assertThat(end.getCode()).isEqualTo(Status.Code.UNIMPLEMENTED);
    assertSaysNothingOfTheInside(end);
  }

  @Test
  void badInput_34_messagesInEachOther_10000Deep_refused() throws Exception {
    byte[] groups = new byte[20_000];
    for (int i = 0; i < 10_000; i++) {
      groups[i] = (15 << 3) | WireFormat.WIRETYPE_START_GROUP;
      groups[10_000 + i] = (15 << 3) | WireFormat.WIRETYPE_END_GROUP;
    }
    assertMalformed(groups);
  }

  @Test
  void badInput_34_oneGroup_refused() throws Exception {
    assertMalformed(
        new byte[] {
          (15 << 3) | WireFormat.WIRETYPE_START_GROUP, (15 << 3) | WireFormat.WIRETYPE_END_GROUP
        });
  }

  @Test
  void badInput_34_millionUnknownFields_refused() throws Exception {
    byte[] fields = new byte[2_000_000];
    for (int i = 0; i < fields.length; i += 2) {
      fields[i] = 15 << 3;
    }
    assertMalformed(fields);
  }

  @Test
  void badInput_34_unknownFieldsBetweenKnownOnes_refused() throws Exception {
    var out = new ByteArrayOutputStream();
    for (int i = 0; i < 100; i++) {
      out.writeBytes(
          new byte[] {(1 << 3) | WireFormat.WIRETYPE_LENGTH_DELIMITED, 1, 7, 14 << 3, 1});
    }
    assertMalformed(out.toByteArray());
    assertMalformedBody(out.toByteArray());
  }

  @Test
  void badInput_34_invalidUtf8_refused() throws Exception {
    ByteString text = ByteString.copyFrom(new byte[] {(byte) 0xc3, 0x28});

    assertMalformedBody(field(2, text.toByteArray()));
    assertRefused(
        RawCalls.call(
            line, CoordinationGrpc.getSessionMethod(), field(1, field(2, text.toByteArray()))),
        Status.Code.INVALID_ARGUMENT);
  }

  @Test
  void badInput_34_wrongWireType_refused() throws Exception {
    // The protobuf rule makes it an unknown field: then what should be there is absent.
    byte[] bodyAsNumber = {1 << 3, 5};

    assertRefused(
        RawCalls.call(line, CoordinationGrpc.getBeginUpdateMethod(), bodyAsNumber),
        Status.Code.PERMISSION_DENIED, // an empty body that nobody signed
        Status.Code.INVALID_ARGUMENT);
  }

  @Test
  void badInput_34_noKindOrUnknownValue_sessionEndsWithProtocol() throws Exception {
    StudyDecision.Builder decision =
        StudyDecision.newBuilder().setStudyDigest(ByteString.copyFrom(new byte[32]));
    for (SiteMessage second :
        List.of(
            SiteMessage.getDefaultInstance(),
            SiteMessage.newBuilder().setDecision(decision.setRefusalValue(99)).build())) {
      Ear<SiteMessage, CoordinatorMessage> ear = new Ear<>(1000);
      var speaking = CoordinationGrpc.newStub(line).session(ear);
      speaking.onNext(
          SiteMessage.newBuilder()
              .setHello(Hello.newBuilder().setProtocol(Limits.PROTOCOL))
              .build());
      speaking.onNext(second);

      assertThat(ear.ended().getCode()).isEqualTo(Status.Code.OK);
      assertThat(ear.heard.getLast().getGoodbye().getReason()).isEqualTo(Goodbye.Reason.PROTOCOL);
    }
  }

  @Test
  void badInput_35_diskFullAtTheSpool_resourceExhausted() throws Exception {
    TestSite.Sealed update = update();
    AtomicLong usable = new AtomicLong(1L << 40);
    c.inside.space = usable::get;
    Status begun = RawCalls.call(line, CoordinationGrpc.getBeginUpdateMethod(), signed(update));
    assertThat(begun.getCode()).isEqualTo(Status.Code.OK);
    usable.set(100);

    Status end = RawCalls.call(line, CoordinationGrpc.getSendChunksMethod(), chunk(update, 0));

    assertRefused(end, Status.Code.RESOURCE_EXHAUSTED);
    usable.set(1L << 40);
  }

  @Test
  void badInput_36_randomBytesToEveryCall_typed() throws Exception {
    fuzz(new SplittableRandom(36), 12);
  }

  @Test
  @Tag("slow")
  void badInput_36_randomBytesToEveryCallForLong_typed() throws Exception {
    fuzz(new SplittableRandom(3600), 600);
  }

  @Test
  void unaryCall_withoutDeadline_refused() throws Exception {
    var status =
        org.assertj.core.api.Assertions.catchThrowableOfType(
            io.grpc.StatusRuntimeException.class,
            () -> CoordinationGrpc.newBlockingStub(line).beginUpdate(Signed.getDefaultInstance()));

    assertThat(status.getStatus().getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
    assertThat(status.getStatus().getDescription()).startsWith("NO_DEADLINE: ");
    Status longer =
        Status.fromThrowable(
            org.assertj.core.api.Assertions.catchThrowable(
                () ->
                    CoordinationGrpc.newBlockingStub(line)
                        .withDeadlineAfter(1, TimeUnit.DAYS)
                        .beginUpdate(Signed.getDefaultInstance())));
    assertThat(longer.getDescription()).startsWith("NO_DEADLINE: ");
  }

  @Test
  void reflection_isNotServed() throws Exception {
    MethodDescriptor<?, ?> reflection =
        CoordinationGrpc.getSessionMethod().toBuilder()
            .setFullMethodName("grpc.reflection.v1.ServerReflection/ServerReflectionInfo")
            .build();

    assertThat(RawCalls.call(line, reflection, new byte[0]).getCode())
        .isEqualTo(Status.Code.UNIMPLEMENTED);
  }

  /** Random bytes, and honest messages with some bytes changed, cut or repeated. */
  private void fuzz(SplittableRandom random, int times) throws Exception {
    List<byte[]> honest =
        List.of(
            signed(update()),
            chunk(update(), 0),
            SiteMessage.newBuilder()
                .setDecision(StudyDecision.newBuilder().setStudy("pneumonia").setSamples(7))
                .build()
                .toByteArray(),
            EnrolRequest.newBuilder()
                .setSite("site-z")
                .setToken(ByteString.copyFrom(new byte[32]))
                .build()
                .toByteArray());
    long before = entries();
    ManagedChannel stranger = c.newcomer();
    for (int i = 0; i < times; i++) {
      byte[] message =
          i % 2 == 0
              ? random(random, 1 + random.nextInt(4096))
              : mutated(random, honest.get(random.nextInt(honest.size())));
      // The newcomers' door takes messages of this size whole.
      byte[] small = java.util.Arrays.copyOf(message, Math.min(message.length, 60_000));
      for (MethodDescriptor<?, ?> method : CoordinationGrpc.getServiceDescriptor().getMethods()) {
        assertTyped(i, method, RawCalls.call(line, method, message, message));
      }
      for (MethodDescriptor<?, ?> method : EnrolmentGrpc.getServiceDescriptor().getMethods()) {
        assertTyped(i, method, RawCalls.call(stranger, method, small));
      }
    }
    assertThat(entries()).isEqualTo(before);
  }

  private static byte[] random(SplittableRandom random, int length) {
    byte[] bytes = new byte[length];
    random.nextBytes(bytes);
    return bytes;
  }

  private static byte[] mutated(SplittableRandom random, byte[] honest) {
    byte[] changed =
        java.util.Arrays.copyOf(honest, Math.max(1, honest.length - random.nextInt(3)));
    // In the first hundred bytes are the tags and lengths.
    for (int i = 0; i <= random.nextInt(8); i++) {
      changed[random.nextInt(Math.min(100, changed.length))] = (byte) random.nextInt();
    }
    return changed;
  }

  private static void assertTyped(int index, MethodDescriptor<?, ?> method, Status end) {
    // A session ends by saying goodbye, which is no status.
    boolean goodbye = method.getType() == MethodDescriptor.MethodType.BIDI_STREAMING && end.isOk();
    // Where nothing is asked, a few unknown fields change nothing.
    boolean nothingAsked =
        Set.of("Revocations", "GetRoster").contains(method.getBareMethodName()) && end.isOk();
    if (!goodbye && !nothingAsked) {
      assertThat(end.getCode())
          .as("message %d to %s: %s", index, method.getFullMethodName(), end)
          .isIn(TYPED);
    }
    assertSaysNothingOfTheInside(end);
  }

  private void assertMalformed(byte[] message) throws Exception {
    for (MethodDescriptor<?, ?> method : CoordinationGrpc.getServiceDescriptor().getMethods()) {
      assertRefused(RawCalls.call(line, method, message), Status.Code.INVALID_ARGUMENT);
    }
  }

  /** The same in a body that the site has signed. */
  private void assertMalformedBody(byte[] body) throws Exception {
    Signed signed =
        Signed.newBuilder()
            .setBody(ByteString.copyFrom(body))
            .setSignature(ByteString.copyFrom(c.inside.site(site).sign(SignedKind.UPDATE, body)))
            .build();
    assertRefused(
        RawCalls.call(line, CoordinationGrpc.getBeginUpdateMethod(), signed.toByteArray()),
        Status.Code.INVALID_ARGUMENT);
  }

  private void assertRefused(Status end, Status.Code... codes) throws Exception {
    long before = entries();
    assertThat(end.getCode()).as(end.toString()).isIn((Object[]) codes);
    assertSaysNothingOfTheInside(end);
    assertThat(entries()).isEqualTo(before);
    assertThat(c.inside.snapshot().rounds().getFirst().updates()).isEmpty();
  }

  private static void assertSaysNothingOfTheInside(Status end) {
    assertThat(end.getDescription() == null ? "" : end.getDescription())
        .doesNotContain("Exception", "\tat ", "org.consilium.coordinator", "/tmp", ".java:");
  }

  private long entries() throws IOException {
    AtomicLong count = new AtomicLong();
    for (String stream : c.inside.journal.streams("")) {
      c.inside.journal.replay(stream, _ -> count.incrementAndGet());
    }
    return count.get();
  }

  private TestSite.Sealed update() {
    return c.inside.update(site, task);
  }

  private Status begin(UpdateManifest manifest) throws Exception {
    byte[] body = manifest.toByteArray();
    return RawCalls.call(
        line,
        CoordinationGrpc.getBeginUpdateMethod(),
        Signed.newBuilder()
            .setBody(ByteString.copyFrom(body))
            .setSignature(ByteString.copyFrom(c.inside.site(site).sign(SignedKind.UPDATE, body)))
            .build()
            .toByteArray());
  }

  private static byte[] signed(TestSite.Sealed update) {
    return Signed.newBuilder()
        .setBody(ByteString.copyFrom(update.body()))
        .setSignature(ByteString.copyFrom(update.signature()))
        .build()
        .toByteArray();
  }

  private static byte[] chunk(TestSite.Sealed update, int index) {
    return org.consilium.proto.v1.UpdateChunk.newBuilder()
        .setUpload(ByteString.copyFrom(update.upload().bytes()))
        .setIndex(index)
        .setData(ByteString.copyFrom(update.chunks().get(index)))
        .build()
        .toByteArray();
  }

  /** A length-delimited field. */
  private static byte[] field(int number, byte[] value) throws IOException {
    var out = new ByteArrayOutputStream();
    CodedOutputStream coded = CodedOutputStream.newInstance(out);
    coded.writeByteArray(number, value);
    coded.flush();
    return out.toByteArray();
  }
}
