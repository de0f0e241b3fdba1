package org.consilium.security.identity;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.PublicKey;
import java.security.cert.CertificateEncodingException;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;

/**
 * A SHA-256 digest of a certificate, of a public key (SubjectPublicKeyInfo) or of another canonical
 * encoding. People compare {@link #words()}, machines all 256 bits; equality takes constant time.
 *
 * @param bytes 32 bytes, copied in and out
 */
@SuppressWarnings("ArrayRecordComponent") // copied in and out, equality by content
public record Fingerprint(byte[] bytes) {
  /** Length in bytes. */
  public static final int BYTES = 32;

  private static final int WORDS = 6;
  private static final int BITS_A_WORD = 11;

  // A word is onset (4 bits), vowel (3 bits), coda (4 bits), in this order: 2048 words, each said
  // as one syllable and spelled in one way. Chosen here so that no licensed word list is needed.
  private static final List<String> ONSETS =
      List.of("b", "d", "f", "g", "h", "j", "k", "l", "m", "n", "p", "r", "s", "t", "v", "z");
  private static final List<String> VOWELS = List.of("a", "e", "i", "o", "u", "ai", "oo", "au");
  private static final List<String> CODAS =
      List.of(
          "l", "n", "r", "v", "nd", "lt", "rl", "sk", "rb", "lf", "st", "lm", "rm", "ng", "ld",
          "lp");

  /** Copies; refuses any other length. */
  public Fingerprint {
    if (bytes.length != BYTES) {
      throw new IllegalArgumentException("fingerprint: %d bytes, not 32".formatted(bytes.length));
    }
    bytes = bytes.clone();
  }

  /** SHA-256 of the certificate's DER. */
  public static Fingerprint of(X509Certificate certificate) {
    try {
      return sha256(certificate.getEncoded());
    } catch (CertificateEncodingException broken) {
      throw new IllegalArgumentException("certificate without an encoding", broken);
    }
  }

  /** SHA-256 of the key's SubjectPublicKeyInfo. */
  public static Fingerprint of(PublicKey key) {
    return sha256(key.getEncoded());
  }

  /** SHA-256 of the parts, joined. */
  public static Fingerprint sha256(byte[]... parts) {
    try {
      MessageDigest sha = MessageDigest.getInstance("SHA-256");
      for (byte[] part : parts) {
        sha.update(part);
      }
      return new Fingerprint(sha.digest());
    } catch (NoSuchAlgorithmException absent) {
      throw new IllegalStateException("every JDK has SHA-256", absent);
    }
  }

  /** Reads 64 hexadecimal digits. */
  public static Fingerprint parse(String hex) {
    if (hex.length() != 2 * BYTES) {
      throw new IllegalArgumentException(
          "fingerprint: %d hexadecimal digits, not 64".formatted(hex.length()));
    }
    return new Fingerprint(HexFormat.of().parseHex(hex));
  }

  @Override
  public byte[] bytes() {
    return bytes.clone();
  }

  /** 64 lowercase hexadecimal digits. */
  public String hex() {
    return HexFormat.of().formatHex(bytes);
  }

  /** Six words to read out on the telephone: the first 66 bits, 11 a word, high bits first. */
  public List<String> words() {
    List<String> words = new ArrayList<>(WORDS);
    for (int word = 0; word < WORDS; word++) {
      int value = 0;
      for (int bit = word * BITS_A_WORD; bit < (word + 1) * BITS_A_WORD; bit++) {
        value = value << 1 | (bytes[bit >> 3] >> (7 - (bit & 7)) & 1);
      }
      words.add(word(value));
    }
    return List.copyOf(words);
  }

  /** The word of an 11-bit value. */
  static String word(int value) {
    return ONSETS.get(value >> 7 & 15) + VOWELS.get(value >> 4 & 7) + CODAS.get(value & 15);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Fingerprint that && MessageDigest.isEqual(bytes, that.bytes);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(bytes);
  }

  /** The hexadecimal form. */
  @Override
  public String toString() {
    return hex();
  }
}
