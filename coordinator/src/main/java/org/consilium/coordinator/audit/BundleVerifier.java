package org.consilium.coordinator.audit;

import java.io.BufferedInputStream;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.zip.GZIPInputStream;
import org.consilium.coordinator.audit.Verdict.Finding;
import org.consilium.security.audit.ChainHash;
import org.consilium.security.audit.MerkleFrontier;
import org.consilium.security.identity.Fingerprint;
import org.consilium.security.witness.Attribution;
import org.consilium.security.witness.Checkpoint;
import org.consilium.security.witness.CheckpointRefused;
import org.consilium.security.witness.LogEntry;
import org.consilium.security.witness.SignedCheckpoint;

/**
 * Checks a bundle with nothing but the bundle and the root's fingerprint: every signature and its
 * certificates, the hash chain, and the Merkle root at every checkpoint, which says more than any
 * proof between two. Reads the bundle once; memory grows with checkpoints, not with entries.
 */
public final class BundleVerifier {
  private static final int FINDINGS_MAX = 20;
  private static final int CHECKPOINTS_MAX = 1_000_000;

  private final X509Certificate root;
  private final String federation;
  private final List<Finding> findings = new ArrayList<>();
  private final TreeMap<Long, List<Claim>> claims = new TreeMap<>();
  private final TreeMap<Long, byte[]> bodies = new TreeMap<>();
  private final TreeMap<String, Long> cosigned = new TreeMap<>();
  private final TreeSet<String> signers = new TreeSet<>();
  private final MerkleFrontier frontier = MerkleFrontier.empty();
  private Optional<Checkpoint> latest = Optional.empty();
  private long checkpoints;
  private byte[] previous = ChainHash.origin();
  private long next = 1;
  private long bare;
  private long proven;

  /** Somebody's word about the log at one size. */
  private record Claim(String whose, Checkpoint checkpoint) {}

  /**
   * A checkpoint that somebody kept elsewhere.
   *
   * @param whose for people, for example the file's name
   */
  public record Kept(String whose, SignedCheckpoint checkpoint) {}

  private BundleVerifier(X509Certificate root, String federation) {
    this.root = root;
    this.federation = federation;
  }

  /**
   * Reads and checks a bundle.
   *
   * @param expected fingerprint of the consortium's root; empty believes the bundle's own
   * @param kept checkpoints from elsewhere, which the log has to fit too
   * @throws IOException if it is no bundle
   */
  public static Verdict verify(InputStream bundle, Optional<Fingerprint> expected, List<Kept> kept)
      throws IOException {
    try (InputStream in =
        new BufferedInputStream(
            new GZIPInputStream(new BufferedInputStream(bundle, 1 << 16), 1 << 16), 1 << 16)) {
      Row head = Row.read(in).orElseThrow(() -> new IOException("the file is empty"));
      if (!head.has("bundle") || !head.text("bundle").equals(BundleWriter.FORMAT)) {
        throw new IOException("the file is no audit bundle of this version");
      }
      X509Certificate root = certificate(head.base64("root"));
      BundleVerifier verifier = new BundleVerifier(root, head.text("federation"));
      verifier.root(expected);
      kept.forEach(verifier::kept);
      verifier.lines(in);
      return verifier.verdict();
    }
  }

  private void root(Optional<Fingerprint> expected) {
    Fingerprint own = Fingerprint.of(root);
    if (expected.isPresent() && !expected.get().equals(own)) {
      find(0, 0, "the root in the bundle is %s, not %s".formatted(own, expected.get()));
    }
  }

  private void kept(Kept one) {
    try {
      Checkpoint checkpoint = one.checkpoint().openAsOfItsTime(root);
      claim(one.whose(), checkpoint);
    } catch (CheckpointRefused refused) {
      find(0, 0, "%s: %s".formatted(one.whose(), refused.getMessage()));
    }
  }

  private void lines(InputStream in) throws IOException {
    long ended = -1;
    try {
      for (Optional<Row> row = Row.read(in); row.isPresent(); row = Row.read(in)) {
        if (ended >= 0) {
          throw new IOException("there are lines after the end");
        }
        if (row.get().has("end")) {
          ended = row.get().number("end");
          end(row.get());
        } else {
          line(row.get());
        }
      }
    } catch (IOException broken) {
      find(frontier.size() + 1, frontier.size() + 1, "bundle: " + broken.getMessage());
      return;
    }
    if (ended != frontier.size()) {
      find(
          frontier.size() + 1,
          frontier.size() + 1,
          "the bundle is cut off after entry %d".formatted(frontier.size()));
    }
  }

  private void end(Row row) throws IOException {
    if (row.has("broken")) {
      find(frontier.size() + 1, Long.MAX_VALUE, row.text("broken"));
    }
    for (Map.Entry<Long, List<Claim>> later : claims.tailMap(frontier.size(), false).entrySet()) {
      for (Claim claim : later.getValue()) {
        find(
            frontier.size() + 1,
            frontier.size() + 1,
            "the log ends at entry %d; %s of %s has %d: the end was cut off, or an old copy was put back"
                .formatted(
                    frontier.size(), claim.whose(), claim.checkpoint().time(), later.getKey()));
      }
    }
  }

