package org.consilium.coordinator.study;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.StreamObserver;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.consilium.coordinator.study.WireConsortium.Ear;
import org.consilium.proto.v1.CommitUpdateRequest;
import org.consilium.proto.v1.CoordinationGrpc;
import org.consilium.proto.v1.CoordinatorMessage;
import org.consilium.proto.v1.FetchModelRequest;
import org.consilium.proto.v1.Goodbye;
import org.consilium.proto.v1.Hello;
import org.consilium.proto.v1.ModelChunk;
import org.consilium.proto.v1.Ping;
import org.consilium.proto.v1.Signed;
import org.consilium.proto.v1.SiteMessage;
import org.consilium.proto.v1.UpdateChunk;
import org.consilium.proto.v1.UploadProgress;
import org.consilium.protocol.Limits;
import org.consilium.protocol.RoundTask;
import org.consilium.protocol.SiteId;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What becomes of calls that are open, over real sockets. */
final class OpenCallsTest {
  private static final int ALL = 100_000;

  @TempDir Path folder;

  @Test
  void badInput_03_revokedSite_everyOpenCallEnds() throws Exception {
    try (WireConsortium c = new WireConsortium(folder, 2)) {
      // 20 MB: the fetch cannot be over before the site is shut out.
      var _ = c.inside.begin(TestPlan.of(c.inside.ids).parameters(5_000_000));
      SiteId gone = c.inside.ids.getFirst();
      RoundTask task = c.inside.task(gone);
      TestSite.Sealed update = c.inside.update(gone, task);
      ManagedChannel line = c.channel(gone);
      var calls = CoordinationGrpc.newStub(line);

      Ear<SiteMessage, CoordinatorMessage> silent = new Ear<>(ALL);
      StreamObserver<SiteMessage> _ = calls.session(silent);
      Ear<SiteMessage, CoordinatorMessage> greeted = new Ear<>(ALL);
      calls.session(greeted).onNext(hello());
      Ear<FetchModelRequest, ModelChunk> fetch = new Ear<>(1);
      calls.fetchModel(
          FetchModelRequest.newBuilder()
              .setVersion(ByteString.copyFrom(task.model().version().digest().bytes()))
              .build(),
          fetch);
      var _ = blocking(line).beginUpdate(signed(update));
      Ear<UpdateChunk, UploadProgress> upload = new Ear<>(ALL);
      calls.sendChunks(upload).onNext(chunk(update, 0));
      SiteId other = c.inside.ids.getLast();
      Ear<SiteMessage, CoordinatorMessage> others = new Ear<>(ALL);
      CoordinationGrpc.newStub(c.channel(other)).session(others).onNext(hello());
      TestConsortium.await(
          () ->
              fetch.count.get() == 1
                  && c.inside.presence().connected(gone)
                  && c.inside.presence().connected(other));

      var _ = c.members.revoke(gone, "stolen");
      assertThat(silent.ended().getCode()).isEqualTo(Status.Code.PERMISSION_DENIED);
      assertThat(upload.ended().getCode()).isEqualTo(Status.Code.PERMISSION_DENIED);
      assertThat(greeted.ended().getCode()).isEqualTo(Status.Code.OK);
      assertThat(greeted.heard.getLast().getGoodbye().getReason())
          .isEqualTo(Goodbye.Reason.REVOKED);
      fetch.listen(); // what was on its way comes, and no more
      assertThat(fetch.ended().getCode()).isEqualTo(Status.Code.PERMISSION_DENIED);
      assertThat(fetch.count.get() * Limits.MODEL_CHUNK_BYTES).isLessThan(task.model().fileBytes());
      assertThat(codeOfCommit(line, update)).isEqualTo(Status.Code.PERMISSION_DENIED);
      assertThat(others.open()).isTrue();
    }
  }

  @Test
  void badInput_02_certificateEndsWhileAStreamIsOpen_streamEnds() throws Exception {
    try (WireConsortium c = new WireConsortium(folder, 2)) {
      SiteId site = c.inside.ids.getFirst();
      ManagedChannel line = c.channel(site);
      Ear<SiteMessage, CoordinatorMessage> session = new Ear<>(ALL);
      CoordinationGrpc.newStub(line).session(session).onNext(hello());
      TestConsortium.await(() -> c.inside.presence().connected(site));

      c.inside.time.jump(Duration.ofHours(25));

      assertThat(session.ended().getCode()).isEqualTo(Status.Code.UNAUTHENTICATED);
      Ear<SiteMessage, CoordinatorMessage> again = new Ear<>(ALL);
      CoordinationGrpc.newStub(line).session(again).onNext(hello());
      assertThat(again.ended().getCode()).isEqualTo(Status.Code.UNAUTHENTICATED);
    }
  }

