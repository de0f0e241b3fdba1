package org.consilium.site.protect;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.security.MessageDigest;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicLong;
import org.consilium.models.federated.RoundLayout;
import org.consilium.models.params.ParameterLayout;
import org.consilium.protocol.Digest;
import org.consilium.protocol.Encoding;
import org.consilium.protocol.Limits;
import org.consilium.protocol.UpdateManifest;
import org.consilium.security.bulk.FileBytes;
import org.consilium.security.bulk.WriteBack;
import org.consilium.security.fixed.FixedTerms;
import org.consilium.security.fixed.NotFinite;
import org.consilium.security.fixed.Quantiser;
import org.consilium.security.fixed.RoundingStream;
import org.consilium.security.mask.Masks;
import org.consilium.security.seal.UpdateSealer;
import org.consilium.site.train.Delta;

/**
 * The passes over a delta, chunk by chunk. A chunk is 2^18 integers of the vector w·x ‖ w ‖
 * clipped, or 2^17 of 64 bits, little-endian. Chunks may be worked on by several threads; the delta
 * is read by one at a time, and sums are taken in the order of chunks, so that the result does not
 * depend on the threads.
 */
final class DeltaWalk {
  /** Waits for the disk while chunks are sealed. */
  private static final Executor DISK =
      task -> Thread.ofPlatform().daemon().name("outbox-write-back").start(task);

  private final Delta delta;
  private final ParameterLayout layout;
  private final int chunkValues;
  private final Optional<Residuals.Feedback> feedback;
  private final Chunks pool;

  /**
   * A walk.
   *
   * @param feedback what was left over before is added to the delta, and what is left over now goes
   *     there; empty where values are written in full
   */
  DeltaWalk(Delta delta, FixedTerms.Ring ring, Optional<Residuals.Feedback> feedback, int threads) {
    this.delta = delta;
    this.feedback = feedback;
    this.chunkValues = Limits.CHUNK_PLAIN_BYTES / ring.bytes();
    this.layout = delta.layout();
    this.pool = new Chunks(threads);
  }

  /**
   * How values become integers.
   *
   * @param scaleExponents per tensor, log2 of its largest magnitude
   * @param factor min(1, S/‖Δ‖), or 1 while the norm is not known
   * @param weight w
   * @param masks are added modulo 2^R; empty where nothing is masked
   * @param encoding how values are written
   * @param shifts s of each tensor in a narrow encoding; else none
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  record Rounding(
      FixedTerms fixed,
      List<Integer> scaleExponents,
      byte[] secret,
      byte[] label,
      double factor,
      int weight,
      Optional<Masks> masks,
      Encoding encoding,
      byte[] shifts) {
    /** The same with another factor, and the shifts that go with it. */
    Rounding with(double smaller, byte[] finer) {
      return new Rounding(
          fixed, scaleExponents, secret, label, smaller, weight, masks, encoding, finer);
    }

    FixedBlock block(int values) {
      return encoding.narrow()
          ? FixedBlock.coarse(fixed, encoding, values)
          : FixedBlock.of(fixed, RoundingStream.of(secret, label), values);
    }

    int shift(int tensor) {
      return encoding.narrow() ? shifts[tensor] : 0;
    }

