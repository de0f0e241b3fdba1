package org.consilium.coordinator.study;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.grpc.ConnectivityState;
import io.grpc.ManagedChannel;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.consilium.proto.v1.CommitUpdateRequest;
import org.consilium.proto.v1.CoordinationGrpc;
import org.consilium.proto.v1.EnrolmentGrpc;
import org.consilium.proto.v1.Signed;
import org.consilium.proto.v1.UpdateChunk;
import org.consilium.proto.v1.UploadProgress;
import org.consilium.protocol.SiteId;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Uploads in the wrong order, cut, repeated or spoiled, over a real socket into an open round. */
final class HostileUploadTest {
  private static final MethodDescriptor<?, ?> BEGIN = CoordinationGrpc.getBeginUpdateMethod();
  private static final MethodDescriptor<?, ?> SEND = CoordinationGrpc.getSendChunksMethod();
  private static final MethodDescriptor<?, ?> COMMIT = CoordinationGrpc.getCommitUpdateMethod();

  @TempDir Path folder;

  private WireConsortium c;
  private SiteId site;
  private ManagedChannel line;
  private TestSite.Sealed update;

  @BeforeEach
  void announce() throws Exception {
    c = new WireConsortium(folder, 3);
    var _ = c.inside.begin(TestPlan.of(c.inside.ids).rounds(1, 0));
    site = c.inside.ids.getFirst();
    update = c.inside.update(site, c.inside.task(site));
    assertThat(update.chunks()).hasSize(2);
    line = c.channel(site);
    assertThat(code(BEGIN, signed(update))).isEqualTo(Status.Code.OK);
  }

  @AfterEach
  void stop() {
    c.close();
  }

  @Test
  void badInput_17_acceptedUpdateAgain_isOnceAndAnotherAlreadyExists() throws Exception {
    assertThat(code(SEND, chunk(update, 0), chunk(update, 1))).isEqualTo(Status.Code.OK);
    assertThat(code(COMMIT, named(update))).isEqualTo(Status.Code.OK);

    assertThat(code(COMMIT, named(update))).isEqualTo(Status.Code.OK);
    TestSite.Sealed other =
        c.inside.site(site).train(c.inside.task(c.inside.ids.getLast()), plan(), _ -> {}, 1);
    assertThat(code(BEGIN, signed(other))).isEqualTo(Status.Code.ALREADY_EXISTS);
    assertThat(c.inside.snapshot().rounds().getFirst().updates()).hasSize(1);
  }

  @Test
  void badInput_28_chunksOutOfOrderAndTwice_areAccepted() throws Exception {
    assertThat(code(SEND, chunk(update, 1), chunk(update, 1), chunk(update, 0)))
        .isEqualTo(Status.Code.OK);
    assertThat(code(COMMIT, named(update))).isEqualTo(Status.Code.OK);
  }

  @Test
  void badInput_28_chunksThatAreWrong_areRefusedAndTheUploadGoesOn() throws Exception {
    UpdateChunk right = UpdateChunk.parseFrom(chunk(update, 0));
    byte[] flipped = update.chunks().get(0).clone();
    flipped[5] ^= 1;
    UpdateChunk[] wrong = {
      right.toBuilder().setIndex(2).build(),
      right.toBuilder().setIndex(-1).build(),
      right.toBuilder().setIndex(1).build(), // another chunk's place
      right.toBuilder().setData(ByteString.EMPTY).build(),
      right.toBuilder().setData(ByteString.copyFrom(flipped)).build(),
      right.toBuilder().setUpload(ByteString.copyFrom(new byte[31])).build(),
    };
    for (UpdateChunk one : wrong) {
      assertThat(code(SEND, one.toByteArray())).isEqualTo(Status.Code.INVALID_ARGUMENT);
    }
    assertThat(
            code(
                SEND,
                right.toBuilder()
                    .setUpload(ByteString.copyFrom(new byte[32]))
                    .build()
                    .toByteArray()))
        .isEqualTo(Status.Code.ABORTED);
    assertThat(code(SEND)).isEqualTo(Status.Code.INVALID_ARGUMENT); // a stream of nothing

    assertThat(code(SEND, chunk(update, 0), chunk(update, 1))).isEqualTo(Status.Code.OK);
    assertThat(code(COMMIT, named(update))).isEqualTo(Status.Code.OK);
  }

  @Test
  void badInput_28_partsThatDoNotFit_areRefusedAndTheChunkBeginsAgain() throws Exception {
    int one = 64 << 10;
    int end = update.chunks().get(0).length;
    byte[][][] wrong = {
      {part(one, end)},
      {part(0, one), part(0, one), part(one, end)},
      {part(0, one), part(one / 2, end)},
      {part(0, one), part(one, 2 * one), chunk(update, 1), part(2 * one, end)},
      {part(0, one - 1), part(one - 1, end)},
    };
    for (byte[][] parts : wrong) {
      assertThat(code(SEND, parts)).isEqualTo(Status.Code.INVALID_ARGUMENT);
    }
    assertThat(code(SEND, part(0, one), part(one, end - 1))).isEqualTo(Status.Code.OK);
    assertThat(code(COMMIT, named(update))).isEqualTo(Status.Code.ABORTED);

    assertThat(code(SEND, part(0, one), part(one, end - 1), part(end - 1, end), chunk(update, 1)))
        .isEqualTo(Status.Code.OK);
    assertThat(code(COMMIT, named(update))).isEqualTo(Status.Code.OK);
  }

