package org.consilium.site.work;

import static org.assertj.core.api.Assertions.assertThat;
import static org.consilium.site.work.MaskScene.EAST;
import static org.consilium.site.work.MaskScene.NORTH;
import static org.consilium.site.work.MaskScene.SITES;
import static org.consilium.site.work.MaskScene.SOUTH;
import static org.consilium.site.work.MaskScene.WEST;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import org.consilium.proto.v1.MaskSubmission.KindCase;
import org.consilium.proto.v1.Signed;
import org.consilium.protocol.Digest;
import org.consilium.protocol.MaskMessage;
import org.consilium.protocol.MaskOrder;
import org.consilium.protocol.RoundTask;
import org.consilium.protocol.SignedBytes;
import org.consilium.protocol.SiteId;
import org.consilium.protocol.wire.MaskCodec;
import org.consilium.protocol.wire.SignedKind;
import org.consilium.security.identity.CertificateRefused;
import org.consilium.security.identity.Credential;
import org.consilium.security.identity.KeyRequest;
import org.consilium.security.identity.Leaf;
import org.consilium.security.identity.SpiffeId;
import org.consilium.security.sign.SigningKey;
import org.consilium.site.masking.MaskDesk;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What four sites, t = m = 3, do not do for a coordinator that lies about masking, over real
 * sockets: whatever it says to whom, a site signs one set of survivors and releases shares for that
 * one alone.
 */
final class LyingMasksTest {
  @TempDir Path folder;

  private MaskScene scene;

  @BeforeEach
  void join() throws Exception {
    scene = new MaskScene(folder);
  }

  @AfterEach
  void leave() throws Exception {
    scene.close();
  }

  @Test
  void badInput_20_twoSetsOfSurvivors_eachSiteSignsOneAndNobodyReleases() throws Exception {
    RoundTask task = scene.masked(1);
    MaskOrder.Survivors one = scene.survivors(task, EAST, NORTH, SOUTH);
    MaskOrder.Survivors other = scene.survivors(task, EAST, NORTH, WEST);
    scene.order(one, EAST, SOUTH);
    scene.order(other, NORTH, WEST);
    scene.awaitAll(KindCase.CONSENT);

    scene.order(other, EAST); // asked again, for the other set
    scene.order(one, NORTH);
    scene.refused(EAST, "OTHER_SET");
    scene.refused(NORTH, "OTHER_SET");
    scene.liar.order(EAST, scene.consents(task, EAST, SOUTH));
    scene.refused(EAST, "TOO_FEW_SITES");
    scene.liar.order(EAST, scene.consents(task, EAST, SOUTH, NORTH)); // north signed the other
    scene.refused(EAST, "OTHER_SET");

    for (SiteId site : SITES) {
      assertThat(scene.liar.taken(site, KindCase.CONSENT)).as(site.value()).hasSize(1);
      assertThat(scene.liar.taken(site, KindCase.RELEASE)).as(site.value()).isEmpty();
    }
  }

  @Test
  void badInput_22_sharesAskedForTwice_sameBytesForOneSetAndNothingForAnother() throws Exception {
    RoundTask task = scene.masked(1);
    MaskOrder.Survivors one = scene.survivors(task, EAST, NORTH, SOUTH);
    scene.order(one, EAST, NORTH, SOUTH);
    scene.await(() -> scene.sent(KindCase.CONSENT, EAST, NORTH, SOUTH));
    MaskOrder.Consents signed = scene.consents(task, EAST, NORTH, SOUTH);
    scene.order(signed, EAST);
    scene.await(() -> scene.sent(KindCase.RELEASE, EAST));

    scene.order(signed, EAST);
    scene.await(() -> scene.liar.taken(EAST, KindCase.RELEASE).size() == 2);
    scene.order(scene.survivors(task, EAST, NORTH, WEST), EAST);
    scene.refused(EAST, "OTHER_SET");
    scene.order(scene.survivors(task, EAST, NORTH, SOUTH, WEST), EAST);
    scene.await(() -> scene.count(EAST, "OTHER_SET") == 2);

    assertThat(new HashSet<>(scene.liar.taken(EAST, KindCase.RELEASE))).hasSize(1);
    MaskMessage.Release release =
        MaskCodec.release(
            scene
                .liar
                .taken(EAST, KindCase.RELEASE)
                .getFirst()
                .getRelease()
                .getBody()
                .toByteArray());
    // Of each survivor a share of its own mask, of the dropped site one of its pair key: never
    // both.
    assertThat(release.shares().stream().map(MaskMessage.Share::of)).containsExactly(0, 1, 2, 3);
    assertThat(release.shares().stream().map(MaskMessage.Share::pairKey))
        .containsExactly(false, false, false, true);
  }

