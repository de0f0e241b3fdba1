package org.consilium.coordinator.study;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.grpc.stub.StreamObserver;
import java.nio.file.Path;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CopyOnWriteArrayList;
import org.consilium.coordinator.study.WireConsortium.Ear;
import org.consilium.proto.v1.AuditCosign;
import org.consilium.proto.v1.AuditState;
import org.consilium.proto.v1.CheckpointOffer;
import org.consilium.proto.v1.CoordinationGrpc;
import org.consilium.proto.v1.CoordinatorMessage;
import org.consilium.proto.v1.Hello;
import org.consilium.proto.v1.Ping;
import org.consilium.proto.v1.SiteMessage;
import org.consilium.protocol.Limits;
import org.consilium.protocol.SiteId;
import org.consilium.security.audit.MerkleFrontier;
import org.consilium.security.audit.MerkleTree;
import org.consilium.security.audit.MerkleTree.Head;
import org.consilium.security.identity.Credential;
import org.consilium.security.identity.Fingerprint;
import org.consilium.security.identity.KeyRequest;
import org.consilium.security.identity.Leaf;
import org.consilium.security.identity.SpiffeId;
import org.consilium.security.sign.SigningKey;
import org.consilium.security.witness.Checkpoint;
import org.consilium.security.witness.Cosignature;
import org.consilium.security.witness.SignedCheckpoint;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Checkpoints on a site's stream, over real sockets. */
final class AuditSessionTest {
  @TempDir Path folder;

  @Test
  void session_siteSaysWhatItKnows_isOfferedNewerCheckpointsAndItsCosignatureIsKept()
      throws Exception {
    try (WireConsortium c = new WireConsortium(folder, 2)) {
      SiteId id = c.inside.ids.getFirst();
      Ear<SiteMessage, CoordinatorMessage> ear = new Ear<>(100);
      StreamObserver<SiteMessage> site = offered(c, id, ear);
      Checkpoint first = Checkpoint.parse(offers(ear).getFirst().getBody().toByteArray());
      site.onNext(cosign(c, id, offers(ear).getFirst(), first));
      site.onNext(state(first.head()));
      TestConsortium.await(() -> c.audit.status().cosigned().containsKey(id.value()));
      c.inside.run(c.inside.ids, StudySnapshot.State.COMPLETED);
      c.audit.checkpoint();
      c.inside.presence().wake(c.inside.ids);
      TestConsortium.await(() -> offers(ear).size() == 2);

      CheckpointOffer later = offers(ear).getLast();
      Head now = Checkpoint.parse(later.getBody().toByteArray()).head();
      List<Fingerprint> proof =
          later.getProofList().stream().map(h -> new Fingerprint(h.toByteArray())).toList();
      assertThat(c.audit.status().cosigned()).containsEntry(id.value(), first.head().size());
      assertThat(now.size()).isGreaterThan(first.head().size());
      assertThat(MerkleTree.continues(first.head(), now, proof)).isTrue();
    }
  }

  @Test
  void session_newerCheckpointBeforeTheSiteAnswered_waitsAndContinuesTheFirst() throws Exception {
    try (WireConsortium c = new WireConsortium(folder, 2)) {
      SiteId id = c.inside.ids.getFirst();
      Ear<SiteMessage, CoordinatorMessage> ear = new Ear<>(100);
      StreamObserver<SiteMessage> site = offered(c, id, ear);
      Head first = Checkpoint.parse(offers(ear).getFirst().getBody().toByteArray()).head();

      c.inside.run(c.inside.ids, StudySnapshot.State.COMPLETED);
      c.audit.checkpoint();
      c.inside.presence().wake(c.inside.ids);
      site.onNext(ping());
      TestConsortium.await(() -> ear.heard.stream().anyMatch(CoordinatorMessage::hasPong));
      site.onNext(state(first));
      TestConsortium.await(() -> offers(ear).size() == 2);

      CheckpointOffer second = offers(ear).get(1);
      Head now = Checkpoint.parse(second.getBody().toByteArray()).head();
      List<Fingerprint> proof =
          second.getProofList().stream().map(h -> new Fingerprint(h.toByteArray())).toList();
      assertThat(MerkleTree.continues(first, now, proof)).isTrue();
    }
  }

