package org.consilium.security.mask;

import static org.assertj.core.api.Assertions.assertThat;

import java.security.GeneralSecurityException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Rounds in which sites drop out: what is left unmasks to the plain sum, or nothing does. */
final class DropoutTest {
  @ParameterizedTest
  @CsvSource({"3,1", "4,13", "5,16", "6,19", "7,211"})
  void removal_everyDropoutInEveryPhase_isThePlainSum(int count, int rounds) throws Exception {
    // by hand: Σ over d ≤ n − t of (n choose d)·3^d, for d drop-outs in three phases
    assertThat(everyDropout(count)).isEqualTo(rounds);
  }

  @Tag("slow")
  @ParameterizedTest
  @CsvSource({"8,277", "9,352"})
  void removal_everyDropoutOfManySites_isThePlainSum(int count, int rounds) throws Exception {
    assertThat(everyDropout(count)).isEqualTo(rounds);
  }

  @Tag("exhaustive")
  @ParameterizedTest
  @CsvSource({"10,3676", "11,4984", "12,6571"})
  void removal_everyDropoutOfManyMoreSites_isThePlainSum(int count, int rounds) throws Exception {
    assertThat(everyDropout(count)).isEqualTo(rounds);
  }

  @ParameterizedTest
  @ValueSource(ints = {4, 7})
  void removal_oneReleaserTooFew_needsMore(int count) throws MaskRefused {
    MaskRound round = MaskRound.of(count, 5);
    SortedSet<Integer> all = round.all();
    var released = round.released(uploaded(round, all), all);
    Unmasking unmasking =
        round.unmasking(all, all, released, all.headSet(round.terms.threshold() - 1));

    Unmasking.Outcome few = unmasking.removal();
    unmasking.accept(count - 1, MaskRound.at(released, count - 1));

    int t = round.terms.threshold();
    assertThat(few).isEqualTo(new Unmasking.Outcome.NeedMore(t - 1, t, Set.of()));
    assertThat(unmasking.releasers()).isEqualTo(t);
    assertThat(unmasking.removal()).isInstanceOf(Unmasking.Outcome.Ready.class);
  }

  @Test
  void removal_32Sites_isThePlainSum() throws Exception {
    fewDropouts(32, List.of(3), List.of(0, 31), List.of(7, 8, 9));
  }

  @Tag("slow")
  @Test
  void removal_100Sites_isThePlainSum() throws Exception {
    fewDropouts(100, List.of(99, 50), List.of(0, 13, 98), List.of(1, 2, 3, 70, 71));
  }

  @Tag("slow")
  @Test
  void removal_fiveHundredSeedsOfSevenSites_isThePlainSum() throws Exception {
    seeds(0, 500);
  }

  @Tag("exhaustive")
  @Test
  void removal_tenThousandSeedsOfSevenSites_isThePlainSum() throws Exception {
    seeds(500, 10_000);
  }

  private static void seeds(int from, int to) throws Exception {
    for (int seed = from; seed < to; seed++) {
      MaskRound round = MaskRound.of(7, seed);
      Random random = new Random(~seed);
      SortedSet<Integer> sharing = round.all();
      SortedSet<Integer> survivors = round.all();
      SortedSet<Integer> releasers = round.all();
      for (int dropout = 0; dropout < 2; dropout++) { // n − t = 2
        int site = random.nextInt(7);
        int phase = random.nextInt(4); // 0: shares nothing, 1: no vector, 2: no release, 3: stays
        if (phase == 0) {
          sharing.remove(site);
        }
        if (phase <= 1) {
          survivors.remove(site);
        }
        if (phase <= 2) {
          releasers.remove(site);
        }
      }
      Map<Integer, MaskingSite> uploaded = uploaded(round, sharing);
      SortedMap<Integer, SortedMap<Integer, ReleasedShare>> released =
          round.released(uploaded, survivors);
      check("seed " + seed, round, masked(round, sharing), sharing, survivors, released, releasers);
    }
  }

  private static void fewDropouts(
      int count, List<Integer> noShares, List<Integer> noVector, List<Integer> noRelease)
      throws Exception {
    MaskRound round = MaskRound.of(count, count);
    SortedSet<Integer> sharing = round.all();
    sharing.removeAll(noShares);
    SortedSet<Integer> survivors = new TreeSet<>(sharing);
    survivors.removeAll(noVector);
    SortedSet<Integer> releasers = new TreeSet<>(survivors);
    releasers.removeAll(noRelease);
    Map<Integer, long[][]> masked = masked(round, sharing);
    for (int u : List.of(survivors.first(), survivors.last())) {
      checkMasked(round, sharing, u, MaskRound.at(masked, u));
    }

    var released = round.released(uploaded(round, sharing), survivors);

    check("n " + count, round, masked, sharing, survivors, released, releasers);
  }

