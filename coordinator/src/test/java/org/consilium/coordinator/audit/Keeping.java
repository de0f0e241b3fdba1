package org.consilium.coordinator.audit;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.sql.DriverManager;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.consilium.coordinator.journal.Actors;
import org.consilium.coordinator.journal.Journal;
import org.consilium.coordinator.journal.JournalEntry;
import org.consilium.coordinator.journal.SqlJournal;
import org.consilium.protocol.SiteId;
import org.consilium.security.identity.CertificateAuthority;
import org.consilium.security.identity.CertificateRefused;
import org.consilium.security.identity.Credential;
import org.consilium.security.identity.Fingerprint;
import org.consilium.security.identity.KeyRequest;
import org.consilium.security.identity.Leaf;
import org.consilium.security.identity.SpiffeId;
import org.consilium.security.sign.SigningKey;
import org.consilium.security.witness.Cosignature;
import org.consilium.security.witness.SignedCheckpoint;

/** A consortium's authority, its coordinator's signing key, sites' keys, and journals on disk. */
final class Keeping {
  static final String DOMAIN = "example.org";
  static final Instant NOW = Instant.parse("2026-11-29T06:00:00Z");

  final CertificateAuthority authority;
  final AuditLog.Keeper keeper;
  Instant time = NOW;
  private final SecureRandom random = new SecureRandom();

  Keeping(Path folder) throws IOException {
    InstantSource clock = () -> NOW;
    authority = CertificateAuthority.create(folder.resolve("ca"), DOMAIN, clock, random);
    Credential signer = coordinator("main");
    keeper = new AuditLog.Keeper(DOMAIN, authority.root(), SigningKey.of(signer), signer.chain());
  }

  Credential site(String name) {
    return issue(SpiffeId.siteSigning(DOMAIN, name), Leaf.SITE_SIGNING.terms());
  }

  /** A further signing key of the coordinator {@code main}, or of one with another name. */
  Credential coordinator(String name) {
    return issue(SpiffeId.coordinatorSigning(DOMAIN, name), Leaf.COORDINATOR_SIGNING.terms());
  }

  Journal journal(Path folder) throws IOException {
    return SqlJournal.open(folder, () -> time);
  }

  AuditLog log(Path folder, Journal journal) throws IOException {
    return AuditLog.open(folder.resolve("audit"), journal, keeper, () -> time);
  }

  /** Appends {@code count} events whose keys begin with {@code name}, one second after another. */
  void append(Journal journal, String name, int count) throws Exception {
    for (int i = 1; i <= count; i++) {
      time = time.plusSeconds(1);
      journal.append(List.of(event(name + i)));
    }
  }

  static JournalEntry.Event event(String key) {
    return new JournalEntry.Event(
        "study:one",
        "Tested",
        key,
        ("body of " + key).getBytes(StandardCharsets.UTF_8),
        Actors.site(new SiteId("north")).about(new byte[32]));
  }

  /** What somebody with the database's password could do. */
  static void tamper(Path folder, String... statements) throws Exception {
    try (var connection =
            DriverManager.getConnection(
                org.consilium.coordinator.database.Database.embeddedUrl(folder), "sa", "");
        var statement = connection.createStatement()) {
      for (String sql : statements) {
        var _ = statement.executeUpdate(sql);
      }
    }
  }

  static byte[] bundle(AuditLog log) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    log.export(out);
    return out.toByteArray();
  }

  Verdict verify(byte[] bundle, BundleVerifier.Kept... kept) throws IOException {
    return BundleVerifier.verify(
        new ByteArrayInputStream(bundle),
        Optional.of(Fingerprint.of(authority.root())),
        List.of(kept));
  }

  /** The checkpoints in a log's own file. */
  static List<SignedCheckpoint> checkpoints(Path folder) throws IOException {
    List<SignedCheckpoint> found = new ArrayList<>();
    Path file = folder.resolve("audit").resolve("checkpoints.jsonl");
    for (String line : java.nio.file.Files.readAllLines(file)) {
      Row row = Row.parse(line);
      if (row.text("kind").equals("checkpoint")) {
        found.add(
            new SignedCheckpoint(
                row.text("body").getBytes(StandardCharsets.US_ASCII),
                CheckpointFile.endorsement(row)));
      }
    }
    return found;
  }

  Cosignature cosign(SignedCheckpoint checkpoint, Credential site) {
    return Cosignature.of(checkpoint.body(), time, SigningKey.of(site), site.chain());
  }

  private Credential issue(SpiffeId id, Leaf.Terms terms) {
    KeyRequest request = KeyRequest.signing(random);
    try {
      return request.with(authority.issue(request.pkcs10(), id, terms));
    } catch (CertificateRefused refused) {
      throw new IllegalStateException(refused);
    }
  }
}
