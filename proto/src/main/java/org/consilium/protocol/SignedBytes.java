package org.consilium.protocol;

/**
 * A message body and an Ed25519 signature over its kind's label and the body, as they came: what
 * another party signed is handed on unchanged.
 *
 * @param body handed over, not copied
 * @param signature 64 bytes; handed over, not copied
 */
public record SignedBytes(byte[] body, byte[] signature) {
  /** SHA-256 of body and signature: names the message. */
  public Digest digest() {
    var sha = Digest.newSha256();
    sha.update(body);
    sha.update(signature);
    return Digest.of(sha.digest());
  }

  /** Lengths only. */
  @Override
  public String toString() {
    return "SignedBytes[%d bytes]".formatted(body.length);
  }
}
