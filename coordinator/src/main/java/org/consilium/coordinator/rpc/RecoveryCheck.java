package org.consilium.coordinator.rpc;

import com.google.protobuf.InvalidProtocolBufferException;
import java.io.IOException;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import org.consilium.coordinator.consortium.Consortium;
import org.consilium.coordinator.consortium.EnrolledSite;
import org.consilium.coordinator.consortium.MembershipRefused;
import org.consilium.proto.v1.Recovery;
import org.consilium.protocol.SiteId;
import org.consilium.protocol.wire.SignedKind;
import org.consilium.security.identity.Fingerprint;
import org.consilium.security.sign.ChainCheck;
import org.consilium.security.sign.ChainRefused;
import org.consilium.security.sign.VerifyingKey;

/**
 * A site without a valid TLS certificate asks for one: believed by its signing key alone, for this
 * consortium, now. A request that is played again brings the same certificate, which is of use to
 * the holder of its key only.
 */
record RecoveryCheck(Consortium consortium, InstantSource clock) {
  private static final Duration WINDOW = Duration.ofMinutes(2);

  static RecoveryCheck of(Consortium consortium, InstantSource clock) {
    return new RecoveryCheck(consortium, clock);
  }

  List<byte[]> recovered(byte[] body, byte[] signature) throws MembershipRefused, IOException {
    Recovery recovery;
    X509Certificate expired;
    try {
      recovery = Recovery.parseFrom(body);
      expired = ChainCheck.parse(List.of(recovery.getExpired().toByteArray())).getFirst();
    } catch (InvalidProtocolBufferException | ChainRefused malformed) {
      throw new IllegalArgumentException("the request does not decode", malformed);
    }
    SiteId site = new SiteId(recovery.getSite());
    Optional<EnrolledSite> enrolled = consortium.enrolled(site);
    // Before the signature is right, every refusal is the same: nobody learns who is a member.
    if (enrolled.isEmpty() || !signed(enrolled.get(), body, signature)) {
      throw RpcStatus.notSigned();
    }
    if (!Fingerprint.of(consortium.root())
        .equals(new Fingerprint(recovery.getRoot().toByteArray()))) {
      throw new IllegalArgumentException("the request is for another consortium");
    }
    Duration age =
        Duration.between(Instant.ofEpochMilli(recovery.getSiteTimeMillis()), clock.instant()).abs();
    if (age.compareTo(WINDOW) > 0) {
      throw new IllegalArgumentException(
          "the request is %d s off the coordinator's time, at most %d s: it was kept, or a clock is"
                  .formatted(age.toSeconds(), WINDOW.toSeconds())
              + " wrong");
    }
    return consortium.recover(site, expired, recovery.getTlsRequest().toByteArray());
  }

  private boolean signed(EnrolledSite site, byte[] body, byte[] signature) {
    X509Certificate certificate = site.signingCertificate();
    Instant now = clock.instant();
    return now.isBefore(certificate.getNotAfter().toInstant())
        && VerifyingKey.of(certificate).verify(SignedKind.RECOVERY.label(), body, signature);
  }
}
