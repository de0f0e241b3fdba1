package org.consilium.coordinator.audit;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.consilium.coordinator.audit.Rollback.Seen;
import org.consilium.protocol.SiteId;
import org.consilium.security.audit.MerkleTree;
import org.consilium.security.audit.MerkleTree.Head;
import org.consilium.security.identity.Credential;
import org.consilium.security.identity.Fingerprint;
import org.consilium.security.sign.SigningKey;
import org.consilium.security.witness.Checkpoint;
import org.consilium.security.witness.SignedCheckpoint;
import org.consilium.security.witness.TreeHistory;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What sites say they saw, true and false, under real keys and certificates. */
final class SiteClaimsTest {
  private static final SiteId NORTH = new SiteId("north");
  private static final SiteId SOUTH = new SiteId("south");

  @TempDir Path folder;
  private final List<String> lines = new ArrayList<>();
  private Instant now = Keeping.NOW;
  private Keeping keeping;
  private SiteClaims claims;

  @BeforeEach
  void makeKeys() throws Exception {
    keeping = new Keeping(folder);
    claims = new SiteClaims(keeping.keeper, () -> now, lines::add);
  }

  @Test
  void judge_largerThanTheJournalAndSigned_isARollbackToldOnce() throws Exception {
    SignedCheckpoint more = signed(log("a", 5), Keeping.NOW);

    Optional<Rollback> first = judge(NORTH, more, journal("a", 3));

    assertThat(first.orElseThrow().why())
        .startsWith("the journal has 3 entries; hospitals have seen more: site north holds the")
        .contains("checkpoint of 5 entries, root ");
    assertThat(first.orElseThrow().lost()).containsExactly(seen(more));
    assertThat(judge(SOUTH, more, journal("a", 3))).isEmpty();
    assertThat(lines).isEmpty();
  }

  @Test
  void judge_otherThanTheJournalAndSigned_isARollbackThoughTheJournalIsLonger() throws Exception {
    SignedCheckpoint other = signed(log("lost", 5), Keeping.NOW);

    assertThat(judge(NORTH, other, journal("a", 9)).orElseThrow().why())
        .contains("the journal has 9 entries; hospitals have seen others: site north");
  }

  @Test
  void judge_whatTheJournalHas_isFineWithAndWithoutProof() throws Exception {
    for (int entries : List.of(0, 1, 5, 300, 700)) {
      Head head = MerkleTree.head(log("a", entries));

      assertThat(claims.judge(NORTH, head, Optional.empty(), journal("a", 700))).isEmpty();
      assertThat(judge(NORTH, signed(log("a", entries), Keeping.NOW), journal("a", 700))).isEmpty();
    }
    assertThat(lines).isEmpty();
  }

  @Test
  void judge_anyNumberOfSitesWithoutProof_isNotBelievedAndLoggedOnceASite() throws Exception {
    Head more = MerkleTree.head(log("invented", 1000));

    for (int times = 0; times < 3; times++) {
      for (int i = 0; i < 50; i++) {
        SiteId site = new SiteId("site-" + i);
        assertThat(claims.judge(site, more, Optional.empty(), journal("a", 3))).isEmpty();
      }
      now = now.plus(SiteClaims.QUIET);
    }

    assertThat(lines).hasSize(50);
    assertThat(lines.getFirst())
        .startsWith("site site-0 says it saw 1000 entries")
        .contains("the journal has 3; not believed", "shows none that was signed");
  }

  @Test
  void judge_proofThatIsNone_isNotBelieved() throws Exception {
    Keeping strangers = new Keeping(Files.createDirectory(folder.resolve("strangers")));
    Credential site = keeping.site("north");
    Credential second = keeping.coordinator("second");
    List<Fingerprint> more = log("invented", 9);
    SignedCheckpoint genuine = signed(log("a", 3), Keeping.NOW);
    Head head = MerkleTree.head(more);
    Checkpoint false9 = new Checkpoint(Keeping.DOMAIN, head, Keeping.NOW);
    List<SignedCheckpoint> proofs =
        List.of(
            genuine,
            new SignedCheckpoint(false9.bytes(), genuine.by()),
            SignedCheckpoint.of(false9, SigningKey.of(site), site.chain()),
            SignedCheckpoint.of(false9, SigningKey.of(second), second.chain()),
            SignedCheckpoint.of(false9, strangers.keeper.key(), strangers.keeper.chain()),
            SignedCheckpoint.of(false9, SigningKey.of(site), keeping.keeper.chain()),
            SignedCheckpoint.of(
                new Checkpoint("elsewhere.org", head, Keeping.NOW),
                keeping.keeper.key(),
                keeping.keeper.chain()),
            new SignedCheckpoint(new byte[] {1, 2, 3}, genuine.by()));

    for (SignedCheckpoint proof : proofs) {
      assertThat(claims.judge(NORTH, head, Optional.of(proof), journal("a", 3))).isEmpty();
      now = now.plus(SiteClaims.QUIET);
    }

    assertThat(lines).hasSize(proofs.size()).allMatch(line -> line.contains("not believed"));
  }