  @Test
  void badInput_30_twoUploadsAtOnce_oneProceeds() throws Exception {
    try (WireConsortium c = new WireConsortium(folder, 2)) {
      var _ = c.inside.begin(TestPlan.of(c.inside.ids));
      SiteId site = c.inside.ids.getFirst();
      TestSite.Sealed update = c.inside.update(site, c.inside.task(site));
      assertThat(update.chunks()).hasSizeGreaterThan(1);
      ManagedChannel line = c.channel(site);
      var _ = blocking(line).beginUpdate(signed(update));
      Ear<UpdateChunk, UploadProgress> first = new Ear<>(ALL);
      StreamObserver<UpdateChunk> sending = CoordinationGrpc.newStub(line).sendChunks(first);
      sending.onNext(chunk(update, 0));
      Path spool = folder.resolve("state/spool/pneumonia/1-1/site-a.sealed");
      TestConsortium.await(() -> spool.toFile().length() == update.chunks().getFirst().length);

      // Refused, and its end does not free what the first stream holds.
      for (int i = 0; i < 2; i++) {
        Ear<UpdateChunk, UploadProgress> second = new Ear<>(ALL);
        CoordinationGrpc.newStub(c.channel(site)).sendChunks(second).onNext(chunk(update, 1));
        assertThat(second.ended().getCode()).isEqualTo(Status.Code.ABORTED);
      }
      for (int i = 1; i < update.chunks().size(); i++) {
        sending.onNext(chunk(update, i));
      }
      sending.onCompleted();

      assertThat(first.ended().getCode()).isEqualTo(Status.Code.OK);
      assertThat(codeOfCommit(line, update)).isEqualTo(Status.Code.OK);
    }
  }

  @Test
  void badInput_32_pingFlood_onlyThatStreamEnds() throws Exception {
    try (WireConsortium c = new WireConsortium(folder, 2)) {
      SiteId site = c.inside.ids.getFirst();
      Ear<SiteMessage, CoordinatorMessage> flooding = new Ear<>(1); // does not read the answers
      var out = CoordinationGrpc.newStub(c.channel(site)).session(flooding);
      out.onNext(hello());
      SiteId other = c.inside.ids.getLast();
      Ear<SiteMessage, CoordinatorMessage> others = new Ear<>(ALL);
      CoordinationGrpc.newStub(c.channel(other)).session(others).onNext(hello());
      TestConsortium.await(() -> c.inside.presence().connected(other));

      for (int i = 0; i < 7000; i++) {
        out.onNext(SiteMessage.newBuilder().setPing(Ping.newBuilder().setSequence(i)).build());
      }
      TestConsortium.await(() -> !c.inside.presence().connected(site));
      flooding.listen();

      assertThat(flooding.ended().getCode()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
      assertThat(others.open()).isTrue();
    }
  }

  private static Status.Code codeOfCommit(ManagedChannel line, TestSite.Sealed update) {
    try {
      var _ =
          blocking(line)
              .commitUpdate(
                  CommitUpdateRequest.newBuilder()
                      .setUpload(ByteString.copyFrom(update.upload().bytes()))
                      .build());
      return Status.Code.OK;
    } catch (StatusRuntimeException refused) {
      return refused.getStatus().getCode();
    }
  }

  private static CoordinationGrpc.CoordinationBlockingStub blocking(ManagedChannel line) {
    return CoordinationGrpc.newBlockingStub(line).withDeadlineAfter(20, TimeUnit.SECONDS);
  }

  private static SiteMessage hello() {
    return SiteMessage.newBuilder()
        .setHello(Hello.newBuilder().setProtocol(Limits.PROTOCOL).setSoftwareVersion("0.1.0"))
        .build();
  }

  private static Signed signed(TestSite.Sealed update) {
    return Signed.newBuilder()
        .setBody(ByteString.copyFrom(update.body()))
        .setSignature(ByteString.copyFrom(update.signature()))
        .build();
  }

  private static UpdateChunk chunk(TestSite.Sealed update, int index) {
    return UpdateChunk.newBuilder()
        .setUpload(ByteString.copyFrom(update.upload().bytes()))
        .setIndex(index)
        .setData(ByteString.copyFrom(update.chunks().get(index)))
        .build();
  }
}
