package org.consilium.site.work;

import com.google.protobuf.ByteString;
import java.security.SecureRandom;
import java.security.cert.CertificateEncodingException;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.consilium.proto.v1.RosterProof;
import org.consilium.security.identity.CertificateAuthority;
import org.consilium.security.identity.Credential;
import org.consilium.security.identity.KeyRequest;
import org.consilium.security.identity.Leaf;
import org.consilium.security.identity.SpiffeId;
import org.consilium.security.roster.Act;
import org.consilium.security.roster.Decision;
import org.consilium.security.roster.Motion;
import org.consilium.security.roster.PersonKey;
import org.consilium.security.roster.Role;
import org.consilium.security.roster.Roster;
import org.consilium.security.roster.RosterHead;
import org.consilium.security.roster.RosterHistory;
import org.consilium.security.sign.SigningKey;

/** A genuine roster that two persons signed, as a coordinator shows it. */
final class TestRoster {
  private TestRoster() {}

  /** With these sites, in the authority's trust domain. */
  static RosterProof of(CertificateAuthority authority, List<String> sites) throws Exception {
    SecureRandom random = new SecureRandom();
    PersonKey ada = PersonKey.create("ada", "ada@example.org", random);
    PersonKey ben = PersonKey.create("ben", "ben@example.org", random);
    Motion.Terms terms = new Motion.Terms(Instant.now().plus(Duration.ofDays(1)), random);
    List<Role> roles = List.of(new Role(Role.Kind.CONSORTIUM_ADMIN, ""));
    String domain = authority.trustDomain();
    RosterHistory history =
        RosterHistory.empty()
            .with(
                Decision.found(
                    Roster.first(domain, List.of(ada.as(roles), ben.as(roles))),
                    List.of(ada, ben),
                    terms));
    for (String site : sites) {
      Motion motion = Motion.propose(domain, Act.ADD_SITE, site, new byte[0], ada, terms);
      history = history.with(new Decision(motion, List.of(ada.sign(motion), ben.sign(motion))));
    }
    KeyRequest request = KeyRequest.signing(random);
    Credential signer =
        request.with(
            authority.issue(
                request.pkcs10(),
                SpiffeId.authoritySigning(domain, "main"),
                Leaf.AUTHORITY_SIGNING));
    byte[] head = RosterHead.of(history.roster(), Instant.now()).encoded();
    return RosterProof.newBuilder()
        .addAllDecisions(history.encoded().stream().map(ByteString::copyFrom).toList())
        .setHead(ByteString.copyFrom(head))
        .setHeadSignature(ByteString.copyFrom(SigningKey.of(signer).sign(RosterHead.LABEL, head)))
        .addAllHeadChain(der(signer.chain()))
        .build();
  }

  private static List<ByteString> der(List<X509Certificate> chain)
      throws CertificateEncodingException {
    List<ByteString> encoded = new ArrayList<>();
    for (X509Certificate certificate : chain) {
      encoded.add(ByteString.copyFrom(certificate.getEncoded()));
    }
    return encoded;
  }
}