  @Test
  void judge_signedByAnEarlierKeyWhoseCertificateEnded_counts() throws Exception {
    Credential former = keeping.coordinator("main");
    SignedCheckpoint more =
        SignedCheckpoint.of(
            new Checkpoint(Keeping.DOMAIN, MerkleTree.head(log("a", 5)), Keeping.NOW),
            SigningKey.of(former),
            former.chain());
    now = Keeping.NOW.plus(Duration.ofDays(4000));

    assertThat(judge(NORTH, more, journal("a", 3))).isPresent();
  }

  @Test
  void accept_aCheckpoint_coversItAndEarlierSmallerOnesAndNoOthers() throws Exception {
    Instant time = Keeping.NOW.plusSeconds(60);
    SignedCheckpoint given = signed(log("lost", 8), time);
    SignedCheckpoint earlier = signed(log("lost", 5), time.minusSeconds(9));
    SignedCheckpoint larger = signed(log("lost", 9), time.plusSeconds(1));
    SignedCheckpoint other = signed(log("third", 8), time);
    SignedCheckpoint since = signed(log("since", 6), time.plusSeconds(30));
    TreeHistory journal = journal("a", 4);

    claims.accept(List.of(seen(given)));

    assertThat(judge(NORTH, given, journal)).isEmpty();
    assertThat(judge(SOUTH, earlier, journal)).isEmpty();
    assertThat(judge(NORTH, larger, journal).orElseThrow().lost()).containsExactly(seen(larger));
    assertThat(judge(NORTH, given, journal)).isEmpty();
    claims.accept(List.of(seen(given)));
    assertThat(judge(NORTH, other, journal).orElseThrow().lost())
        .containsExactly(seen(given), seen(other));
    claims.accept(List.of(seen(given)));
    assertThat(judge(NORTH, since, journal).orElseThrow().lost())
        .containsExactly(seen(given), seen(since));
    assertThat(lines).isEmpty();
  }

  @Test
  void judge_claimThatChangesEachTime_fillsNoLog() throws Exception {
    for (int i = 0; i < 1000; i++) {
      Head head = new Head(1000 + i, Fingerprint.sha256(new byte[] {1}));
      assertThat(claims.judge(NORTH, head, Optional.empty(), journal("a", 3))).isEmpty();
      now = now.plusSeconds(1);
    }

    assertThat(lines).hasSize(2); // 1000 s are not yet two times ten minutes
  }

  @Test
  void judge_journalThatCannotBeRead_isJudgedWhenItCan() throws Exception {
    SignedCheckpoint other = signed(log("lost", 5), Keeping.NOW);
    TreeHistory unreadable =
        new TreeHistory(
            (_, _) -> {
              throw new IOException("the database is away");
            });
    log("a", 9).forEach(unreadable::add);

    assertThat(judge(NORTH, other, unreadable)).isEmpty();
    assertThat(lines.getFirst()).contains("the database is away");
    assertThat(judge(NORTH, other, journal("a", 9))).isPresent();
  }

  private Optional<Rollback> judge(SiteId site, SignedCheckpoint shown, TreeHistory journal)
      throws Exception {
    return claims.judge(site, Checkpoint.parse(shown.body()).head(), Optional.of(shown), journal);
  }

  private static Seen seen(SignedCheckpoint signed) throws Exception {
    Checkpoint checkpoint = Checkpoint.parse(signed.body());
    return new Seen(checkpoint.head(), checkpoint.time());
  }

  private SignedCheckpoint signed(List<Fingerprint> log, Instant time) {
    return SignedCheckpoint.of(
        new Checkpoint(Keeping.DOMAIN, MerkleTree.head(log), time),
        keeping.keeper.key(),
        keeping.keeper.chain());
  }

  private static TreeHistory journal(String name, int entries) {
    List<Fingerprint> leaves = log(name, entries);
    TreeHistory tree =
        new TreeHistory((from, to) -> leaves.subList(Math.toIntExact(from), Math.toIntExact(to)));
    leaves.forEach(tree::add);
    return tree;
  }

  private static List<Fingerprint> log(String name, int entries) {
    List<Fingerprint> leaves = new ArrayList<>();
    for (int i = 0; i < entries; i++) {
      leaves.add(MerkleTree.leaf((name + i).getBytes(StandardCharsets.UTF_8)));
    }
    return leaves;
  }
}
