package org.consilium.protocol;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Locale;

/**
 * A SHA-256 digest.
 *
 * @param hex 64 lower-case hexadecimal digits
 */
public record Digest(String hex) implements Comparable<Digest> {
  /** Length of the raw digest. */
  public static final int BYTES = 32;

  private static final int BLOCK_BYTES = 1 << 16;

  public Digest {
    if (hex.length() != 2 * BYTES || !hex.chars().allMatch(Digest::isLowerHex)) {
      throw new IllegalArgumentException(
          "digest must be 64 lower-case hexadecimal digits, got %d characters"
              .formatted(hex.length()));
    }
  }

  /** The digest whose raw bytes are given. */
  public static Digest of(byte[] raw) {
    if (raw.length != BYTES) {
      throw new IllegalArgumentException(
          "digest must be %d bytes, got %d".formatted(BYTES, raw.length));
    }
    return new Digest(HexFormat.of().formatHex(raw));
  }

  /** The SHA-256 of some content. */
  public static Digest sha256(byte[] content) {
    return of(newSha256().digest(content));
  }

  /** The SHA-256 of a file, read block by block. */
  public static Digest sha256(Path file) throws IOException {
    MessageDigest sha = newSha256();
    byte[] block = new byte[BLOCK_BYTES];
    try (InputStream in = Files.newInputStream(file)) {
      for (int some = in.read(block); some >= 0; some = in.read(block)) {
        sha.update(block, 0, some);
      }
    }
    return of(sha.digest());
  }

  /** A fresh SHA-256 computation. */
  public static MessageDigest newSha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException impossible) {
      throw new IllegalStateException("every Java platform has SHA-256", impossible);
    }
  }

  /** The digest of what a computation has seen; it goes on as if nobody had asked. */
  public static Digest soFar(MessageDigest sha) {
    return of(copy(sha).digest());
  }

  /** A computation that has seen the same. */
  public static MessageDigest copy(MessageDigest sha) {
    try {
      return (MessageDigest) sha.clone();
    } catch (CloneNotSupportedException impossible) {
      throw new IllegalStateException("SHA-256 in Java can be copied", impossible);
    }
  }

  /** Reads a digest as a person types it: case does not matter. */
  public static Digest parse(String text) {
    return new Digest(text.strip().toLowerCase(Locale.ROOT));
  }

  /** The 32 raw bytes, a fresh copy. */
  public byte[] bytes() {
    return HexFormat.of().parseHex(hex);
  }

  /** The first 12 digits, for people. */
  public String brief() {
    return hex.substring(0, 12);
  }

  @Override
  public int compareTo(Digest other) {
    return hex.compareTo(other.hex);
  }

  @Override
  public String toString() {
    return hex;
  }

  private static boolean isLowerHex(int c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
  }
}
