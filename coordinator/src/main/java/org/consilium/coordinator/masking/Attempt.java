package org.consilium.coordinator.masking;

import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import org.consilium.coordinator.intake.Spool;
import org.consilium.coordinator.round.Masking;
import org.consilium.coordinator.round.Opening;
import org.consilium.coordinator.round.RoundEvent.Accepted;
import org.consilium.protocol.Digest;
import org.consilium.protocol.MaskMessage;
import org.consilium.protocol.RoundId;
import org.consilium.protocol.SiteId;
import org.consilium.protocol.StudyId;
import org.consilium.security.identity.Fingerprint;
import org.consilium.security.mask.MaskTerms;

/**
 * One attempt as masking sees it.
 *
 * @param context the round's context
 * @param accepted updates taken in so far
 */
public record Attempt(
    StudyId study,
    Opening opening,
    Digest context,
    Masking masking,
    SortedMap<SiteId, Accepted> accepted) {

  /** What messages of it say that they belong to. */
  MaskMessage.Place place() {
    return new MaskMessage.Place(context, new RoundId(study, opening.number()), opening.attempt());
  }

  Spool.Place spool(SiteId site) {
    return new Spool.Place(new RoundId(study, opening.number()), opening.attempt(), site);
  }

  /** A site's number: its place among the sorted participants, from 0. */
  int number(SiteId site) {
    return opening.sites().indexOf(site);
  }

  SiteId site(int number) {
    return opening.sites().get(number);
  }

  MaskTerms terms() {
    List<SiteId> sites = opening.sites();
    return new MaskTerms(
        new Fingerprint(context.bytes()), sites.size(), opening.threshold(), opening.needed());
  }

  /** U3 by number, each with the digest of its manifest. */
  SortedMap<Integer, Fingerprint> uploads() {
    SortedMap<Integer, Fingerprint> uploads = new TreeMap<>();
    accepted.forEach((site, a) -> uploads.put(number(site), new Fingerprint(a.upload().bytes())));
    return uploads;
  }

  /** What every survivor must consent to. */
  Digest survivors() {
    return Digest.of(terms().survivorsDigest(uploads()).bytes());
  }
}
