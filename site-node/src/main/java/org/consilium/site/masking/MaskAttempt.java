package org.consilium.site.masking;

import java.io.IOException;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import org.consilium.protocol.Digest;
import org.consilium.protocol.MaskMessage;
import org.consilium.protocol.MaskMessage.Complaint;
import org.consilium.protocol.MaskOrder;
import org.consilium.protocol.SignedBytes;
import org.consilium.protocol.SiteId;
import org.consilium.protocol.fault.FailPoint;
import org.consilium.protocol.wire.MaskCodec;
import org.consilium.protocol.wire.SignedKind;
import org.consilium.security.identity.Fingerprint;
import org.consilium.security.identity.SpiffeId;
import org.consilium.security.mask.MaskKeys;
import org.consilium.security.mask.MaskRefused;
import org.consilium.security.mask.MaskingSite;
import org.consilium.security.mask.Masks;
import org.consilium.security.mask.Parcel;
import org.consilium.security.mask.Pledge;
import org.consilium.security.sign.ChainCheck;
import org.consilium.security.sign.ChainJudge;
import org.consilium.security.sign.ChainRefused;
import org.consilium.security.sign.VerifyingKey;
import org.consilium.site.masking.OrderRefused.Why;
import org.consilium.site.protect.MaskProtector;
import org.consilium.site.protect.ReleasedMask;

/**
 * One attempt: verifies what the others signed, takes the protocol's steps, and has each on disk
 * before its message is given out. A second, different message for the same step is refused. One
 * thread at a time.
 */
final class MaskAttempt implements AutoCloseable {
  private final Journal journal;
  private final MaskProtector exit;
  private final ChainJudge chains;
  private final MaskingSite site;
  private final SortedMap<Integer, VerifyingKey> peers = new TreeMap<>();
  private Journal.Entry entry;

  MaskAttempt(Journal journal, MaskProtector exit, ChainJudge chains, SiteId self, Journal.Entry e)
      throws IOException {
    this.journal = journal;
    this.exit = exit;
    this.chains = chains;
    this.entry = e;
    int number = e.participants().indexOf(self);
    if (number < 0) {
      throw new IOException("masking of %s: this site takes no part".formatted(e.place().round()));
    }
    this.site = MaskingSite.resume(e.terms(), number, e.secrets(), e.progress());
  }

  MaskMessage.Place place() {
    return entry.place();
  }

  Digest studyDigest() {
    return entry.studyDigest();
  }

  /** Phase 1. */
  ReleasedMask keys() {
    return exit.keys(place(), site.keys());
  }

  /** Phase 2: everyone's keys, each as its owner signed it. */
  ReleasedMask shares(MaskOrder.KeyBook book)
      throws OrderRefused, MaskRefused, ChainRefused, IOException {
    SortedMap<Integer, MaskKeys> everyone = new TreeMap<>();
    SortedMap<Integer, VerifyingKey> verified = new TreeMap<>();
    for (Map.Entry<SiteId, MaskOrder.Entry> one : book.entries().entrySet()) {
      int number = number(one.getKey());
      VerifyingKey key = peer(one.getKey(), number, one.getValue().signingChain());
      byte[] body = open(key, SignedKind.MASK_KEYS, one.getKey(), one.getValue().keys());
      MaskMessage.Keys keys = MaskCodec.keys(body);
      requireHere(keys, one.getKey());
      verified.put(number, key);
      everyone.put(
          number,
          new MaskKeys(keys.maskKey(), keys.shareKey(), fingerprint(keys.selfCommitment())));
    }
    SortedMap<Integer, Parcel> parcels = site.share(everyone);
    save();
    peers.clear();
    peers.putAll(verified);
    return exit.parcels(place(), site.site(), parcels);
  }

  /** Phase 3: what the others dealt to this site. */
  Masks masks(MaskOrder.Parcels order) throws OrderRefused, MaskRefused, IOException {
    SortedMap<Integer, Parcel> parcels = new TreeMap<>();
    for (SignedBytes signed : order.parcels()) {
      MaskMessage.Parcel parcel = MaskCodec.parcel(signed.body());
      VerifyingKey key = peers.get(parcel.from());
      if (key == null || parcel.to() != site.site()) {
        throw new OrderRefused(
            Why.MALFORMED,
            "mask parcels: one from number %d to %d, and this site is %d"
                .formatted(parcel.from(), parcel.to(), site.site()));
      }
      SiteId from = entry.participants().get(parcel.from());
      var _ = open(key, SignedKind.MASK_PARCEL, from, signed);
      requireHere(parcel, from);
      Parcel earlier =
          parcels.put(
              parcel.from(),
              new Parcel(
                  parcel.envelope(),
                  parcel.ciphertext(),
                  fingerprint(parcel.pairCommitment()),
                  fingerprint(parcel.selfCommitment())));
      if (earlier != null) {
        throw new OrderRefused(Why.MALFORMED, "mask parcels: two from site " + from);
      }
    }
    Masks masks = site.receive(parcels);
    save();
    return masks;
  }

  /** What to say of a parcel that its dealer signed and that does not do. */
  ReleasedMask complaint(int dealer, Complaint.Why why) {
    return exit.complaint(place(), dealer, why);
  }

