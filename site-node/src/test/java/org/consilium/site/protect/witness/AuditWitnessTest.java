package org.consilium.site.protect.witness;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import org.consilium.security.audit.MerkleTree;
import org.consilium.security.audit.MerkleTree.Head;
import org.consilium.security.identity.CertificateAuthority;
import org.consilium.security.identity.Credential;
import org.consilium.security.identity.Fingerprint;
import org.consilium.security.identity.KeyRequest;
import org.consilium.security.identity.Leaf;
import org.consilium.security.identity.SpiffeId;
import org.consilium.security.sign.ChainCheck;
import org.consilium.security.sign.SigningKey;
import org.consilium.security.witness.Checkpoint;
import org.consilium.security.witness.CheckpointRefused.Why;
import org.consilium.security.witness.Cosignature;
import org.consilium.security.witness.SignedCheckpoint;
import org.consilium.site.protect.witness.AuditWitness.Judgement;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A hospital that is shown honest and dishonest logs, under genuine certificates. */
final class AuditWitnessTest {
  private static final String DOMAIN = "test.example";
  private static final Instant NOW = Instant.parse("2026-06-01T12:00:00Z");

  @TempDir Path folder;
  private CertificateAuthority authority;
  private Credential coordinator;
  private Credential north;
  private AuditWitness witness;

  @BeforeEach
  void enrol() throws Exception {
    SecureRandom random = new SecureRandom();
    authority =
        CertificateAuthority.create(folder.resolve("ca"), DOMAIN, InstantSource.fixed(NOW), random);
    KeyRequest signer = KeyRequest.signing(random);
    coordinator =
        signer.with(
            authority.issue(
                signer.pkcs10(),
                SpiffeId.coordinatorSigning(DOMAIN, "main"),
                Leaf.COORDINATOR_SIGNING.terms()));
    KeyRequest site = KeyRequest.signing(random);
    north =
        site.with(
            authority.issue(
                site.pkcs10(), SpiffeId.siteSigning(DOMAIN, "north"), Leaf.SITE_SIGNING));
    witness = open();
  }

  private AuditWitness open() throws Exception {
    InstantSource clock = InstantSource.fixed(NOW);
    return AuditWitness.open(
        folder.resolve("audit"), north, new ChainCheck(authority.root(), DOMAIN, clock), clock);
  }

  private static List<Fingerprint> log(String name, int entries) {
    List<Fingerprint> leaves = new ArrayList<>();
    for (int i = 0; i < entries; i++) {
      leaves.add(MerkleTree.leaf((name + i).getBytes(StandardCharsets.UTF_8)));
    }
    return leaves;
  }

  private static SignedCheckpoint signed(List<Fingerprint> log, Credential by) {
    return SignedCheckpoint.of(
        new Checkpoint(DOMAIN, MerkleTree.head(log), NOW), SigningKey.of(by), by.chain());
  }

  private Judgement show(List<Fingerprint> log) throws Exception {
    int known = (int) Math.min(witness.known().size(), log.size());
    return witness.offered(signed(log, coordinator), MerkleTree.consistencyProof(log, known));
  }

  @Test
  void offered_logThatGrows_isCosignedAndSurvivesARestart() throws Exception {
    assertThat(show(log("a", 5))).isInstanceOf(Judgement.Right.class);
    witness = open();
    Judgement judgement = show(log("a", 9));

    assertThat(judgement).isInstanceOf(Judgement.Right.class);
    if (judgement instanceof Judgement.Right(ReleasedCosignature released)) {
      Cosignature cosignature = released.cosignature();
      byte[] body = signed(log("a", 9), coordinator).body();
      assertThat(cosignature.site(body, authority.root(), DOMAIN)).isEqualTo("north");
      assertThat(released.size()).isEqualTo(9);
    }
    assertThat(open().known()).isEqualTo(MerkleTree.head(log("a", 9)));
  }

  @Test
  void memory_afterARestart_holdsTheLastCheckpointAsItWasSigned() throws Exception {
    assertThat(witness.memory().signed()).isEmpty();
    show(log("a", 5));

    AuditWitness.Memory memory = open().memory();

    assertThat(memory.head()).isEqualTo(MerkleTree.head(log("a", 5)));
    assertThat(memory.signed()).contains(signed(log("a", 5), coordinator));
  }

