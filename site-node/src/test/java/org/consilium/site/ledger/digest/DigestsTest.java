package org.consilium.site.ledger.digest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Instant;
import java.time.InstantSource;
import java.time.LocalDate;
import java.util.List;
import org.consilium.protocol.Digest;
import org.consilium.security.identity.CertificateAuthority;
import org.consilium.security.identity.Credential;
import org.consilium.security.identity.KeyRequest;
import org.consilium.security.identity.Leaf;
import org.consilium.security.identity.SpiffeId;
import org.consilium.security.keyfile.KeyFile;
import org.consilium.security.witness.CheckpointRefused;
import org.consilium.site.ledger.EgressEntry;
import org.consilium.site.ledger.EgressEntry.Kind;
import org.consilium.site.ledger.EgressLedger;
import org.consilium.site.ledger.LedgerFile;
import org.consilium.site.ledger.LedgerLine;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Four days of a ledger, one without an entry. */
final class DigestsTest {
  private static final String DOMAIN = "test.example";
  private static final LocalDate FIRST = LocalDate.parse("2026-06-01");

  @TempDir Path folder;
  private CertificateAuthority authority;
  private Credential north;
  private Instant now = Instant.parse("2026-06-01T09:00:00Z");
  private final InstantSource clock = () -> now;
  private Digests digests;

  @BeforeEach
  void fourDays() throws Exception {
    authority =
        CertificateAuthority.create(folder.resolve("ca"), DOMAIN, clock, new SecureRandom());
    north = signing("north");
    digests = new Digests(folder.resolve("digests"), folder.resolve("ledger.jsonl"));
    try (EgressLedger ledger = EgressLedger.open(digests.ledger(), clock, _ -> {})) {
      ledger.record(entry(Kind.DECISION, "cxr", 40));
      ledger.record(entry(Kind.UPDATE, "cxr", 5_000));
      now = Instant.parse("2026-06-02T23:59:59.999Z");
      ledger.record(entry(Kind.UPDATE, "cxr", 6_000));
      ledger.record(entry(Kind.UPDATE, "mri", 70));
      ledger.record(entry(Kind.UPDATE, "cxr", 7_000));
      ledger.record(entry(Kind.AUDIT_COSIGN, "", 9));
      now = Instant.parse("2026-06-04T00:00:00Z");
      ledger.record(entry(Kind.REPORT, "cxr", 100));
    }
    now = Instant.parse("2026-06-04T00:10:00Z");
  }

  private Credential signing(String site) throws Exception {
    KeyRequest request = KeyRequest.signing(new SecureRandom());
    return request.with(
        authority.issue(request.pkcs10(), SpiffeId.siteSigning(DOMAIN, site), Leaf.SITE_SIGNING));
  }

  private static EgressEntry entry(Kind kind, String study, long bytes) {
    return new EgressEntry(kind, study, 1, bytes, Digest.sha256(new byte[] {1}), "coordinator", 0);
  }

  @Test
  void write_daysThatAreOver_eachOnceAndSummedByStudyAndKind() throws Exception {
    List<LocalDate> written = digests.write(north, now);

    assertThat(written).containsExactly(FIRST, FIRST.plusDays(1));
    assertThat(digests.write(north, now)).isEmpty();
    DailyDigest second = digests.of(FIRST.plusDays(1)).orElseThrow().digest();
    List<LedgerLine> lines = LedgerFile.read(digests.ledger());
    assertThat(second.first()).isEqualTo(2);
    assertThat(second.last()).isEqualTo(5);
    assertThat(second.head()).isEqualTo(lines.get(5).hash()).hasSize(64);
    assertThat(second.rows())
        .containsExactly(
            new DailyDigest.Row("", "audit-cosign", 1, 9),
            new DailyDigest.Row("cxr", "update", 2, 13_000),
            new DailyDigest.Row("mri", "update", 1, 70));
    assertThat(digests.of(FIRST.plusDays(2))).isEmpty();
    assertThat(digests.soFar(north, now).orElseThrow().digest().rows())
        .containsExactly(new DailyDigest.Row("cxr", "report", 1, 100));
    assertThat(digests.misfit()).isEmpty();
    now = Instant.parse("2026-06-05T00:00:00Z");
    assertThat(digests.write(north, now)).containsExactly(FIRST.plusDays(3));
  }

  @Test
  void verify_signedByTheSite_holdsAndByAnotherOrChangedDoesNot() throws Exception {
    var _ = digests.write(north, now);
    Digests.Signed own = digests.of(FIRST).orElseThrow();
    String changed = own.text().replace("cxr update 1 5000", "cxr update 1 4000");
    assertThat(changed).isNotEqualTo(own.text());
    Digests.Signed foreign = Digests.Signed.of(own.digest(), signing("south"));

    own.verify(authority.root(), DOMAIN);
    assertThatThrownBy(() -> Digests.Signed.parse(changed).verify(authority.root(), DOMAIN))
        .isInstanceOf(CheckpointRefused.class);
    assertThatThrownBy(() -> foreign.verify(authority.root(), DOMAIN))
        .isInstanceOf(CheckpointRefused.class)
        .hasMessageContaining("site north is named");
  }

  @Test
  void misfit_ledgerCutOffAtItsEnd_namesTheDay() throws Exception {
    var _ = digests.write(north, now);
    List<String> lines = Files.readAllLines(digests.ledger());
    Files.write(digests.ledger(), lines.subList(0, 4));

    assertThat(LedgerFile.verify(digests.ledger()).intact()).isTrue(); // the chain cannot tell
    assertThat(digests.misfit())
        .contains("the digest of 2026-06-02 covers entries 2 to 5, the ledger has 4");
  }

  @Test
  void misfit_ledgerMadeAnewWithAFittingChain_namesTheDay() throws Exception {
    var _ = digests.write(north, now);
    Files.delete(digests.ledger());
    now = Instant.parse("2026-06-01T09:00:00Z");
    try (EgressLedger ledger = EgressLedger.open(digests.ledger(), clock, _ -> {})) {
      for (int i = 0; i < 7; i++) {
        ledger.record(entry(Kind.DECISION, "cxr", 40));
      }
    }

    assertThat(digests.misfit())
        .contains("the digest of 2026-06-01 says otherwise about entries 0 to 1");
  }

  @Test
  void all_fileThatIsNoDigest_isNamed() throws Exception {
    var _ = digests.write(north, now);
    KeyFile.replace(
        digests.folder().resolve("2026-06-02.txt"), "no".getBytes(StandardCharsets.UTF_8));

    assertThatThrownBy(digests::all).hasMessageContaining("2026-06-02.txt");
  }
}
