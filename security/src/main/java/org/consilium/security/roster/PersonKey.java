package org.consilium.security.roster;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import org.consilium.security.identity.Fingerprint;
import org.consilium.security.keyfile.KeyFile;
import org.consilium.security.sign.SigningKey;
import org.consilium.security.sign.VerifyingKey;

/**
 * A person's private key, in a file that only its owner may read: a line with name, contact and the
 * root that the person trusts, and the Ed25519 seed.
 */
public final class PersonKey {
  private static final String MAGIC = "consilium-person-1";
  private static final int FILE_BYTES_MAX = 4096;

  private final String name;
  private final String contact;
  private final Optional<Fingerprint> root;
  private final String seed;
  private final SigningKey key;

  private PersonKey(String name, String contact, Optional<Fingerprint> root, String seed) {
    Person.checkName(name);
    this.name = name;
    this.contact = contact;
    this.root = root;
    this.seed = seed;
    this.key = SigningKey.ofSeed(Base64.getDecoder().decode(seed));
  }

  /** A new key. */
  public static PersonKey create(String name, String contact, SecureRandom random) {
    byte[] seed = new byte[SigningKey.SEED_BYTES];
    random.nextBytes(seed);
    return new PersonKey(name, contact, Optional.empty(), Base64.getEncoder().encodeToString(seed));
  }

  /** Reads a person's file; refuses one that others may read. */
  public static PersonKey read(Path file) throws IOException {
    String text = new String(KeyFile.read(file, FILE_BYTES_MAX), StandardCharsets.US_ASCII).strip();
    List<String> words = List.of(text.split("\\s+", 6));
    try {
      if (words.size() == 5 && words.getFirst().equals(MAGIC)) {
        Optional<Fingerprint> root =
            words.get(3).equals("-")
                ? Optional.empty()
                : Optional.of(Fingerprint.parse(words.get(3)));
        return new PersonKey(words.get(1), words.get(2), root, words.get(4));
      }
    } catch (IllegalArgumentException malformed) {
      // the cause may quote key bytes, so it is not passed on
      throw new IOException("read person's key " + file + ": it is malformed");
    }
    throw new IOException("read person's key " + file + ": it is not one");
  }

  /** Writes a new file, mode 0600. */
  public void write(Path file) throws IOException {
    KeyFile.create(file, line());
  }

  /** Writes the file anew, mode 0600. */
  public void replace(Path file) throws IOException {
    KeyFile.replace(file, line());
  }

  private byte[] line() {
    return String.join(
            " ", MAGIC, name, contact, root.map(Fingerprint::hex).orElse("-"), seed + "\n")
        .getBytes(StandardCharsets.US_ASCII);
  }

  /** The same, trusting this root alone. */
  public PersonKey trusting(Fingerprint rootFingerprint) {
    return new PersonKey(name, contact, Optional.of(rootFingerprint), seed);
  }

  /** The person's name. */
  public String name() {
    return name;
  }

  /** The consortium's root that this person trusts; empty if the file names none. */
  public Optional<Fingerprint> root() {
    return root;
  }

  /** The public half. */
  public VerifyingKey verifyingKey() {
    return key.verifyingKey();
  }

  /** The person as the roster lists them. */
  public Person as(List<Role> roles) {
    return new Person(name, contact, verifyingKey(), roles);
  }

  /** This person's word for a motion. */
  public Ballot sign(Motion motion) {
    return new Ballot(motion, name, key.sign(Motion.LABEL, motion.encoded()));
  }

  /** Never the key. */
  @Override
  public String toString() {
    return "PersonKey[" + name + "]";
  }
}