  @Test
  void badInput_29_streamEndsTooEarly_isNotCommittedAndResumes() throws Exception {
    assertThat(code(SEND, chunk(update, 0))).isEqualTo(Status.Code.OK);

    assertThat(code(COMMIT, named(update))).isEqualTo(Status.Code.ABORTED);
    assertThat(c.inside.snapshot().rounds().getFirst().updates()).isEmpty();
    UploadProgress progress =
        CoordinationGrpc.newBlockingStub(line)
            .withDeadlineAfter(20, TimeUnit.SECONDS)
            .beginUpdate(Signed.parseFrom(signed(update)));
    assertThat(progress.getStored().toByteArray()).containsExactly(1); // the second is missing
    assertThat(code(SEND, chunk(update, 1))).isEqualTo(Status.Code.OK);
    assertThat(code(COMMIT, named(update))).isEqualTo(Status.Code.OK);
  }

  @Test
  void badInput_25_updateAfterTheRoundClosed_failedPreconditionAndNotStored() throws Exception {
    try (WireConsortium late = new WireConsortium(folder.resolve("late"), 3)) {
      var _ = late.inside.begin(TestPlan.of(late.inside.ids).quorum(2).rounds(1, 0));
      TestSite.Sealed own = late.inside.update(site, late.inside.task(site));
      for (SiteId other : late.inside.ids.subList(1, 3)) {
        var _ = late.inside.send(other, late.inside.update(other, late.inside.task(other)));
      }
      late.inside.time.pass(Duration.ofMinutes(11));
      late.inside.ids.forEach(late.inside.presence()::hear);
      TestConsortium.await(() -> late.inside.snapshot().models().size() == 2);
      ManagedChannel slow = late.channel(site);

      Status begun = RawCalls.call(slow, BEGIN, signed(own));
      Status sent = RawCalls.call(slow, SEND, chunk(own, 0));

      assertThat(begun.getCode()).as(begun.toString()).isEqualTo(Status.Code.FAILED_PRECONDITION);
      assertThat(sent.getCode()).as(sent.toString()).isEqualTo(Status.Code.ABORTED);
      assertThat(folder.resolve("late/state/spool/pneumonia/1-1/site-a.sealed")).doesNotExist();
      assertThat(late.inside.snapshot().rounds().getFirst().updates()).doesNotContainKey(site);
    }
  }

  @Test
  void badInput_27_messagesBeyondTheLimitAgainAndAgain_theLineStaysUsable() throws Exception {
    for (int i = 0; i < 5; i++) {
      assertThat(code(SEND, new byte[3 << 20])).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
    }
    ManagedChannel newcomer = c.newcomer();
    for (int i = 0; i < 5; i++) {
      assertThat(
              RawCalls.call(newcomer, EnrolmentGrpc.getEnrolMethod(), new byte[900_000]).getCode())
          .isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
    }

    assertThat(code(SEND, chunk(update, 0), chunk(update, 1))).isEqualTo(Status.Code.OK);
    assertThat(RawCalls.call(newcomer, EnrolmentGrpc.getEnrolMethod(), new byte[] {1}).getCode())
        .isEqualTo(Status.Code.INVALID_ARGUMENT);
  }

  @Test
  void badInput_27_refusedWhileMegabytesAreOnTheirWay_theLineStaysUsable() throws Exception {
    byte[] right = chunk(update, 0);
    byte[] wrong = UpdateChunk.parseFrom(right).toBuilder().setIndex(-1).build().toByteArray();
    AtomicBoolean anotherLine = new AtomicBoolean();
    line.notifyWhenStateChanged(ConnectivityState.READY, () -> anotherLine.set(true));

    for (int i = 0; i < 20; i++) {
      assertThat(code(SEND, wrong, right, right, right))
          .as("upload %d", i)
          .isEqualTo(Status.Code.INVALID_ARGUMENT);
      assertThat(code(COMMIT, named(update))).as("commit %d", i).isEqualTo(Status.Code.ABORTED);
    }

    assertThat(anotherLine).as("another connection was made").isFalse();
    assertThat(code(SEND, chunk(update, 0), chunk(update, 1))).isEqualTo(Status.Code.OK);
    assertThat(code(COMMIT, named(update))).isEqualTo(Status.Code.OK);
  }

  private org.consilium.protocol.StudyPlan plan() {
    return c.inside.snapshot().plan();
  }

  private Status.Code code(MethodDescriptor<?, ?> method, byte[]... messages) throws Exception {
    return RawCalls.call(line, method, messages).getCode();
  }

  private static byte[] named(TestSite.Sealed update) {
    return CommitUpdateRequest.newBuilder()
        .setUpload(ByteString.copyFrom(update.upload().bytes()))
        .build()
        .toByteArray();
  }

  private static byte[] signed(TestSite.Sealed update) {
    return Signed.newBuilder()
        .setBody(ByteString.copyFrom(update.body()))
        .setSignature(ByteString.copyFrom(update.signature()))
        .build()
        .toByteArray();
  }

  private byte[] part(int from, int to) {
    return UpdateChunk.newBuilder()
        .setUpload(ByteString.copyFrom(update.upload().bytes()))
        .setOffset(from)
        .setData(ByteString.copyFrom(update.chunks().get(0), from, to - from))
        .build()
        .toByteArray();
  }

  private static byte[] chunk(TestSite.Sealed update, int index) {
    return UpdateChunk.newBuilder()
        .setUpload(ByteString.copyFrom(update.upload().bytes()))
        .setIndex(index)
        .setData(ByteString.copyFrom(update.chunks().get(index)))
        .build()
        .toByteArray();
  }
}
