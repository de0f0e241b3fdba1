package org.consilium.security.mask;

import java.nio.ByteBuffer;
import java.util.Collections;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import org.consilium.security.identity.Fingerprint;
import org.consilium.security.mask.MaskRefused.Why;
import org.consilium.security.mask.ReleasedShare.Kind;
import org.consilium.security.mask.Shamir.Share;

/**
 * One site's part in one attempt of CSA1: {@link #keys}, {@link #share}, {@link #receive}, {@link
 * #uploaded}, {@link #consent}, {@link #release}, in this order. What it sends is a function of its
 * secrets and of what it received, so a step repeated with the same input gives the same bytes, and
 * the first input of a step is the only one: another is refused, also after a restart if {@link
 * #progress} was journaled before the step's result was sent. Signatures are checked outside, and
 * so is the one {@link Pledge} of a round. One thread at a time; closing erases the secrets.
 */
public final class MaskingSite implements AutoCloseable {
  private final MaskTerms terms;
  private final int site;
  private final MaskSecrets secrets;
  private final PairKey pairKey;
  private final XWing shareKey;
  private final MaskKeys keys;

  private Progress progress;
  private Optional<Dealing> dealing = Optional.empty();
  private SortedMap<Integer, Envelope.Content> received = new TreeMap<>();
  private Set<Integer> survivors = Set.of(); // set by consent

  private MaskingSite(MaskTerms terms, int site, MaskSecrets secrets, Progress progress) {
    this.terms = terms;
    this.site = site;
    this.secrets = MaskSecrets.of(secrets.bytes());
    this.progress = progress;
    this.pairKey = PairKey.of(terms.context(), site, secrets.pair());
    this.shareKey = new XWing(secrets.shareKey());
    this.keys =
        new MaskKeys(
            pairKey.publicKey(),
            shareKey.publicKey(),
            Derivation.selfCommitment(terms.context(), site, secrets.self()));
  }

  /**
   * Which input each step took first: what a site journals, with its secrets, to be able to go on
   * after a restart. It holds no secrets.
   *
   * @param keys digest of U1 and all its keys
   * @param parcels digest of U2 and its parcels to this site
   * @param uploaded digest of its own upload
   * @param consented H(U3, roots)
   */
  public record Progress(
      Optional<Fingerprint> keys,
      Optional<Fingerprint> parcels,
      Optional<Fingerprint> uploaded,
      Optional<Fingerprint> consented) {
    /** Nothing has been received yet. */
    public static final Progress NONE =
        new Progress(Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty());
  }

  /**
   * A site at the start of an attempt.
   *
   * @param site its number, 0 to n − 1
   * @param secrets fresh ones; copied
   */
  public static MaskingSite of(MaskTerms terms, int site, MaskSecrets secrets) {
    return resume(terms, site, secrets, Progress.NONE);
  }

  /**
   * A site after a restart. The steps that were taken are repeated, with what the coordinator sends
   * again: each takes what it took first and refuses everything else.
   *
   * @param progress as journaled
   */
  public static MaskingSite resume(
      MaskTerms terms, int site, MaskSecrets secrets, Progress progress) {
    if (site < 0 || site >= terms.sites()) {
      throw new IllegalArgumentException(
          "masking: site number %d, 0 to %d".formatted(site, terms.sites() - 1));
    }
    return new MaskingSite(terms, site, secrets, progress);
  }

  /** Another with the same state and none of it in common, to try several ways of going on. */
  MaskingSite copy() {
    MaskingSite copy = new MaskingSite(terms, site, secrets, progress);
    copy.dealing = dealing;
    copy.received = received; // both are replaced, never changed
    copy.survivors = survivors;
    return copy;
  }

  /** Its number. */
  public int site() {
    return site;
  }

  /** What to journal, before the result of the last step is sent. */
  public Progress progress() {
    return progress;
  }

  /** Phase 1: what it publishes. */
  public MaskKeys keys() {
    return keys;
  }

  /**
   * Phase 2: shares its secrets out.
   *
   * @param everyone U1 with all keys, its own among them
   * @return a parcel for every other site of U1
   * @throws MaskRefused if U1 does not do, or is another than before
   */
  public SortedMap<Integer, Parcel> share(SortedMap<Integer, MaskKeys> everyone)
      throws MaskRefused {
    MaskKeys.checkAll(terms, everyone);
    if (!keys.equals(everyone.get(site))) {
      throw new MaskRefused(
          Why.OWN_CHANGED,
          site,
          "share secrets: the keys of this site, %d, are missing or altered".formatted(site));
    }
    Fingerprint digest = MaskKeys.digest(terms, everyone);
    checkSame("share secrets: keys", progress.keys(), digest);
    if (dealing.isEmpty()) {
      dealing = Optional.of(Dealing.of(terms, site, secrets, pairKey, everyone));
      progress =
          new Progress(
              Optional.of(digest), progress.parcels(), progress.uploaded(), progress.consented());
    }
    return Collections.unmodifiableSortedMap(dealing.get().parcels());
  }

