package org.consilium.security.mask;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import org.consilium.security.identity.Fingerprint;
import org.consilium.security.mask.MaskRefused.Why;
import org.consilium.security.mask.ReleasedShare.Kind;
import org.consilium.security.mask.Shamir.Share;
import org.consilium.security.mask.Unmasking.Outcome;
import org.junit.jupiter.api.Test;

/** Lies told to the coordinator: seven sites, t = 5, of which site 6 has dropped out. */
final class UnmaskingTest {
  private static final int N = 7;
  private static final int DROPPED = 6;

  private final MaskRound round;
  private final SortedSet<Integer> sharing;
  private final SortedSet<Integer> survivors;
  private final SortedMap<Integer, MaskingSite> sites = new TreeMap<>();
  private final SortedMap<Integer, SortedMap<Integer, ReleasedShare>> released;
  private final Fingerprint consented;

  UnmaskingTest() throws MaskRefused {
    round = MaskRound.of(N, 77);
    sharing = round.all();
    survivors = new TreeSet<>(sharing.headSet(DROPPED));
    for (int u : survivors) {
      sites.put(u, round.uploaded(u, sharing));
    }
    released = round.released(sites, survivors);
    consented = round.terms.survivorsDigest(MaskRound.accepted(survivors));
    for (MaskingSite site : sites.values()) {
      var _ = site.consent(MaskRound.accepted(survivors));
    }
  }

  @Test
  void badInput_23_illegalShares_refusedAndTheReleaserNamed() throws MaskRefused {
    byte[] bytes = share(0, 2).share().bytes();

    badShare(
        new ReleasedShare(Kind.SELF_MASK, new Share(2, bytes)), Why.SHARE_PLACE); // wrong index
    badShare(
        new ReleasedShare(Kind.SELF_MASK, new Share(0, bytes)), Why.SHARE_PLACE); // the secret's
    badShare(new ReleasedShare(Kind.SELF_MASK, new Share(257, bytes)), Why.SHARE_PLACE);
    badShare(new ReleasedShare(Kind.SELF_MASK, new Share(1, new byte[31])), Why.SHARE_LENGTH);
    badShare(new ReleasedShare(Kind.SELF_MASK, new Share(1, new byte[0])), Why.SHARE_LENGTH);
    badShare(new ReleasedShare(Kind.PAIR_KEY, new Share(1, bytes)), Why.SHARE_KIND);
  }

  @Test
  void badInput_23_duplicateMissingOrFromAStranger_refused() throws MaskRefused {
    Unmasking unmasking = round.unmasking(sharing, survivors, released, survivors);
    SortedMap<Integer, ReleasedShare> other = new TreeMap<>(MaskRound.at(released, 1));
    other.put(2, lie(share(1, 2)));
    SortedMap<Integer, ReleasedShare> missing = new TreeMap<>(MaskRound.at(released, 1));
    missing.remove(2);

    unmasking.accept(1, MaskRound.at(released, 1)); // the same again is no change
    assertThat(refusal(unmasking, 1, other).why()).isEqualTo(Why.OTHER_SET);
    assertThat(refusal(unmasking, 1, missing).site()).hasValue(1);
    assertThat(refusal(unmasking, DROPPED, MaskRound.at(released, 1)).why())
        .isEqualTo(Why.UNKNOWN_SITE);
    assertThat(unmasking.removal()).isInstanceOf(Outcome.Ready.class);
    assertThat(unmasking.releasers()).isEqualTo(6);
  }

  @Test
  void badInput_23_bitFlipInAnyShare_namedBySaltsAndAnotherSubsetUsed() throws Exception {
    for (int owner : sharing) {
      for (int liar : survivors) {
        if (liar == owner) {
          continue; // a share of its own secret; below
        }
        SortedMap<Integer, SortedMap<Integer, ReleasedShare>> lies = withLie(liar, owner);
        Unmasking unmasking = round.unmasking(sharing, survivors, lies, survivors);

        Outcome first = unmasking.removal();
        giveSalts(unmasking);
        Outcome.Ready second = (Outcome.Ready) unmasking.removal();

        assertThat(second.liars()).as("site %d of %d", liar, owner).containsExactly(liar);
        checkSum(second.removal());
        assertThat(first)
            .as("site %d of %d", liar, owner)
            .isInstanceOf(liar == unused(owner) ? Outcome.Ready.class : Outcome.NeedSalts.class);
      }
    }
  }

