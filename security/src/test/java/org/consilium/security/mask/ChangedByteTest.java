package org.consilium.security.mask;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import org.consilium.security.identity.Fingerprint;
import org.consilium.security.mask.Shamir.Share;
import org.consilium.security.mask.Unmasking.Outcome;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * One bit changed on the way in any field of any message, as if signatures did not exist: the round
 * ends in a refusal, with a culprit or in a sum that fails its check, and never in a wrong model.
 * (A vector has no such guard but the signed digests of its chunks.) Four sites, t = 3, of which
 * site 3 drops out after it shared.
 */
final class ChangedByteTest {
  private static final int DROPPED = 3;
  private static final int COORDINATES = 40;
  private static final int MAGNITUDE_BITS = 20;
  private static final int WEIGHT = 3;
  private static final int PLACES = 8; // of each field, spread out

  /** What is changed; what site 1 is shown of site 2 where it is a broadcast. */
  enum Field {
    MASK_KEY(1216),
    SHARE_KEY(1216),
    SELF_COMMITMENT(32),
    OWN_SELF_COMMITMENT(32),
    ENVELOPE(1208),
    CIPHERTEXT(1120),
    CIPHERTEXT_OF_DROPPED(1120),
    COMMITMENT_K(32),
    COMMITMENT_B(32),
    OWN_ROOT(32),
    OTHER_ROOT(32),
    SHARE_OF_SURVIVOR(32),
    SHARE_OF_DROPPED(32),
    SALT(32);

    final int bytes;

    Field(int bytes) {
      this.bytes = bytes;
    }
  }

  @ParameterizedTest
  @EnumSource(Field.class)
  void anyField_oneBitChanged_neverAWrongSum(Field field) throws MaskRefused {
    Set<String> ends = new HashSet<>();
    MaskRound round = MaskRound.of(4, 4);
    for (int place = 0; place <= PLACES; place++) {
      ends.add(end(round, field, place * (field.bytes - 1) / PLACES));
    }

    assertThat(ends)
        .as("%s", field)
        .isNotEmpty()
        .allMatch(end -> !end.equals("wrong sum") && (!end.equals("plain sum") || harmless(field)));
  }

  /** Another site's commitment is of no use to a site; it counts at the coordinator. */
  private static boolean harmless(Field field) {
    return field == Field.SELF_COMMITMENT;
  }

  private static String end(MaskRound round, Field field, int at) {
    try {
      return ended(round, field, at);
    } catch (MaskRefused refused) {
      return refused.why().name();
    }
  }

  private static String ended(MaskRound round, Field field, int at) throws MaskRefused {
    SortedSet<Integer> sharing = round.all();
    SortedSet<Integer> survivors = new TreeSet<>(sharing.headSet(DROPPED));
    List<MaskingSite> sites = new ArrayList<>();
    SortedMap<Integer, SortedMap<Integer, Parcel>> dealt = new TreeMap<>();
    for (int u : sharing) {
      sites.add(MaskingSite.of(round.terms, u, MaskSecrets.of(round.secrets.get(u))));
      dealt.put(u, new TreeMap<>(sites.get(u).share(keys(round, u, field, at))));
    }
    SortedMap<Integer, Parcel> toOne = MaskRound.at(dealt, 0);
    toOne.put(1, parcel(MaskRound.at(toOne, 1), field, at, Field.CIPHERTEXT));
    SortedMap<Integer, Parcel> fromOne = MaskRound.at(dealt, 1);
    int[] sum = new int[COORDINATES + 1];
    for (int u : sharing) {
      SortedMap<Integer, Parcel> mine = new TreeMap<>();
      dealt.forEach(
          (dealer, made) -> {
            if (dealer != u) {
              mine.put(dealer, MaskRound.at(made, u));
            }
          });
      Masks masks = sites.get(u).receive(mine);
      if (u == DROPPED) {
        continue;
      }
      int[] y = vector(u);
      masks.addTo(y, 0, y.length, 0);
      Arrays.setAll(sum, i -> sum[i] + y[i]);
      sites.get(u).uploaded(MaskRound.upload(u));
    }
    fromOne.put(3, parcel(MaskRound.at(fromOne, 3), field, at, Field.CIPHERTEXT_OF_DROPPED));
    Unmasking unmasking = Unmasking.of(round.terms, round.keys, dealt, survivors);
    release(round, sites, survivors, unmasking, field, at);
    return unmasking.removal() instanceof Outcome.Ready(Masks removal, _)
        ? summed(removal, sum, survivors)
        : unmasking.removal().getClass().getSimpleName();
  }

