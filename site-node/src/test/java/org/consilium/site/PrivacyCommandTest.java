package org.consilium.site;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.SecureRandom;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import org.consilium.protocol.StudyId;
import org.consilium.security.identity.CertificateAuthority;
import org.consilium.security.identity.Credential;
import org.consilium.security.identity.KeyRequest;
import org.consilium.security.identity.Leaf;
import org.consilium.security.identity.SpiffeId;
import org.consilium.security.privacy.NoisySteps;
import org.consilium.security.privacy.Spend;
import org.consilium.site.ledger.privacy.PrivacyBudget;
import org.consilium.site.ledger.privacy.PrivacyCharge;
import org.consilium.site.ledger.privacy.PrivacyLedger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the data-protection officer's commands say, through the command line itself. */
final class PrivacyCommandTest {
  private static final String DOMAIN = "test.example";
  private static final InstantSource CLOCK =
      InstantSource.fixed(Instant.parse("2026-06-01T12:00:00Z"));
  private static final NoisySteps STEPS = new NoisySteps(1.1, 0.05, 20);
  private static final double DELTA = 1e-5;

  @TempDir Path folder;
  private Path north = Path.of("");
  private Path statement = Path.of("");

  private record Run(int exit, String out, String err) {}

  @BeforeEach
  void siteWithTwoStudies() throws Exception {
    CertificateAuthority authority = authority("authority");
    north = site(authority, "north");
    assertThat(run("budget", north, "--epsilon", "8", "--delta", "1e-5").exit()).isZero();
    charge(north, "study-one");
    charge(north, "study-two");
    statement = folder.resolve("statement.txt");
  }

  @Test
  void show_twoStudiesAndABudgetNotYetUsed_listsWhatTheAccountantSays() {
    assertThat(
            run("budget", north, "--cohort", "children", "--epsilon", "1", "--delta", "1e-6")
                .exit())
        .isZero();

    Run shown = run("show", north, "--json");

    assertThat(shown.exit()).isZero();
    assertThat(shown.out())
        .contains("\"trusted\":true", "\"entries\":2")
        .contains(
            "{\"cohort\":\"all\",\"epsilon\":%s,\"budgetEpsilon\":8.0,\"budgetDelta\":1.0E-5"
                .formatted(epsilon(2)))
        .contains("\"study\":\"study-one\"", "\"study\":\"study-two\"")
        .contains("\"epsilon\":%s".formatted(epsilon(1)))
        .contains(
            "{\"cohort\":\"children\",\"epsilon\":0.0,\"budgetEpsilon\":1.0,\"budgetDelta\":1.0E-6,\"studies\":[]}");
  }

  @Test
  void budget_thatProtectsNobody_isRefusedAndNothingIsSet() {
    Run run = run("budget", north, "--epsilon", "51", "--delta", "1e-5");

    assertThat(run.exit()).isEqualTo(2);
    assertThat(run.err()).contains("CS-USAGE-001", "epsilon must be in (0, 50], got 51");
    assertThat(run("show", north).out()).contains("of 8.0 at delta 1.0E-5");
  }

  @Test
  void statement_ofTheLedger_saysTheAccountantsEpsilonToAMillionthAndVerifies() throws IOException {
    assertThat(state().exit()).isZero();

    String text = Files.readString(statement);
    assertThat(text)
        .contains("site: north\n", "ledger: 2 entries")
        .containsPattern("study study-one: epsilon [0-9.]+ of at most 50.0 at delta 1.0E-5, 20 ");
    double said = Double.parseDouble(text.replaceAll("(?s).*spent epsilon ([0-9.]+) of.*", "$1"));
    assertThat(said).isBetween(epsilon(2), epsilon(2) + 1e-6);
    Run verified = verify(north);
    assertThat(verified.exit()).as(verified.err()).isZero();
    assertThat(verified.out()).contains("the ledger here goes on from it");
  }

  @Test
  void statement_fileIsThere_isNotOverwritten() throws IOException {
    Files.writeString(statement, "kept");

    assertThat(state().exit()).isNotZero();
    assertThat(statement).hasContent("kept");
  }

  /** Bytes of the signature and bytes from anywhere in the file, each changed by itself. */
  @Test
  void verify_anyByteChanged_refused() throws IOException {
    assertThat(state().exit()).isZero();
    byte[] whole = Files.readAllBytes(statement);
    long seed = 20260601;
    SplittableRandom chance = new SplittableRandom(seed);
    int signature = new String(whole, StandardCharsets.US_ASCII).indexOf("signature: ");
    for (int i = 0; i < 90; i++) {
      boolean inSignature = i < 60;
      int at = inSignature ? signature + i : chance.nextInt(whole.length);
      byte[] changed = whole.clone();
      changed[at] ^= (byte) (1 << chance.nextInt(8));
      Files.write(statement, changed);

      Run run = verify(north);

      assertThat(run.exit()).as("seed %d, case %d, byte %d", seed, i, at).isEqualTo(1);
      assertThat(run.err()).contains("CS-PRIVACY-001").doesNotContain("\tat ");
    }
    Files.write(statement, Arrays.copyOf(whole, whole.length - 1));
    assertThat(verify(north).err()).contains("CS-PRIVACY-001");
    Files.write(statement, whole);
    assertThat(verify(north).exit()).isZero();
  }

  /** The last character before the padding has bits that no signature has. */
  @Test
  void verify_signatureWrittenInOtherBits_refused() throws IOException {
    assertThat(state().exit()).isZero();
    String text = Files.readString(statement);
    int last = text.indexOf("==\n", text.indexOf("signature: ")) - 1;
    char other = (char) (text.charAt(last) + 1);
    Files.writeString(statement, text.substring(0, last) + other + text.substring(last + 1));

    assertThat(verify(north).err()).contains("CS-PRIVACY-001");
  }