  @Test
  void badInput_23_twoLiarsOfSix_namedAndMoreSharesNeeded() throws MaskRefused {
    SortedMap<Integer, SortedMap<Integer, ReleasedShare>> lies = withLie(1, DROPPED);
    SortedMap<Integer, ReleasedShare> second = new TreeMap<>(MaskRound.at(lies, 4));
    second.put(DROPPED, lie(share(4, DROPPED)));
    lies.put(4, second);
    Unmasking unmasking = round.unmasking(sharing, survivors, lies, survivors);

    assertThat(unmasking.removal()).isEqualTo(new Outcome.NeedSalts(survivors));
    giveSalts(unmasking);

    assertThat(unmasking.removal()).isEqualTo(new Outcome.NeedMore(4, 5, Set.of(1, 4)));
  }

  @Test
  void badInput_23_liarWithholdsItsSalts_othersSuffice() throws Exception {
    Unmasking unmasking = round.unmasking(sharing, survivors, withLie(2, DROPPED), survivors);

    for (int u : survivors) {
      if (u != 2) {
        unmasking.acceptSalts(u, MaskRound.at(sites, u).salts(consented, survivors));
      }
    }

    checkSum(((Outcome.Ready) unmasking.removal()).removal());
  }

  @Test
  void removal_dealerDealtPointsOfNoPolynomial_dealerNamed() throws MaskRefused {
    // the dealer commits to what it dealt, so every salt matches
    SortedMap<Integer, SortedMap<Integer, Parcel>> dealt = round.dealt(sharing);
    SortedMap<Integer, Parcel> forged = new TreeMap<>(MaskRound.at(dealt, DROPPED));
    SortedMap<Integer, SortedMap<Integer, ReleasedShare>> lies = withLie(0, DROPPED);
    byte[] salt = MaskRound.at(MaskRound.at(sites, 0).salts(consented, survivors), DROPPED);
    Parcel parcel = MaskRound.at(forged, 0);
    Fingerprint commitment =
        Derivation.shareCommitment(
            MaskRound.at(MaskRound.at(lies, 0), DROPPED).share().bytes(), salt);
    forged.put(
        0, new Parcel(parcel.envelope(), parcel.ciphertext(), commitment, parcel.commitmentB()));
    dealt.put(DROPPED, forged);
    Unmasking unmasking = Unmasking.of(round.terms, round.keys, dealt, survivors);
    for (int u : survivors) {
      unmasking.accept(u, MaskRound.at(lies, u));
    }

    giveSalts(unmasking);

    assertThat(unmasking.removal()).isEqualTo(new Outcome.Blamed(Set.of(), Set.of(DROPPED)));
  }

  @Test
  void removal_ownShareFalse_itsOwnerNamedAndOthersAskedFor() throws MaskRefused {
    SortedMap<Integer, SortedMap<Integer, ReleasedShare>> lies = withLie(0, 0);
    SortedSet<Integer> five = survivors.headSet(5);
    Unmasking few = round.unmasking(sharing, survivors, lies, five);
    Unmasking enough = round.unmasking(sharing, survivors, lies, survivors);

    for (int u : five) {
      few.acceptSalts(u, MaskRound.at(sites, u).salts(consented, survivors));
    }

    assertThat(few.removal()).isEqualTo(new Outcome.NeedMore(4, 5, Set.of(0)));
    assertThat(enough.removal()).isInstanceOf(Outcome.Ready.class); // five others come first
  }

  @Test
  void removal_droppedSiteUsedOtherCoins_named() throws MaskRefused {
    // site 3 drops out; to the survivor 5 it had sent a ciphertext of other coins
    SortedSet<Integer> kept = new TreeSet<>(Set.of(0, 1, 2, 4, 5, 6));
    SortedMap<Integer, SortedMap<Integer, Parcel>> dealt = round.dealt(sharing);
    SortedMap<Integer, Parcel> forged = new TreeMap<>(MaskRound.at(dealt, 3));
    Parcel good = MaskRound.at(forged, 5);
    byte[] other =
        XWing.encapsulate(5, MaskRound.at(round.keys, 5).maskKey(), new byte[64]).ciphertext();
    forged.put(5, new Parcel(good.envelope(), other, good.commitmentK(), good.commitmentB()));
    dealt.put(3, forged);
    SortedMap<Integer, MaskingSite> uploaded = new TreeMap<>();
    for (int u : kept) {
      uploaded.put(u, round.uploaded(u, sharing));
    }
    var shares = round.released(uploaded, kept);
    Unmasking unmasking = Unmasking.of(round.terms, round.keys, dealt, kept);
    for (int u : kept) {
      unmasking.accept(u, MaskRound.at(shares, u));
    }

    assertThat(unmasking.removal()).isEqualTo(new Outcome.Blamed(Set.of(), Set.of(3)));
  }