  private static void release(
      MaskRound round,
      List<MaskingSite> sites,
      SortedSet<Integer> survivors,
      Unmasking unmasking,
      Field field,
      int at)
      throws MaskRefused {
    Set<Fingerprint> signed = new HashSet<>();
    for (int u : survivors) {
      SortedMap<Integer, Fingerprint> roots = MaskRound.accepted(survivors);
      if (u == 1 && (field == Field.OWN_ROOT || field == Field.OTHER_ROOT)) {
        int whose = field == Field.OWN_ROOT ? 1 : 2;
        roots.put(whose, new Fingerprint(flipped(MaskRound.upload(whose).bytes(), at)));
      }
      signed.add(sites.get(u).consent(roots));
    }
    Fingerprint everybodys = round.terms.survivorsDigest(MaskRound.accepted(survivors));
    Set<Integer> signers = signed.size() == 1 ? survivors : Set.of(0, 2);
    for (int u : survivors) {
      SortedMap<Integer, ReleasedShare> shares = sites.get(u).release(everybodys, signers);
      if (u == 1 && field == Field.SHARE_OF_SURVIVOR) {
        shares.put(0, changed(MaskRound.at(shares, 0), at));
      }
      if (u == 1 && (field == Field.SHARE_OF_DROPPED || field == Field.SALT)) {
        shares.put(DROPPED, changed(MaskRound.at(shares, DROPPED), at));
      }
      unmasking.accept(u, shares);
      SortedMap<Integer, byte[]> salts = sites.get(u).salts(everybodys, signers);
      if (u == 1 && field == Field.SALT) {
        salts.put(DROPPED, flipped(MaskRound.at(salts, DROPPED), at));
      }
      unmasking.acceptSalts(u, salts);
    }
  }

  private static String summed(Masks removal, int[] sum, SortedSet<Integer> survivors) {
    removal.addTo(sum, 0, sum.length, 0);
    try {
      SumCheck check = SumCheck.of(survivors.size(), WEIGHT, MAGNITUDE_BITS, sum[COORDINATES]);
      check.check(sum, 0, COORDINATES, 0);
    } catch (MaskRefused implausible) {
      return implausible.why().name();
    }
    int[] plain = new int[sum.length];
    for (int u : survivors) {
      int[] x = vector(u);
      Arrays.setAll(plain, i -> plain[i] + x[i]);
    }
    return Arrays.equals(sum, plain) ? "plain sum" : "wrong sum";
  }

  /** Weighted coordinates and the weight. */
  private static int[] vector(int site) {
    int[] x = new int[COORDINATES + 1];
    for (int i = 0; i < COORDINATES; i++) {
      x[i] = WEIGHT * (i * 9973 % (1 << MAGNITUDE_BITS)) * (site % 2 == 0 ? 1 : -1);
    }
    x[COORDINATES] = WEIGHT;
    return x;
  }

  /** U1 as a site is shown it. */
  private static SortedMap<Integer, MaskKeys> keys(
      MaskRound round, int shownTo, Field field, int at) {
    SortedMap<Integer, MaskKeys> keys = new TreeMap<>(round.keys);
    int whose = field == Field.OWN_SELF_COMMITMENT ? 1 : 2;
    MaskKeys good = MaskRound.at(keys, whose);
    byte[] commitment = good.selfCommitment().bytes();
    boolean other = field == Field.SELF_COMMITMENT || field == Field.OWN_SELF_COMMITMENT;
    if (shownTo == 1) {
      keys.put(
          whose,
          new MaskKeys(
              field == Field.MASK_KEY ? flipped(good.maskKey(), at) : good.maskKey(),
              field == Field.SHARE_KEY ? flipped(good.shareKey(), at) : good.shareKey(),
              new Fingerprint(other ? flipped(commitment, at) : commitment)));
    }
    return keys;
  }

  private static Parcel parcel(Parcel good, Field field, int at, Field ciphertext) {
    boolean first = ciphertext == Field.CIPHERTEXT;
    byte[] k = good.commitmentK().bytes();
    byte[] b = good.commitmentB().bytes();
    return new Parcel(
        first && field == Field.ENVELOPE ? flipped(good.envelope(), at) : good.envelope(),
        field == ciphertext ? flipped(good.ciphertext(), at) : good.ciphertext(),
        new Fingerprint(first && field == Field.COMMITMENT_K ? flipped(k, at) : k),
        new Fingerprint(first && field == Field.COMMITMENT_B ? flipped(b, at) : b));
  }

  private static ReleasedShare changed(ReleasedShare good, int at) {
    return new ReleasedShare(
        good.kind(), new Share(good.share().x(), flipped(good.share().bytes(), at)));
  }

  private static byte[] flipped(byte[] bytes, int at) {
    bytes[at] ^= 1;
    return bytes;
  }
}
