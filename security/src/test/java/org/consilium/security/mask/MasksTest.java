package org.consilium.security.mask;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.consilium.security.identity.Fingerprint;
import org.consilium.security.mask.MaskRefused.Why;
import org.consilium.security.mask.PairKey.Encapsulated;
import org.consilium.security.mask.Shamir.Share;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The whole protocol in memory, for every way in which sites may drop out. */
final class MasksTest {
  private static final Fingerprint CONTEXT = Fingerprint.sha256(new byte[] {9});
  private static final int LENGTH = 21;
  private static final long FIRST = 4090; // the vectors stand in the midst of a longer one

  /** In which phase a site drops out. */
  private enum Fate {
    NO_SHARES,
    NO_VECTOR,
    NO_UNMASKING,
    STAYS
  }

  /** All that n sites have made before anybody drops out. */
  private static final class Sites {
    final int threshold;
    final List<byte[]> secretsK = new ArrayList<>();
    final List<byte[]> secretsB = new ArrayList<>();
    final List<PairKey> keys = new ArrayList<>();
    final List<List<Share>> sharesK = new ArrayList<>(); // of u, for v
    final List<List<Share>> sharesB = new ArrayList<>();
    final byte[][][] ciphertexts; // of u to v, u < v
    final byte[][][] seeds; // of u with v, as u has it

    Sites(int count, long seed) throws MaskRefused {
      this.threshold = 2 * count / 3 + 1;
      this.ciphertexts = new byte[count][count][];
      this.seeds = new byte[count][count][];
      Random random = new Random(seed);
      for (int u = 0; u < count; u++) {
        secretsK.add(bytes(random));
        secretsB.add(bytes(random));
        keys.add(PairKey.of(CONTEXT, u, secretsK.get(u)));
        sharesK.add(Shamir.split(secretsK.get(u), coefficients(random), count));
        sharesB.add(Shamir.split(secretsB.get(u), coefficients(random), count));
      }
      for (int u = 0; u < count; u++) {
        for (int v = u + 1; v < count; v++) {
          Encapsulated made = keys.get(u).encapsulate(v, keys.get(v).publicKey());
          ciphertexts[u][v] = made.ciphertext();
          seeds[u][v] = made.seed();
          seeds[v][u] = keys.get(v).decapsulate(u, made.ciphertext());
        }
      }
    }

    Map<Integer, byte[]> seedsOf(int u, List<Integer> peers) {
      Map<Integer, byte[]> result = new TreeMap<>();
      peers.stream().filter(v -> v != u).forEach(v -> result.put(v, seeds[u][v]));
      return result;
    }

    List<byte[]> coefficients(Random random) {
      List<byte[]> result = new ArrayList<>();
      for (int degree = 1; degree < threshold; degree++) {
        result.add(bytes(random));
      }
      return result;
    }
  }

  @ParameterizedTest
  @CsvSource({"3,32", "4,32", "5,32", "6,32", "7,32", "3,64", "4,64", "5,64", "6,64", "7,64"})
  void unmaskedSum_everyAllowedDropout_isThePlainSum(int count, int ringBits) throws Exception {
    Sites sites = new Sites(count, 100 + count);
    int checked = 0;
    for (int code = 0; code < 1 << (2 * count); code++) { // two bits for each site's fate
      List<Fate> fates = new ArrayList<>();
      for (int u = 0; u < count; u++) {
        fates.add(Fate.values()[code >> (2 * u) & 3]);
      }
      if (from(fates, Fate.STAYS).size() >= sites.threshold) {
        checkRound(sites, fates, ringBits, code);
        checked++;
      }
    }
    // by hand: Σ over d ≤ n − t of (n choose d)·3^d, for d drop-outs in three phases
    assertThat(checked).isEqualTo(new int[] {1, 13, 16, 19, 211}[count - 3]);
  }

