package org.consilium.coordinator.study;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.consilium.coordinator.study.WireConsortium.Ear;
import org.consilium.proto.v1.CommitUpdateRequest;
import org.consilium.proto.v1.CoordinationGrpc;
import org.consilium.proto.v1.EnrolmentGrpc;
import org.consilium.proto.v1.Recovery;
import org.consilium.proto.v1.RenewReply;
import org.consilium.proto.v1.RenewRequest;
import org.consilium.proto.v1.RevocationsRequest;
import org.consilium.proto.v1.Signed;
import org.consilium.proto.v1.UpdateChunk;
import org.consilium.proto.v1.UploadProgress;
import org.consilium.protocol.SiteId;
import org.consilium.protocol.wire.SignedKind;
import org.consilium.security.identity.Credential;
import org.consilium.security.identity.Fingerprint;
import org.consilium.security.identity.KeyRequest;
import org.consilium.security.identity.SpiffeId;
import org.consilium.security.sign.ChainCheck;
import org.consilium.security.sign.SigningKey;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Renewal and recovery of certificates over real sockets. */
final class RenewalWireTest {
  @TempDir Path folder;

  @Test
  void renew_duringAnUpload_uploadGoesOnAndTheNewCertificateConnects() throws Exception {
    try (WireConsortium c = new WireConsortium(folder, 2)) {
      var _ = c.inside.begin(TestPlan.of(c.inside.ids));
      SiteId site = c.inside.ids.getFirst();
      TestSite.Sealed update = c.inside.update(site, c.inside.task(site));
      ManagedChannel line = c.channel(site);
      var calls = CoordinationGrpc.newBlockingStub(line).withDeadlineAfter(20, TimeUnit.SECONDS);
      var _ = calls.beginUpdate(signed(update.body(), update.signature()));
      Ear<UpdateChunk, UploadProgress> upload = new Ear<>(100);
      var chunks = CoordinationGrpc.newStub(line).sendChunks(upload);
      chunks.onNext(chunk(update, 0));

      KeyRequest fresh = c.renewal(site);
      Credential next = fresh.with(chain(calls.renew(request(fresh))));

      ManagedChannel renewed =
          c.channel(c.servers.coordinationPort(), Optional.of(next), c.trust());
      assertThat(ask(renewed)).isEqualTo(Status.Code.OK);
      for (int i = 1; i < update.chunks().size(); i++) {
        chunks.onNext(chunk(update, i));
      }
      chunks.onCompleted();
      assertThat(upload.ended().getCode()).isEqualTo(Status.Code.OK);
      assertThat(
              CoordinationGrpc.newBlockingStub(renewed)
                  .withDeadlineAfter(20, TimeUnit.SECONDS)
                  .commitUpdate(
                      CommitUpdateRequest.newBuilder()
                          .setUpload(ByteString.copyFrom(update.upload().bytes()))
                          .build())
                  .getDuplicate())
          .isFalse();
    }
  }

  @Test
  void badInput_13_renewalForAnotherSite_refused() throws Exception {
    try (WireConsortium c = new WireConsortium(folder, 2)) {
      KeyRequest others = c.renewal(c.inside.ids.getLast());

      assertThat(
              code(
                  () ->
                      CoordinationGrpc.newBlockingStub(c.channel(c.inside.ids.getFirst()))
                          .withDeadlineAfter(20, TimeUnit.SECONDS)
                          .renew(request(others))))
          .isEqualTo(Status.Code.INVALID_ARGUMENT);
    }
  }

  @Test
  void recover_signedByTheSite_newCertificateConnects() throws Exception {
    try (WireConsortium c = new WireConsortium(folder, 2)) {
      SiteId site = c.inside.ids.getFirst();
      KeyRequest fresh = c.renewal(site);
      Recovery body = body(c, site, fresh).build();
      assertThat(code(() -> recover(c, body, c.signing(site))))
          .as("it holds")
          .isNotEqualTo(Status.Code.OK);

      c.inside.time.jump(Duration.ofHours(24));
      Recovery due = body(c, site, fresh).build();

      Credential next = fresh.with(chain(recover(c, due, c.signing(site))));
      assertThat(next.id()).isEqualTo(c.credential(site).id());
      assertThat(c.members.admission(site, next.leaf()))
          .isEqualTo(org.consilium.coordinator.consortium.Admission.ADMITTED);
    }
  }

