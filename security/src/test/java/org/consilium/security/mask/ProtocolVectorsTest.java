package org.consilium.security.mask;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.consilium.security.identity.Fingerprint;
import org.consilium.security.mask.Shamir.Share;
import org.junit.jupiter.api.Test;

/**
 * The numbers of docs/PROTOCOL.md, between its markers: known answers of one round of three sites,
 * and failures. {@code -Dgolden.update=true} writes them anew, for a review of the difference.
 */
final class ProtocolVectorsTest {
  private static final Path DOCUMENT =
      Path.of(System.getProperty("consilium.root", "..")).resolve("docs/PROTOCOL.md");
  private static final int N = 3;

  private final MaskTerms terms =
      MaskTerms.of(Fingerprint.sha256("CSA1 vectors".getBytes(StandardCharsets.US_ASCII)), N);
  private final List<byte[]> secrets = new ArrayList<>();
  private final List<MaskingSite> sites = new ArrayList<>();
  private final SortedMap<Integer, MaskKeys> keys = new TreeMap<>();
  private final SortedMap<Integer, SortedMap<Integer, Parcel>> parcels = new TreeMap<>();
  private final SortedMap<Integer, Fingerprint> uploads = new TreeMap<>();

  ProtocolVectorsTest() throws MaskRefused {
    for (int u = 0; u < N; u++) {
      byte[] secret = new byte[MaskSecrets.BYTES];
      for (int i = 0; i < secret.length; i++) {
        secret[i] = (byte) (i + 50 * u);
      }
      secrets.add(secret);
      sites.add(MaskingSite.of(terms, u, MaskSecrets.of(secret)));
      keys.put(u, sites.get(u).keys());
      uploads.put(u, Fingerprint.sha256(new byte[] {'y', (byte) u}));
    }
    for (MaskingSite site : sites) {
      parcels.put(site.site(), new TreeMap<>(site.share(keys)));
    }
  }

  @Test
  void knownAnswers_asInTheDocument() throws Exception {
    List<String> rows = new ArrayList<>();
    rows.add(row("ctx", terms.context()));
    for (int u = 0; u < N; u++) {
      MaskKeys key = MaskRound.at(keys, u);
      rows.add(row("SHA-256(pkM_%d)".formatted(u), Fingerprint.sha256(key.maskKey())));
      rows.add(row("SHA-256(pkS_%d)".formatted(u), Fingerprint.sha256(key.shareKey())));
      rows.add(row("commitB_%d".formatted(u), key.selfCommitment()));
    }
    parcels.forEach((from, to) -> to.forEach((v, parcel) -> rows.addAll(rows(from, v, parcel))));
    NaiveRound naive = new NaiveRound(terms.context().bytes(), secrets);
    for (int u = 0; u < N; u++) {
      rows.add(row("self seed %d".formatted(u), naive.selfSeed(u)));
      for (int v = u + 1; v < N; v++) {
        rows.add(row("seed %d,%d".formatted(u, v), naive.pairSeed(u, v)));
      }
    }
    List<SortedMap<Integer, ReleasedShare>> released = new ArrayList<>();
    long[] sum = new long[4];
    for (MaskingSite site : sites) {
      Masks masks = site.receive(to(site.site()));
      long[] x = {site.site() + 1, -1, 1000, 0};
      long[] y = MaskRound.added(masks, x, 32);
      assertThat(y).isEqualTo(naive.masked(site.site(), x, keys.keySet(), 32));
      rows.add("| y_%d mod 2^32 | %s |".formatted(site.site(), code(numbers(y, 32))));
      rows.add(
          "| y_%d mod 2^64, 2 of 4 | %s |"
              .formatted(
                  site.site(), code(numbers(Arrays.copyOf(MaskRound.added(masks, x, 64), 2), 64))));
      MaskRound.accumulate(sum, y, 32);
      site.uploaded(MaskRound.at(uploads, site.site()));
    }
    rows.add(row("H(U3, roots)", sites.get(0).consent(uploads)));
    for (MaskingSite site : sites) {
      released.add(site.release(site.consent(uploads), keys.keySet()));
    }
    rows.add(row("share of b_0 at x = 2", MaskRound.at(released.get(1), 0).share().bytes()));
    Unmasking unmasking = Unmasking.of(terms, keys, parcels, new TreeMap<>(keys).navigableKeySet());
    for (int u = 0; u < N; u++) {
      unmasking.accept(u, released.get(u));
    }
    Masks removal = ((Unmasking.Outcome.Ready) unmasking.removal()).removal();
    long[] plain = MaskRound.added(removal, sum, 32);
    assertThat(plain).containsExactly(6, 0xffff_fffdL, 3000, 0); // by hand
    rows.add("| unmasked sum | %s |".formatted(code(numbers(plain, 32))));

    check("vectors", rows);
  }

