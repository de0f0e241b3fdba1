package org.consilium.security.mask;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import org.consilium.security.identity.Fingerprint;

/** Sites that have shared their secrets out, and a coordinator that only relays; for tests. */
final class MaskRound {
  static final int LENGTH = 5;

  final MaskTerms terms;
  final List<byte[]> secrets = new ArrayList<>();
  final List<MaskingSite> sites = new ArrayList<>(); // have shared, nothing more
  final SortedMap<Integer, MaskKeys> keys = new TreeMap<>();
  final SortedMap<Integer, SortedMap<Integer, Parcel>> parcels = new TreeMap<>(); // by dealer

  MaskRound(MaskTerms terms, long seed) throws MaskRefused {
    this.terms = terms;
    Random random = new Random(seed);
    for (int u = 0; u < terms.sites(); u++) {
      secrets.add(new byte[MaskSecrets.BYTES]);
      random.nextBytes(secrets.get(u));
      sites.add(MaskingSite.of(terms, u, MaskSecrets.of(secrets.get(u))));
      keys.put(u, sites.get(u).keys());
    }
    for (MaskingSite site : sites) {
      parcels.put(site.site(), new TreeMap<>(site.share(keys)));
    }
  }

  static MaskRound of(int count, long seed) throws MaskRefused {
    return new MaskRound(MaskTerms.of(Fingerprint.sha256(new byte[] {(byte) count}), count), seed);
  }

  SortedSet<Integer> all() {
    return new TreeSet<>(keys.keySet());
  }

  NaiveRound naive() {
    return new NaiveRound(terms.context().bytes(), secrets);
  }

  /** What the sites of U2 dealt to {@code receiver}. */
  SortedMap<Integer, Parcel> to(int receiver, Collection<Integer> sharing) {
    SortedMap<Integer, Parcel> result = new TreeMap<>();
    for (int dealer : sharing) {
      if (dealer != receiver) {
        result.put(dealer, at(at(parcels, dealer), receiver));
      }
    }
    return result;
  }

  /** What the sites of U2 dealt to the others of U2 and to everyone else. */
  SortedMap<Integer, SortedMap<Integer, Parcel>> dealt(Collection<Integer> sharing) {
    SortedMap<Integer, SortedMap<Integer, Parcel>> result = new TreeMap<>(parcels);
    result.keySet().retainAll(sharing);
    return result;
  }

  /** A site that has taken in U2's parcels and uploaded. */
  MaskingSite uploaded(int site, Collection<Integer> sharing) throws MaskRefused {
    MaskingSite copy = sites.get(site).copy();
    var _ = copy.receive(to(site, sharing));
    copy.uploaded(upload(site));
    return copy;
  }

  static Fingerprint upload(int site) {
    return Fingerprint.sha256(new byte[] {'y', (byte) site});
  }

  static SortedMap<Integer, Fingerprint> accepted(Collection<Integer> survivors) {
    SortedMap<Integer, Fingerprint> result = new TreeMap<>();
    survivors.forEach(site -> result.put(site, upload(site)));
    return result;
  }

  /** What every survivor releases, by releaser. */
  SortedMap<Integer, SortedMap<Integer, ReleasedShare>> released(
      Map<Integer, MaskingSite> uploaded, SortedSet<Integer> survivors) throws MaskRefused {
    SortedMap<Integer, SortedMap<Integer, ReleasedShare>> result = new TreeMap<>();
    for (int u : survivors) {
      MaskingSite site = at(uploaded, u).copy();
      result.put(u, site.release(site.consent(accepted(survivors)), survivors));
    }
    return result;
  }

  Unmasking unmasking(
      Collection<Integer> sharing,
      SortedSet<Integer> survivors,
      SortedMap<Integer, SortedMap<Integer, ReleasedShare>> released,
      Set<Integer> releasers)
      throws MaskRefused {
    Unmasking unmasking = Unmasking.of(terms, keys, dealt(sharing), survivors);
    for (int releaser : releasers) {
      unmasking.accept(releaser, at(released, releaser));
    }
    return unmasking;
  }

  static <T> T at(Map<Integer, T> bySite, int site) {
    return Objects.requireNonNull(bySite.get(site));
  }

  /** A site's integers. */
  static long[] vector(int site, int ringBits) {
    return new Random(site).longs(LENGTH).map(v -> ringBits == 32 ? v & 0xffff_ffffL : v).toArray();
  }

  /** The masks added, in one ring or the other. */
  static long[] added(Masks masks, long[] vector, int ringBits) {
    if (ringBits == 64) {
      long[] result = vector.clone();
      masks.addTo(result, 0, result.length, 0);
      return result;
    }
    int[] ints = new int[vector.length];
    Arrays.setAll(ints, i -> (int) vector[i]);
    masks.addTo(ints, 0, ints.length, 0);
    return Arrays.stream(ints).mapToLong(v -> v & 0xffff_ffffL).toArray();
  }

  static void accumulate(long[] sum, long[] vector, int ringBits) {
    Arrays.setAll(
        sum, i -> ringBits == 32 ? sum[i] + vector[i] & 0xffff_ffffL : sum[i] + vector[i]);
  }
}