  @Test
  void badInput_15_recoveryReplayedOrMeantForAnother_refused() throws Exception {
    try (WireConsortium c = new WireConsortium(folder, 2)) {
      SiteId site = c.inside.ids.getFirst();
      SiteId other = c.inside.ids.getLast();
      c.inside.time.jump(Duration.ofHours(24));
      KeyRequest fresh = c.renewal(site);
      Recovery due = body(c, site, fresh).build();
      Recovery elsewhere =
          due.toBuilder()
              .setRoot(ByteString.copyFrom(Fingerprint.of(c.signing(site).leaf()).bytes()))
              .build();
      byte[] asReport =
          SigningKey.of(c.signing(site)).sign(SignedKind.REPORT.label(), due.toByteArray());

      assertThat(code(() -> recover(c, due, c.signing(other))))
          .isEqualTo(Status.Code.PERMISSION_DENIED);
      assertThat(code(() -> recover(c, elsewhere, c.signing(site))))
          .as("another server")
          .isEqualTo(Status.Code.INVALID_ARGUMENT);
      assertThat(code(() -> send(c, signed(due.toByteArray(), asReport))))
          .as("another procedure")
          .isEqualTo(Status.Code.PERMISSION_DENIED);
      RenewReply first = recover(c, due, c.signing(site));
      assertThat(recover(c, due, c.signing(site))).as("at once: the same answer").isEqualTo(first);
      c.inside.time.jump(Duration.ofMinutes(3));
      assertThat(code(() -> recover(c, due, c.signing(site))))
          .as("later")
          .isEqualTo(Status.Code.INVALID_ARGUMENT);
    }
  }

  @Test
  void badInput_15_updateOfAnotherSiteSentAgain_refused() throws Exception {
    try (WireConsortium c = new WireConsortium(folder, 2)) {
      var _ = c.inside.begin(TestPlan.of(c.inside.ids));
      SiteId site = c.inside.ids.getFirst();
      TestSite.Sealed update = c.inside.update(site, c.inside.task(site));
      Signed captured = signed(update.body(), update.signature());

      assertThat(
              code(
                  () ->
                      CoordinationGrpc.newBlockingStub(c.channel(c.inside.ids.getLast()))
                          .withDeadlineAfter(20, TimeUnit.SECONDS)
                          .beginUpdate(captured)))
          .as("over another site's connection")
          .isEqualTo(Status.Code.PERMISSION_DENIED);
      assertThat(
              code(
                  () ->
                      CoordinationGrpc.newBlockingStub(c.channel(site))
                          .withDeadlineAfter(20, TimeUnit.SECONDS)
                          .submitReport(captured)))
          .as("to another procedure")
          .isIn(Status.Code.PERMISSION_DENIED, Status.Code.INVALID_ARGUMENT);
    }
  }

  private static Recovery.Builder body(WireConsortium c, SiteId site, KeyRequest fresh)
      throws Exception {
    return Recovery.newBuilder()
        .setSite(site.value())
        .setRoot(ByteString.copyFrom(c.inside.authority.rootFingerprint().bytes()))
        .setExpired(ByteString.copyFrom(c.credential(site).leaf().getEncoded()))
        .setTlsRequest(ByteString.copyFrom(fresh.pkcs10()))
        .setSiteTimeMillis(c.inside.time.millis());
  }

  private static RenewReply recover(WireConsortium c, Recovery body, Credential signer)
      throws Exception {
    byte[] bytes = body.toByteArray();
    return send(c, signed(bytes, SigningKey.of(signer).sign(SignedKind.RECOVERY.label(), bytes)));
  }

  private static RenewReply send(WireConsortium c, Signed request) throws Exception {
    return EnrolmentGrpc.newBlockingStub(c.newcomer())
        .withDeadlineAfter(20, TimeUnit.SECONDS)
        .recover(request);
  }

  /** A call that may be refused. */
  private interface Call {
    Object run() throws Exception;
  }

  private static Status.Code code(Call call) throws Exception {
    try {
      Object _ = call.run();
      return Status.Code.OK;
    } catch (StatusRuntimeException refused) {
      return refused.getStatus().getCode();
    }
  }

  private static Status.Code ask(ManagedChannel line) throws Exception {
    return code(
        () ->
            CoordinationGrpc.newBlockingStub(line)
                .withDeadlineAfter(20, TimeUnit.SECONDS)
                .revocations(RevocationsRequest.getDefaultInstance()));
  }

  private static RenewRequest request(KeyRequest fresh) {
    return RenewRequest.newBuilder().setTlsRequest(ByteString.copyFrom(fresh.pkcs10())).build();
  }

  private static List<java.security.cert.X509Certificate> chain(RenewReply reply) throws Exception {
    List<java.security.cert.X509Certificate> chain =
        ChainCheck.parse(reply.getTlsChainList().stream().map(ByteString::toByteArray).toList());
    assertThat(SpiffeId.of(chain.getFirst()).kind()).isEqualTo(SpiffeId.Kind.SITE_NODE);
    return chain;
  }

  private static Signed signed(byte[] body, byte[] signature) {
    return Signed.newBuilder()
        .setBody(ByteString.copyFrom(body))
        .setSignature(ByteString.copyFrom(signature))
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