  private void line(Row row) throws IOException {
    if (row.has("checkpoint")) {
      checkpoint(row);
    } else if (row.has("cosigned")) {
      cosignature(row);
    } else {
      entry(row);
    }
  }

  private void checkpoint(Row row) throws IOException {
    byte[] body = row.text("checkpoint").getBytes(StandardCharsets.UTF_8);
    try {
      SignedCheckpoint signed = new SignedCheckpoint(body, CheckpointFile.endorsement(row));
      Checkpoint checkpoint = signed.openAsOfItsTime(root);
      signers.add(Fingerprint.of(certificate(signed.by().chain().getFirst()).getPublicKey()).hex());
      if (++checkpoints > CHECKPOINTS_MAX) {
        throw new IOException("over %d checkpoints".formatted(CHECKPOINTS_MAX));
      }
      claim("a checkpoint", checkpoint);
      bodies.put(checkpoint.head().size(), body);
      if (latest.isEmpty() || latest.get().head().size() < checkpoint.head().size()) {
        latest = Optional.of(checkpoint);
      }
    } catch (CheckpointRefused refused) {
      find(0, 0, "checkpoint %d: %s".formatted(checkpoints + 1, refused.getMessage()));
    }
  }

  private void claim(String whose, Checkpoint checkpoint) {
    if (!checkpoint.federation().equals(federation)) {
      find(0, 0, "%s speaks of %s".formatted(whose, checkpoint.federation()));
      return;
    }
    claims
        .computeIfAbsent(checkpoint.head().size(), _ -> new ArrayList<>())
        .add(new Claim(whose, checkpoint));
  }

  private void cosignature(Row row) throws IOException {
    long size = row.number("size");
    byte[] body = bodies.get(size);
    if (body == null) {
      find(0, 0, "a cosignature is for %d entries, which no checkpoint has".formatted(size));
      return;
    }
    try {
      String site = CheckpointFile.cosignature(row).site(body, root, federation);
      cosigned.merge(site, size, Math::max);
    } catch (CheckpointRefused refused) {
      find(0, 0, "cosignature of %d entries: %s".formatted(size, refused.getMessage()));
    }
  }

  private void entry(Row row) throws IOException {
    long expected = next;
    long seq = row.number("seq");
    next = seq + 1;
    byte[] hash = row.digest("hash").bytes();
    if (seq != expected) {
      find(expected, expected, "entry %d is missing; then comes %d".formatted(expected, seq));
    } else if (row.has("payload")) {
      if (!Arrays.equals(logEntry(row, seq).hash(previous), hash)) {
        find(expected, expected, "entry %d does not fit its hash".formatted(expected));
      }
    } else if (row.has("changed")) {
      find(expected, expected, "entry %d: %s".formatted(expected, row.text("changed")));
    } else if (bare++ < frontier.size()) {
      find(expected, expected, "entry %d has no content".formatted(expected));
    }
    previous = hash;
    frontier.add(new Fingerprint(hash));
    compare();
  }

  private void compare() {
    long size = frontier.size();
    long before = proven;
    for (Claim claim : claims.getOrDefault(size, List.of())) {
      if (claim.checkpoint().head().equals(frontier.head())) {
        proven = size;
      } else {
        find(
            before + 1,
            size,
            "%s of %d entries (%s) has root %s, the log has %s"
                .formatted(
                    claim.whose(),
                    size,
                    claim.checkpoint().time(),
                    claim.checkpoint().head().root(),
                    frontier.head().root()));
      }
    }
  }

  private static LogEntry logEntry(Row row, long seq) throws IOException {
    try {
      return new LogEntry(
          seq,
          Instant.parse(row.text("time")),
          new Attribution(
              row.text("actor"),
              row.text("role"),
              row.optionalDigest("context"),
              row.optionalDigest("subject")),
          row.text("action"),
          row.text("stream"),
          row.text("key"),
          row.digest("payload"));
    } catch (DateTimeException | IllegalArgumentException illegal) {
      throw new IOException("entry %d: %s".formatted(seq, illegal.getMessage()), illegal);
    }
  }

  private void find(long first, long last, String detail) {
    if (findings.size() < FINDINGS_MAX) {
      findings.add(new Finding(first, last, detail));
    }
  }

  private Verdict verdict() {
    return new Verdict(
        federation,
        Fingerprint.of(root),
        frontier.size(),
        bare,
        checkpoints,
        latest,
        java.util.Set.copyOf(signers.stream().map(Fingerprint::parse).toList()),
        cosigned,
        findings);
  }

  private static X509Certificate certificate(byte[] der) throws IOException {
    try {
      return (X509Certificate)
          CertificateFactory.getInstance("X.509")
              .generateCertificate(new ByteArrayInputStream(der));
    } catch (CertificateException malformed) {
      throw new IOException("a certificate is malformed", malformed);
    }
  }
}