  @Test
  void badInput_20_participantThatNoTwoPersonsAgreedTo_getsNoKeys() throws Exception {
    try (MaskScene other = new MaskScene(folder.resolve("other"), List.of(EAST, NORTH, SOUTH))) {
      RoundTask task = other.task(1); // with WEST, which has a genuine certificate

      other.node(EAST).begin(task, other.context(task));

      assertThat(other.node(EAST).outcome(other.context(task)))
          .isInstanceOfSatisfying(
              MaskDesk.Outcome.Failed.class,
              f -> assertThat(f.detail()).contains("participant west is not on the roster"));
      assertThat(other.liar.taken(EAST, KindCase.KEYS)).isEmpty();

      other.liar.roster = TestRoster.of(other.liar.authority, List.of("east", "north", "west"));
      other.node(EAST).begin(task, other.context(task));
      assertThat(other.node(EAST).outcome(other.context(task)))
          .as("a roster that does not go on from the pinned one")
          .isInstanceOf(MaskDesk.Outcome.Failed.class);
    }
  }

  @Test
  void badInput_22_otherSetAfterARestart_isRefusedFromDisk() throws Exception {
    RoundTask task = scene.masked(1);
    scene.order(scene.survivors(task, EAST, NORTH, SOUTH), EAST);
    scene.await(() -> scene.sent(KindCase.CONSENT, EAST));

    scene.node(EAST).restart();
    scene.liar.order(EAST, scene.book(task, UnaryOperator.identity(), SITES));
    scene.liar.order(EAST, scene.parcels(task, EAST, NORTH, SOUTH, WEST));
    scene.order(scene.survivors(task, EAST, NORTH, WEST), EAST);

    scene.refused(EAST, "OTHER_SET");
    assertThat(scene.liar.taken(EAST, KindCase.CONSENT)).hasSize(1);
  }

  @Test
  void badInput_22_anotherAttemptAfterASignature_isBurntHere() throws Exception {
    RoundTask task = scene.masked(1);
    scene.order(scene.survivors(task, EAST, NORTH, SOUTH), EAST);
    scene.await(() -> scene.sent(KindCase.CONSENT, EAST));

    RoundTask again = scene.task(2);
    scene.node(EAST).begin(again, scene.context(again));

    assertThat(scene.node(EAST).outcome(scene.context(again)))
        .isInstanceOfSatisfying(
            MaskDesk.Outcome.Failed.class, f -> assertThat(f.detail()).contains("is burnt here"));
    assertThat(scene.liar.taken(EAST, KindCase.KEYS)).hasSize(1);
  }

  @Test
  void badInput_22_tooFewSurvivorsOrOneUnknown_isRefused() throws Exception {
    RoundTask task = scene.masked(1);

    scene.order(scene.survivors(task, EAST, NORTH), EAST); // fewer than max(t, m)
    scene.order(
        scene.survivors(task, NORTH, SOUTH, WEST), EAST); // without itself, though it delivered

    scene.refused(EAST, "TOO_FEW_SITES");
    scene.refused(EAST, "OWN_CHANGED");
    assertThat(scene.liar.taken(EAST, KindCase.CONSENT)).isEmpty();
  }

  @Test
  void badInput_20_anotherDigestOfItsUpload_isRefused() throws Exception {
    RoundTask task = scene.masked(1);
    SortedMap<SiteId, Digest> uploads = new TreeMap<>();
    for (SiteId site : SITES) {
      uploads.put(site, site.equals(EAST) ? Digest.sha256(new byte[] {9}) : MaskScene.upload(site));
    }

    scene.liar.order(EAST, new MaskOrder.Survivors(scene.place(task), uploads));

    scene.refused(EAST, "OWN_CHANGED");
    assertThat(scene.liar.taken(EAST, KindCase.CONSENT)).isEmpty();
  }

  @Test
  void badInput_21_swappedKeys_areRefusedAndNoShareIsDealt() throws Exception {
    RoundTask task = scene.begun(1);

    // Two sites' keys exchanged: each is signed, but not by the site that it is said to be of.
    scene.liar.order(EAST, scene.book(task, m -> exchanged(m, NORTH, SOUTH), SITES));
    // Keys of the coordinator's own, signed with its own key.
    scene.liar.order(
        NORTH,
        scene.book(task, m -> replaced(m, WEST, own(task, WEST, scene.liar.signing)), SITES));
    // The same with a certificate of the consortium that is not the participant's.
    scene.liar.order(
        SOUTH, scene.book(task, m -> replaced(m, WEST, own(task, WEST, stranger())), SITES));
    // One site's keys twice: relayed under another's name with that one's chain.
    scene.liar.order(
        WEST, scene.book(task, m -> replaced(m, NORTH, renamed(m, EAST, NORTH)), SITES));

    scene.refused(EAST, "SIGNATURE");
    scene.refused(NORTH, "CERTIFICATE");
    scene.refused(SOUTH, "CERTIFICATE");
    scene.refused(WEST, "SIGNATURE");
    SITES.forEach(s -> assertThat(scene.liar.taken(s, KindCase.PARCELS)).as(s.value()).isEmpty());
  }