  @Test
  void failures_asInTheDocument() throws Exception {
    List<String> rows = new ArrayList<>();
    MaskKeys one = MaskRound.at(keys, 1);
    byte[] low = one.maskKey();
    Arrays.fill(low, 1184, 1216, (byte) 0);
    rows.add(keysRow("pkM_1 with an X25519 half of zeros", 1, low, one.shareKey()));
    rows.add(keysRow("pkM_1 = pkS_1", 1, one.shareKey(), one.shareKey()));
    rows.add(keysRow("pkM_1 = pkM_2", 1, MaskRound.at(keys, 2).maskKey(), one.shareKey()));
    rows.add(keysRow("commitB_0 in U1 is not what site 0 sent", 0, one.shareKey(), low));
    Parcel parcel = MaskRound.at(MaskRound.at(parcels, 0), 1);
    Fingerprint k = parcel.commitmentK();
    Fingerprint b = parcel.commitmentB();
    byte[] flipped = parcel.envelope();
    flipped[1207] ^= 1;
    rows.add(parcelRow("envelope 0→1, last bit flipped", flipped, parcel.ciphertext(), k, b));
    rows.add(parcelRow("ciphertext 0→1 missing", parcel.envelope(), new byte[0], k, b));
    rows.add(parcelRow("commitments 0→1 exchanged", parcel.envelope(), parcel.ciphertext(), b, k));
    for (MaskingSite site : sites) {
      var _ = site.receive(to(site.site()));
      site.uploaded(MaskRound.at(uploads, site.site()));
    }
    MaskingSite site = sites.get(1);
    SortedMap<Integer, Fingerprint> other = new TreeMap<>(uploads);
    other.put(1, k);
    rows.add(failure("U3 = {0, 1}", () -> site.consent(uploads.headMap(2))));
    rows.add(failure("another root for site 1 itself", () -> site.consent(other)));
    Fingerprint consented = site.consent(uploads);
    other.putAll(uploads);
    other.put(2, k);
    rows.add(failure("a second U3, another root for site 2", () -> site.consent(other)));
    rows.add(failure("2 signatures", () -> site.release(consented, Set.of(0, 1))));
    Unmasking unmasking = Unmasking.of(terms, keys, parcels, new TreeMap<>(keys).navigableKeySet());
    SortedMap<Integer, ReleasedShare> shares = site.release(consented, keys.keySet());
    ReleasedShare share = MaskRound.at(shares, 0);
    for (int x : new int[] {0, 3}) {
      shares.put(0, new ReleasedShare(share.kind(), new Share(x, share.share().bytes())));
      rows.add(
          failure(
              "share of b_0 by site 1 at x = %d".formatted(x), () -> unmasking.accept(1, shares)));
    }
    shares.put(0, new ReleasedShare(ReleasedShare.Kind.PAIR_KEY, share.share()));
    rows.add(failure("share of k_0, who survived", () -> unmasking.accept(1, shares)));
    rows.add(failure("Σw = 2 of 3 sites", () -> SumCheck.of(3, 64, 20, 2)));

    check("failures", rows);
  }

