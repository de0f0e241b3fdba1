package org.consilium.coordinator.study;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.math.BigInteger;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.consilium.coordinator.consortium.Denylist;
import org.consilium.coordinator.study.WireConsortium.Ear;
import org.consilium.proto.v1.CoordinationGrpc;
import org.consilium.proto.v1.CoordinatorMessage;
import org.consilium.proto.v1.Hello;
import org.consilium.proto.v1.RevocationsRequest;
import org.consilium.proto.v1.SiteMessage;
import org.consilium.protocol.Limits;
import org.consilium.protocol.SiteId;
import org.consilium.security.identity.CertificateAuthority;
import org.consilium.security.identity.CertificateAuthority.Revoked;
import org.consilium.security.identity.Credential;
import org.consilium.security.identity.Fingerprint;
import org.consilium.security.identity.PeerTrust;
import org.consilium.security.identity.RevocationList;
import org.consilium.security.identity.RevocationRefused;
import org.consilium.security.identity.RevocationRefused.Reason;
import org.consilium.security.identity.RevocationSource;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Lists of revoked certificates in real handshakes, and the denylist on open streams. */
final class RevocationTest {
  @TempDir Path folder;

  @Test
  void badInput_03_revokedSite_refusedInTheHandshake() throws Exception {
    try (WireConsortium c = new WireConsortium(folder, 2)) {
      SiteId gone = c.inside.ids.getFirst();
      SiteId other = c.inside.ids.getLast();
      assertThat(ask(c.channel(gone))).isEqualTo(Status.Code.OK);

      var _ = c.members.revoke(gone, "stolen");

      assertThat(ask(c.channel(gone))).isEqualTo(Status.Code.UNAVAILABLE);
      assertThat(ask(c.channel(other))).isEqualTo(Status.Code.OK);
    }
  }

  @Test
  void badInput_03_denylistedMidStream_streamAndCallsEndWithinFiveSeconds() throws Exception {
    try (WireConsortium c = new WireConsortium(folder, 4)) {
      Credential byName = c.credential(c.inside.ids.get(0));
      Credential byKey = c.credential(c.inside.ids.get(1));
      Credential bySerial = c.credential(c.inside.ids.get(2));
      List<Ear<SiteMessage, CoordinatorMessage>> sessions = new ArrayList<>();
      List<ManagedChannel> lines = new ArrayList<>();
      for (SiteId id : c.inside.ids) {
        ManagedChannel line = c.channel(id);
        Ear<SiteMessage, CoordinatorMessage> session = new Ear<>(100);
        CoordinationGrpc.newStub(line).session(session).onNext(hello());
        sessions.add(session);
        lines.add(line);
      }
      TestConsortium.await(
          () -> c.inside.ids.stream().allMatch(id -> c.inside.presence().connected(id)));

      var _ = c.denylist.add(Denylist.Kind.ID, byName.id().toString(), "");
      var _ =
          c.denylist.add(
              Denylist.Kind.KEY, Fingerprint.of(byKey.leaf().getPublicKey()).hex(), "lost");
      var _ =
          c.denylist.add(
              Denylist.Kind.SERIAL, bySerial.leaf().getSerialNumber().toString(16), "lost");

      for (int i = 0; i < 3; i++) {
        assertThat(sessions.get(i).ended().getCode()).isEqualTo(Status.Code.PERMISSION_DENIED);
        assertThat(ask(lines.get(i))).isEqualTo(Status.Code.PERMISSION_DENIED);
      }
      assertThat(sessions.get(3).open()).isTrue();
      assertThat(Denylist.open(c.inside.journal).list()).isEqualTo(c.denylist.list()).hasSize(3);
    }
  }

