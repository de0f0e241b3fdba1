package org.consilium.coordinator.issuing;

import com.google.protobuf.ByteString;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.math.BigInteger;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import org.consilium.coordinator.consortium.KeyRequests;
import org.consilium.coordinator.consortium.MembershipRefused;
import org.consilium.coordinator.consortium.MotionStanding;
import org.consilium.coordinator.journal.Actors;
import org.consilium.coordinator.journal.JournalEntry;
import org.consilium.proto.v1.AuthorityGrpc;
import org.consilium.proto.v1.CertifyReply;
import org.consilium.proto.v1.CertifyRequest;
import org.consilium.proto.v1.EnrolReply;
import org.consilium.proto.v1.EnrolRequest;
import org.consilium.proto.v1.GetRosterRequest;
import org.consilium.proto.v1.ListMotionsReply;
import org.consilium.proto.v1.ListMotionsRequest;
import org.consilium.proto.v1.ListRevokedReply;
import org.consilium.proto.v1.ListRevokedRequest;
import org.consilium.proto.v1.RenewSiteRequest;
import org.consilium.proto.v1.ReplicateReply;
import org.consilium.proto.v1.ReplicateRequest;
import org.consilium.proto.v1.RosterProof;
import org.consilium.proto.v1.ShutOutReply;
import org.consilium.proto.v1.ShutOutRequest;
import org.consilium.proto.v1.SignedMotion;
import org.consilium.protocol.SiteId;
import org.consilium.security.identity.CertificateAuthority.Revoked;
import org.consilium.security.identity.Fingerprint;
import org.consilium.security.identity.Leaf;
import org.consilium.security.roster.Ballot;
import org.consilium.security.roster.Motion;
import org.consilium.security.roster.RosterRefused;
import org.consilium.security.sign.ChainCheck;
import org.consilium.security.witness.Attribution;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What a relay may call. Nothing here decides; the {@link Registrar} does. */
final class AuthorityService extends AuthorityGrpc.AuthorityImplBase {
  private static final Logger LOG = LoggerFactory.getLogger(AuthorityService.class);

  /** RFC 5280, section 4.1.2.2, and one byte of zero for the sign. */
  private static final int SERIAL_BYTES_MAX = 21;

  private final Registrar registrar;

  AuthorityService(Registrar registrar) {
    this.registrar = registrar;
  }

  private interface Step<T> {
    T run() throws MembershipRefused, RosterRefused, IOException;
  }

  @Override
  public void certify(CertifyRequest request, StreamObserver<CertifyReply> out) {
    answer(
        "certify",
        out,
        () ->
            reply(
                registrar.certify(
                    request.getRequest().toByteArray(), terms(request), request.getStudy())));
  }

  private static Leaf.Terms terms(CertifyRequest request) {
    return switch (request.getProfile()) {
      case COORDINATOR_TLS -> Leaf.COORDINATOR_TLS.terms().withHosts(request.getHostsList());
      case COORDINATOR_SIGNING -> Leaf.COORDINATOR_SIGNING.terms();
      case COORDINATOR_RELAY -> Leaf.COORDINATOR_RELAY.terms();
      case AGGREGATION ->
          Leaf.AGGREGATION
              .terms()
              .withSealingKey(new Fingerprint(request.getSealingKey().toByteArray()));
      case PROFILE_UNSPECIFIED, UNRECOGNIZED ->
          throw new IllegalArgumentException("profile " + request.getProfileValue());
    };
  }

  @Override
  public void enrol(EnrolRequest request, StreamObserver<EnrolReply> out) {
    answer(
        "enrol",
        out,
        () -> {
          Fingerprint key =
              registrar.enrol(
                  new SiteId(request.getSite()),
                  request.getToken().toByteArray(),
                  new KeyRequests(
                      request.getTlsRequest().toByteArray(),
                      request.getSigningRequest().toByteArray(),
                      request.getSoftwareVersion()),
                  request.getBinding().toByteArray());
          return EnrolReply.newBuilder().setKeyDigest(ByteString.copyFrom(key.bytes())).build();
        });
  }

  @Override
  public void renewSite(RenewSiteRequest request, StreamObserver<CertifyReply> out) {
    answer(
        "renew",
        out,
        () ->
            reply(
                registrar.issueTls(
                    new SiteId(request.getSite()), request.getTlsRequest().toByteArray())));
  }

  @Override
  public void submit(
      SignedMotion request, StreamObserver<org.consilium.proto.v1.MotionStanding> out) {
    answer(
        "submit",
        out,
        () ->
            standing(
                registrar.submit(
                    new Ballot(
                        Motion.decode(request.getMotion().toByteArray()),
                        request.getPerson(),
                        request.getSignature().toByteArray()))));
  }