  @Test
  void verify_wrongSigner_refused() throws Exception {
    // another hospital of the consortium, with a ledger of its own
    CertificateAuthority authority =
        CertificateAuthority.open(folder.resolve("authority"), CLOCK, new SecureRandom());
    Path south = site(authority, "south");
    statement = folder.resolve("south.txt");
    assertThat(run("statement", south, "-o", statement.toString()).exit()).isZero();
    assertThat(verify(south).exit()).isZero();
    assertThat(verify(north).err()).contains("CS-PRIVACY-001", "site south's", "north's");

    // the same hospital's name from an authority that is not the consortium's
    Path stranger = site(authority("elsewhere"), "north");
    copyLedger(north, stranger);
    statement = folder.resolve("stranger.txt");
    assertThat(run("statement", stranger, "-o", statement.toString()).exit()).isZero();
    assertThat(verify(stranger).exit()).isZero();
    assertThat(verify(north).err()).contains("CS-PRIVACY-001").doesNotContain("\tat ");

    // a text of north's that south signed
    Files.copy(
        south.resolve("signing.pem"),
        stranger.resolve("signing.pem"),
        StandardCopyOption.REPLACE_EXISTING);
    statement = folder.resolve("forged.txt");
    assertThat(run("statement", stranger, "-o", statement.toString()).exit()).isZero();
    Files.writeString(
        statement, Files.readString(statement).replace("site: south\n", "site: north\n"));
    assertThat(verify(north).err()).contains("CS-PRIVACY-001", "site north", "south");
  }

  @Test
  void statement_withTheKeyOfTheConnection_isRefusedAndNotWritten() throws IOException {
    byte[] signing = Files.readAllBytes(north.resolve("signing.pem"));
    Files.copy(
        north.resolve("tls.pem"),
        north.resolve("signing.pem"),
        StandardCopyOption.REPLACE_EXISTING);

    Run stated = state();
    Files.write(north.resolve("signing.pem"), signing);

    assertThat(stated.exit()).isNotZero();
    assertThat(stated.err()).doesNotContain("\tat ");
    assertThat(statement).doesNotExist();
  }

  @Test
  void verify_ledgerGoesOn_isIntactAndOnePutBackIsRefused() throws IOException {
    Path backup = folder.resolve("backup");
    copyLedger(north, Files.createDirectory(backup));
    charge(north, "study-two");
    assertThat(state().exit()).isZero();
    charge(north, "study-two");

    assertThat(verify(north).exit()).isZero();
    copyLedger(backup, north); // ledger and counter together: only the statement can tell
    assertThat(run("show", north).out()).contains("the chain is intact");
    Run run = verify(north);

    assertThat(run.exit()).isEqualTo(1);
    assertThat(run.err())
        .contains("CS-PRIVACY-002", "does not go on from entry 3 of the statement; it has 2");
  }

  private Run state() {
    return run("statement", north, "-o", statement.toString());
  }

  private Run verify(Path site) {
    return run("verify", site, "--statement", statement.toString());
  }

  private static Run run(String command, Path state, String... more) {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    Console console = new Console(new PrintWriter(out), new PrintWriter(err), CLOCK);
    List<String> args =
        new ArrayList<>(List.of("node", "privacy", command, "--state", state.toString()));
    args.addAll(List.of(more));
    int exit = SiteMain.run(console, new SecureRandom(), args.toArray(String[]::new));
    return new Run(exit, out.toString(), err.toString());
  }

  private static double epsilon(int charges) {
    Spend spend = Spend.none();
    for (int i = 0; i < charges; i++) {
      spend = spend.plus(STEPS);
    }
    return spend.guarantee(DELTA).epsilon();
  }

  private static void charge(Path state, String study) throws IOException {
    PrivacyLedger.Place place = new StateFolder(state).privacy(Optional.empty());
    try (PrivacyLedger ledger = PrivacyLedger.open(place, CLOCK)) {
      PrivacyCharge charge =
          new PrivacyCharge("all", new StudyId(study), 1, STEPS, new PrivacyBudget(50, DELTA));
      assertThat(ledger.charge(charge)).isInstanceOf(PrivacyLedger.Answer.Paid.class);
    }
  }

  private static void copyLedger(Path from, Path to) throws IOException {
    for (String name : List.of("privacy.jsonl", "privacy-witness.properties")) {
      Path _ =
          Files.copy(from.resolve(name), to.resolve(name), StandardCopyOption.REPLACE_EXISTING);
    }
  }

  private CertificateAuthority authority(String name) throws IOException {
    return CertificateAuthority.create(
        Files.createDirectory(folder.resolve(name)), DOMAIN, CLOCK, new SecureRandom());
  }

  private Path site(CertificateAuthority authority, String name) throws Exception {
    Path state = folder.resolve(name + "-of-" + authority.rootFingerprint().hex().substring(0, 8));
    new StateFolder(state).create();
    SecureRandom random = new SecureRandom();
    KeyRequest tls = KeyRequest.tls(random);
    Credential connecting =
        tls.with(authority.issue(tls.pkcs10(), SpiffeId.site(DOMAIN, name), Leaf.SITE_TLS));
    connecting.save(state, StateFolder.TLS);
    KeyRequest key = KeyRequest.signing(random);
    Credential signing =
        key.with(
            authority.issue(key.pkcs10(), SpiffeId.siteSigning(DOMAIN, name), Leaf.SITE_SIGNING));
    signing.save(state, StateFolder.SIGNING);
    return state;
  }
}