  @Test
  void checkParcels_missingOrMalformed_refused() throws MaskRefused {
    SortedMap<Integer, Parcel> good = MaskRound.at(round.parcels, 2);
    SortedMap<Integer, Parcel> missing = new TreeMap<>(good);
    missing.remove(0);
    SortedMap<Integer, Parcel> longer = new TreeMap<>(good);
    Parcel one = MaskRound.at(good, 0);
    longer.put(0, new Parcel(one.envelope(), new byte[1120], one.commitmentK(), one.commitmentB()));
    SortedMap<Integer, Parcel> shorter = new TreeMap<>(good);
    shorter.put(0, new Parcel(new byte[9], new byte[0], one.commitmentK(), one.commitmentB()));

    Unmasking.checkParcels(round.keys, 2, good);
    assertThat(parcelsRefusal(missing)).isEqualTo(Why.UNKNOWN_SITE);
    assertThat(parcelsRefusal(longer)).isEqualTo(Why.CIPHERTEXT);
    assertThat(parcelsRefusal(shorter)).isEqualTo(Why.ENVELOPE);
    assertThatThrownBy(
            () -> Unmasking.of(round.terms, round.keys, round.parcels, sharing.headSet(4)))
        .isInstanceOf(IllegalArgumentException.class);
  }

  /** Of six shares five are tried, an owner's own last and then first: one is never needed. */
  private static int unused(int owner) {
    return owner == 5 ? 4 : 5;
  }

  private Why parcelsRefusal(SortedMap<Integer, Parcel> parcels) {
    return catchThrowableOfType(
            MaskRefused.class, () -> Unmasking.checkParcels(round.keys, 2, parcels))
        .why();
  }

  /** From site 0, of site 2. */
  private void badShare(ReleasedShare share, Why why) {
    Unmasking unmasking = Unmasking.of(round.terms, round.keys, round.parcels, survivors);
    SortedMap<Integer, ReleasedShare> shares = new TreeMap<>(MaskRound.at(released, 0));
    shares.put(2, share);

    MaskRefused refused = refusal(unmasking, 0, shares);

    assertThat(refused.why()).isEqualTo(why);
    assertThat(refused.site()).hasValue(0);
    assertThat(unmasking.releasers()).isZero();
  }

  private static MaskRefused refusal(
      Unmasking unmasking, int releaser, SortedMap<Integer, ReleasedShare> shares) {
    return catchThrowableOfType(MaskRefused.class, () -> unmasking.accept(releaser, shares));
  }

  private ReleasedShare share(int releaser, int owner) {
    return MaskRound.at(MaskRound.at(released, releaser), owner);
  }

  private static ReleasedShare lie(ReleasedShare honest) {
    byte[] bytes = honest.share().bytes();
    bytes[31] ^= (byte) 0x80;
    return new ReleasedShare(honest.kind(), new Share(honest.share().x(), bytes));
  }

  private SortedMap<Integer, SortedMap<Integer, ReleasedShare>> withLie(int releaser, int owner) {
    SortedMap<Integer, SortedMap<Integer, ReleasedShare>> lies = new TreeMap<>(released);
    SortedMap<Integer, ReleasedShare> shares = new TreeMap<>(MaskRound.at(released, releaser));
    shares.put(owner, lie(share(releaser, owner)));
    lies.put(releaser, shares);
    return lies;
  }

  private void giveSalts(Unmasking unmasking) throws MaskRefused {
    for (int u : survivors) {
      unmasking.acceptSalts(u, MaskRound.at(sites, u).salts(consented, survivors));
    }
  }

  private void checkSum(Masks removal) throws Exception {
    long[] plain = new long[MaskRound.LENGTH];
    long[] sum = new long[MaskRound.LENGTH];
    for (int u : survivors) {
      long[] vector = MaskRound.vector(u, 32);
      MaskRound.accumulate(plain, vector, 32);
      MaskRound.accumulate(sum, round.naive().masked(u, vector, sharing, 32), 32);
    }
    assertThat(MaskRound.added(removal, sum, 32)).isEqualTo(plain);
  }
}
