package org.consilium.coordinator.web;

import io.micronaut.serde.annotation.Serdeable;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import org.consilium.coordinator.consortium.Consortium;
import org.consilium.coordinator.consortium.KeyRequests;
import org.consilium.coordinator.consortium.MotionStanding;
import org.consilium.protocol.SiteId;
import org.consilium.security.identity.CertificateRefused;
import org.consilium.security.identity.Fingerprint;
import org.consilium.security.identity.KeyRequest;
import org.consilium.security.roster.Person;
import org.consilium.security.roster.Role;
import org.consilium.security.roster.Roster;
import org.jspecify.annotations.Nullable;

/**
 * The newest roster and where sites find the coordinator.
 *
 * @param rootFingerprint SHA-256 of the root certificate, 64 hexadecimal digits
 * @param digest SHA-256 of the roster
 */
@Serdeable
record RosterJson(
    String trustDomain,
    String rootFingerprint,
    long version,
    String digest,
    List<String> sites,
    List<PersonJson> persons,
    String host,
    int sitePort,
    int enrolmentPort) {
  RosterJson {
    sites = List.copyOf(sites);
    persons = List.copyOf(persons);
  }

  static RosterJson of(Roster roster, X509Certificate root, Consortium.Address address) {
    return new RosterJson(
        roster.trustDomain(),
        Fingerprint.of(root).hex(),
        roster.version(),
        roster.digest().hex(),
        roster.sites(),
        roster.persons().stream().map(PersonJson::of).toList(),
        address.host(),
        address.sitePort(),
        address.enrolmentPort());
  }

  /** A person of the roster. */
  @Serdeable
  record PersonJson(String name, String contact, String key, List<String> roles) {
    PersonJson {
      roles = List.copyOf(roles);
    }

    static PersonJson of(Person person) {
      return new PersonJson(
          person.name(),
          person.contact(),
          person.key().digest().hex(),
          person.roles().stream().map(Role::toString).toList());
    }
  }

  /** One person's signature; motion and signature in base64. A caller may send anything. */
  @Serdeable
  record Signed(
      @Serdeable.Deserializable(using = StrictText.class) @Nullable String motion,
      @Serdeable.Deserializable(using = StrictText.class) @Nullable String person,
      @Serdeable.Deserializable(using = StrictText.class) @Nullable String signature) {}

  /** A motion; {@code motion} in base64 is what the next person signs. */
  @Serdeable
  record MotionJson(
      String id,
      String act,
      String subject,
      String proposer,
      List<String> signers,
      int persons,
      boolean carried,
      Instant ends,
      String motion) {
    MotionJson {
      signers = List.copyOf(signers);
    }

    static MotionJson of(MotionStanding standing) {
      return new MotionJson(
          standing.motion().id().hex(),
          standing.motion().act().name(),
          standing.motion().subject(),
          standing.motion().proposer(),
          standing.signers(),
          standing.motion().act().persons(),
          standing.carried(),
          standing.motion().expiry(),
          Base64.getEncoder().encodeToString(standing.motion().encoded()));
    }
  }

  /** The keys of a waiting request. */
  @Serdeable
  record Request(String site, String tlsKey, List<String> words, String signingKey) {
    Request {
      words = List.copyOf(words);
    }

    static Request of(SiteId site, KeyRequests waiting) {
      try {
        Fingerprint tls = KeyRequest.fingerprint(waiting.tls());
        return new Request(
            site.value(), tls.hex(), tls.words(), KeyRequest.fingerprint(waiting.signing()).hex());
      } catch (CertificateRefused broken) {
        throw new IllegalStateException("a journaled request does not decode", broken);
      }
    }
  }
}