  private static void checkRound(Sites sites, List<Fate> fates, int ringBits, int code)
      throws MaskRefused, GeneralSecurityException {
    List<Integer> sharing = from(fates, Fate.NO_VECTOR); // U2
    List<Integer> accepted = from(fates, Fate.NO_UNMASKING); // U3
    Random random = new Random(code);
    BigInteger[] plain = zeros();
    BigInteger[] sum = zeros();
    for (int u : accepted) {
      BigInteger[] x = zeros();
      Arrays.setAll(x, i -> new BigInteger(ringBits, random));
      byte[] self = Masks.selfSeed(CONTEXT, u, sites.secretsB.get(u));
      Map<Integer, byte[]> pairs = sites.seedsOf(u, sharing);
      BigInteger[] y = applied(Masks.ofSite(u, self, pairs), x, ringBits);
      int at = random.nextInt(LENGTH);
      assertThat(y[at])
          .as("dropout %d, site %d", code, u)
          .isEqualTo(NaiveMasking.masked(x[at], u, self, pairs, ringBits, FIRST + at));
      add(plain, x, ringBits);
      add(sum, y, ringBits);
    }
    assertThat(sum).isNotEqualTo(plain);

    Masks removal = removal(sites, sharing, accepted, from(fates, Fate.STAYS));

    int dropped = sharing.size() - accepted.size();
    assertThat(removal.expansions()).isEqualTo(accepted.size() * (1 + dropped));
    assertThat(applied(removal, sum, ringBits)).as("dropout %d", code).isEqualTo(plain);
  }

  /** What the coordinator does with the shares that {@code present} return. */
  private static Masks removal(
      Sites sites, List<Integer> sharing, List<Integer> accepted, List<Integer> present)
      throws MaskRefused {
    Map<Integer, byte[]> selfSeeds = new TreeMap<>();
    Map<Integer, Map<Integer, byte[]>> pairSeeds = new TreeMap<>();
    for (int u : sharing) {
      if (accepted.contains(u)) {
        byte[] b = rebuilt(sites, sites.sharesB.get(u), present);
        assertThat(Masks.selfCommitment(CONTEXT, u, b))
            .isEqualTo(Masks.selfCommitment(CONTEXT, u, sites.secretsB.get(u)));
        selfSeeds.put(u, Masks.selfSeed(CONTEXT, u, b));
        continue;
      }
      byte[] k = rebuilt(sites, sites.sharesK.get(u), present);
      PairKey key = PairKey.recover(CONTEXT, u, k, sites.keys.get(u).publicKey());
      Map<Integer, byte[]> seeds = new TreeMap<>();
      for (int v : accepted) {
        seeds.put(
            v,
            v > u
                ? key.encapsulate(v, sites.keys.get(v).publicKey()).seed()
                : key.decapsulate(v, sites.ciphertexts[v][u]));
      }
      pairSeeds.put(u, seeds);
    }
    return Masks.removal(selfSeeds, pairSeeds);
  }

  private static byte[] rebuilt(Sites sites, List<Share> shares, List<Integer> present)
      throws MaskRefused {
    List<Share> returned = present.stream().map(shares::get).toList();
    byte[] secret = Shamir.rebuild(returned, sites.threshold, 32);
    assertThat(NaiveMasking.lagrange(returned, 0)).isEqualTo(secret[0] & 0xff);
    return secret;
  }

  @Test
  void recover_oneShareOfTLies_otherKey() throws MaskRefused {
    Sites sites = new Sites(5, 1);
    byte[] signed = sites.keys.get(3).publicKey();

    for (int liar = 0; liar < sites.threshold; liar++) {
      List<Share> shares = new ArrayList<>(sites.sharesK.get(3).subList(0, sites.threshold));
      byte[] lie = shares.get(liar).bytes();
      lie[31] ^= (byte) 0x80;
      shares.set(liar, new Share(liar + 1, lie));
      byte[] secret = Shamir.rebuild(shares, sites.threshold, 32);

      MaskRefused refused =
          catchThrowableOfType(
              MaskRefused.class, () -> PairKey.recover(CONTEXT, 3, secret, signed));

      assertThat(refused.why()).isEqualTo(Why.OTHER_KEY);
      assertThat(refused).hasMessageContaining("site 3");
      assertThat(Masks.selfCommitment(CONTEXT, 3, secret))
          .isNotEqualTo(Masks.selfCommitment(CONTEXT, 3, sites.secretsK.get(3)));
    }
  }