  @Test
  void badInput_21_ownKeysChanged_isRefused() throws Exception {
    RoundTask task = scene.begun(1);
    // Genuinely signed, but not what this site sent in this attempt.
    MaskMessage.Keys first = scene.keysOf(EAST);
    MaskMessage.Keys changed =
        new MaskMessage.Keys(
            first.place(), first.maskKey(), first.shareKey(), Digest.sha256(new byte[1]));
    MaskOrder.Entry signed = entry(changed, scene.node(EAST).signing);

    scene.liar.order(EAST, scene.book(task, m -> replaced(m, EAST, signed), SITES));

    scene.refused(EAST, "OWN_CHANGED");
    assertThat(scene.liar.taken(EAST, KindCase.PARCELS)).isEmpty();
  }

  @Test
  void badInput_21_lowOrderOrRepeatedKeyOfAMemberInLeague_isRefused() throws Exception {
    RoundTask task = scene.begun(1);
    MaskMessage.Keys west = scene.keysOf(WEST);
    byte[] low = west.maskKey().clone();
    Arrays.fill(low, low.length - 32, low.length, (byte) 0); // its X25519 half
    MaskMessage.Keys lowOrder =
        new MaskMessage.Keys(scene.place(task), low, west.shareKey(), west.selfCommitment());
    MaskMessage.Keys repeated =
        new MaskMessage.Keys(
            scene.place(task),
            scene.keysOf(NORTH).maskKey(),
            west.shareKey(),
            west.selfCommitment());
    Credential league = scene.node(WEST).signing;

    scene.liar.order(
        EAST, scene.book(task, m -> replaced(m, WEST, entry(lowOrder, league)), SITES));
    scene.liar.order(
        NORTH, scene.book(task, m -> replaced(m, WEST, entry(repeated, league)), SITES));

    scene.refused(EAST, "PUBLIC_KEY");
    scene.refused(NORTH, "KEY_TWICE");
    assertThat(scene.liar.taken(EAST, KindCase.PARCELS)).isEmpty();
    assertThat(scene.liar.taken(NORTH, KindCase.PARCELS)).isEmpty();
  }

  @Test
  void badInput_20_sitesLeftOutOfKeysOrShares_isRefused() throws Exception {
    RoundTask task = scene.begun(1);
    scene.liar.order(EAST, scene.book(task, UnaryOperator.identity(), List.of(EAST, NORTH)));
    scene.refused(EAST, "TOO_FEW_SITES");
    assertThat(scene.liar.taken(EAST, KindCase.PARCELS)).isEmpty();

    scene.order(scene.book(task, UnaryOperator.identity(), SITES), NORTH, SOUTH, WEST);
    scene.await(() -> scene.sent(KindCase.PARCELS, NORTH, SOUTH, WEST));
    scene.liar.order(NORTH, scene.parcels(task, NORTH, SOUTH)); // one of the two that t needs
    scene.refused(NORTH, "TOO_FEW_SITES");

    // A U1 without west after one with it.
    scene.liar.order(
        SOUTH, scene.book(task, UnaryOperator.identity(), List.of(EAST, NORTH, SOUTH)));
    scene.refused(SOUTH, "OTHER_SET");
    assertThat(scene.liar.taken(SOUTH, KindCase.PARCELS)).hasSize(1);
  }

  @Test
  void badInput_20_sharesOfAnotherSiteOrTwice_areRefused() throws Exception {
    RoundTask task = scene.shared(1);
    List<SignedBytes> twice = new ArrayList<>(scene.parcels(task, EAST, NORTH, SOUTH).parcels());
    twice.add(twice.getFirst());

    scene.liar.order(EAST, new MaskOrder.Parcels(scene.place(task), twice));
    scene.liar.order(NORTH, scene.parcels(task, SOUTH, EAST, WEST)); // another receiver's

    scene.refused(EAST, "MALFORMED");
    scene.refused(NORTH, "MALFORMED");
  }

