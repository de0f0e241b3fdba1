package org.consilium.security.mask;

import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import org.consilium.security.mask.MaskRefused.Why;
import org.consilium.security.mask.ReleasedShare.Kind;
import org.consilium.security.mask.Shamir.Share;

/**
 * The coordinator's last part in one attempt of CSA1: from the released shares to the masks that
 * free the sum. Every rebuilt secret is compared with what its owner published, so a wrong share
 * cannot give a wrong sum; the salts of the commitments tell whose it was. One thread at a time.
 */
public final class Unmasking {
  private final MaskTerms terms;
  private final SortedMap<Integer, MaskKeys> keys;
  private final SortedMap<Integer, SortedMap<Integer, Parcel>> parcels;
  private final SortedSet<Integer> survivors;
  private final SortedMap<Integer, SortedMap<Integer, ReleasedShare>> released = new TreeMap<>();
  private final SortedMap<Integer, SortedMap<Integer, byte[]>> salts = new TreeMap<>();

  private Unmasking(
      MaskTerms terms,
      SortedMap<Integer, MaskKeys> keys,
      SortedMap<Integer, SortedMap<Integer, Parcel>> parcels,
      SortedSet<Integer> survivors) {
    this.terms = terms;
    this.keys = new TreeMap<>(keys);
    this.parcels = new TreeMap<>(parcels);
    this.survivors = Collections.unmodifiableSortedSet(new TreeSet<>(survivors));
  }

  /** What can be said with the shares so far. */
  public sealed interface Outcome {
    /**
     * The sum can be freed.
     *
     * @param removal to be added to the sum over the survivors
     * @param liars releasers of wrong shares, found by their salts; the sum does without them
     */
    record Ready(Masks removal, Set<Integer> liars) implements Outcome {}

    /**
     * Too few good shares.
     *
     * @param have good shares of the secret that has fewest
     * @param need t
     */
    record NeedMore(int have, int need, Set<Integer> liars) implements Outcome {}

    /**
     * Shares do not fit: the salts of these releasers are needed to tell whose. {@link
     * #acceptSalts}.
     */
    record NeedSalts(Set<Integer> releasers) implements Outcome {}

    /**
     * The attempt cannot be completed.
     *
     * @param liars releasers of wrong shares
     * @param dealers who dealt shares or ciphertexts that do not fit what they published
     */
    record Blamed(Set<Integer> liars, Set<Integer> dealers) implements Outcome {}
  }

  /**
   * The unmasking of one set of survivors.
   *
   * @param keys U1, checked by {@link MaskKeys#checkAll}
   * @param parcels by dealer, who are U2, and then by receiver; checked by {@link #checkParcels}
   * @param survivors U3, part of U2
   */
  public static Unmasking of(
      MaskTerms terms,
      SortedMap<Integer, MaskKeys> keys,
      SortedMap<Integer, SortedMap<Integer, Parcel>> parcels,
      SortedSet<Integer> survivors) {
    if (!keys.keySet().containsAll(parcels.keySet())
        || !parcels.keySet().containsAll(survivors)
        || survivors.size() < terms.quorum()) {
      throw new IllegalArgumentException(
          "unmask: U1 %s, U2 %s, survivors %s, at least %d"
              .formatted(keys.keySet(), parcels.keySet(), survivors, terms.quorum()));
    }
    return new Unmasking(terms, keys, parcels, survivors);
  }

  /**
   * What the coordinator checks of a dealer's parcels before it takes them: one for every other
   * site of U1, of legal length. The contents only the receivers can check.
   *
   * @throws MaskRefused naming the dealer
   */
  public static void checkParcels(
      SortedMap<Integer, MaskKeys> keys, int dealer, SortedMap<Integer, Parcel> parcels)
      throws MaskRefused {
    SortedSet<Integer> others = new TreeSet<>(keys.keySet());
    if (!others.remove(dealer) || !others.equals(parcels.keySet())) {
      throw new MaskRefused(
          Why.UNKNOWN_SITE,
          dealer,
          "take shares of site %d: parcels for %s, not for %s"
              .formatted(dealer, parcels.keySet(), others));
    }
    for (Map.Entry<Integer, Parcel> entry : parcels.entrySet()) {
      Dealing.checkCiphertext(dealer, entry.getKey(), entry.getValue());
      if (entry.getValue().envelope().length != Parcel.ENVELOPE_BYTES) {
        throw new MaskRefused(
            Why.ENVELOPE,
            dealer,
            "take shares of site %d: an envelope of %d bytes, not %d"
                .formatted(dealer, entry.getValue().envelope().length, Parcel.ENVELOPE_BYTES));
      }
    }
  }