  @Test
  void badInput_04_listStaleMissingGarbledOrForged_coordinatorRefusesEverySite() throws Exception {
    try (WireConsortium c = new WireConsortium(folder, 2)) {
      SiteId site = c.inside.ids.getFirst();
      CertificateAuthority ours = c.inside.authority;
      RevocationList good = c.revocations.current();
      CertificateAuthority other =
          CertificateAuthority.create(
              folder.resolve("other"), TestConsortium.DOMAIN, c.inside.time, c.inside.random);
      byte[] garbled = good.der();
      garbled[garbled.length - 5] ^= 1; // inside the signature

      for (RevocationSource bad :
          List.<RevocationSource>of(
              () -> {
                throw new RevocationRefused(Reason.MISSING, "none");
              },
              () -> RevocationList.read(garbled, ours.issuing()),
              () ->
                  RevocationList.read(
                      other.revocationList(List.of(), BigInteger.TEN), ours.issuing()),
              () -> RevocationList.read(new byte[] {1, 2, 3}, ours.issuing()),
              // Read with the wrong issuer it is well-formed: the handshake's own check must
              // refuse.
              () ->
                  RevocationList.read(
                      other.revocationList(List.of(), BigInteger.TEN), other.issuing()))) {
        c.list.set(bad);
        assertThat(ask(c.channel(site))).isEqualTo(Status.Code.UNAVAILABLE);
      }
      c.list.set(() -> good);
      assertThat(ask(c.channel(site))).isEqualTo(Status.Code.OK);
      c.inside.time.jump(Duration.ofHours(6)); // its last instant is over
      assertThat(ask(c.channel(site))).isEqualTo(Status.Code.UNAVAILABLE);
      c.list.set(c.revocations);
      assertThat(ask(c.channel(site))).as("signed anew").isEqualTo(Status.Code.OK);
    }
  }

  @Test
  void badInput_04_siteChecksTheCoordinator_revokedOrStaleRefusedAndTold() throws Exception {
    try (WireConsortium c = new WireConsortium(folder, 2)) {
      Credential own = c.credential(c.inside.ids.getFirst());
      Credential server = c.coordinator();
      c.servers.renew(server);
      byte[] fetched =
          CoordinationGrpc.newBlockingStub(c.channel(c.inside.ids.getFirst()))
              .withDeadlineAfter(20, TimeUnit.SECONDS)
              .revocations(RevocationsRequest.getDefaultInstance())
              .getList()
              .toByteArray();
      RevocationList good = RevocationList.read(fetched, own.chain().get(1));
      RevocationList names =
          RevocationList.read(
              c.inside.authority.revocationList(
                  List.of(
                      new Revoked(
                          server.leaf().getSerialNumber(),
                          c.inside.time.instant().minusSeconds(5))),
                  good.number().add(BigInteger.ONE)),
              own.chain().get(1));
      List<Reason> told = new CopyOnWriteArrayList<>();

      assertThat(ask(line(c, own, () -> good, told))).isEqualTo(Status.Code.OK);
      assertThat(told).isEmpty();
      assertThat(names.addsTo(good)).isTrue();
      assertThat(ask(line(c, own, () -> names, told))).isEqualTo(Status.Code.UNAVAILABLE);
      assertThat(told).isNotEmpty().containsOnly(Reason.REVOKED);
      told.clear();
      c.inside.time.jump(Duration.ofHours(6));
      assertThat(ask(line(c, own, () -> good, told))).isEqualTo(Status.Code.UNAVAILABLE);
      assertThat(told).isNotEmpty().containsOnly(Reason.STALE);
    }
  }

  private static ManagedChannel line(
      WireConsortium c, Credential own, RevocationSource source, List<Reason> told)
      throws Exception {
    PeerTrust trust = c.trust().with(source, c.inside.time, r -> told.add(r.reason()));
    return c.channel(c.servers.coordinationPort(), Optional.of(own), trust);
  }

  private static Status.Code ask(ManagedChannel line) {
    try {
      var _ =
          CoordinationGrpc.newBlockingStub(line)
              .withDeadlineAfter(20, TimeUnit.SECONDS)
              .revocations(RevocationsRequest.getDefaultInstance());
      return Status.Code.OK;
    } catch (StatusRuntimeException refused) {
      return refused.getStatus().getCode();
    }
  }

  private static SiteMessage hello() {
    return SiteMessage.newBuilder()
        .setHello(Hello.newBuilder().setProtocol(Limits.PROTOCOL).setSoftwareVersion("0.1.0"))
        .build();
  }
}