  @Test
  void masks_envelopeThatDoesNotOpen_dealerIsNamedInASignedComplaint() throws Exception {
    RoundTask task = scene.shared(1);
    List<SignedBytes> parcels = new ArrayList<>(scene.parcels(task, EAST, NORTH, SOUTH).parcels());
    MaskMessage.Parcel good =
        MaskCodec.parcel(scene.parcels(task, EAST, WEST).parcels().getFirst().body());
    byte[] envelope = good.envelope().clone();
    envelope[envelope.length - 1] ^= 1;
    MaskMessage.Parcel bad =
        new MaskMessage.Parcel(
            good.place(),
            good.from(),
            good.to(),
            envelope,
            good.ciphertext(),
            good.pairCommitment(),
            good.selfCommitment());
    byte[] body = MaskCodec.encode(bad);
    SigningKey west = SigningKey.of(scene.node(WEST).signing);
    parcels.add(new SignedBytes(body, west.sign(MaskCodec.kind(bad).label(), body)));

    scene.liar.order(EAST, new MaskOrder.Parcels(scene.place(task), parcels));
    scene.refused(EAST, "ENVELOPE");

    Signed said = scene.liar.taken(EAST, KindCase.COMPLAINT).getFirst().getComplaint();
    MaskMessage.Complaint complaint = MaskCodec.complaint(said.getBody().toByteArray());
    assertThat(complaint.dealer()).isEqualTo(SITES.indexOf(WEST));
    assertThat(complaint.why()).isEqualTo(MaskMessage.Complaint.Why.ENVELOPE);
    assertThat(
            scene
                .node(EAST)
                .identity
                .key()
                .verifyingKey()
                .verify(
                    SignedKind.MASK_COMPLAINT.label(),
                    said.getBody().toByteArray(),
                    said.getSignature().toByteArray()))
        .isTrue();
  }

  @Test
  void badInput_20_orderNotSignedByTheCoordinator_isDropped() throws Exception {
    RoundTask task = scene.masked(1);

    scene.liar.order(
        EAST, scene.survivors(task, EAST, NORTH, SOUTH), SigningKey.of(scene.node(WEST).signing));

    scene.await(
        () -> scene.node(EAST).log.stream().anyMatch(l -> l.contains("signature does not verify")));
    assertThat(scene.liar.taken(EAST, KindCase.CONSENT)).isEmpty();
  }

  private static SortedMap<SiteId, MaskOrder.Entry> replaced(
      SortedMap<SiteId, MaskOrder.Entry> entries, SiteId site, MaskOrder.Entry by) {
    entries.put(site, by);
    return entries;
  }

  private static SortedMap<SiteId, MaskOrder.Entry> exchanged(
      SortedMap<SiteId, MaskOrder.Entry> entries, SiteId one, SiteId other) {
    MaskOrder.Entry first = renamed(entries, one, other);
    MaskOrder.Entry second = renamed(entries, other, one);
    return replaced(replaced(entries, other, first), one, second);
  }

  /** The keys of one site with the chain of another. */
  private static MaskOrder.Entry renamed(
      Map<SiteId, MaskOrder.Entry> entries, SiteId of, SiteId as) {
    MaskOrder.Entry keys = entries.get(of);
    MaskOrder.Entry chain = entries.get(as);
    if (keys == null || chain == null) {
      throw new IllegalStateException("no entry of %s or %s".formatted(of, as));
    }
    return new MaskOrder.Entry(keys.keys(), chain.signingChain());
  }

  /** Keys that somebody else made for a site. */
  private MaskOrder.Entry own(RoundTask task, SiteId site, Credential signer) {
    MaskMessage.Keys genuine = scene.keysOf(site);
    return entry(
        new MaskMessage.Keys(
            scene.place(task),
            scene.aggregation.publicKey(),
            genuine.shareKey(),
            genuine.selfCommitment()),
        signer);
  }

  private static MaskOrder.Entry entry(MaskMessage.Keys keys, Credential signer) {
    byte[] body = MaskCodec.encode(keys);
    byte[] signature = SigningKey.of(signer).sign(MaskCodec.kind(keys).label(), body);
    return new MaskOrder.Entry(new SignedBytes(body, signature), MaskingLiar.der(signer));
  }

  /** A second, genuine credential of west, of another key than the round's terms name. */
  private Credential stranger() {
    try {
      return scene.liar.issue(
          KeyRequest.signing(scene.liar.random),
          SpiffeId.siteSigning(MaskingLiar.DOMAIN, WEST.value()),
          Leaf.SITE_SIGNING.terms());
    } catch (IOException | CertificateRefused broken) {
      throw new IllegalStateException(broken);
    }
  }
}