  /** How many sites have released their shares; with t of them {@link #removal} can succeed. */
  public int releasers() {
    return released.size();
  }

  /**
   * Takes the shares that a survivor released; the same again is no change.
   *
   * @param shares one for each site of U2
   * @throws MaskRefused naming the releaser; its shares are not taken
   */
  public void accept(int releaser, SortedMap<Integer, ReleasedShare> shares) throws MaskRefused {
    String step = "take the released shares of site " + releaser;
    if (!survivors.contains(releaser)) {
      throw new MaskRefused(Why.UNKNOWN_SITE, releaser, step + ": not a survivor");
    }
    if (!shares.keySet().equals(parcels.keySet())) {
      throw new MaskRefused(
          Why.UNKNOWN_SITE,
          releaser,
          "%s: of %s, not of %s".formatted(step, shares.keySet(), parcels.keySet()));
    }
    for (Map.Entry<Integer, ReleasedShare> entry : shares.entrySet()) {
      checkShare(step, releaser, entry.getKey(), entry.getValue());
    }
    Map<Integer, ReleasedShare> first = released.putIfAbsent(releaser, new TreeMap<>(shares));
    if (first != null && !first.equals(shares)) {
      throw new MaskRefused(Why.OTHER_SET, releaser, step + ": not the same as before");
    }
  }

  /**
   * Takes the salts of the shares that a survivor had released. Wrong ones make its shares count as
   * wrong.
   *
   * @param given by dealer, 32 bytes each
   */
  public void acceptSalts(int releaser, SortedMap<Integer, byte[]> given) throws MaskRefused {
    if (!released.containsKey(releaser)) {
      throw new MaskRefused(
          Why.OUT_OF_ORDER, releaser, "take the salts of site %d: no shares".formatted(releaser));
    }
    var _ = salts.putIfAbsent(releaser, new TreeMap<>(given));
  }

  /** What the shares so far give: a function of them, so it can be asked at any time. */
  public Outcome removal() {
    Findings findings = new Findings();
    SortedMap<Integer, byte[]> selfSeeds = new TreeMap<>();
    SortedMap<Integer, Map<Integer, byte[]>> pairSeeds = new TreeMap<>();
    for (int owner : parcels.keySet()) {
      Optional<byte[]> secret = rebuild(owner, findings);
      if (secret.isEmpty()) {
        continue;
      }
      if (survivors.contains(owner)) {
        selfSeeds.put(owner, Masks.selfSeed(terms.context(), owner, secret.get()));
      } else {
        pairSeeds.put(owner, seedsOfDropped(owner, secret.get(), findings));
      }
      Arrays.fill(secret.get(), (byte) 0);
    }
    if (!findings.dealers.isEmpty()) {
      return new Outcome.Blamed(findings.liars, findings.dealers);
    }
    if (!findings.unsalted.isEmpty()) {
      return new Outcome.NeedSalts(findings.unsalted);
    }
    if (findings.fewest < terms.threshold()) {
      return new Outcome.NeedMore(findings.fewest, terms.threshold(), findings.liars);
    }
    try {
      return new Outcome.Ready(Masks.removal(selfSeeds, pairSeeds), findings.liars);
    } finally { // the masks have copies of their own
      selfSeeds.values().forEach(seed -> Arrays.fill(seed, (byte) 0));
      pairSeeds
          .values()
          .forEach(seeds -> seeds.values().forEach(seed -> Arrays.fill(seed, (byte) 0)));
    }
  }

  /** What comes to light on the way. */
  private static final class Findings {
    final SortedSet<Integer> liars = new TreeSet<>();
    final SortedSet<Integer> dealers = new TreeSet<>();
    final SortedSet<Integer> unsalted = new TreeSet<>();
    int fewest = Integer.MAX_VALUE;
  }

  private void checkShare(String step, int releaser, int owner, ReleasedShare share)
      throws MaskRefused {
    if (share.kind() != kind(owner)) {
      throw new MaskRefused(
          Why.SHARE_KIND,
          releaser,
          "%s: of site %d a share for %s".formatted(step, owner, share.kind()));
    }
    if (share.share().x() != releaser + 1) {
      throw new MaskRefused(
          Why.SHARE_PLACE,
          releaser,
          "%s: of site %d at x = %d, not %d"
              .formatted(step, owner, share.share().x(), releaser + 1));
    }
    int length = share.share().bytes().length;
    if (length != Derivation.SECRET_BYTES) {
      throw new MaskRefused(
          Why.SHARE_LENGTH,
          releaser,
          "%s: of site %d, %d bytes, not 32".formatted(step, owner, length));
    }
  }

