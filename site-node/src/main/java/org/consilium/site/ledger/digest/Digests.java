package org.consilium.site.ledger.digest;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.time.InstantSource;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.consilium.security.identity.Credential;
import org.consilium.security.identity.SpiffeId;
import org.consilium.security.keyfile.KeyFile;
import org.consilium.security.sign.ChainCheck;
import org.consilium.security.sign.SigningKey;
import org.consilium.security.witness.CheckpointRefused;
import org.consilium.security.witness.Endorsement;
import org.consilium.site.ledger.LedgerFile;
import org.consilium.site.ledger.LedgerLine;

/**
 * The signed digests of days that are over, a file each. Kept where the ledger's owner cannot
 * change them, they show lines that were cut off the ledger's end, which its chain alone does not.
 *
 * @param folder of the files
 * @param ledger that they are made of; may be open in another process
 */
public record Digests(Path folder, Path ledger) {
  private static final String LABEL = "consilium/v1/egress-digest";
  private static final String SIGNATURE = "signature ";
  private static final String CERTIFICATE = "certificate ";
  private static final int FILE_BYTES_MAX = 1 << 20;

  /** A digest and who signed it. */
  public record Signed(DailyDigest digest, Endorsement by) {
    /** Signs. */
    static Signed of(DailyDigest digest, Credential signing) {
      return new Signed(
          digest, Endorsement.sign(LABEL, digest.bytes(), SigningKey.of(signing), signing.chain()));
    }

    /** For people and for a file: the digest's lines, then the signature and certificates. */
    public String text() {
      StringBuilder text = new StringBuilder(new String(digest.bytes(), StandardCharsets.UTF_8));
      text.append(SIGNATURE).append(base64(by.signature())).append('\n');
      by.chain().forEach(c -> text.append(CERTIFICATE).append(base64(c)).append('\n'));
      return text.toString();
    }

    /**
     * Reads {@link #text}.
     *
     * @throws IllegalArgumentException if it is none
     */
    public static Signed parse(String text) {
      int cut = text.indexOf("\n" + SIGNATURE) + 1;
      byte[] signature = new byte[0];
      List<byte[]> chain = new ArrayList<>();
      for (String line : text.substring(cut).lines().toList()) {
        if (line.startsWith(SIGNATURE)) {
          signature = Base64.getDecoder().decode(line.substring(SIGNATURE.length()));
        } else if (line.startsWith(CERTIFICATE)) {
          chain.add(Base64.getDecoder().decode(line.substring(CERTIFICATE.length())));
        } else {
          throw new IllegalArgumentException("a line of unknown kind after the signature");
        }
      }
      return new Signed(
          DailyDigest.parse(text.substring(0, cut).getBytes(StandardCharsets.UTF_8)),
          new Endorsement(signature, chain));
    }

    /**
     * Whether the site signed it, with a certificate that held then.
     *
     * @throws CheckpointRefused BAD_CHAIN, BAD_SIGNATURE
     */
    public void verify(X509Certificate root, String federation) throws CheckpointRefused {
      ChainCheck then = new ChainCheck(root, federation, InstantSource.fixed(digest.made()));
      SpiffeId signer = by.verify(LABEL, digest.bytes(), then, SpiffeId.Kind.SITE_SIGNING);
      if (!signer.siteName().equals(Optional.of(digest.site()))) {
        throw new CheckpointRefused(
            CheckpointRefused.Why.BAD_CHAIN,
            "site %s is named, %s signed".formatted(digest.site(), signer));
      }
    }

    private static String base64(byte[] bytes) {
      return Base64.getEncoder().encodeToString(bytes);
    }
  }