  @Test
  void addTo_moreThanOneBlockAndACopy_sameAsElementByElement() throws MaskRefused {
    Sites sites = new Sites(4, 2);
    Masks masks = Masks.ofSite(2, new byte[32], sites.seedsOf(2, List.of(0, 1, 2, 3)));
    Masks copy = masks.copy();
    int[] whole = new Random(3).ints(10_000).toArray();
    int[] pieces = whole.clone();
    long[] wholeLongs = new Random(4).longs(10_000).toArray();
    long[] piecesLongs = wholeLongs.clone();

    masks.addTo(whole, 0, whole.length, 0);
    masks.addTo(wholeLongs, 0, wholeLongs.length, 0);
    for (int at = pieces.length - 1; at >= 0; at--) {
      copy.addTo(pieces, at, 1, at);
      copy.addTo(piecesLongs, at, 1, at);
    }

    assertThat(masks.expansions()).isEqualTo(4);
    assertThat(pieces).isEqualTo(whole);
    assertThat(piecesLongs).isEqualTo(wholeLongs);
  }

  @Test
  void masks_ofAPairWithItselfOrOfMissingPeers_illegal() {
    byte[] seed = new byte[32];

    assertThatThrownBy(() -> Masks.ofSite(1, seed, Map.of(1, seed)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("masks of site 1: a pair with itself");
    assertThatThrownBy(() -> Masks.ofSite(1, seed, Map.of(128, seed)))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> Masks.removal(Map.of(0, seed, 2, seed), Map.of(1, Map.of(0, seed))))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("remove the masks of site 1: seeds with [0]");
  }

  /** The sites that did not drop out before {@code fate}'s phase. */
  private static List<Integer> from(List<Fate> fates, Fate fate) {
    List<Integer> result = new ArrayList<>();
    for (int u = 0; u < fates.size(); u++) {
      if (fates.get(u).compareTo(fate) >= 0) {
        result.add(u);
      }
    }
    return result;
  }

  /** The masks added in two blocks, the later one first. */
  private static BigInteger[] applied(Masks masks, BigInteger[] vector, int ringBits) {
    BigInteger ring = BigInteger.TWO.pow(ringBits);
    BigInteger[] result = zeros();
    if (ringBits == 32) {
      int[] ints = Arrays.stream(vector).mapToInt(BigInteger::intValue).toArray();
      masks.addTo(ints, 8, LENGTH - 8, FIRST + 8);
      masks.addTo(ints, 0, 8, FIRST);
      Arrays.setAll(result, i -> BigInteger.valueOf(ints[i]).mod(ring));
    } else {
      long[] longs = Arrays.stream(vector).mapToLong(BigInteger::longValue).toArray();
      masks.addTo(longs, 8, LENGTH - 8, FIRST + 8);
      masks.addTo(longs, 0, 8, FIRST);
      Arrays.setAll(result, i -> BigInteger.valueOf(longs[i]).mod(ring));
    }
    return result;
  }

  private static void add(BigInteger[] sum, BigInteger[] vector, int ringBits) {
    Arrays.setAll(sum, i -> sum[i].add(vector[i]).mod(BigInteger.TWO.pow(ringBits)));
  }

  private static BigInteger[] zeros() {
    BigInteger[] zeros = new BigInteger[LENGTH];
    Arrays.fill(zeros, BigInteger.ZERO);
    return zeros;
  }

  private static byte[] bytes(Random random) {
    byte[] bytes = new byte[32];
    random.nextBytes(bytes);
    return bytes;
  }
}
