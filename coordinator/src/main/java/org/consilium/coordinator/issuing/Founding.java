package org.consilium.coordinator.issuing;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import org.consilium.security.identity.CertificateAuthority;
import org.consilium.security.identity.CertificateRefused;
import org.consilium.security.identity.KeyRequest;
import org.consilium.security.identity.Leaf;
import org.consilium.security.identity.SpiffeId;
import org.consilium.security.keyfile.KeyFile;
import org.consilium.security.roster.Decision;
import org.consilium.security.roster.Motion;
import org.consilium.security.roster.PersonKey;
import org.consilium.security.roster.Role;
import org.consilium.security.roster.Roster;

/**
 * Makes a consortium's authority: keys, certificates, and the first roster, which its persons sign.
 * The folder then holds {@code root.key}, to be taken offline, {@code issuing.key}, sealed under a
 * passphrase, {@code passphrase} unless one was given, both certificates and {@code founding}.
 */
public final class Founding {
  /** Name of the file with the decision that made the first roster. */
  static final String FILE = "founding";

  private static final String PASSPHRASE = "passphrase";
  private static final int PASSPHRASE_BYTES = 32;
  private static final int PASSPHRASE_FILE_BYTES_MAX = 1024;
  private static final Duration SIGNED_FOR = Duration.ofDays(1);

  private final InstantSource clock;
  private final SecureRandom random;

  /**
   * A maker of consortia.
   *
   * @param random makes keys
   */
  public Founding(InstantSource clock, SecureRandom random) {
    this.clock = clock;
    this.random = random;
  }

  /**
   * Makes the authority. All persons become consortium administrators.
   *
   * @param passphraseFile one line; empty: one is made by chance beside the key
   * @throws java.nio.file.FileAlreadyExistsException if there is an authority in the folder
   * @throws IllegalArgumentException if the domain is illegal, or two of the persons are one
   */
  public CertificateAuthority found(
      Path folder, String trustDomain, List<PersonKey> persons, Optional<Path> passphraseFile)
      throws IOException {
    Roster first =
        Roster.first(
            trustDomain,
            persons.stream()
                .map(p -> p.as(List.of(new Role(Role.Kind.CONSORTIUM_ADMIN, ""))))
                .toList());
    if (Files.exists(folder.resolve("issuing.crt"))) {
      throw new FileAlreadyExistsException(
          folder.toString(), null, "an authority is never overwritten");
    }
    KeyFile.createFolder(folder);
    if (passphraseFile.isEmpty() && !Files.exists(folder.resolve(PASSPHRASE))) {
      byte[] secret = new byte[PASSPHRASE_BYTES];
      random.nextBytes(secret);
      String line = Base64.getUrlEncoder().withoutPadding().encodeToString(secret) + "\n";
      KeyFile.create(folder.resolve(PASSPHRASE), line.getBytes(StandardCharsets.US_ASCII));
    }
    char[] passphrase = passphrase(folder, passphraseFile);
    if (passphrase.length == 0) {
      throw new IOException("make an authority in %s: the passphrase is empty".formatted(folder));
    }
    CertificateAuthority authority =
        CertificateAuthority.create(folder, trustDomain, passphrase, clock, random);
    Decision founding =
        Decision.found(first, persons, new Motion.Terms(clock.instant().plus(SIGNED_FOR), random));
    Files.write(folder.resolve(FILE), founding.encoded());
    return authority;
  }

  /** Opens the authority's issuing key. */
  public CertificateAuthority open(Path folder, Optional<Path> passphraseFile) throws IOException {
    if (!Files.exists(folder.resolve("issuing.crt"))) {
      throw new IOException(
          "open authority %s: there is none; make one with: consilium consortium init"
              .formatted(folder));
    }
    return CertificateAuthority.open(folder, passphrase(folder, passphraseFile), clock, random);
  }

  /** What a coordinator needs to talk to the authority: a certificate, and where it is. */
  public void admitCoordinator(CertificateAuthority authority, Path folder, String address)
      throws IOException {
    KeyFile.createFolder(folder);
    KeyRequest request = KeyRequest.tls(random);
    try {
      request
          .with(
              authority.issue(
                  request.pkcs10(),
                  SpiffeId.coordinatorRelay(authority.trustDomain(), "main"),
                  Leaf.COORDINATOR_RELAY))
          .save(folder, "relay");
    } catch (CertificateRefused refused) {
      throw new IOException("admit the coordinator: " + refused.getMessage(), refused);
    }
    Files.writeString(folder.resolve("authority"), address + "\n");
  }

  private static char[] passphrase(Path folder, Optional<Path> given) throws IOException {
    Path file = given.orElse(folder.resolve(PASSPHRASE));
    if (given.isEmpty() && !Files.exists(file)) {
      return new char[0];
    }
    byte[] line = KeyFile.read(file, PASSPHRASE_FILE_BYTES_MAX);
    return new String(line, StandardCharsets.UTF_8).strip().toCharArray();
  }
}
