package org.consilium.security.identity;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.Arrays;
import java.util.Base64;
import org.consilium.security.identity.MalformedToken.Fault;
import org.consilium.security.keyfile.KeyFile;

/**
 * What a hospital is given, by another channel, to join with: where the coordinator is, the
 * fingerprint of the consortium's root, and a secret that works once. One line of text: {@code
 * consilium-join-1.} and base64url of length (u16), body, and 8 bytes of the body's SHA-256.
 *
 * @param host DNS name or address of the coordinator; of one on several machines all, with commas
 * @param sitePort where enrolled sites connect
 * @param enrolmentPort where this token is presented
 * @param secret 32 bytes; copied in and out
 * @param expiry whole seconds are kept
 */
@SuppressWarnings("ArrayRecordComponent") // copied in and out, equality by content
public record JoinToken(
    String site,
    String host,
    int sitePort,
    int enrolmentPort,
    Fingerprint rootFingerprint,
    byte[] secret,
    Instant expiry) {
  /** Length of the secret. */
  public static final int SECRET_BYTES = 32;

  private static final String PREFIX = "consilium-join-1.";
  private static final int CHECK_BYTES = 8;
  private static final int FILE_BYTES_MAX = 4096;

  /** Refuses illegal parts. */
  public JoinToken {
    if (!site.matches("[a-z0-9][a-z0-9._-]{0,62}") || site.contains("..")) {
      throw new IllegalArgumentException("join token: not a site id");
    }
    if (!host.matches("[A-Za-z0-9.:_\\[\\],-]{1,255}")) {
      throw new IllegalArgumentException("join token: not a host");
    }
    if (sitePort < 1 || sitePort > 65535 || enrolmentPort < 1 || enrolmentPort > 65535) {
      throw new IllegalArgumentException(
          "join token: ports %d and %d, both must be 1-65535".formatted(sitePort, enrolmentPort));
    }
    if (secret.length != SECRET_BYTES) {
      throw new IllegalArgumentException(
          "join token: the secret has %d bytes, not 32".formatted(secret.length));
    }
    secret = secret.clone();
    expiry = Instant.ofEpochSecond(expiry.getEpochSecond());
  }

  /** A new secret. */
  public static byte[] newSecret(SecureRandom random) {
    byte[] secret = new byte[SECRET_BYTES];
    random.nextBytes(secret);
    return secret;
  }

  /** Reads the one-line form; white space around it is ignored. */
  public static JoinToken parse(String text) throws MalformedToken {
    String line = text.strip();
    if (!line.startsWith(PREFIX)) {
      throw new MalformedToken(Fault.NOT_A_TOKEN, "it does not begin with " + PREFIX);
    }
    byte[] bytes = decode(line.substring(PREFIX.length()));
    if (bytes.length < 2) {
      throw new MalformedToken(Fault.TRUNCATED, "cut short after its first characters");
    }
    int length = ByteBuffer.wrap(bytes).getShort() & 0xffff;
    int declared = 2 + length + CHECK_BYTES;
    if (bytes.length < declared) {
      throw new MalformedToken(
          Fault.TRUNCATED,
          "cut short: %d of %d characters; copy the whole line"
              .formatted(line.length(), PREFIX.length() + (declared * 4 + 2) / 3));
    }
    byte[] body = Arrays.copyOfRange(bytes, 2, 2 + length);
    byte[] check = Arrays.copyOfRange(bytes, 2 + length, bytes.length);
    if (!MessageDigest.isEqual(check, check(body))) {
      throw new MalformedToken(Fault.ALTERED, "a character was changed; copy the line again");
    }
    return body(ByteBuffer.wrap(body));
  }

  /** Reads a file written by {@link #write}; refuses one that others may read. */
  public static JoinToken read(Path file) throws IOException, MalformedToken {
    return parse(new String(KeyFile.read(file, FILE_BYTES_MAX), StandardCharsets.US_ASCII));
  }

  /** Writes the one-line form to a new file, mode 0600. */
  public void write(Path file) throws IOException {
    KeyFile.create(file, (text() + "\n").getBytes(StandardCharsets.US_ASCII));
  }

  /** The one-line form; it contains the secret. */
  public String text() {
    byte[] body = body();
    byte[] bytes =
        ByteBuffer.allocate(2 + body.length + CHECK_BYTES)
            .putShort((short) body.length)
            .put(body)
            .put(check(body))
            .array();
    return PREFIX + Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
  }

  /** SHA-256 of the secret: what the coordinator keeps instead of it. */
  public Fingerprint secretDigest() {
    return Fingerprint.sha256(secret);
  }

  /**
   * What a site's TLS key vouches for when the token is spent: whoever carries the request can
   * exchange neither the token nor the signing key.
   */
  public static byte[] statement(String site, Fingerprint secretDigest, Fingerprint signingKey) {
    var bytes = new ByteArrayOutputStream();
    try (var out = new DataOutputStream(bytes)) {
      out.writeUTF("consilium/v1/enrol");
      out.writeUTF(site);
      out.write(secretDigest.bytes());
      out.write(signingKey.bytes());
    } catch (IOException impossible) {
      throw new IllegalStateException("write to memory", impossible);
    }
    return bytes.toByteArray();
  }

  @Override
  public byte[] secret() {
    return secret.clone();
  }

  /** Constant time in the secret. */
  @Override
  public boolean equals(Object other) {
    return other instanceof JoinToken that && MessageDigest.isEqual(body(), that.body());
  }

  @Override
  public int hashCode() {
    return site.hashCode() * 31 + expiry.hashCode();
  }

  /** Everything but the secret. */
  @Override
  public String toString() {
    return "JoinToken[site %s, %s, ports %d and %d, root %s, until %s]"
        .formatted(site, host, sitePort, enrolmentPort, rootFingerprint, expiry);
  }

  private byte[] body() {
    var bytes = new ByteArrayOutputStream();
    try (var out = new DataOutputStream(bytes)) {
      out.writeUTF(site);
      out.writeUTF(host);
      out.writeShort(sitePort);
      out.writeShort(enrolmentPort);
      out.write(rootFingerprint.bytes());
      out.write(secret);
      out.writeLong(expiry.getEpochSecond());
    } catch (IOException impossible) {
      throw new IllegalStateException("write to memory", impossible);
    }
    return bytes.toByteArray();
  }

  private static JoinToken body(ByteBuffer body) throws MalformedToken {
    try {
      String site = text(body);
      String host = text(body);
      int sitePort = body.getShort() & 0xffff;
      int enrolmentPort = body.getShort() & 0xffff;
      byte[] root = new byte[Fingerprint.BYTES];
      body.get(root);
      byte[] secret = new byte[SECRET_BYTES];
      body.get(secret);
      Instant expiry = Instant.ofEpochSecond(body.getLong());
      if (body.hasRemaining()) {
        throw new MalformedToken(Fault.ILLEGAL, body.remaining() + " bytes too many");
      }
      return new JoinToken(
          site, host, sitePort, enrolmentPort, new Fingerprint(root), secret, expiry);
    } catch (BufferUnderflowException | IllegalArgumentException | DateTimeException illegal) {
      throw new MalformedToken(Fault.ILLEGAL, "made by another version or by hand");
    }
  }

  private static String text(ByteBuffer body) {
    byte[] bytes = new byte[Math.min(body.getShort() & 0xffff, body.remaining())];
    body.get(bytes);
    return new String(bytes, StandardCharsets.UTF_8);
  }

  private static byte[] check(byte[] body) {
    return Arrays.copyOf(Fingerprint.sha256(body).bytes(), CHECK_BYTES);
  }

  /** Decodes all whole groups, so that a cut text is told from a changed one. */
  private static byte[] decode(String base64) throws MalformedToken {
    String whole = base64.length() % 4 == 1 ? base64.substring(0, base64.length() - 1) : base64;
    try {
      return Base64.getUrlDecoder().decode(whole);
    } catch (IllegalArgumentException otherLetters) {
      throw new MalformedToken(Fault.ALTERED, "it contains a character that no token has");
    }
  }
}
