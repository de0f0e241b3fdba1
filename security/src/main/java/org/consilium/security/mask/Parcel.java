package org.consilium.security.mask;

import java.util.Arrays;
import org.consilium.security.identity.Fingerprint;

/**
 * What one site, the dealer, sends to one other through the coordinator. It may come from a
 * stranger; whoever receives it checks it.
 *
 * @param envelope HPKE to the receiver's share key, of its shares of the dealer's k and b; 1208
 *     bytes, copied in and out
 * @param ciphertext X-Wing to the receiver's mask key, 1120 bytes if the receiver's number is the
 *     higher one, else empty; copied in and out
 * @param commitmentK to the share of k, SHA-256(share ‖ salt) with a salt that both know
 * @param commitmentB to the share of b
 */
@SuppressWarnings("ArrayRecordComponent") // copied in and out, equality by content
public record Parcel(
    byte[] envelope, byte[] ciphertext, Fingerprint commitmentK, Fingerprint commitmentB) {
  /** Length of a legal envelope. */
  public static final int ENVELOPE_BYTES = Envelope.BYTES;

  /** Length of a legal ciphertext, where there is one. */
  public static final int CIPHERTEXT_BYTES = PairKey.CIPHERTEXT_BYTES;

  /** Copies. */
  public Parcel {
    envelope = envelope.clone();
    ciphertext = ciphertext.clone();
  }

  @Override
  public byte[] envelope() {
    return envelope.clone();
  }

  @Override
  public byte[] ciphertext() {
    return ciphertext.clone();
  }

  /** The commitment to a share of one kind. */
  public Fingerprint commitment(ReleasedShare.Kind kind) {
    return switch (kind) {
      case SELF_MASK -> commitmentB;
      case PAIR_KEY -> commitmentK;
    };
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Parcel that
        && Arrays.equals(envelope, that.envelope)
        && Arrays.equals(ciphertext, that.ciphertext)
        && commitmentK.equals(that.commitmentK)
        && commitmentB.equals(that.commitmentB);
  }

  @Override
  public int hashCode() {
    return 31 * Arrays.hashCode(envelope) + Arrays.hashCode(ciphertext);
  }

  @Override
  public String toString() {
    return "Parcel[%s, ciphertext of %d bytes]"
        .formatted(Fingerprint.sha256(envelope), ciphertext.length);
  }
}