  /** Notes the digest of this site's own upload, before it is sent. */
  void uploaded(Digest upload) throws MaskRefused, IOException {
    site.uploaded(fingerprint(upload));
    save();
  }

  /** Phase 4: who survived; signed at most once a round, whatever the coordinator says. */
  ReleasedMask consent(MaskOrder.Survivors order) throws OrderRefused, MaskRefused, IOException {
    SortedMap<Integer, Fingerprint> accepted = new TreeMap<>();
    for (Map.Entry<SiteId, Digest> one : order.uploads().entrySet()) {
      accepted.put(number(one.getKey()), fingerprint(one.getValue()));
    }
    Fingerprint survivors = site.consent(accepted);
    Optional<Pledge> earlier = journal.pledge(place().round());
    switch (Pledge.judge(earlier, entry.terms().context(), survivors)) {
      case Pledge.Judgement.Sign(Pledge pledge) -> {
        journal.note(place().round(), pledge);
        save();
      }
      case Pledge.Judgement.SignAgain _ -> save();
      case Pledge.Judgement.Refuse refuse -> throw new OrderRefused(Why.OTHER_SET, refuse.detail());
    }
    FailPoint.CONSENT_FORCED.reach();
    return exit.consent(place(), survivors);
  }

  /** Phase 5: enough survivors signed the very same. */
  ReleasedMask release(MaskOrder.Consents order) throws OrderRefused, MaskRefused, IOException {
    Fingerprint own =
        site.progress()
            .consented()
            .orElseThrow(
                () ->
                    new OrderRefused(
                        Why.OUT_OF_ORDER, "mask consents: this site consented to nothing yet"));
    Pledge pledged = new Pledge(entry.terms().context(), own);
    if (!journal.pledge(place().round()).equals(Optional.of(pledged))) {
      throw new IOException("mask consents: this site's own consent is not on its disk yet");
    }
    Set<Integer> signers = new TreeSet<>();
    for (Map.Entry<SiteId, SignedBytes> one : order.consents().entrySet()) {
      int number = number(one.getKey());
      VerifyingKey key = peers.get(number);
      if (key == null) {
        throw new OrderRefused(
            Why.MALFORMED, "mask consents: site %s is not known".formatted(one.getKey()));
      }
      byte[] body = open(key, SignedKind.MASK_CONSENT, one.getKey(), one.getValue());
      MaskMessage.Consent consent = MaskCodec.consent(body);
      requireHere(consent, one.getKey());
      if (!fingerprint(consent.survivors()).equals(own)) {
        throw new OrderRefused(
            Why.OTHER_SET,
            "mask consents: site %s consented to other survivors, %s, than this site, %s"
                .formatted(one.getKey(), consent.survivors().brief(), own));
      }
      signers.add(number);
    }
    ReleasedMask released =
        exit.release(place(), own, site.release(own, signers), site.salts(own, signers));
    FailPoint.RELEASE_UNRECORDED.reach();
    return released;
  }

  /** Erases the secrets from memory. */
  @Override
  public void close() {
    site.close();
    entry.secrets().close();
  }

  private void save() throws IOException {
    if (!entry.progress().equals(site.progress())) {
      Journal.Entry next = entry.with(site.progress());
      journal.write(next);
      entry = next; // not before: a step that failed is done again, and writes again
    }
  }

  private int number(SiteId named) throws OrderRefused {
    int number = entry.participants().indexOf(named);
    if (number < 0) {
      throw new OrderRefused(Why.MALFORMED, "masking: site %s is no participant".formatted(named));
    }
    return number;
  }

  /** The key that a participant signs with: vouched for by the root, and the one of the terms. */
  private VerifyingKey peer(SiteId named, int number, List<byte[]> chain)
      throws OrderRefused, ChainRefused {
    List<X509Certificate> certificates = ChainCheck.parse(chain);
    SpiffeId id = chains.verify(certificates, SpiffeId.Kind.SITE_SIGNING);
    boolean own = id.siteName().equals(Optional.of(named.value()));
    Digest digest = Digest.of(Fingerprint.of(certificates.getFirst().getPublicKey()).bytes());
    if (!own || !digest.equals(entry.signingKeys().get(number))) {
      throw new OrderRefused(
          Why.CERTIFICATE,
          "mask keys: the certificate of site %s names %s, or another key than the terms"
              .formatted(named, id));
    }
    return VerifyingKey.of(certificates.getFirst());
  }

  private static byte[] open(VerifyingKey key, SignedKind kind, SiteId from, SignedBytes signed)
      throws OrderRefused {
    if (!key.verify(kind.label(), signed.body(), signed.signature())) {
      throw new OrderRefused(
          Why.SIGNATURE, "masking: the signature of site %s is not valid".formatted(from));
    }
    return signed.body();
  }

  private void requireHere(MaskMessage message, SiteId from) throws OrderRefused {
    if (!message.place().equals(place())) {
      throw new OrderRefused(
          Why.MALFORMED,
          "masking: a message of site %s is of %s, context %s; here it is %s, context %s"
              .formatted(
                  from,
                  message.place().round(),
                  message.place().context().brief(),
                  place().round(),
                  place().context().brief()));
    }
  }

  private static Fingerprint fingerprint(Digest digest) {
    return new Fingerprint(digest.bytes());
  }
}