  @Test
  void session_siteSaysMoreThanThereIs_countsOnlyWithTheCoordinatorsSignature() throws Exception {
    try (WireConsortium c = new WireConsortium(folder, 2)) {
      List<String> told = new CopyOnWriteArrayList<>();
      c.audit.onRollback(List.of(), proven -> told.add(proven.why()));
      SiteId id = c.inside.ids.getFirst();
      Ear<SiteMessage, CoordinatorMessage> ear = new Ear<>(100);
      StreamObserver<SiteMessage> site = offered(c, id, ear);
      Head more = new Head(100_000, Fingerprint.sha256(new byte[] {1}));

      site.onNext(state(more));
      site.onNext(proven(more, signed(c, c.signing(id), more)));
      site.onNext(ping());
      TestConsortium.await(() -> ear.heard.stream().anyMatch(CoordinatorMessage::hasPong));
      assertThat(told).isEmpty();
      assertThat(c.audit.status().trouble()).isEmpty();
      site.onNext(proven(more, signed(c, coordinator(c), more)));
      TestConsortium.await(() -> !told.isEmpty());

      assertThat(told.getFirst()).contains("hospitals have seen more", "site " + id, "100000");
      assertThat(c.audit.status().trouble()).isPresent();
    }
  }

  /** A signing key of the coordinator's, as it had one before the last renewal. */
  private static Credential coordinator(WireConsortium c) throws Exception {
    KeyRequest former = KeyRequest.signing(c.inside.random);
    return former.with(
        c.inside.authority.issue(
            former.pkcs10(),
            SpiffeId.coordinatorSigning(TestConsortium.DOMAIN, "c1"),
            Leaf.COORDINATOR_SIGNING.terms()));
  }

  private static SignedCheckpoint signed(WireConsortium c, Credential by, Head head) {
    return SignedCheckpoint.of(
        new Checkpoint(
            TestConsortium.DOMAIN, head, c.inside.time.instant().truncatedTo(ChronoUnit.MILLIS)),
        SigningKey.of(by),
        by.chain());
  }

  /** A session of a site that knows nothing yet and was offered the first checkpoint. */
  private static StreamObserver<SiteMessage> offered(
      WireConsortium c, SiteId id, Ear<SiteMessage, CoordinatorMessage> ear) throws Exception {
    c.inside.begin(TestPlan.of(c.inside.ids));
    c.audit.checkpoint();
    StreamObserver<SiteMessage> site = CoordinationGrpc.newStub(c.channel(id)).session(ear);
    site.onNext(
        SiteMessage.newBuilder()
            .setHello(Hello.newBuilder().setProtocol(Limits.PROTOCOL).setSoftwareVersion("0.1.0"))
            .build());
    site.onNext(state(MerkleFrontier.empty().head()));
    TestConsortium.await(() -> offers(ear).size() == 1);
    return site;
  }

  private static SiteMessage ping() {
    return SiteMessage.newBuilder().setPing(Ping.newBuilder().setSequence(1)).build();
  }

  private static List<CheckpointOffer> offers(Ear<SiteMessage, CoordinatorMessage> ear) {
    return ear.heard.stream()
        .filter(CoordinatorMessage::hasCheckpoint)
        .map(CoordinatorMessage::getCheckpoint)
        .toList();
  }

  private static SiteMessage state(Head known) {
    return SiteMessage.newBuilder()
        .setAuditState(
            AuditState.newBuilder()
                .setSize(known.size())
                .setRoot(ByteString.copyFrom(known.root().bytes())))
        .build();
  }

  private static SiteMessage proven(Head known, SignedCheckpoint proof) {
    return SiteMessage.newBuilder()
        .setAuditState(
            AuditState.newBuilder()
                .setSize(known.size())
                .setRoot(ByteString.copyFrom(known.root().bytes()))
                .setCheckpoint(ByteString.copyFrom(proof.body()))
                .setSignature(ByteString.copyFrom(proof.by().signature()))
                .addAllChain(
                    proof.by().chain().stream().map(der -> ByteString.copyFrom(der)).toList()))
        .build();
  }

  private static SiteMessage cosign(
      WireConsortium c, SiteId id, CheckpointOffer offer, Checkpoint checkpoint) {
    Credential own = Objects.requireNonNull(c.signers.get(id));
    Cosignature cosignature =
        Cosignature.of(
            offer.getBody().toByteArray(),
            c.inside.time.instant().truncatedTo(ChronoUnit.MILLIS),
            SigningKey.of(own),
            own.chain());
    AuditCosign.Builder message =
        AuditCosign.newBuilder()
            .setSize(checkpoint.head().size())
            .setTimeMillis(cosignature.time().toEpochMilli())
            .setSignature(ByteString.copyFrom(cosignature.by().signature()));
    cosignature.by().chain().forEach(der -> message.addChain(ByteString.copyFrom(der)));
    return SiteMessage.newBuilder().setAuditCosign(message).build();
  }
}