  private Kind kind(int owner) {
    return survivors.contains(owner) ? Kind.SELF_MASK : Kind.PAIR_KEY;
  }

  /**
   * The secret of {@code owner} that its published commitment or key confirms. Shares with a
   * matching salt come first; the owner's share of its own secret has no commitment. If t that are
   * confirmed do not give the secret, the owner dealt wrong ones; if they do not together with the
   * owner's own, it released a wrong one.
   */
  private Optional<byte[]> rebuild(int owner, Findings findings) {
    List<Share> confirmed = new ArrayList<>();
    List<Share> own = new ArrayList<>();
    List<Share> open = new ArrayList<>();
    for (Map.Entry<Integer, SortedMap<Integer, ReleasedShare>> entry : released.entrySet()) {
      int releaser = entry.getKey();
      Share share = of(entry.getValue(), owner).share();
      if (releaser == owner) {
        own.add(share);
      } else if (!salts.containsKey(releaser)) {
        open.add(share);
      } else if (matches(owner, releaser, share)) {
        confirmed.add(share);
      } else {
        findings.liars.add(releaser);
      }
    }
    int have = confirmed.size() + own.size() + open.size();
    findings.fewest = Math.min(findings.fewest, have);
    if (have < terms.threshold()) {
      return Optional.empty();
    }
    Optional<byte[]> secret =
        confirmedSecret(owner, joined(confirmed, open, own))
            .or(() -> confirmedSecret(owner, joined(confirmed, own, open)));
    if (secret.isEmpty()) {
      if (confirmed.size() >= terms.threshold()) {
        findings.dealers.add(owner);
      } else if (!open.isEmpty()) {
        open.forEach(share -> findings.unsalted.add(share.x() - 1));
      } else { // all but the owner's own share are the ones that it dealt
        findings.liars.add(owner);
        findings.fewest = Math.min(findings.fewest, confirmed.size());
      }
    }
    return secret;
  }

  private boolean matches(int owner, int releaser, Share share) {
    byte[] salt = of(salts, releaser).getOrDefault(owner, new byte[0]);
    return Derivation.shareCommitment(share.bytes(), salt)
        .equals(of(of(parcels, owner), releaser).commitment(kind(owner)));
  }

  private Optional<byte[]> confirmedSecret(int owner, List<Share> shares) {
    try {
      byte[] secret =
          Shamir.rebuild(
              shares.subList(0, terms.threshold()), terms.threshold(), Derivation.SECRET_BYTES);
      return confirms(owner, secret) ? Optional.of(secret) : Optional.empty();
    } catch (MaskRefused impossible) { // places and lengths were checked on arrival
      throw new IllegalStateException("rebuild the secret of site " + owner, impossible);
    }
  }

  private boolean confirms(int owner, byte[] secret) {
    if (survivors.contains(owner)) {
      return Derivation.selfCommitment(terms.context(), owner, secret)
          .equals(of(keys, owner).selfCommitment());
    }
    try (PairKey key = PairKey.of(terms.context(), owner, secret)) {
      return MessageDigest.isEqual(key.publicKey(), of(keys, owner).maskKey());
    }
  }

  /** The seeds of a dropped site with every survivor; blames whoever sent a false ciphertext. */
  private Map<Integer, byte[]> seedsOfDropped(int dropped, byte[] secret, Findings findings) {
    SortedMap<Integer, byte[]> seeds = new TreeMap<>();
    try (PairKey key = PairKey.of(terms.context(), dropped, secret)) {
      for (int survivor : survivors) {
        int dealer = Math.min(dropped, survivor);
        byte[] sent = of(of(parcels, dealer), Math.max(dropped, survivor)).ciphertext();
        try {
          if (survivor < dropped) {
            seeds.put(survivor, key.decapsulate(survivor, sent));
            continue;
          }
          PairKey.Encapsulated made = key.encapsulate(survivor, of(keys, survivor).maskKey());
          if (!MessageDigest.isEqual(made.ciphertext(), sent)) {
            findings.dealers.add(dropped);
          }
          seeds.put(survivor, made.seed());
        } catch (MaskRefused unusable) { // its key was checked, so it is the ciphertext
          findings.dealers.add(dealer);
        }
      }
    }
    return seeds;
  }

  /** What the checks on arrival made sure is there. */
  private static <T> T of(Map<Integer, T> bySite, int site) {
    T found = bySite.get(site);
    if (found == null) {
      throw new IllegalStateException("unmask: nothing of site " + site);
    }
    return found;
  }

  @SafeVarargs
  private static List<Share> joined(List<Share>... parts) {
    List<Share> all = new ArrayList<>();
    for (List<Share> part : parts) {
      all.addAll(part);
    }
    return all;
  }
}