  /**
   * Writes the digests of days that are over and have none.
   *
   * @param signing the site's signing credential
   * @return the days
   */
  public List<LocalDate> write(Credential signing, Instant now) throws IOException {
    LocalDate today = day(now);
    List<LocalDate> written = new ArrayList<>();
    List<LedgerLine> stretch = new ArrayList<>();
    List<LedgerLine> rest = rest();
    for (int i = 0; i < rest.size(); i++) {
      stretch.add(rest.get(i));
      LocalDate day = day(rest.get(i).time());
      boolean ends = i + 1 < rest.size() && day(rest.get(i + 1).time()).isAfter(day);
      if ((ends || i + 1 == rest.size()) && day.isBefore(today) && !Files.exists(file(day))) {
        Signed signed = Signed.of(DailyDigest.of(site(signing), day, made(now), stretch), signing);
        KeyFile.create(file(day), signed.text().getBytes(StandardCharsets.UTF_8));
        written.add(day);
        stretch.clear();
      }
    }
    return written;
  }

  /** What has left since the last digest, signed and not kept; empty if nothing has. */
  public Optional<Signed> soFar(Credential signing, Instant now) throws IOException {
    List<LedgerLine> rest = rest();
    return rest.isEmpty()
        ? Optional.empty()
        : Optional.of(Signed.of(DailyDigest.of(site(signing), day(now), made(now), rest), signing));
  }

  /** The digest of a day. */
  public Optional<Signed> of(LocalDate day) throws IOException {
    return Files.exists(file(day)) ? Optional.of(read(file(day))) : Optional.empty();
  }

  /** All of them, in order of their days. */
  public List<Signed> all() throws IOException {
    if (!Files.isDirectory(folder)) {
      return List.of();
    }
    List<Path> files;
    try (Stream<Path> listed = Files.list(folder)) {
      files =
          listed
              .filter(f -> String.valueOf(f.getFileName()).matches("\\d{4}-\\d\\d-\\d\\d\\.txt"))
              .sorted()
              .toList();
    }
    List<Signed> all = new ArrayList<>();
    for (Path file : files) {
      all.add(read(file));
    }
    return all;
  }

  /** The first digest that the ledger's lines do not give again, and why; empty if all fit. */
  public Optional<String> misfit() throws IOException {
    List<LedgerLine> lines = LedgerFile.read(ledger);
    for (Signed signed : all()) {
      DailyDigest kept = signed.digest();
      if (kept.first() > kept.last() || kept.last() >= lines.size()) {
        return Optional.of(
            "the digest of %s covers entries %d to %d, the ledger has %d"
                .formatted(kept.day(), kept.first(), kept.last(), lines.size()));
      }
      List<LedgerLine> stretch = lines.subList((int) kept.first(), (int) kept.last() + 1);
      if (!DailyDigest.of(kept.site(), kept.day(), kept.made(), stretch).equals(kept)) {
        return Optional.of(
            "the digest of %s says otherwise about entries %d to %d"
                .formatted(kept.day(), kept.first(), kept.last()));
      }
    }
    return Optional.empty();
  }

  private List<LedgerLine> rest() throws IOException {
    List<LedgerLine> lines = Files.exists(ledger) ? LedgerFile.read(ledger) : List.of();
    List<Signed> all = all();
    long from = all.isEmpty() ? 0 : all.getLast().digest().last() + 1;
    return lines.stream().filter(line -> line.seq() >= from).toList();
  }

  private static Signed read(Path file) throws IOException {
    try {
      byte[] text = KeyFile.read(file, FILE_BYTES_MAX);
      return Signed.parse(new String(text, StandardCharsets.UTF_8));
    } catch (IllegalArgumentException damaged) {
      throw new IOException("read %s: %s".formatted(file, damaged.getMessage()), damaged);
    }
  }

  private Path file(LocalDate day) {
    return folder.resolve(day + ".txt");
  }

  private static String site(Credential signing) {
    return signing
        .id()
        .siteName()
        .orElseThrow(() -> new IllegalArgumentException("signing credential names no site"));
  }

  private static Instant made(Instant now) {
    return now.truncatedTo(ChronoUnit.MILLIS);
  }

  private static LocalDate day(Instant time) {
    return LocalDate.ofInstant(time, ZoneOffset.UTC);
  }
}
