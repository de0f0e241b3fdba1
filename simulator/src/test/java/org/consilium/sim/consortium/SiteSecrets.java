package org.consilium.sim.consortium;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.PrivateKey;
import java.security.SecureRandom;
import java.security.interfaces.ECPrivateKey;
import java.util.Arrays;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Stream;
import org.consilium.proto.journal.SiteMasking;
import org.consilium.protocol.SiteId;
import org.consilium.security.identity.Credential;
import org.consilium.security.keyfile.SealedFile;
import org.consilium.security.stream.Hkdf;

/** The secrets of a running site, read from its own state folder, as patterns to look for. */
final class SiteSecrets {
  private static final int BYTES = 32;

  private SiteSecrets() {}

  /**
   * What no coordinator may ever hold, by name.
   *
   * @param number of the site among the sorted participants
   */
  static Map<String, byte[]> lasting(Path state, SiteId site, int number) throws Exception {
    Map<String, byte[]> secrets = new LinkedHashMap<>();
    for (String name : new String[] {"tls", "signing"}) {
      PrivateKey key = Credential.load(state, name).privateKey();
      secrets.put(site + " " + name + " key", scalar(key));
      secrets.put(site + " " + name + " key as text", text(key));
    }
    secrets.put(site + " rounding secret", Files.readAllBytes(state.resolve("rounding.secret")));
    SiteMasking masking = masking(state);
    byte[] all = masking.getSecrets().toByteArray();
    byte[] pair = Arrays.copyOfRange(all, 0, BYTES);
    secrets.put(site + " k", pair);
    secrets.put(site + " c", Arrays.copyOfRange(all, 2 * BYTES, 3 * BYTES));
    secrets.put(site + " d", Arrays.copyOfRange(all, 3 * BYTES, 4 * BYTES));
    byte[] label = "mask-key".getBytes(StandardCharsets.US_ASCII);
    secrets.put(site + " mask key seed", derived(pair, masking, label, number));
    return secrets;
  }

  /** b and the self mask's seed: of a survivor the coordinator rebuilds them to free the sum. */
  static Map<String, byte[]> selfMask(Path state, SiteId site, int number) throws Exception {
    SiteMasking masking = masking(state);
    byte[] self = Arrays.copyOfRange(masking.getSecrets().toByteArray(), BYTES, 2 * BYTES);
    byte[] label = "self".getBytes(StandardCharsets.US_ASCII);
    return Map.of(
        site + " b", self, site + " self mask seed", derived(self, masking, label, number));
  }

  /** A private key's own bytes: an EC scalar or an Ed25519 seed. */
  static byte[] scalar(PrivateKey key) {
    if (key instanceof ECPrivateKey ec) {
      byte[] bytes = ec.getS().toByteArray();
      byte[] scalar = new byte[BYTES];
      int length = Math.min(bytes.length, BYTES);
      System.arraycopy(bytes, bytes.length - length, scalar, BYTES - length, length);
      return scalar;
    }
    byte[] pkcs8 = key.getEncoded();
    return Arrays.copyOfRange(pkcs8, pkcs8.length - BYTES, pkcs8.length);
  }

  /** A part of a private key's PEM line that is its own alone. */
  static byte[] text(PrivateKey key) {
    byte[] pkcs8 = key.getEncoded();
    // Whole triples inside the key, and no line break within them (after 64 characters, 48 bytes).
    return key instanceof ECPrivateKey
        ? Base64.getEncoder().encode(Arrays.copyOfRange(pkcs8, 48, 66))
        : Base64.getEncoder().encode(Arrays.copyOfRange(pkcs8, 18, 45));
  }

  private static byte[] derived(byte[] secret, SiteMasking masking, byte[] label, int number) {
    byte[] info =
        ByteBuffer.allocate(label.length + Integer.BYTES).put(label).putInt(number).array();
    return Hkdf.derive(secret, masking.getContext().toByteArray(), info, BYTES);
  }

  private static SiteMasking masking(Path state) throws Exception {
    byte[] secret = Files.readAllBytes(state.resolve("rounding.secret"));
    SealedFile files = new SealedFile(secret, "consilium/site/masking", new SecureRandom());
    try (Stream<Path> all = Files.walk(state)) {
      Path file = all.filter(p -> p.endsWith("masking.sealed")).findFirst().orElseThrow();
      return SiteMasking.parseFrom(files.read(file, 1 << 16).orElseThrow());
    }
  }
}