  @Override
  public void listMotions(ListMotionsRequest request, StreamObserver<ListMotionsReply> out) {
    answer(
        "list motions",
        out,
        () ->
            ListMotionsReply.newBuilder()
                .addAllMotions(
                    registrar.motions().stream().map(AuthorityService::standing).toList())
                .build());
  }

  @Override
  public void shutOut(ShutOutRequest request, StreamObserver<ShutOutReply> out) {
    answer(
        "shut out",
        out,
        () -> {
          registrar.shutOut(new SiteId(request.getSite()), request.getReason());
          return ShutOutReply.getDefaultInstance();
        });
  }

  @Override
  public void listRevoked(ListRevokedRequest request, StreamObserver<ListRevokedReply> out) {
    answer(
        "list revoked",
        out,
        () ->
            ListRevokedReply.newBuilder()
                .setList(
                    ByteString.copyFrom(
                        registrar.revocationList(
                            request.getAlsoList().stream()
                                .map(AuthorityService::revoked)
                                .toList())))
                .build());
  }

  private static Revoked revoked(ListRevokedRequest.Certificate named) {
    byte[] serial = named.getSerial().toByteArray();
    if (serial.length == 0 || serial.length > SERIAL_BYTES_MAX) {
      throw new IllegalArgumentException(
          "a certificate's number has 1 to %d bytes, not %d"
              .formatted(SERIAL_BYTES_MAX, serial.length));
    }
    return new Revoked(new BigInteger(1, serial), Instant.ofEpochMilli(named.getSinceMillis()));
  }

  @Override
  public void replicate(ReplicateRequest request, StreamObserver<ReplicateReply> out) {
    answer(
        "replicate",
        out,
        () ->
            ReplicateReply.newBuilder()
                .addAllEntries(
                    registrar.replicate(request.getAfter()).stream()
                        .map(AuthorityService::entry)
                        .toList())
                .build());
  }

  @Override
  public void getRoster(GetRosterRequest request, StreamObserver<RosterProof> out) {
    answer(
        "roster",
        out,
        () -> {
          var proof = registrar.roster();
          return RosterProof.newBuilder()
              .addAllDecisions(bytes(proof.decisions()))
              .setHead(ByteString.copyFrom(proof.head()))
              .setHeadSignature(ByteString.copyFrom(proof.headSignature()))
              .addAllHeadChain(bytes(proof.headChain()))
              .build();
        });
  }

  private static CertifyReply reply(List<X509Certificate> chain) {
    return CertifyReply.newBuilder().addAllChain(bytes(ChainCheck.der(chain))).build();
  }

  private static org.consilium.proto.v1.MotionStanding standing(MotionStanding standing) {
    return org.consilium.proto.v1.MotionStanding.newBuilder()
        .setMotion(ByteString.copyFrom(standing.motion().encoded()))
        .addAllSigners(standing.signers())
        .setCarried(standing.carried())
        .build();
  }

  private static ReplicateReply.Entry entry(JournalEntry entry) {
    Attribution by = entry.event().by().orElseGet(Actors::authority);
    return ReplicateReply.Entry.newBuilder()
        .setSequence(entry.sequence())
        .setTimeMicros(ChronoUnit.MICROS.between(Instant.EPOCH, entry.time()))
        .setType(entry.event().type())
        .setKey(entry.event().key())
        .setBody(ByteString.copyFrom(entry.event().body()))
        .setActor(by.actor())
        .setRole(by.role())
        .build();
  }

  private static List<ByteString> bytes(List<byte[]> fields) {
    return fields.stream().map(ByteString::copyFrom).toList();
  }

  private static <T> void answer(String name, StreamObserver<T> out, Step<T> step) {
    T reply;
    try {
      reply = step.run();
    } catch (MembershipRefused refused) {
      LOG.warn("{} refused: {} {}", name, refused.why(), refused.getMessage());
      out.onError(AuthorityStatus.of(refused));
      return;
    } catch (RosterRefused | IllegalArgumentException illegal) {
      LOG.warn("{} refused: {}", name, illegal.getMessage());
      out.onError(AuthorityStatus.malformed(name + ": " + illegal.getMessage()));
      return;
    } catch (IOException failed) {
      LOG.error("{} failed on the store", name, failed);
      out.onError(AuthorityStatus.unavailable());
      return;
    }
    out.onNext(reply);
    out.onCompleted();
  }
}
