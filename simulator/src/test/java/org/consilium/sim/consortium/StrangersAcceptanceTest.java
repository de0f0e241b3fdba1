package org.consilium.sim.consortium;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.shaded.io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.shaded.io.netty.handler.ssl.SslContextBuilder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.consilium.proto.v1.CoordinationGrpc;
import org.consilium.proto.v1.Signed;
import org.consilium.protocol.Digest;
import org.consilium.protocol.ModelVersion;
import org.consilium.protocol.RoundId;
import org.consilium.protocol.SiteId;
import org.consilium.protocol.StudyId;
import org.consilium.protocol.ValidationReport;
import org.consilium.protocol.wire.ReportCodec;
import org.consilium.protocol.wire.SignedKind;
import org.consilium.security.identity.CertificateAuthority;
import org.consilium.security.identity.Credential;
import org.consilium.security.identity.KeyRequest;
import org.consilium.security.identity.Leaf;
import org.consilium.security.identity.PeerTrust;
import org.consilium.security.identity.SpiffeId;
import org.consilium.security.sign.SigningKey;
import org.consilium.sim.process.Installation;
import org.consilium.sim.process.Supervisor;
import org.consilium.sim.scenario.StudyText;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Who is not let in, over real sockets to a live coordinator process. */
@Tag("acceptance")
final class StrangersAcceptanceTest {
  private static final String DOMAIN = "demo.consilium.test";
  private static final SiteId NORTH = new SiteId("north");
  private static final SiteId SOUTH = new SiteId("south");

  @TempDir Path folder;

  @Test
  void coordinator_strangersAndImpostors_areRefused() throws Exception {
    InstantSource clock = InstantSource.system();
    LocalConsortium.Layout layout = new LocalConsortium.Layout(folder, 256, 256);
    try (Supervisor supervisor = new Supervisor(clock, _ -> {});
        LocalConsortium consortium =
            LocalConsortium.start(installation(), layout, clock, supervisor)) {
      var _ = consortium.await();
      consortium.join(List.of(NORTH, SOUTH));
      var _ = consortium.create(study());
      Door door =
          new Door(
              consortium.grpcPort(),
              CertificateAuthority.open(layout.authority(), clock, new SecureRandom()).root());
      Credential north = Credential.load(layout.siteState(NORTH), "tls");
      Signed own = report(layout, NORTH);
      Signed foreign = report(layout, SOUTH);

      // The same report: refused for its round under the right key, for its signature otherwise.
      assertThat(door.submit(Optional.of(north), own)).isEqualTo(Status.Code.FAILED_PRECONDITION);
      assertThat(door.submit(Optional.of(north), foreign)).isEqualTo(Status.Code.PERMISSION_DENIED);
      assertThat(door.submit(Optional.empty(), own)).isEqualTo(Status.Code.UNAVAILABLE);
      assertThat(door.submit(Optional.of(otherAuthority(clock)), own))
          .isEqualTo(Status.Code.UNAVAILABLE);
      // A signing certificate is not a TLS client certificate.
      assertThatThrownBy(
              () ->
                  door.submit(
                      Optional.of(Credential.load(layout.siteState(NORTH), "signing")), own))
          .isInstanceOf(Exception.class);
    }
  }

  private record Door(int port, X509Certificate root) {
    Status.Code submit(Optional<Credential> credential, Signed report) throws IOException {
      SslContextBuilder ssl =
          SslContextBuilder.forClient().trustManager(PeerTrust.forServer(root, DOMAIN));
      credential.ifPresent(
          c -> ssl.keyManager(c.privateKey(), c.chain().toArray(X509Certificate[]::new)));
      ManagedChannel channel =
          NettyChannelBuilder.forAddress("127.0.0.1", port)
              .sslContext(GrpcSslContexts.configure(ssl).protocols("TLSv1.3").build())
              .build();
      try {
        var _ =
            CoordinationGrpc.newBlockingStub(channel)
                .withDeadlineAfter(20, TimeUnit.SECONDS)
                .submitReport(report);
        return Status.Code.OK;
      } catch (StatusRuntimeException refused) {
        return refused.getStatus().getCode();
      } finally {
        channel.shutdownNow();
      }
    }
  }

  private static Signed report(LocalConsortium.Layout layout, SiteId site) throws IOException {
    byte[] body =
        ReportCodec.encode(
            new ValidationReport(
                new RoundId(new StudyId("strangers"), 1),
                0,
                new ModelVersion(Digest.sha256(new byte[] {1})),
                0,
                0,
                List.of()));
    SigningKey key = SigningKey.of(Credential.load(layout.siteState(site), "signing"));
    return Signed.newBuilder()
        .setBody(ByteString.copyFrom(body))
        .setSignature(ByteString.copyFrom(key.sign(SignedKind.REPORT.label(), body)))
        .build();
  }

  /** A certificate with north's name from an authority that is not the consortium's. */
  private Credential otherAuthority(InstantSource clock) throws Exception {
    Path other = Files.createDirectory(folder.resolve("other"));
    SecureRandom random = new SecureRandom();
    CertificateAuthority authority = CertificateAuthority.create(other, DOMAIN, clock, random);
    KeyRequest request = KeyRequest.tls(random);
    return request.with(
        authority.issue(request.pkcs10(), SpiffeId.site(DOMAIN, NORTH.value()), Leaf.SITE_TLS));
  }

  private static String study() {
    return new StudyText(
            "strangers",
            "resnet-gn-tiny",
            32,
            List.of(NORTH, SOUTH),
            2,
            Duration.ofMinutes(5),
            2,
            0,
            1)
        .yaml();
  }

  private static Installation installation() {
    try {
      return Installation.find(Map.of());
    } catch (IOException notPackaged) {
      Assumptions.abort("SKIP: " + notPackaged.getMessage());
      throw new IllegalStateException(notPackaged);
    }
  }
}