  /**
   * Phase 3: takes in what the others dealt.
   *
   * @param parcels to this site, by dealer; with this site, the dealers are U2
   * @return what to add to the vector
   * @throws MaskRefused if U2 does not do, is another than before, or a dealer's parcel is bad, who
   *     is named then
   */
  public Masks receive(SortedMap<Integer, Parcel> parcels) throws MaskRefused {
    Dealing dealt = dealt("receive shares");
    if (parcels.size() + 1 < terms.threshold()) {
      throw new MaskRefused(
          Why.TOO_FEW_SITES,
          "receive shares: %d sites, at least %d".formatted(parcels.size() + 1, terms.threshold()));
    }
    SortedMap<Integer, Envelope.Content> opened = new TreeMap<>();
    SortedMap<Integer, byte[]> seeds = new TreeMap<>();
    for (Map.Entry<Integer, Parcel> entry : parcels.entrySet()) {
      int dealer = entry.getKey();
      checkDealer(dealt, dealer);
      opened.put(dealer, open(dealer, entry.getValue()));
      seeds.put(dealer, pairSeed(dealt, dealer, entry.getValue()));
    }
    Fingerprint digest = parcelsDigest(parcels);
    checkSame("receive shares: parcels", progress.parcels(), digest);
    received = opened;
    progress =
        new Progress(
            progress.keys(), Optional.of(digest), progress.uploaded(), progress.consented());
    byte[] self = secrets.self();
    return Masks.ofSite(site, Masks.selfSeed(terms.context(), site, self), seeds);
  }

  /**
   * Phase 3, when the masked vector is spooled: its digest, which the survivors' list must show.
   *
   * @throws MaskRefused if another vector was uploaded before in this attempt
   */
  public void uploaded(Fingerprint upload) throws MaskRefused {
    checkReceived("note the upload");
    checkSame("note the upload: vector", progress.uploaded(), upload);
    progress =
        new Progress(
            progress.keys(), progress.parcels(), Optional.of(upload), progress.consented());
  }

  /**
   * Phase 4: checks the survivors.
   *
   * @param accepted U3: the digest of each survivor's upload, by site number
   * @return H(U3, roots), to be signed if the {@link Pledge} allows it
   * @throws MaskRefused if U3 does not do or is another than before
   */
  public Fingerprint consent(SortedMap<Integer, Fingerprint> accepted) throws MaskRefused {
    checkReceived("settle survivors");
    Fingerprint own =
        progress.uploaded().orElseThrow(() -> outOfOrder("settle survivors", "the upload"));
    if (accepted.size() < terms.quorum()) {
      throw new MaskRefused(
          Why.TOO_FEW_SITES,
          "settle survivors: %d sites, at least %d".formatted(accepted.size(), terms.quorum()));
    }
    for (int survivor : accepted.keySet()) {
      if (survivor != site && !received.containsKey(survivor)) {
        throw new MaskRefused(
            Why.SURVIVOR_NOT_SHARED,
            survivor,
            "settle survivors: site %d has shared no secrets with this site".formatted(survivor));
      }
    }
    if (!own.equals(accepted.get(site))) {
      throw new MaskRefused(
          Why.OWN_CHANGED,
          site,
          "settle survivors: the upload of this site, %d, is missing or altered".formatted(site));
    }
    Fingerprint digest = terms.survivorsDigest(accepted);
    checkSame("settle survivors: set", progress.consented(), digest);
    survivors = Set.copyOf(accepted.keySet());
    progress =
        new Progress(progress.keys(), progress.parcels(), progress.uploaded(), Optional.of(digest));
    return digest;
  }

  /**
   * Phase 5: gives the coordinator what unmasks the sum over the survivors and nothing else: of
   * each survivor the share of b, of each other site of U2 the share of k.
   *
   * @param consented what this site signed
   * @param signers whose signatures on exactly that were verified
   * @return by site, for all of U2
   * @throws MaskRefused if too few survivors signed, or it is not what this site consented to
   */
  public SortedMap<Integer, ReleasedShare> release(Fingerprint consented, Set<Integer> signers)
      throws MaskRefused {
    Dealing dealt = checkRelease(consented, signers);
    SortedMap<Integer, ReleasedShare> released = new TreeMap<>();
    received.forEach(
        (dealer, content) -> {
          Kind kind = kind(dealer);
          released.put(
              dealer, new ReleasedShare(kind, new Share(site + 1, content.of(kind).share())));
        });
    released.put(site, new ReleasedShare(Kind.SELF_MASK, dealt.ownSelf()));
    return released;
  }

