package org.consilium.protocol;

import java.util.Arrays;
import java.util.BitSet;
import java.util.Objects;

/**
 * The signed description of one protected update: what it belongs to, how large it is, and the
 * digest of each of its chunks.
 *
 * @param context round context that the site computed; binds study, round, model, terms
 * @param round study and round
 * @param attempt the round's attempt
 * @param base model version that the delta starts from
 * @param origin the earlier round that the delta was trained for, if it came too late for that one;
 *     0: this round
 * @param layoutDigest digest of names and shapes
 * @param vectorLength coordinates, the two trailing counters included
 * @param weight integer weight w
 * @param samples training examples behind it
 * @param norm declared L2 norm after clipping
 * @param trainingLoss mean loss of the last local epoch
 * @param seal how it is sealed and cut
 */
public record UpdateManifest(
    Digest context,
    RoundId round,
    int attempt,
    ModelVersion base,
    int origin,
    Digest layoutDigest,
    long vectorLength,
    int weight,
    int samples,
    double norm,
    double trainingLoss,
    Seal seal) {

  /** Coordinates after the model's own: the weight and the count of clipped coordinates. */
  public static final int TRAILER = 2;

  /** One that was trained for its own round. */
  public UpdateManifest(
      Digest context,
      RoundId round,
      int attempt,
      ModelVersion base,
      Digest layoutDigest,
      long vectorLength,
      int weight,
      int samples,
      double norm,
      double trainingLoss,
      Seal seal) {
    this(
        context,
        round,
        attempt,
        base,
        0,
        layoutDigest,
        vectorLength,
        weight,
        samples,
        norm,
        trainingLoss,
        seal);
  }

  public UpdateManifest {
    StudyPlan.check(
        origin >= 0 && origin < round.number(), "origin must be an earlier round", origin);
    StudyPlan.check(attempt >= 1 && attempt <= 1000, "attempt must be 1-1000", attempt);
    StudyPlan.check(
        vectorLength > TRAILER && vectorLength <= Limits.PARAMETERS_MAX + TRAILER,
        "vector length must be 3-" + (Limits.PARAMETERS_MAX + TRAILER),
        vectorLength);
    StudyPlan.check(
        weight >= 1 && weight <= Limits.WEIGHT_MAX,
        "weight must be 1-" + Limits.WEIGHT_MAX,
        weight);
    StudyPlan.check(samples >= 1, "samples must be positive", samples);
    StudyPlan.check(norm >= 0 && norm <= 1e7, "norm must be in [0, 1e7]", norm);
    StudyPlan.check(
        trainingLoss >= 0 && trainingLoss <= 1e9,
        "training loss must be in [0, 1e9]",
        trainingLoss);
    int valueBytes = valueBytes(vectorLength, seal);
    long plain = valueBytes * vectorLength;
    int chunks = Math.toIntExact(Math.ceilDiv(plain, (long) plainChunkBytes(valueBytes)));
    StudyPlan.check(
        seal.chunks() == chunks,
        "chunk digests must be " + chunks + " for this length",
        seal.chunks());
    long sealed = plain + (long) chunks * Limits.CHUNK_TAG_BYTES;
    StudyPlan.check(
        seal.sealedBytes() == sealed, "sealed bytes must be " + sealed, seal.sealedBytes());
  }

  /**
   * Bytes of one value: 4, 8 in the ring of 64 bits, 2 or 1 in a narrow encoding; its length tells.
   */
  public int valueBytes() {
    return valueBytes(vectorLength, seal);
  }

  private static int valueBytes(long vectorLength, Seal seal) {
    long plain = seal.sealedBytes() - (long) seal.chunks() * Limits.CHUNK_TAG_BYTES;
    for (int bytes : new int[] {Long.BYTES, Short.BYTES, Byte.BYTES}) {
      if (plain == bytes * vectorLength) {
        return bytes;
      }
    }
    return Integer.BYTES;
  }

  /**
   * Bytes of a full chunk before it is sealed. A narrow chunk has as many values as one in full, so
   * that a block of the model is the same chunk in each.
   */
  public static int plainChunkBytes(int valueBytes) {
    return valueBytes < Integer.BYTES
        ? Limits.CHUNK_PLAIN_BYTES / Integer.BYTES * valueBytes
        : Limits.CHUNK_PLAIN_BYTES;
  }

  /** Where chunk {@code index} begins in the file of all sealed chunks. */
  public long chunkAt(int index) {
    return (long) index * (plainChunkBytes(valueBytes()) + Limits.CHUNK_TAG_BYTES);
  }

  /** Sealed length of chunk {@code index} in bytes. */
  public int chunkBytes(int index) {
    long left = seal.sealedBytes() - chunkAt(index);
    return (int) Math.min(left, plainChunkBytes(valueBytes()) + Limits.CHUNK_TAG_BYTES);
  }

  /**
   * Sealed length in bytes of those chunks that a set does not have.
   *
   * @param from the first that counts
   * @param to the first that no longer does
   */
  public long bytesWithout(BitSet chunks, int from, int to) {
    long bytes = 0;
    for (int i = chunks.nextClearBit(from); i < to; i = chunks.nextClearBit(i + 1)) {
      bytes += chunkBytes(i);
    }
    return bytes;
  }

  /**
   * How an update is sealed and cut.
   *
   * @param encapsulation HPKE encapsulated key
   * @param sealedBytes sum of all chunks
   * @param chunkDigests SHA-256 of each sealed chunk, 32 bytes each, in order
   * @param shifts of a narrow encoding: s of each tensor, a value being q·2^s; else none
   */
  public record Seal(byte[] encapsulation, long sealedBytes, byte[] chunkDigests, byte[] shifts) {
    /** In full. */
    public Seal(byte[] encapsulation, long sealedBytes, byte[] chunkDigests) {
      this(encapsulation, sealedBytes, chunkDigests, new byte[0]);
    }

    public Seal {
      encapsulation = encapsulation.clone();
      chunkDigests = chunkDigests.clone();
      shifts = shifts.clone();
      StudyPlan.check(
          shifts.length <= Limits.TENSORS_MAX,
          "shifts must be at most " + Limits.TENSORS_MAX,
          shifts.length);
      StudyPlan.check(
          encapsulation.length >= 32 && encapsulation.length <= 4096,
          "encapsulation must be 32-4096 bytes",
          encapsulation.length);
      StudyPlan.check(
          chunkDigests.length % Digest.BYTES == 0
              && chunkDigests.length >= Digest.BYTES
              && chunkDigests.length <= Digest.BYTES * Limits.CHUNKS_MAX,
          "chunk digests must be 32 bytes for each of 1-" + Limits.CHUNKS_MAX + " chunks",
          chunkDigests.length);
    }

    /** Number of chunks. */
    public int chunks() {
      return chunkDigests.length / Digest.BYTES;
    }

    /** Whether {@code digest} is the SHA-256 announced for chunk {@code index}. */
    public boolean announces(int index, byte[] digest) {
      int at = index * Digest.BYTES;
      return Arrays.equals(chunkDigests, at, at + Digest.BYTES, digest, 0, digest.length);
    }

    @Override
    public byte[] encapsulation() {
      return encapsulation.clone();
    }

    @Override
    public byte[] chunkDigests() {
      return chunkDigests.clone();
    }

    @Override
    public byte[] shifts() {
      return shifts.clone();
    }

    @Override
    public boolean equals(Object other) {
      return other instanceof Seal s
          && Arrays.equals(encapsulation, s.encapsulation)
          && sealedBytes == s.sealedBytes
          && Arrays.equals(chunkDigests, s.chunkDigests)
          && Arrays.equals(shifts, s.shifts);
    }

    @Override
    public int hashCode() {
      return Objects.hash(
          Arrays.hashCode(encapsulation),
          sealedBytes,
          Arrays.hashCode(chunkDigests),
          Arrays.hashCode(shifts));
    }
  }
}