  @Test
  void badInput_59_rewrittenLog_isRefusedKeptAsEvidenceAndNeverCosigned() throws Exception {
    show(log("a", 5));
    Head before = witness.known();

    Judgement judgement = show(log("other", 8));

    assertThat(judgement).isInstanceOf(Judgement.Refused.class);
    assertThat(((Judgement.Refused) judgement).why()).isEqualTo(Why.INCONSISTENT);
    assertThat(witness.known()).isEqualTo(before);
    assertThat(AuditWitness.view(folder.resolve("audit")).refusal().orElseThrow())
        .contains("INCONSISTENT")
        .contains("does not continue the one of 5");
    String evidence = Files.readString(folder.resolve("audit/refused.txt"));
    SignedCheckpoint shown =
        SignedCheckpoint.parse(evidence.substring(evidence.indexOf("consilium audit")));
    assertThat(shown.openAsOfItsTime(authority.root()).head())
        .isEqualTo(MerkleTree.head(log("other", 8)));
  }

  @Test
  void badInput_59_oldBackupRestored_isRefused() throws Exception {
    show(log("a", 9));

    Judgement judgement = show(log("a", 5));

    assertThat(((Judgement.Refused) judgement).why()).isEqualTo(Why.SHORTER);
    assertThat(witness.known().size()).isEqualTo(9);
  }

  @Test
  void badInput_59_signerKeyReplaced_isRefused() throws Exception {
    CertificateAuthority strangers =
        CertificateAuthority.create(
            folder.resolve("strangers"), DOMAIN, InstantSource.fixed(NOW), new SecureRandom());
    KeyRequest request = KeyRequest.signing(new SecureRandom());
    Credential stranger =
        request.with(
            strangers.issue(
                request.pkcs10(),
                SpiffeId.coordinatorSigning(DOMAIN, "main"),
                Leaf.COORDINATOR_SIGNING.terms()));

    Judgement byStranger = witness.offered(signed(log("a", 5), stranger), List.of());
    Judgement bySite = witness.offered(signed(log("a", 5), north), List.of());

    assertThat(((Judgement.Refused) byStranger).why()).isEqualTo(Why.BAD_CHAIN);
    assertThat(((Judgement.Refused) bySite).why()).isEqualTo(Why.BAD_CHAIN);
    assertThat(witness.known().size()).isZero();
  }

  @Test
  void badInput_59_oneByteOfTheCheckpointChanged_isRefused() throws Exception {
    SignedCheckpoint genuine = signed(log("a", 5), coordinator);
    byte[] body = genuine.body();
    body[body.length - 3] ^= 1; // a digit of the time

    Judgement judgement = witness.offered(new SignedCheckpoint(body, genuine.by()), List.of());

    assertThat(((Judgement.Refused) judgement).why()).isIn(Why.BAD_SIGNATURE, Why.MALFORMED);
  }

  @Test
  void offered_logThatContinuesAfterARefusal_isWithheldUntilPeopleDecide() throws Exception {
    show(log("a", 5));
    show(log("other", 8));

    assertThat(show(log("a", 9))).isInstanceOf(Judgement.Withheld.class);
    assertThat(witness.known().size()).isEqualTo(5);
    Path aside = distrust().acknowledge(NOW, "a test\nof ours").orElseThrow();
    assertThat(show(log("a", 9))).isInstanceOf(Judgement.Right.class);

    assertThat(aside).content().contains("acknowledged: a test of ours", "INCONSISTENT");
    assertThat(AuditWitness.view(folder.resolve("audit")).refusal()).isEmpty();
    assertThat(distrust().acknowledge(NOW, "again")).isEmpty();
  }

  @Test
  void accept_refusedCheckpoint_isWhatOthersMustContinueFromThen() throws Exception {
    show(log("a", 5));
    show(log("other", 8));

    Path aside = distrust().accept(distrust().refused(), NOW, "a backup was put back");

    assertThat(aside).content().contains("accepted: a backup was put back", "known 5 ");
    assertThat(folder.resolve("audit/checkpoint-%d.txt".formatted(NOW.toEpochMilli()))).exists();
    assertThat(witness.known()).isEqualTo(MerkleTree.head(log("other", 8)));
    assertThat(show(log("other", 9))).isInstanceOf(Judgement.Right.class);
    assertThat(show(log("a", 10))).isInstanceOf(Judgement.Refused.class);
  }

  @Test
  void reason_evidenceThatCannotBeRead_isDistrustToo() throws Exception {
    Files.createDirectories(folder.resolve("audit/refused.txt"));

    assertThat(distrust().reason().orElseThrow()).contains("refused.txt");
  }

  private Distrust distrust() {
    return new Distrust(folder.resolve("audit"));
  }
}
