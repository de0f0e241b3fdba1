package org.consilium.security.seal;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.Base64;
import java.util.Optional;
import org.bouncycastle.crypto.AsymmetricCipherKeyPair;
import org.bouncycastle.crypto.hpke.HPKEContext;
import org.bouncycastle.pqc.crypto.xwing.XWingPrivateKeyParameters;
import org.consilium.security.identity.Fingerprint;
import org.consilium.security.keyfile.KeyFile;
import org.consilium.security.recent.Recent;
import org.consilium.security.recent.Recent.Question;

/**
 * The X-Wing key pair (ML-KEM-768 with X25519) that sites seal a study's updates to. It lives in
 * the aggregator's process and file only. Closing erases the seed held here and lets go of the
 * library's expanded key, whose own copies are left to the garbage collector.
 *
 * <p>An update is opened when it is checked and again when it is added up: the bulk keys agreed on
 * last are remembered, and erased with the key.
 */
public final class AggregationKey implements AutoCloseable {
  /** Length of the public key. */
  public static final int PUBLIC_BYTES = 1216;

  private static final int SEED_BYTES = 32;
  private static final int REMEMBERED_MAX = 2048;
  private static final int FILE_BYTES_MAX = 256;
  private static final String PREFIX = "consilium-aggregation-key-1.";

  private static final String CLOSED = "aggregation key is closed";

  private final byte[] seed;
  private Optional<AsymmetricCipherKeyPair> pair;
  private final byte[] publicKey;
  private final Recent<byte[]> agreed =
      new Recent<>(REMEMBERED_MAX, bulk -> Arrays.fill(bulk, (byte) 0));

  private AggregationKey(byte[] seed) {
    this.seed = seed;
    XWingPrivateKeyParameters key = new XWingPrivateKeyParameters(seed.clone());
    this.pair = Optional.of(new AsymmetricCipherKeyPair(key.getPublicKeyParameters(), key));
    this.publicKey = key.getPublicKeyParameters().getEncoded();
  }

  /** A new key pair. */
  public static AggregationKey generate(SecureRandom random) {
    byte[] seed = new byte[SEED_BYTES];
    random.nextBytes(seed);
    return new AggregationKey(seed);
  }

  /** Reads what {@link #save} wrote; refuses a file that others may read. */
  public static AggregationKey load(Path file) throws IOException {
    String line =
        new String(KeyFile.readDurable(file, FILE_BYTES_MAX), StandardCharsets.US_ASCII).strip();
    if (line.startsWith(PREFIX)) {
      try {
        byte[] seed = Base64.getUrlDecoder().decode(line.substring(PREFIX.length()));
        if (seed.length == SEED_BYTES) {
          return new AggregationKey(seed);
        }
      } catch (IllegalArgumentException notBase64) {
        // falls through to the one message; the cause may quote the key
      }
    }
    throw new IOException("read aggregation key " + file + ": not an aggregation key");
  }

  /** Writes the seed to a new file, mode 0600. */
  public synchronized void save(Path file) throws IOException {
    if (pair.isEmpty()) {
      throw new IllegalStateException(CLOSED);
    }
    String line = PREFIX + Base64.getUrlEncoder().withoutPadding().encodeToString(seed) + "\n";
    KeyFile.create(file, line.getBytes(StandardCharsets.US_ASCII));
  }

  /** 1216 bytes, a copy. */
  public byte[] publicKey() {
    return publicKey.clone();
  }

  /** SHA-256 of the public key: what the aggregation certificate and the round context carry. */
  public Fingerprint publicKeyDigest() {
    return Fingerprint.sha256(publicKey);
  }

  /**
   * The bulk key of an update.
   *
   * @param info of the update's context
   * @return 32 bytes, a copy
   * @throws IllegalArgumentException if the encapsulation is malformed
   */
  byte[] bulk(byte[] encapsulation, byte[] info) {
    AsymmetricCipherKeyPair mine = pair();
    Question asked = Question.of(encapsulation, info);
    Optional<byte[]> known = remembered(asked);
    if (known.isPresent()) {
      return known.get();
    }
    HPKEContext shared;
    try {
      shared = Suite.hpke().setupBaseR(encapsulation, mine, info);
    } catch (IllegalStateException malformed) { // the library has either
      throw new IllegalArgumentException(malformed);
    }
    byte[] bulk = shared.export(Suite.bulkLabel(), Suite.KEY_BYTES);
    remember(asked, bulk);
    return bulk;
  }

  private synchronized AsymmetricCipherKeyPair pair() {
    return pair.orElseThrow(() -> new IllegalStateException(CLOSED));
  }

  private synchronized Optional<byte[]> remembered(Question asked) {
    return agreed.find(asked).map(byte[]::clone);
  }

  /** Nothing is kept of a key that was closed meanwhile. */
  private synchronized void remember(Question asked, byte[] bulk) {
    if (pair.isPresent()) {
      agreed.put(asked, bulk.clone());
    }
  }

  @Override
  public synchronized void close() {
    pair = Optional.empty();
    agreed.clear();
    Arrays.fill(seed, (byte) 0);
  }

  /** Never the key. */
  @Override
  public String toString() {
    return "AggregationKey[" + publicKeyDigest() + "]";
  }
}
