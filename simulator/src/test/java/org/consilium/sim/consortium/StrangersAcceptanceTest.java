package org.consilium.sim.consortium;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.grpc.ClientInterceptor;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.shaded.io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.shaded.io.netty.handler.ssl.SslContextBuilder;
import io.grpc.stub.MetadataUtils;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
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
import org.consilium.sim.process.Packaged;
import org.consilium.sim.process.Supervisor;
import org.consilium.sim.scenario.StudyText;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Who is not let in, over real sockets to a live coordinator process. */
@Tag("slow")
final class StrangersAcceptanceTest {
  private static final String DOMAIN = "demo.consilium.test";
  private static final SiteId NORTH = new SiteId("north");
  private static final SiteId SOUTH = new SiteId("south");
  private static final InstantSource CLOCK = InstantSource.system();

  @TempDir static Path folder;
  private static Supervisor supervisor;
  private static Door door;
  private static Credential north;

  @BeforeAll
  static void startConsortium() throws Exception {
    Installation installation = Packaged.installation();
    supervisor = new Supervisor(CLOCK, _ -> {});
    LocalConsortium.Layout layout = layout();
    LocalConsortium consortium = LocalConsortium.start(installation, layout, CLOCK, supervisor);
    var _ = consortium.await();
    consortium.join(List.of(NORTH, SOUTH));
    var _ = consortium.create(study());
    door =
        new Door(
            consortium.grpcPort(),
            Credential.load(layout.siteState(NORTH), "tls").chain().getLast());
    north = Credential.load(layout.siteState(NORTH), "tls");
  }

  @AfterAll
  static void stopConsortium() {
    if (supervisor != null) {
      supervisor.close();
    }
  }

  @Test
  void report_ofAMember_getsAsFarAsItsRound() throws Exception {
    // What all others are compared with: let in, genuine, and refused for its round alone.
    assertThat(door.submit(Optional.of(north), report(NORTH, NORTH)))
        .isEqualTo(Status.Code.FAILED_PRECONDITION);
  }

  @Test
  void badInput_01_otherAuthoritySameName_refused() throws Exception {
    assertThat(door.submit(Optional.of(otherAuthority()), report(NORTH, NORTH)))
        .isEqualTo(Status.Code.UNAVAILABLE);
  }

  @Test
  void badInput_05_signingCertificateAsClient_refused() throws Exception {
    Credential signing = Credential.load(layout().siteState(NORTH), "signing");

    assertThat(door.submit(Optional.of(signing), report(NORTH, NORTH)))
        .isEqualTo(Status.Code.UNAVAILABLE);
  }

  @Test
  void badInput_06_noCertificateOlderTlsOrPlaintext_refused() throws Exception {
    Signed own = report(NORTH, NORTH);

    assertThat(door.submit(Optional.empty(), own)).isEqualTo(Status.Code.UNAVAILABLE);
    assertThat(submit(door.over("TLSv1.2", Optional.of(north)), own))
        .isEqualTo(Status.Code.UNAVAILABLE);
    assertThat(submit(door.plaintext(), own)).isEqualTo(Status.Code.UNAVAILABLE);
  }

  @Test
  void badInput_09_anotherSitesMessageAndNameInMetadata_permissionDenied() throws Exception {
    Metadata names = new Metadata();
    for (String key : List.of("site", "site_id", "x-site-id")) {
      names.put(Metadata.Key.of(key, Metadata.ASCII_STRING_MARSHALLER), SOUTH.value());
    }
    ManagedChannel channel = door.over("TLSv1.3", Optional.of(north));

    assertThat(
            submit(channel, report(SOUTH, SOUTH), MetadataUtils.newAttachHeadersInterceptor(names)))
        .isEqualTo(Status.Code.PERMISSION_DENIED);
  }

  @Test
  void badInput_10_signedWithAnotherSitesKey_permissionDenied() throws Exception {
    assertThat(door.submit(Optional.of(north), report(NORTH, SOUTH)))
        .isEqualTo(Status.Code.PERMISSION_DENIED);
  }

  /** The coordinator's port, and what its server must present. */
  private record Door(int port, X509Certificate root) {
    Status.Code submit(Optional<Credential> credential, Signed report) throws IOException {
      return StrangersAcceptanceTest.submit(over("TLSv1.3", credential), report);
    }

    ManagedChannel over(String protocol, Optional<Credential> credential) throws IOException {
      SslContextBuilder ssl =
          SslContextBuilder.forClient().trustManager(PeerTrust.forServer(root, DOMAIN));
      credential.ifPresent(
          c -> ssl.keyManager(c.privateKey(), c.chain().toArray(X509Certificate[]::new)));
      return NettyChannelBuilder.forAddress("127.0.0.1", port)
          .sslContext(GrpcSslContexts.configure(ssl).protocols(protocol).build())
          .build();
    }

    ManagedChannel plaintext() {
      return NettyChannelBuilder.forAddress("127.0.0.1", port).usePlaintext().build();
    }
  }

  private static Status.Code submit(
      ManagedChannel channel, Signed report, ClientInterceptor... interceptors) {
    try {
      var _ =
          CoordinationGrpc.newBlockingStub(channel)
              .withInterceptors(interceptors)
              .withDeadlineAfter(20, TimeUnit.SECONDS)
              .submitReport(report);
      return Status.Code.OK;
    } catch (StatusRuntimeException refused) {
      return refused.getStatus().getCode();
    } finally {
      var _ = channel.shutdownNow();
    }
  }

  private static LocalConsortium.Layout layout() {
    return new LocalConsortium.Layout(folder.resolve("lab"), 256, 256);
  }

  /**
   * A report about a round that never was, in {@code site}'s words, signed with the key of {@code
   * signer}.
   */
  private static Signed report(SiteId site, SiteId signer) throws IOException {
    byte[] body =
        ReportCodec.encode(
            new ValidationReport(
                new RoundId(new StudyId("strangers"), 1),
                0,
                new ModelVersion(Digest.sha256(site.value().getBytes(StandardCharsets.US_ASCII))),
                0,
                0,
                List.of()));
    SigningKey key = SigningKey.of(Credential.load(layout().siteState(signer), "signing"));
    return Signed.newBuilder()
        .setBody(ByteString.copyFrom(body))
        .setSignature(ByteString.copyFrom(key.sign(SignedKind.REPORT.label(), body)))
        .build();
  }

  /** A certificate with north's name from an authority that is not the consortium's. */
  private static Credential otherAuthority() throws Exception {
    Path other = Files.createDirectory(folder.resolve("other"));
    SecureRandom random = new SecureRandom();
    CertificateAuthority authority = CertificateAuthority.create(other, DOMAIN, CLOCK, random);
    KeyRequest request = KeyRequest.tls(random);
    return request.with(
        authority.issue(request.pkcs10(), SpiffeId.site(DOMAIN, NORTH.value()), Leaf.SITE_TLS));
  }

  private static String study() {
    return new StudyText(
            "strangers",
            StudyText.Recipe.residual("resnet-gn-tiny"),
            32,
            List.of(NORTH, SOUTH),
            2,
            Duration.ofMinutes(5),
            2,
            0,
            "sealed",
            1)
        .yaml();
  }
}