  private String keysRow(String what, int site, byte[] maskKey, byte[] shareKey) {
    SortedMap<Integer, MaskKeys> everyone = new TreeMap<>(keys);
    Fingerprint commitment = MaskRound.at(keys, site).selfCommitment();
    everyone.put(
        site,
        site == 0
            ? new MaskKeys(
                MaskRound.at(keys, 0).maskKey(),
                MaskRound.at(keys, 0).shareKey(),
                Fingerprint.sha256(maskKey, shareKey))
            : new MaskKeys(maskKey, shareKey, commitment));
    MaskingSite fresh = MaskingSite.of(terms, 0, MaskSecrets.of(secrets.get(0)));
    return failure(what, () -> fresh.share(everyone));
  }

  @SuppressWarnings("TooManyParameters") // a parcel's fields
  private String parcelRow(
      String what, byte[] envelope, byte[] ciphertext, Fingerprint k, Fingerprint b) {
    SortedMap<Integer, Parcel> mine = to(1);
    mine.put(0, new Parcel(envelope, ciphertext, k, b));
    MaskingSite site = sites.get(1).copy();
    return failure(what, () -> site.receive(mine));
  }

  private static String failure(String what, ThrowingCallable step) {
    MaskRefused refused = catchThrowableOfType(MaskRefused.class, step);
    assertThat(refused).as(what).isNotNull();
    String site = refused.site().isPresent() ? String.valueOf(refused.site().getAsInt()) : "–";
    return "| %s | `%s` | %s |".formatted(what, refused.why(), site);
  }

  private SortedMap<Integer, Parcel> to(int receiver) {
    SortedMap<Integer, Parcel> result = new TreeMap<>();
    parcels.forEach(
        (dealer, made) -> {
          if (dealer != receiver) {
            result.put(dealer, MaskRound.at(made, receiver));
          }
        });
    return result;
  }

  private static List<String> rows(int from, int to, Parcel parcel) {
    List<String> rows = new ArrayList<>();
    String pair = "%d→%d".formatted(from, to);
    rows.add(row("SHA-256(envelope %s)".formatted(pair), Fingerprint.sha256(parcel.envelope())));
    if (to > from) {
      rows.add(
          row("SHA-256(ciphertext %s)".formatted(pair), Fingerprint.sha256(parcel.ciphertext())));
    }
    rows.add(row("commitK %s".formatted(pair), parcel.commitmentK()));
    rows.add(row("commitB %s".formatted(pair), parcel.commitmentB()));
    return rows;
  }

  private static String row(String name, Fingerprint value) {
    return row(name, value.bytes());
  }

  private static String row(String name, byte[] value) {
    return "| %s | %s |".formatted(name, code(HexFormat.of().formatHex(value)));
  }

  private static String code(String text) {
    return "`" + text + "`";
  }

  private static String numbers(long[] numbers, int ringBits) {
    return String.join(
        " ",
        Arrays.stream(numbers)
            .mapToObj(n -> ringBits == 32 ? "%08x".formatted(n) : "%016x".formatted(n))
            .toList());
  }

  private static void check(String name, List<String> rows) throws IOException {
    String document = Files.readString(DOCUMENT);
    String start = "<!-- %s -->\n".formatted(name);
    int from = document.indexOf(start) + start.length();
    int to = document.indexOf("<!-- end -->", from);
    String head = document.substring(from, document.indexOf("|--", from));
    String table = document.substring(from, to);
    String columns = table.substring(head.length(), table.indexOf('\n', head.length()) + 1);
    String expected = head + columns + String.join("\n", rows) + "\n";
    if (Boolean.getBoolean("golden.update")) {
      Files.writeString(DOCUMENT, document.substring(0, from) + expected + document.substring(to));
      return;
    }
    assertThat(table).isEqualTo(expected);
  }
}
