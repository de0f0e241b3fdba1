package org.consilium.coordinator.consortium;

import java.io.IOException;
import java.security.cert.X509Certificate;
import java.util.List;
import org.consilium.coordinator.journal.JournalEntry;
import org.consilium.protocol.SiteId;
import org.consilium.security.identity.CertificateAuthority;
import org.consilium.security.identity.Fingerprint;
import org.consilium.security.identity.Leaf;
import org.consilium.security.roster.Ballot;
import org.consilium.security.roster.RosterProof;

/**
 * The issuing authority as the coordinator sees it: a process of its own with a key of its own. It
 * believes no relay; it verifies tokens, proofs of possession and persons' signatures itself. Every
 * method may throw {@link IOException} when the authority does not answer.
 */
public interface Authority {
  /** The consortium's root certificate. */
  X509Certificate root();

  /** The certificate that issues all others. */
  X509Certificate issuing();

  /** The trust domain of all names. */
  String trustDomain();

  /**
   * A certificate in the coordinator's own name, or for a study's aggregation key.
   *
   * @param pkcs10 DER
   * @param study needed by {@link Leaf#AGGREGATION} alone; else empty
   * @return leaf first, root last
   */
  List<X509Certificate> certify(byte[] pkcs10, Leaf.Terms terms, String study)
      throws MembershipRefused, IOException;

  /**
   * Spends a join token.
   *
   * @param secret the token's 32 bytes
   * @param binding the TLS key's signature over token and signing key
   * @return fingerprint of the TLS key
   */
  Fingerprint enrol(SiteId site, byte[] secret, KeyRequests requests, byte[] binding)
      throws MembershipRefused, IOException;

  /**
   * A new TLS certificate for a member; the same request gets the same answer. Journaled there, so
   * that {@link #replicate} brings it.
   *
   * @param pkcs10 DER; asks for the site's own name alone, and carries the endorsement of its
   *     signing key
   * @return leaf first, root last
   */
  List<X509Certificate> issueTls(SiteId site, byte[] pkcs10) throws MembershipRefused, IOException;

  /** One person's signature; the motion is carried out once enough persons have signed. */
  MotionStanding submit(Ballot ballot) throws MembershipRefused, IOException;

  /** Motions that wait for signatures. */
  List<MotionStanding> motions() throws IOException;

  /** Denies a waiting request, or revokes a member. */
  void shutOut(SiteId site, String reason) throws MembershipRefused, IOException;

  /**
   * The list of revoked certificates, signed now: the authority's own and those named here. Naming
   * one too many shuts somebody out and lets nobody in.
   *
   * @param also at most 1100
   * @return X.509 certificate revocation list, DER
   */
  byte[] revocationList(List<CertificateAuthority.Revoked> also)
      throws MembershipRefused, IOException;

  /** Membership events after a sequence number, in order, at most 64. */
  List<JournalEntry> replicate(long after) throws IOException;

  /** The roster with all that proves it. */
  RosterProof roster() throws IOException;
}
