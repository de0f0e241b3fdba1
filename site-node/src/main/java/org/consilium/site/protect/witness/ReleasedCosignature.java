package org.consilium.site.protect.witness;

import org.consilium.protocol.Digest;
import org.consilium.security.witness.Cosignature;

/**
 * A cosignature that may leave the hospital: for a checkpoint that was found right and is on disk.
 * Made by {@link AuditWitness} alone.
 */
public final class ReleasedCosignature {
  private final long size;
  private final byte[] checkpoint;
  private final Cosignature cosignature;

  ReleasedCosignature(long size, byte[] checkpoint, Cosignature cosignature) {
    this.size = size;
    this.checkpoint = checkpoint.clone();
    this.cosignature = cosignature;
  }

  /** Entries of the checkpoint. */
  public long size() {
    return size;
  }

  /** The signature and its certificates. */
  public Cosignature cosignature() {
    return cosignature;
  }

  /** SHA-256 of the bytes that are signed. */
  public Digest digest() {
    return Digest.sha256(Cosignature.body(checkpoint, cosignature.time()));
  }
}
