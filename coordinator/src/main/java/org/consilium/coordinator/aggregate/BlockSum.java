package org.consilium.coordinator.aggregate;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.IntBuffer;
import java.nio.channels.FileChannel;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.consilium.coordinator.aggregate.FixedPointMean.Block;
import org.consilium.coordinator.aggregate.FixedPointMean.TensorMax;
import org.consilium.models.params.ParameterLayout;
import org.consilium.protocol.Limits;
import org.consilium.protocol.UpdateManifest;
import org.consilium.security.seal.SealBroken;
import org.consilium.security.seal.UpdateOpener;

/** One thread's share of the work: opens and adds a block of every update, then steps. */
final class BlockSum implements AutoCloseable {
  private final AggregationTask task;
  private final ParameterLayout layout;
  private final long weightSum;
  private final List<UpdateOpener> openers = new ArrayList<>();
  private final byte[] sealed = new byte[Limits.CHUNK_SEALED_BYTES];
  private final byte[] plain = new byte[Limits.CHUNK_PLAIN_BYTES];
  private final IntBuffer plainInts =
      ByteBuffer.wrap(plain).order(ByteOrder.LITTLE_ENDIAN).asIntBuffer();
  private final int[] terms = new int[FixedPointMean.BLOCK];
  private final long[] sums = new long[FixedPointMean.BLOCK];
  private final float[] base = new float[FixedPointMean.BLOCK];

  BlockSum(AggregationTask task) {
    this.task = task;
    this.layout = task.base().layout();
    this.weightSum = task.updates().stream().mapToLong(SealedDelta::weight).sum();
    task.updates().forEach(update -> openers.add(update.opener().copy()));
  }

  void sum(int index, Block into) throws UpdateBroken, IOException {
    into.reset();
    long first = (long) index * FixedPointMean.BLOCK;
    long vector = layout.length() + UpdateManifest.TRAILER;
    int count = (int) Math.min(FixedPointMean.BLOCK, vector - first);
    Arrays.fill(sums, 0, count, 0);
    for (int i = 0; i < openers.size(); i++) {
      open(task.updates().get(i), openers.get(i), index, count);
      add(terms, sums, count);
    }
    into.length = (int) Math.clamp(layout.length() - first, 0L, (long) count);
    step(first, into);
    for (int i = into.length; i < count; i++) {
      boolean isWeight = first + i == layout.length();
      into.weight += isWeight ? sums[i] : 0;
      into.clipped += isWeight ? 0 : sums[i];
    }
  }

  @Override
  public void close() {
    openers.forEach(UpdateOpener::close);
  }

  private void open(SealedDelta update, UpdateOpener opener, int index, int count)
      throws UpdateBroken, IOException {
    int length = count * Integer.BYTES + Limits.CHUNK_TAG_BYTES;
    ByteBuffer buffer = ByteBuffer.wrap(sealed, 0, length);
    long position = (long) index * Limits.CHUNK_SEALED_BYTES;
    if (!fill(update.spool(), buffer, position)) {
      throw new UpdateBroken(
          update.site(), "its file ends before chunk %d is complete".formatted(index));
    }
    try {
      int opened = opener.open(index, sealed, 0, length, plain, 0);
      if (opened != count * Integer.BYTES) {
        throw new IllegalStateException("opened %d bytes".formatted(opened));
      }
    } catch (SealBroken changed) {
      throw new UpdateBroken(update.site(), String.valueOf(changed.getMessage()));
    }
    plainInts.get(0, terms, 0, count);
  }

  private static boolean fill(FileChannel file, ByteBuffer into, long position) throws IOException {
    while (into.hasRemaining()) {
      int read = file.read(into, position + into.position());
      if (read < 0) {
        return false;
      }
    }
    return true;
  }

  private static void add(int[] terms, long[] sums, int count) {
    for (int i = 0; i < count; i++) {
      sums[i] += terms[i];
    }
  }

  private void step(long first, Block into) throws IOException {
    if (into.length == 0) {
      return;
    }
    task.base().read(first, base, 0, into.length);
    int tensor = layout.tensorAt(first);
    int done = 0;
    while (done < into.length) {
      int end = (int) Math.min(into.length, layout.offset(tensor + 1) - first);
      int scale = task.terms().scaleExponent(task.scaleExponents().get(tensor));
      into.maxima.add(new TensorMax(tensor, run(done, end, scale, into)));
      done = end;
      tensor++;
    }
  }

  /**
   * A run of one tensor. The mean is {@code Quantiser.decode}: a power of two is exact as a factor,
   * so multiplying gives the very bits that scalb would.
   */
  private double run(int from, int to, int scaleExponent, Block into) {
    double weights = weightSum;
    double unit = Math.scalb(1.0, -scaleExponent);
    double rate = task.learningRate();
    float[] values = into.values;
    double max = 0;
    double squares = 0;
    for (int i = from; i < to; i++) {
      double delta = sums[i] / weights * unit;
      values[i] = (float) (base[i] + rate * delta);
      max = Math.max(max, Math.abs(delta));
      squares += delta * delta;
    }
    into.squares += squares;
    return max;
  }
}
