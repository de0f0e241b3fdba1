package org.consilium.site;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import org.consilium.protocol.SiteId;
import org.consilium.security.audit.MerkleTree;
import org.consilium.security.identity.CertificateAuthority;
import org.consilium.security.identity.Credential;
import org.consilium.security.identity.Fingerprint;
import org.consilium.security.identity.KeyRequest;
import org.consilium.security.identity.Leaf;
import org.consilium.security.identity.SpiffeId;
import org.consilium.security.sign.ChainCheck;
import org.consilium.security.sign.SigningKey;
import org.consilium.security.witness.Checkpoint;
import org.consilium.security.witness.SignedCheckpoint;
import org.consilium.site.protect.witness.AuditWitness;
import org.consilium.site.session.CoordinatorLink.Endpoint;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What an administrator types after the coordinator showed a log that does not continue. */
final class AuditViewTest {
  private static final String DOMAIN = "test.example";
  private static final InstantSource CLOCK = InstantSource.system();

  @TempDir Path folder;
  private CertificateAuthority authority;
  private Credential coordinator;
  private AuditWitness witness;

  private record Run(int exit, String said) {}

  @BeforeEach
  void join() throws Exception {
    SecureRandom random = new SecureRandom();
    authority = CertificateAuthority.create(folder.resolve("ca"), DOMAIN, CLOCK, random);
    KeyRequest signer = KeyRequest.signing(random);
    coordinator =
        signer.with(
            authority.issue(
                signer.pkcs10(),
                SpiffeId.coordinatorSigning(DOMAIN, "main"),
                Leaf.COORDINATOR_SIGNING.terms()));
    KeyRequest tls = KeyRequest.tls(random);
    KeyRequest signing = KeyRequest.signing(random);
    Credential own =
        signing.with(
            authority.issue(
                signing.pkcs10(), SpiffeId.siteSigning(DOMAIN, "north"), Leaf.SITE_SIGNING));
    StateFolder state = new StateFolder(folder.resolve("state"));
    state.create();
    tls.with(authority.issue(tls.pkcs10(), SpiffeId.site(DOMAIN, "north"), Leaf.SITE_TLS))
        .save(state.path(), StateFolder.TLS);
    own.save(state.path(), StateFolder.SIGNING);
    Endpoint host = new Endpoint("localhost", 8443);
    state.keep(
        new StateFolder.Membership(
            new SiteId("north"), host, host, Fingerprint.of(authority.root()), true));
    witness =
        AuditWitness.open(
            state.audit(), own, new ChainCheck(authority.root(), DOMAIN, CLOCK), CLOCK);
  }

  private void show(String name, int entries) throws Exception {
    int known = (int) Math.min(witness.known().size(), entries);
    var _ =
        witness.offered(
            SignedCheckpoint.of(
                new Checkpoint(
                    DOMAIN,
                    MerkleTree.head(log(name, entries)),
                    CLOCK.instant().truncatedTo(ChronoUnit.MILLIS)),
                SigningKey.of(coordinator),
                coordinator.chain()),
            MerkleTree.consistencyProof(log(name, entries), known));
  }

  private static List<Fingerprint> log(String name, int entries) {
    List<Fingerprint> leaves = new ArrayList<>();
    for (int i = 0; i < entries; i++) {
      leaves.add(MerkleTree.leaf((name + i).getBytes(StandardCharsets.UTF_8)));
    }
    return leaves;
  }

  private Run node(String... arguments) {
    List<String> line = new ArrayList<>(List.of("node"));
    line.addAll(List.of(arguments));
    line.addAll(List.of("--state", folder.resolve("state").toString()));
    StringWriter said = new StringWriter();
    PrintWriter terminal = new PrintWriter(said);
    int exit = SiteMain.run(terminal, terminal, line.toArray(String[]::new));
    terminal.flush();
    return new Run(exit, said.toString());
  }

  @Test
  void audit_logRewritten_failsAndStatusSaysThatNoTaskIsDone() throws Exception {
    show("a", 5);
    assertThat(node("audit")).extracting(Run::exit).isEqualTo(0);
    show("other", 8);

    Run audit = node("audit");
    Run status = node("status");

    assertThat(audit.exit()).isEqualTo(1);
    assertThat(audit.said())
        .contains("CS-AUDIT-004", "INCONSISTENT", "no task is done", "--accept", "--acknowledge")
        .contains(String.join(" ", MerkleTree.head(log("other", 8)).root().words()))
        .doesNotContain("\tat ");
    assertThat(status.exit()).isZero();
    assertThat(status.said()).contains("AUDIT REFUSED", "none is done until people decide");
  }

  @Test
  void accept_rightWordsAndAReason_beginsAnewFromTheRefusedRoot() throws Exception {
    show("a", 5);
    show("other", 8);
    List<String> words = MerkleTree.head(log("other", 8)).root().words();
    String two = words.get(0) + " " + words.get(1);

    assertThat(node("audit", "--accept", two)).extracting(Run::exit).isEqualTo(2);
    assertThat(node("audit", "--accept", words.get(0), "--reason", "backup"))
        .extracting(Run::exit)
        .isEqualTo(2);
    assertThat(node("audit", "--accept", words.get(1) + " " + words.get(0), "--reason", "backup"))
        .extracting(Run::exit)
        .isEqualTo(2);
    assertThat(node("audit")).extracting(Run::exit).isEqualTo(1);
    Run accepted = node("audit", "--accept", two, "--reason", "backup of 3 June put back");

    assertThat(accepted.exit()).as(accepted.said()).isZero();
    assertThat(node("audit").said()).contains("size         8");
    assertThat(node("status").said()).doesNotContain("AUDIT REFUSED");
    assertThat(node("audit", "--accept", two, "--reason", "again").exit()).isEqualTo(6);
  }

  @Test
  void acknowledge_afterARefusal_keepsToWhatWasKnown() throws Exception {
    show("a", 5);
    show("other", 8);

    assertThat(node("audit", "--acknowledge").exit()).isEqualTo(2);
    Run acknowledged = node("audit", "--acknowledge", "--reason", "they restored the right log");

    assertThat(acknowledged.exit()).as(acknowledged.said()).isZero();
    assertThat(node("audit").said()).contains("size         5");
  }

  @Test
  void accept_checkpointOfAStranger_isNothingToBeginFrom() throws Exception {
    CertificateAuthority strangers =
        CertificateAuthority.create(folder.resolve("strangers"), DOMAIN, CLOCK, new SecureRandom());
    KeyRequest request = KeyRequest.signing(new SecureRandom());
    coordinator =
        request.with(
            strangers.issue(
                request.pkcs10(),
                SpiffeId.coordinatorSigning(DOMAIN, "main"),
                Leaf.COORDINATOR_SIGNING.terms()));
    show("other", 8);
    List<String> words = MerkleTree.head(log("other", 8)).root().words();

    Run run = node("audit", "--accept", String.join(" ", words), "--reason", "why not");

    assertThat(run.exit()).isNotZero();
    assertThat(run.said()).contains("CS-STATE-001", "nothing was refused");
    assertThat(AuditWitness.view(new StateFolder(folder.resolve("state")).audit()).refusal())
        .as("a stranger's word is no evidence against the coordinator")
        .isEmpty();
  }
}