    /** Sealed bytes from one chunk's beginning to the next one's. */
    long stride() {
      int valueBytes = encoding.narrow() ? encoding.bytes() : fixed.ring().bytes();
      return UpdateManifest.plainChunkBytes(valueBytes) + (long) Limits.CHUNK_TAG_BYTES;
    }
  }

  ParameterLayout layout() {
    return layout;
  }

  int chunks() {
    return Math.toIntExact(
        (layout.length() + UpdateManifest.TRAILER + chunkValues - 1) / chunkValues);
  }

  /** Values that a buffer of one chunk must hold: less than a chunk where the vector has less. */
  private int buffer() {
    return (int) Math.min(chunkValues, layout.length() + UpdateManifest.TRAILER);
  }

  /** Coordinates that the clip is about: FedNova's number of steps is none of them. */
  private long clipped() {
    int last = layout.tensors().size() - 1;
    return isSteps(last) ? layout.offset(last) : layout.length();
  }

  private boolean isSteps(int tensor) {
    return RoundLayout.part(layout.tensors().get(tensor).name()) == RoundLayout.Part.STEPS;
  }

  /** Reads all of it for its norm; NotFinite names the first coordinate that is no number. */
  Norm norm() throws IOException, NotFinite {
    Norm norm = new Norm(chunks());
    pool.run(
        0,
        chunks(),
        () -> {
          float[] values = new float[buffer()];
          return index -> {
            int read = read(index, values);
            norm.add(index, values, counted(index, read));
          };
        });
    if (!Double.isFinite(norm.value())) {
      findNotFinite();
    }
    return norm;
  }

  /** How many of the values of a chunk belong to the norm. */
  private int counted(int chunk, int read) {
    return (int) Math.clamp(clipped() - (long) chunk * chunkValues, 0L, (long) read);
  }

  /** The largest magnitude of each tensor, in layout order. */
  double[] maxima() throws IOException, NotFinite {
    double[][] parts = new double[chunks()][];
    pool.run(
        0,
        parts.length,
        () -> {
          float[] values = new float[chunkValues];
          return index -> {
            double[] largest = new double[layout.tensors().size()];
            long first = (long) index * chunkValues;
            int length = read(index, values);
            int tensor = length == 0 ? 0 : layout.tensorAt(first);
            for (int i = 0; i < length; i++) {
              while (first + i >= layout.offset(tensor + 1)) {
                tensor++;
              }
              largest[tensor] = Math.max(largest[tensor], Math.abs(values[i]));
            }
            parts[index] = largest;
          };
        });
    double[] all = new double[layout.tensors().size()];
    for (double[] part : parts) {
      for (int t = 0; t < all.length; t++) {
        all[t] = Math.max(all[t], part[t]);
      }
    }
    return all;
  }

  /** L2 norm of what a narrow encoding would send. */
  double coarseNorm(Rounding rounding) throws IOException, NotFinite {
    double[] sums = new double[chunks()];
    pool.run(
        0,
        sums.length,
        () -> {
          float[] values = new float[chunkValues];
          FixedBlock.Coarse block =
              FixedBlock.coarse(rounding.fixed(), rounding.encoding(), chunkValues);
          return index -> {
            long first = (long) index * chunkValues;
            int length = read(index, values);
            long _ = quantise(rounding, block, values, first, length);
            sums[index] = squares(rounding, block.integers(), first, length);
          };
        });
    double sum = 0;
    for (double part : sums) {
      sum += part;
    }
    return Math.sqrt(sum);
  }

  private double squares(Rounding rounding, int[] q, long first, int length) {
    double sum = 0;
    int tensor = length == 0 ? 0 : layout.tensorAt(first);
    int done = 0;
    while (done < length) {
      int end = (int) Math.min(length, layout.offset(tensor + 1) - first);
      int exponent = rounding.fixed().scaleExponent(rounding.scaleExponents().get(tensor));
      double step = Math.scalb(1.0, rounding.shift(tensor) - exponent);
      double own = 0;
      for (int i = done; i < end; i++) {
        own += (double) q[i] * q[i];
      }
      sum += own * step * step;
      done = end;
      tensor++;
    }
    return sum;
  }

  /** Turns a run into integers, tensor by tensor; returns how many coordinates were clipped. */
  private long quantise(Rounding rounding, FixedBlock block, float[] values, long first, int length)
      throws NotFinite {
    long count = 0;
    int done = 0;
    while (done < length) {
      int tensor = layout.tensorAt(first + done);
      long end = layout.offset(tensor) + layout.tensors().get(tensor).length() - first;
      int now = (int) Math.min(end, length) - done;
      int exponent = rounding.fixed().scaleExponent(rounding.scaleExponents().get(tensor));
      double factor = isSteps(tensor) ? 1 : rounding.factor();
      var run = new Quantiser.Run(first + done, now, exponent, factor, rounding.weight());
      count += block.quantise(run, rounding.shift(tensor), values, done);
      done += now;
    }
    return count;
  }

  /**
   * Rounds, seals and writes all chunks; returns their digests, 32 bytes each, in order. The disk
   * has begun with a long update, but keeps it only after a force.
   *
   * @param norm is taken on the way; empty if it is known
   */
  byte[] seal(Rounding rounding, UpdateSealer sealer, FileChannel spool, Optional<Norm> norm)
      throws IOException, NotFinite {
    byte[] digests = new byte[Digest.BYTES * chunks()];
    AtomicLong clipped = new AtomicLong();
    WriteBack early = new WriteBack(DISK);
    Chunks.Maker maker =
        () -> new Sealing(rounding, sealer.copy(), spool, early, digests, clipped, norm);
    try {
      // The last chunk carries the number of clipped coordinates of all chunks.
      pool.run(0, chunks() - 1, maker);
      pool.run(chunks() - 1, chunks(), maker);
      early.end();
    } finally {
      early.stop();
    }
    return digests;
  }

  private int read(int chunk, float[] values) throws IOException {
    long first = (long) chunk * chunkValues;
    int length = (int) Math.clamp(layout.length() - first, 0L, (long) chunkValues);
    synchronized (delta) {
      delta.read(first, values, 0, length);
    }
    if (feedback.isPresent()) {
      feedback.get().add(first, values, length);
    }
    return length;
  }

  private void findNotFinite() throws IOException, NotFinite {
    // The quantiser's own check names the coordinate.
    Quantiser probe =
        new Quantiser(new FixedTerms(1, 1, 0), RoundingStream.of(new byte[32], new byte[32]));
    float[] values = new float[buffer()];
    int[] unused = new int[buffer()];
    for (int chunk = 0; chunk < chunks(); chunk++) {
      int length = read(chunk, values);
      var run = new Quantiser.Run((long) chunk * chunkValues, length, 0, 1, 1);
      var _ = probe.quantise(run, values, 0, unused, 0);
    }
  }

  /** One thread's buffers for the pass that seals. */
  private final class Sealing implements Chunks.Work {
    private final Rounding rounding;
    private final UpdateSealer sealer;
    private final FileChannel spool;
    private final WriteBack early;
    private final byte[] digests;
    private final AtomicLong clipped;
    private final FixedBlock block;
    private final Optional<Masks> masks;
    private final Optional<Norm> norm;
    private final MessageDigest sha = Digest.newSha256();
    private final float[] values = new float[buffer()];
    private final byte[] plain = new byte[buffer() * (Limits.CHUNK_PLAIN_BYTES / chunkValues)];
    private final byte[] sealed = new byte[plain.length + Limits.CHUNK_TAG_BYTES];

    Sealing(
        Rounding rounding,
        UpdateSealer sealer,
        FileChannel spool,
        WriteBack early,
        byte[] digests,
        AtomicLong clipped,
        Optional<Norm> norm) {
      this.rounding = rounding;
      this.sealer = sealer;
      this.spool = spool;
      this.early = early;
      this.digests = digests;
      this.clipped = clipped;
      this.norm = norm;
      this.block = rounding.block(buffer());
      this.masks = rounding.masks().map(Masks::copy);
    }

    @Override
    public void chunk(int index) throws IOException, NotFinite {
      long first = (long) index * chunkValues;
      int length = read(index, values);
      norm.ifPresent(n -> n.add(index, values, counted(index, length)));
      var _ = clipped.addAndGet(quantise(rounding, block, values, first, length));
      if (feedback.isPresent()) {
        feedback.get().keep(first, values, length);
      }
      int total = withTrailer(first, length);
      masks.ifPresent(m -> block.hide(m, total, first));
      int sealedLength = sealer.seal(index, plain, 0, block.write(total, plain), sealed, 0);
      sha.update(sealed, 0, sealedLength);
      System.arraycopy(sha.digest(), 0, digests, index * Digest.BYTES, Digest.BYTES);
      FileBytes.write(spool, ByteBuffer.wrap(sealed, 0, sealedLength), index * rounding.stride());
      early.wrote(spool, sealedLength);
    }

    @Override
    public void close() {
      sealer.close();
    }

    /** Puts w and the count of clipped coordinates where they fall into this chunk. */
    private int withTrailer(long first, int length) {
      int total = length;
      if (first + total == layout.length() && total < chunkValues) {
        block.put(total++, rounding.weight());
      }
      if (first + total == layout.length() + 1 && total < chunkValues) {
        block.put(total++, rounding.fixed().clippedCount(clipped.get()));
      }
      return total;
    }
  }
}
