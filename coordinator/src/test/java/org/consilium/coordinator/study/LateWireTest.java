package org.consilium.coordinator.study;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.grpc.Channel;
import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.consilium.coordinator.ops.AccessMetrics;
import org.consilium.coordinator.rpc.CoordinationService;
import org.consilium.coordinator.rpc.DoorLimits;
import org.consilium.coordinator.rpc.EnrolmentService;
import org.consilium.coordinator.rpc.GrpcServers;
import org.consilium.proto.v1.CommitUpdateRequest;
import org.consilium.proto.v1.CoordinationGrpc;
import org.consilium.proto.v1.CoordinatorMessage;
import org.consilium.proto.v1.Hello;
import org.consilium.proto.v1.Signed;
import org.consilium.proto.v1.SiteHours;
import org.consilium.proto.v1.SiteMessage;
import org.consilium.proto.v1.UpdateChunk;
import org.consilium.protocol.Limits;
import org.consilium.protocol.RoundTask;
import org.consilium.protocol.SiteId;
import org.consilium.protocol.StudyPlan;
import org.consilium.security.identity.Credential;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Late updates and hours over real sockets. */
final class LateWireTest {
  @TempDir Path folder;

  @Test
  void straggler_toldLate_carriesAcrossARestart_sumIsTheFormulaToTheBit() throws Exception {
    try (WireConsortium c = new WireConsortium(folder, 3);
        ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      LateUpdatesTest.teach(c.inside);
      Credential server = c.coordinator(); // before time passes: TLS has the machine's own clock
      SiteId straggler = c.inside.ids.get(2);
      RoundTask[] tasks = LateUpdatesTest.lateInRoundOne(c.inside, LateUpdatesTest.CARRY);
      StudyPlan plan = c.inside.snapshot().plan();
      float[] before =
          LateUpdatesTest.parameters(c.inside, c.inside.snapshot().models().getLast().version());

      Status late = send(c.channel(straggler), c.inside.site(straggler).train(tasks[0], plan));
      assertThat(late.getCode()).isEqualTo(Status.Code.FAILED_PRECONDITION);
      assertThat(late.getDescription())
          .isEqualTo(
              "LATE: update of site site-c: round 1, attempt 1 is over; it may be carried into one"
                  + " of the next 1 rounds");
      TestSite.Sealed carried = c.inside.site(straggler).carry(tasks[0], tasks[1], plan);
      assertThat(send(c.channel(straggler), carried)).isEqualTo(Status.OK);
      c.servers.close();
      c.inside.restart(c.inside.journal);
      try (GrpcServers again = serve(c, server, threads)) {
        Channel anew =
            c.channel(again.coordinationPort(), Optional.of(c.credential(straggler)), c.trust());
        assertThat(send(anew, carried)).isEqualTo(Status.OK); // the answer might have been lost
        c.inside.runUntil(
            c.inside.ids.subList(0, 2), () -> c.inside.snapshot().models().size() == 3);
      }

      float[] after =
          LateUpdatesTest.parameters(c.inside, c.inside.snapshot().models().getLast().version());
      for (int i = 0; i < LateUpdatesTest.LENGTH; i++) {
        double sum =
            8.0 * LateUpdatesTest.delta(c.inside.ids.get(0), 2, i)
                + 12.0 * LateUpdatesTest.delta(c.inside.ids.get(1), 2, i)
                + 11.0 * LateUpdatesTest.delta(straggler, 1, i);
        assertThat(after[i]).isEqualTo((float) (before[i] + sum / 31));
      }
    }
  }

  @Test
  void hours_notNowOnTheStream_siteIsLeftOffTheRosterUntilItIsOpen() throws Exception {
    try (WireConsortium c = new WireConsortium(folder, 3)) {
      SiteId night = c.inside.ids.get(2);
      WireConsortium.Ear<SiteMessage, CoordinatorMessage> ear = new WireConsortium.Ear<>(100);
      StreamObserver<SiteMessage> site = CoordinationGrpc.newStub(c.channel(night)).session(ear);
      site.onNext(
          SiteMessage.newBuilder()
              .setHello(Hello.newBuilder().setProtocol(Limits.PROTOCOL).setSoftwareVersion("0.1.0"))
              .build());
      site.onNext(hours(SiteHours.State.NOT_NOW, 600_000));
      TestConsortium.await(() -> c.inside.presence().isClosed(night, TestConsortium.STUDY));
      assertThat(c.inside.presence().opens(night, TestConsortium.STUDY).orElseThrow())
          .isEqualTo(java.time.Instant.EPOCH.plus(Duration.ofHours(600_000)));

      var _ = c.inside.begin(TestPlan.of(c.inside.ids).quorum(2).rounds(1, 0));
      RoundTask task = c.inside.task(c.inside.ids.getFirst());
      assertThat(task.terms().orElseThrow().participants()).hasSize(2);
      site.onNext(hours(SiteHours.State.OPEN, 0));
      TestConsortium.await(() -> !c.inside.presence().isClosed(night, TestConsortium.STUDY));

      site.onNext(hours(SiteHours.State.STATE_UNSPECIFIED, 0)); // no word of the list
      TestConsortium.await(() -> ear.heard.stream().anyMatch(CoordinatorMessage::hasGoodbye));
    }
  }

  private static SiteMessage hours(SiteHours.State state, int opens) {
    return SiteMessage.newBuilder()
        .setHours(
            SiteHours.newBuilder()
                .setStudy(TestConsortium.STUDY.value())
                .setState(state)
                .setOpensHour(opens))
        .build();
  }

  private static GrpcServers serve(WireConsortium c, Credential server, ExecutorService threads)
      throws Exception {
    AccessMetrics access = new AccessMetrics(new PrometheusRegistry());
    return GrpcServers.start(
        new GrpcServers.Ports("127.0.0.1", 0, 0, DoorLimits.standard()),
        server,
        new GrpcServers.Members(c.members, c.denylist, () -> c.list.get().current(), c.inside.time),
        new GrpcServers.Services(
            new CoordinationService(
                c.inside.studies(),
                c.audit,
                c.inside.presence(),
                new CoordinationService.Certificates(c.members, c.revocations),
                c.inside.time,
                threads),
            new EnrolmentService(c.members, access, c.inside.time)),
        access);
  }

  private static Status send(Channel line, TestSite.Sealed update) throws Exception {
    Signed manifest =
        Signed.newBuilder()
            .setBody(ByteString.copyFrom(update.body()))
            .setSignature(ByteString.copyFrom(update.signature()))
            .build();
    Status begun =
        RawCalls.call(line, CoordinationGrpc.getBeginUpdateMethod(), manifest.toByteArray());
    if (!begun.isOk()) {
      return begun;
    }
    ByteString upload = ByteString.copyFrom(update.upload().bytes());
    byte[][] chunks = new byte[update.chunks().size()][];
    for (int i = 0; i < chunks.length; i++) {
      chunks[i] =
          UpdateChunk.newBuilder()
              .setUpload(upload)
              .setIndex(i)
              .setData(ByteString.copyFrom(update.chunks().get(i)))
              .build()
              .toByteArray();
    }
    // One that was taken in before the restart has no open upload any more; commit says so.
    Status _ = RawCalls.call(line, CoordinationGrpc.getSendChunksMethod(), chunks);
    return RawCalls.call(
        line,
        CoordinationGrpc.getCommitUpdateMethod(),
        CommitUpdateRequest.newBuilder().setUpload(upload).build().toByteArray());
  }
}
