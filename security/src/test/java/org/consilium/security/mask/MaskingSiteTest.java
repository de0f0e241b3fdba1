package org.consilium.security.mask;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.security.SecureRandom;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.consilium.security.identity.Fingerprint;
import org.consilium.security.mask.MaskRefused.Why;
import org.consilium.security.mask.MaskingSite.Progress;
import org.consilium.security.mask.ReleasedShare.Kind;
import org.junit.jupiter.api.Test;

final class MaskingSiteTest {
  private static final int N = 5; // t = 4

  private final MaskRound round;
  private final SortedSet<Integer> all;

  MaskingSiteTest() throws MaskRefused {
    round = MaskRound.of(N, 1);
    all = round.all();
  }

  @Test
  void terms_outOfRange_illegal() {
    Fingerprint context = round.terms.context();

    // by hand, ⌊2n/3⌋ + 1: the table of the specification
    assertThat(List.of(3, 4, 5, 10, 20, 100).stream().map(MaskTerms::threshold))
        .containsExactly(3, 3, 4, 7, 14, 67);
    assertThat(new MaskTerms(context, 10, 7, 9).quorum()).isEqualTo(9);
    assertThat(new MaskTerms(context, 10, 7, 3).quorum()).isEqualTo(7);
    for (int[] bad :
        new int[][] {{2, 2, 3}, {129, 87, 87}, {5, 3, 3}, {5, 6, 3}, {5, 4, 2}, {5, 4, 6}}) {
      assertThatThrownBy(() -> new MaskTerms(context, bad[0], bad[1], bad[2]))
          .isInstanceOf(IllegalArgumentException.class);
    }
    assertThatThrownBy(() -> MaskingSite.of(round.terms, N, MaskSecrets.of(new byte[128])))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void secrets_restoredAndClosed_sameSiteThenNothing() {
    MaskSecrets drawn = MaskSecrets.draw(new SecureRandom());
    MaskSecrets restored = MaskSecrets.of(drawn.bytes());

    MaskKeys keys = MaskingSite.of(round.terms, 0, drawn).keys();

    assertThat(MaskingSite.of(round.terms, 0, restored).keys()).isEqualTo(keys);
    assertThat(drawn.bytes()).hasSize(128).isNotEqualTo(new byte[128]);
    drawn.close();
    assertThatThrownBy(drawn::bytes).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> MaskSecrets.of(new byte[96]))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void share_twiceAndAfterARestart_sameBytes() throws MaskRefused {
    MaskingSite restarted =
        MaskingSite.resume(
            round.terms, 2, MaskSecrets.of(round.secrets.get(2)), round.sites.get(2).progress());

    assertThat(restarted.share(round.keys)).isEqualTo(MaskRound.at(round.parcels, 2));
    assertThat(round.sites.get(2).share(round.keys)).isEqualTo(MaskRound.at(round.parcels, 2));
    assertThat(MaskRound.at(round.parcels, 2)).hasSize(N - 1);
    MaskRound.at(round.parcels, 2)
        .forEach(
            (peer, parcel) -> {
              assertThat(parcel.envelope()).hasSize(1208);
              assertThat(parcel.ciphertext()).hasSize(peer > 2 ? 1120 : 0);
            });
  }

  @Test
  void envelope_sameCoinsAsTheKem_encapsulationIsTheKemsCiphertext() throws MaskRefused {
    MaskKeys to = MaskRound.at(round.keys, 3);
    byte[] dealing = Arrays.copyOfRange(round.secrets.get(2), 96, 128);
    byte[] coins = Derivation.envelopeCoins(round.terms.context(), 2, 3, to.shareKey(), dealing);

    byte[] envelope = MaskRound.at(MaskRound.at(round.parcels, 2), 3).envelope();

    assertThat(Arrays.copyOf(envelope, 1120))
        .isEqualTo(XWing.encapsulate(3, to.shareKey(), coins).ciphertext());
  }

  @Test
  void badInput_20_otherKeysOrParcelsTheSecondTime_refusedAlsoAfterARestart() throws MaskRefused {
    MaskingSite site = round.uploaded(1, all);
    SortedMap<Integer, MaskKeys> otherKeys = new TreeMap<>(round.keys);
    otherKeys.remove(4);
    MaskingSite restarted =
        MaskingSite.resume(round.terms, 1, MaskSecrets.of(round.secrets.get(1)), site.progress());

    for (MaskingSite one : List.of(site, restarted)) {
      refused(() -> one.share(otherKeys), Why.OTHER_SET);
      var _ = one.share(round.keys);
      refused(() -> one.receive(round.to(1, List.of(0, 1, 2, 3))), Why.OTHER_SET);
      assertThat(one.receive(round.to(1, all)).expansions()).isEqualTo(N);
      refused(() -> one.uploaded(MaskRound.upload(7)), Why.OTHER_SET);
    }
  }

  @Test
  void badInput_20_otherContext_envelopesDoNotOpen() throws MaskRefused {
    MaskTerms other = MaskTerms.of(Fingerprint.sha256(new byte[] {99}), N);
    MaskingSite site = MaskingSite.of(other, 1, MaskSecrets.of(round.secrets.get(1)));
    SortedMap<Integer, MaskKeys> keys = new TreeMap<>(round.keys);
    keys.put(1, site.keys());
    var _ = site.share(keys);

    refused(() -> site.receive(round.to(1, all)), Why.ENVELOPE, 0);
  }

  @Test
  void badInput_21_keysSubstitutedDuplicateOwnChangedOrLowOrder_refused() {
    MaskKeys honest = MaskRound.at(round.keys, 3);
    byte[] lowOrder = honest.maskKey();
    Arrays.fill(lowOrder, 1184, 1216, (byte) 0);
    MaskKeys other = MaskRound.at(round.keys, 4);
    Fingerprint commitment = honest.selfCommitment();

    badKeys(3, new MaskKeys(lowOrder, honest.shareKey(), commitment), Why.PUBLIC_KEY);
    badKeys(3, new MaskKeys(honest.maskKey(), lowOrder, commitment), Why.PUBLIC_KEY);
    badKeys(3, new MaskKeys(new byte[1215], honest.shareKey(), commitment), Why.PUBLIC_KEY);
    badKeys(3, new MaskKeys(honest.maskKey(), honest.maskKey(), commitment), Why.KEY_TWICE);
    badKeys(4, new MaskKeys(honest.maskKey(), other.shareKey(), commitment), Why.KEY_TWICE);
    badKeys(4, new MaskKeys(other.maskKey(), honest.maskKey(), commitment), Why.KEY_TWICE);
    badKeys(5, honest, Why.UNKNOWN_SITE);
    badKeys(-1, other, Why.UNKNOWN_SITE);
    badKeys(0, new MaskKeys(other.maskKey(), other.shareKey(), commitment), Why.KEY_TWICE, 4);
    MaskKeys own = MaskRound.at(round.keys, 0);
    badKeys(
        0,
        new MaskKeys(own.maskKey(), own.shareKey(), Fingerprint.sha256(new byte[1])),
        Why.OWN_CHANGED);
  }

  @Test
  void badInput_21_tooFewOrWithoutOneself_refused() {
    MaskingSite site = MaskingSite.of(round.terms, 0, MaskSecrets.of(round.secrets.get(0)));

    refused(() -> site.share(round.keys.headMap(3)), Why.TOO_FEW_SITES);
    refused(() -> site.share(round.keys.tailMap(1)), Why.OWN_CHANGED, 0);
    assertThat(site.progress()).isEqualTo(Progress.NONE);
  }

  @Test
  void receive_badParcels_refusedAndTheDealerNamed() throws MaskRefused {
    Parcel good = MaskRound.at(MaskRound.at(round.parcels, 0), 1);
    Fingerprint k = good.commitmentK();
    Fingerprint b = good.commitmentB();
    byte[] lowOrder = good.ciphertext();
    Arrays.fill(lowOrder, 1088, 1120, (byte) 0);
    Parcel ofAnother = MaskRound.at(MaskRound.at(round.parcels, 0), 2);

    badParcel(new Parcel(new byte[1207], good.ciphertext(), k, b), Why.ENVELOPE);
    badParcel(new Parcel(ofAnother.envelope(), good.ciphertext(), k, b), Why.ENVELOPE);
    badParcel(new Parcel(good.envelope(), good.ciphertext(), b, b), Why.COMMITMENT);
    badParcel(new Parcel(good.envelope(), good.ciphertext(), k, k), Why.COMMITMENT);
    badParcel(new Parcel(good.envelope(), new byte[0], k, b), Why.CIPHERTEXT);
    badParcel(new Parcel(good.envelope(), lowOrder, k, b), Why.CIPHERTEXT);
    MaskingSite site = round.sites.get(1).copy();
    refused(() -> site.receive(round.to(1, List.of(0, 2))), Why.TOO_FEW_SITES);
    SortedMap<Integer, Parcel> strangers = round.to(1, all);
    strangers.put(5, good);
    refused(() -> site.receive(strangers), Why.UNKNOWN_SITE, 5);
    SortedMap<Integer, Parcel> own = round.to(1, all);
    own.put(1, good);
    refused(() -> site.receive(own), Why.UNKNOWN_SITE, 1);
  }

  @Test
  void receive_anyByteOfAnEnvelopeChanged_refused() throws MaskRefused {
    Parcel good = MaskRound.at(MaskRound.at(round.parcels, 0), 1);
    for (int at = 0; at < 1208; at += 8) {
      byte[] envelope = good.envelope();
      envelope[at] ^= 1;
      badParcel(
          new Parcel(envelope, good.ciphertext(), good.commitmentK(), good.commitmentB()),
          Why.ENVELOPE);
    }
  }

  @Test
  void steps_outOfOrder_refused() throws MaskRefused {
    MaskingSite fresh = MaskingSite.of(round.terms, 1, MaskSecrets.of(round.secrets.get(1)));
    MaskingSite shared = round.sites.get(1).copy();
    MaskingSite received = round.sites.get(1).copy();
    var _ = received.receive(round.to(1, all));
    MaskingSite uploaded = round.uploaded(1, all);
    Fingerprint digest = round.terms.survivorsDigest(MaskRound.accepted(all));

    refused(() -> fresh.receive(round.to(1, all)), Why.OUT_OF_ORDER);
    refused(() -> shared.uploaded(MaskRound.upload(1)), Why.OUT_OF_ORDER);
    refused(() -> shared.consent(MaskRound.accepted(all)), Why.OUT_OF_ORDER);
    refused(() -> received.consent(MaskRound.accepted(all)), Why.OUT_OF_ORDER);
    refused(() -> uploaded.release(digest, all), Why.OUT_OF_ORDER);
    refused(() -> uploaded.salts(digest, all), Why.OUT_OF_ORDER);
  }

  @Test
  void badInput_22_survivorsThatDoNotDo_refused() throws MaskRefused {
    MaskingSite site = round.uploaded(1, List.of(0, 1, 2, 3)); // 4 has shared nothing
    SortedMap<Integer, Fingerprint> changed = MaskRound.accepted(List.of(0, 1, 2, 3));
    changed.put(1, MaskRound.upload(9));

    refused(() -> site.consent(MaskRound.accepted(List.of(0, 1, 2))), Why.TOO_FEW_SITES);
    refused(() -> site.consent(MaskRound.accepted(all)), Why.SURVIVOR_NOT_SHARED, 4);
    refused(() -> site.consent(changed), Why.OWN_CHANGED, 1);
    refused(
        () -> round.uploaded(4, all).consent(MaskRound.accepted(List.of(0, 1, 2, 3))),
        Why.OWN_CHANGED,
        4);
    assertThat(site.progress().consented()).isEmpty();
  }

  @Test
  void badInput_22_fewerThanTSignaturesOrAnotherSet_refused() throws MaskRefused {
    MaskingSite site = round.uploaded(1, all);
    SortedSet<Integer> four = new TreeSet<>(Set.of(0, 1, 2, 3));
    Fingerprint signed = site.consent(MaskRound.accepted(four));
    Fingerprint other = round.terms.survivorsDigest(MaskRound.accepted(all));

    refused(() -> site.consent(MaskRound.accepted(all)), Why.OTHER_SET);
    refused(() -> site.release(other, all), Why.OTHER_SET);
    refused(() -> site.release(signed, Set.of(0, 1, 2)), Why.TOO_FEW_SITES);
    refused(() -> site.release(signed, Set.of(0, 1, 2, 4)), Why.TOO_FEW_SITES); // 4 did not survive
    refused(() -> site.release(signed, Set.of(0, 1, 2, 77)), Why.TOO_FEW_SITES);

    assertThat(site.consent(MaskRound.accepted(four))).isEqualTo(signed);
    SortedMap<Integer, ReleasedShare> once = site.release(signed, four);
    assertThat(site.release(signed, all)).isEqualTo(once);
  }

  @Test
  void badInput_22_release_oneKindForEachSiteAlsoAfterARestart() throws MaskRefused {
    SortedSet<Integer> four = new TreeSet<>(Set.of(0, 1, 2, 3));
    MaskingSite site = round.uploaded(1, all);
    Fingerprint signed = site.consent(MaskRound.accepted(four));
    SortedMap<Integer, ReleasedShare> once = site.release(signed, four);
    MaskingSite restarted =
        MaskingSite.resume(round.terms, 1, MaskSecrets.of(round.secrets.get(1)), site.progress());
    var _ = restarted.share(round.keys);
    var _ = restarted.receive(round.to(1, all));

    refused(() -> restarted.consent(MaskRound.accepted(all)), Why.OTHER_SET);
    refused(() -> restarted.release(signed, four), Why.OUT_OF_ORDER);
    var _ = restarted.consent(MaskRound.accepted(four));
    assertThat(restarted.release(signed, four)).isEqualTo(once);
    assertThat(once.keySet()).isEqualTo(all);
    once.forEach(
        (owner, share) -> {
          assertThat(share.kind()).isEqualTo(owner == 4 ? Kind.PAIR_KEY : Kind.SELF_MASK);
          assertThat(share.share().x()).isEqualTo(2);
        });
    assertThat(site.salts(signed, four).keySet()).isEqualTo(Set.of(0, 2, 3, 4));
  }

  @Test
  void close_thenUse_illegalAndNoSecretInAnyText() throws MaskRefused {
    MaskingSite site = round.uploaded(1, all);

    assertThat(site.toString()).startsWith("MaskingSite[site 1 of 5, Progress[");
    assertThat(MaskSecrets.of(round.secrets.get(1)).toString()).isEqualTo("MaskSecrets[128 bytes]");
    site.close();
    assertThatThrownBy(() -> site.receive(round.to(1, all)))
        .isInstanceOf(IllegalStateException.class);
  }

  private void badKeys(int site, MaskKeys keys, Why why) {
    badKeys(site, keys, why, site);
  }

  private void badKeys(int site, MaskKeys keys, Why why, int named) {
    SortedMap<Integer, MaskKeys> everyone = new TreeMap<>(round.keys);
    everyone.put(site, keys);
    MaskingSite fresh = MaskingSite.of(round.terms, 0, MaskSecrets.of(round.secrets.get(0)));

    refused(() -> fresh.share(everyone), why, named);
    assertThat(fresh.progress()).isEqualTo(Progress.NONE);
  }

  /** From site 0 to site 1. */
  private void badParcel(Parcel bad, Why why) throws MaskRefused {
    MaskingSite site = round.sites.get(1).copy();
    SortedMap<Integer, Parcel> parcels = round.to(1, all);
    parcels.put(0, bad);

    refused(() -> site.receive(parcels), why, 0);
    assertThat(site.progress().parcels()).isEmpty();
  }

  private static void refused(ThrowingCallable step, Why why) {
    assertThat(catchThrowableOfType(MaskRefused.class, step))
        .isNotNull()
        .extracting("why")
        .isEqualTo(why);
  }

  private static void refused(ThrowingCallable step, Why why, int site) {
    MaskRefused refused = catchThrowableOfType(MaskRefused.class, step);
    assertThat(refused.why()).isEqualTo(why);
    assertThat(refused.site()).hasValue(site);
    assertThat(refused).hasMessageContaining(String.valueOf(site));
  }
}