  /** All ways in which t or more sites stay; returns how many there are. */
  private static int everyDropout(int count) throws Exception {
    MaskRound round = MaskRound.of(count, count);
    int t = round.terms.threshold();
    int checked = 0;
    for (int shared = 0; shared < 1 << count; shared++) {
      if (Integer.bitCount(shared) < t) {
        continue;
      }
      SortedSet<Integer> sharing = set(shared);
      Map<Integer, MaskingSite> uploaded = uploaded(round, sharing);
      Map<Integer, long[][]> masked = masked(round, sharing);
      for (int u : sharing) {
        checkMasked(round, sharing, u, MaskRound.at(masked, u));
      }
      for (int kept = shared; kept > 0; kept = kept - 1 & shared) {
        if (Integer.bitCount(kept) < t) {
          continue;
        }
        SortedSet<Integer> survivors = set(kept);
        var released = round.released(uploaded, survivors);
        for (int stayed = kept; stayed > 0; stayed = stayed - 1 & kept) {
          if (Integer.bitCount(stayed) >= t) {
            String what = "U2 %x, U3 %x, releasers %x".formatted(shared, kept, stayed);
            check(what, round, masked, sharing, survivors, released, set(stayed));
            checked++;
          }
        }
      }
    }
    return checked;
  }

  @SuppressWarnings("TooManyParameters") // the sets of one round
  private static void check(
      String what,
      MaskRound round,
      Map<Integer, long[][]> masked,
      SortedSet<Integer> sharing,
      SortedSet<Integer> survivors,
      SortedMap<Integer, SortedMap<Integer, ReleasedShare>> released,
      SortedSet<Integer> releasers)
      throws MaskRefused {
    Unmasking.Outcome outcome = round.unmasking(sharing, survivors, released, releasers).removal();

    assertThat(outcome).as(what).isInstanceOf(Unmasking.Outcome.Ready.class);
    Masks removal = ((Unmasking.Outcome.Ready) outcome).removal();
    for (int ringBits : new int[] {32, 64}) {
      long[] plain = new long[MaskRound.LENGTH];
      long[] sum = new long[MaskRound.LENGTH];
      for (int u : survivors) {
        MaskRound.accumulate(plain, MaskRound.vector(u, ringBits), ringBits);
        MaskRound.accumulate(sum, MaskRound.at(masked, u)[ringBits / 64], ringBits);
      }
      assertThat(sum).as(what).isNotEqualTo(plain);
      assertThat(MaskRound.added(removal, sum, ringBits)).as(what).isEqualTo(plain);
    }
  }

  private static void checkMasked(
      MaskRound round, SortedSet<Integer> sharing, int site, long[][] masked)
      throws GeneralSecurityException, MaskRefused {
    for (int ringBits : new int[] {32, 64}) {
      assertThat(masked[ringBits / 64])
          .as("site %d of %s", site, sharing)
          .isEqualTo(
              round.naive().masked(site, MaskRound.vector(site, ringBits), sharing, ringBits));
    }
  }

  /** Every site's vector as it sends it, in both rings. */
  private static Map<Integer, long[][]> masked(MaskRound round, SortedSet<Integer> sharing)
      throws MaskRefused {
    Map<Integer, long[][]> result = new HashMap<>();
    for (int u : sharing) {
      Masks masks = round.sites.get(u).copy().receive(round.to(u, sharing));
      result.put(
          u,
          new long[][] {
            MaskRound.added(masks, MaskRound.vector(u, 32), 32),
            MaskRound.added(masks, MaskRound.vector(u, 64), 64)
          });
    }
    return result;
  }

  private static Map<Integer, MaskingSite> uploaded(MaskRound round, SortedSet<Integer> sharing)
      throws MaskRefused {
    Map<Integer, MaskingSite> result = new TreeMap<>();
    for (int u : sharing) {
      result.put(u, round.uploaded(u, sharing));
    }
    return result;
  }

  private static SortedSet<Integer> set(int bits) {
    SortedSet<Integer> result = new TreeSet<>();
    for (int u = 0; bits >> u != 0; u++) {
      if ((bits >> u & 1) == 1) {
        result.add(u);
      }
    }
    return result;
  }
}