  /**
   * The salts of the commitments to the shares that {@link #release} gives, with which the
   * coordinator finds out who lied. There is none for its own share.
   *
   * @return by dealer, 32 bytes each
   */
  public SortedMap<Integer, byte[]> salts(Fingerprint consented, Set<Integer> signers)
      throws MaskRefused {
    var _ = checkRelease(consented, signers);
    SortedMap<Integer, byte[]> salts = new TreeMap<>();
    received.forEach((dealer, content) -> salts.put(dealer, content.of(kind(dealer)).salt()));
    return salts;
  }

  @Override
  public void close() {
    secrets.close();
    pairKey.close();
    dealing.ifPresent(Dealing::erase);
    received.values().forEach(Envelope.Content::erase);
  }

  /** Never a secret. */
  @Override
  public String toString() {
    return "MaskingSite[site %d of %d, %s]".formatted(site, terms.sites(), progress);
  }

  private Kind kind(int dealer) {
    return survivors.contains(dealer) ? Kind.SELF_MASK : Kind.PAIR_KEY;
  }

  private Dealing checkRelease(Fingerprint consented, Set<Integer> signers) throws MaskRefused {
    if (survivors.isEmpty()) {
      throw outOfOrder("release shares", "the survivors");
    }
    checkSame("release shares: set of survivors", progress.consented(), consented);
    long signed = signers.stream().filter(survivors::contains).count();
    if (signed < terms.threshold()) {
      throw new MaskRefused(
          Why.TOO_FEW_SITES,
          "release shares: %d survivors signed, at least %d".formatted(signed, terms.threshold()));
    }
    return dealt("release shares");
  }

  private void checkDealer(Dealing dealt, int dealer) throws MaskRefused {
    if (!dealt.parcels().containsKey(dealer)) { // every other site of U1 got one
      throw new MaskRefused(
          Why.UNKNOWN_SITE,
          dealer,
          "receive shares: site %d is this one or published no keys".formatted(dealer));
    }
  }

  private Envelope.Content open(int dealer, Parcel parcel) throws MaskRefused {
    Envelope.Content content =
        Envelope.open(terms.context(), dealer, site, shareKey, parcel.envelope());
    for (Kind kind : Kind.values()) {
      if (!content.of(kind).commitment().equals(parcel.commitment(kind))) {
        throw new MaskRefused(
            Why.COMMITMENT,
            dealer,
            "open the envelope of site %d: a share is not the one committed to".formatted(dealer));
      }
    }
    return content;
  }

  private byte[] pairSeed(Dealing dealt, int dealer, Parcel parcel) throws MaskRefused {
    Dealing.checkCiphertext(dealer, site, parcel);
    byte[] made = dealt.pairSeeds().get(dealer);
    return made == null ? pairKey.decapsulate(dealer, parcel.ciphertext()) : made;
  }

  /**
   * Names U2 with all that it sent to this site: SHA-256 of "U2", the context, u32 this site, u32
   * number of parcels and for each, ascending, u32 dealer, SHA-256 of envelope and of ciphertext,
   * and both commitments.
   */
  private Fingerprint parcelsDigest(SortedMap<Integer, Parcel> parcels) {
    ByteBuffer entries =
        ByteBuffer.allocate(
            2 * Integer.BYTES + parcels.size() * (Integer.BYTES + 4 * Fingerprint.BYTES));
    entries.putInt(site).putInt(parcels.size());
    parcels.forEach(
        (dealer, parcel) ->
            entries
                .putInt(dealer)
                .put(Fingerprint.sha256(parcel.envelope()).bytes())
                .put(Fingerprint.sha256(parcel.ciphertext()).bytes())
                .put(parcel.commitmentK().bytes())
                .put(parcel.commitmentB().bytes()));
    return Fingerprint.sha256(Derivation.info("U2"), terms.context().bytes(), entries.array());
  }

  private Dealing dealt(String step) throws MaskRefused {
    return dealing.orElseThrow(() -> outOfOrder(step, "the keys"));
  }

  private void checkReceived(String step) throws MaskRefused {
    if (received.isEmpty()) {
      throw outOfOrder(step, "the shares");
    }
  }

  private static MaskRefused outOfOrder(String step, String missing) {
    return new MaskRefused(Why.OUT_OF_ORDER, "%s: %s did not come yet".formatted(step, missing));
  }

  private static void checkSame(String what, Optional<Fingerprint> first, Fingerprint now)
      throws MaskRefused {
    if (first.isPresent() && !first.get().equals(now)) {
      throw new MaskRefused(
          Why.OTHER_SET,
          "%s %s, but in this attempt came %s before".formatted(what, now, first.get()));
    }
  }
}
