package org.consilium.coordinator.aggregate;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.IntBuffer;
import java.nio.LongBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.random.RandomGenerator;
import org.consilium.coordinator.aggregate.FixedPointMean.Block;
import org.consilium.coordinator.aggregate.FixedPointMean.TensorMax;
import org.consilium.coordinator.aggregate.robust.Factors;
import org.consilium.coordinator.aggregate.robust.PairDistances;
import org.consilium.coordinator.aggregate.robust.RobustRule.ByCoordinate;
import org.consilium.coordinator.aggregate.robust.SiteBlock;
import org.consilium.coordinator.aggregate.rule.ServerRule;
import org.consilium.models.federated.RoundLayout;
import org.consilium.models.params.ParameterLayout;
import org.consilium.models.params.Squares;
import org.consilium.protocol.Limits;
import org.consilium.protocol.UpdateManifest;
import org.consilium.security.bulk.FileBytes;
import org.consilium.security.fixed.FixedTerms;
import org.consilium.security.mask.MaskRefused;
import org.consilium.security.mask.Masks;
import org.consilium.security.mask.SumCheck;
import org.consilium.security.seal.SealBroken;
import org.consilium.security.seal.UpdateOpener;

/** One thread's share of the work: opens and combines a block of every update, then steps. */
final class BlockSum implements AutoCloseable {
  /** Coordinates that a rule sees at a time: a site's share of the cache. */
  private static final int RUN = 2048;

  private final AggregationTask task;
  private final Combining how;
  private final ParameterLayout layout;
  private final long weightSum;
  private final Optional<Masks> removal;
  private final boolean wide; // in the ring of 64 bits
  private final List<UpdateOpener> openers = new ArrayList<>();
  private final byte[] sealed;
  private final byte[] plain;
  private final IntBuffer plainInts;
  private final LongBuffer plainLongs;
  private final int[] terms;
  private final long[] sums;
  private final float[] base;
  private final double[] delta;
  private final double[][] moments;
  private final double[] combined = new double[RUN];
  private int[][] each = {}; // of every site, where a rule looks at single coordinates
  private double[][] seen = {};
  private final Optional<ServerRule.Round> round;
  private final Optional<RandomGenerator> noise;
  private final double deviation; // of the noise in the mean

  /** Sums blocks and steps. */
  BlockSum(AggregationTask task, Combining how, ServerRule.Round round) {
    this(task, how, Optional.of(round));
  }

  /** Takes the mean of blocks, or measures them; nothing else. */
  static BlockSum withoutStep(AggregationTask task) {
    return new BlockSum(task, Combining.mean(task), Optional.empty());
  }

  private BlockSum(AggregationTask task, Combining how, Optional<ServerRule.Round> round) {
    this.task = task;
    this.how = how;
    this.round = round;
    this.noise = task.noise().map(CentralNoise::stream);
    this.deviation = task.noise().map(n -> n.deviation(task.weights())).orElse(0.0);
    int values = task.buffer();
    this.moments = new double[task.state().rule().moments()][values];
    this.plain = new byte[values * task.terms().ring().bytes()];
    this.sealed = new byte[plain.length + Limits.CHUNK_TAG_BYTES];
    this.plainInts = ByteBuffer.wrap(plain).order(ByteOrder.LITTLE_ENDIAN).asIntBuffer();
    this.plainLongs = ByteBuffer.wrap(plain).order(ByteOrder.LITTLE_ENDIAN).asLongBuffer();
    this.terms = new int[values];
    this.sums = new long[values];
    this.base = new float[values];
    this.delta = new double[values];
    this.layout = task.base().layout();
    this.removal = task.removal().map(Masks::copy);
    this.wide = task.terms().ring() == FixedTerms.Ring.BITS_64;
    this.weightSum = task.updates().stream().mapToLong(SealedDelta::weight).sum();
    task.updates().forEach(update -> openers.add(update.opener().copy()));
  }

  void sum(int index, Block into) throws RoundBroken, IOException {
    into.reset();
    long first = (long) index * task.block();
    int count = add(index);
    into.length = own(first, count);
    step(first, into);
    for (int i = into.length; i < count; i++) {
      boolean isWeight = first + i == layout.length();
      into.weight += isWeight ? sums[i] : 0;
      into.clipped += isWeight ? 0 : sums[i];
    }
  }

  /** The mean of one coordinate; its block is opened for it. */
  double mean(long coordinate) throws RoundBroken, IOException {
    int index = Math.toIntExact(coordinate / task.block());
    int opened = add(index);
    int at = (int) (coordinate % task.block());
    if (at >= opened) {
      throw new IllegalStateException("coordinate %d of %d".formatted(at, opened));
    }
    return sums[at] / (double) weightSum * task.unit(layout.tensorAt(coordinate));
  }

  /** How far the deltas are from one another in a block. */
  PairDistances distances(int index) throws UpdateBroken, IOException {
    long first = (long) index * FixedPointMean.BLOCK;
    int count = count(first);
    keepEach();
    for (int i = 0; i < openers.size(); i++) {
      open(task.updates().get(i), openers.get(i), index, count);
      System.arraycopy(terms, 0, each[i], 0, count);
    }
    PairDistances distances = new PairDistances(openers.size());
    int end = own(first, count);
    int done = 0;
    while (done < end) {
      int tensor = layout.tensorAt(first + done);
      int to = (int) Math.min(Math.min(end, done + RUN), layout.offset(tensor + 1) - first);
      distances.add(see(done, to, task.unit(tensor)));
      done = to;
    }
    return distances;
  }

  private int add(int index) throws RoundBroken, IOException {
    long first = (long) index * task.block();
    int count = count(first);
    int own = own(first, count);
    Arrays.fill(sums, 0, count, 0);
    for (int i = 0; i < openers.size(); i++) {
      open(task.updates().get(i), openers.get(i), index, count);
      if (wide) { // masked, and so without a rule that looks at single deltas
        for (int t = 0; t < count; t++) {
          sums[t] += plainLongs.get(t);
        }
        continue;
      }
      switch (how) {
        case Combining.Summed(Factors factors, _) -> factors.add(i, terms, sums, own);
        case Combining.EachCoordinate _ -> {
          keepEach();
          System.arraycopy(terms, 0, each[i], 0, own);
        }
      }
      for (int t = own; t < count; t++) {
        sums[t] += terms[t]; // the trailer counts all updates, whatever became of them
      }
    }
    if (removal.isPresent()) {
      unmask(removal.get(), first, count);
    }
    return count;
  }

  /** Coordinates of a block, the trailer's included. */
  private int count(long first) {
    long vector = layout.length() + UpdateManifest.TRAILER;
    return (int) Math.min(task.block(), vector - first);
  }

  /** Coordinates of a block that are the model's own. */
  private int own(long first, int count) {
    return (int) Math.clamp(layout.length() - first, 0L, (long) count);
  }

  private void keepEach() {
    if (each.length == 0) {
      each = new int[openers.size()][task.buffer()];
      seen = new double[openers.size()][RUN];
    }
  }

  /** A run of one tensor of every delta. */
  private SiteBlock see(int from, int to, double unit) {
    for (int site = 0; site < each.length; site++) {
      double weight = task.updates().get(site).weight();
      for (int i = from; i < to; i++) {
        seen[site][i - from] = each[site][i] / weight * unit;
      }
    }
    return new SiteBlock(seen, to - from);
  }

  @Override
  public void close() {
    openers.forEach(UpdateOpener::close);
  }

  private void open(SealedDelta update, UpdateOpener opener, int index, int count)
      throws UpdateBroken, IOException {
    int valueBytes = update.valueBytes(task.terms().ring().bytes());
    int bytes = count * valueBytes;
    int length = bytes + Limits.CHUNK_TAG_BYTES;
    ByteBuffer buffer = ByteBuffer.wrap(sealed, 0, length);
    long position =
        (long) index * (UpdateManifest.plainChunkBytes(valueBytes) + Limits.CHUNK_TAG_BYTES);
    if (!read(update, buffer, position)) {
      throw new UpdateBroken(
          update.site(), "its file ends before chunk %d is complete".formatted(index));
    }
    try {
      int opened = opener.open(index, sealed, 0, length, plain, 0);
      if (opened != bytes) {
        throw new IllegalStateException("opened %d bytes".formatted(opened));
      }
    } catch (SealBroken changed) {
      throw new UpdateBroken(update.site(), String.valueOf(changed.getMessage()));
    }
    if (update.coarse().isPresent()) {
      long first = (long) index * task.block();
      update.coarse().get().expand(plain, first, count, update.weight(), terms);
    } else if (!wide) {
      plainInts.get(0, terms, 0, count);
    }
  }

  /**
   * What can twice not be read is as good as lost: the site has to send all of it again.
   *
   * @return false if the file ends before
   */
  private static boolean read(SealedDelta update, ByteBuffer into, long position)
      throws UpdateBroken, IOException {
    int start = into.position();
    try {
      return FileBytes.read(update.spool(), into, position);
    } catch (IOException once) {
      try {
        return FileBytes.read(update.spool(), into.position(start), position);
      } catch (IOException unreadable) {
        if (!update.spool().isOpen()) { // the process is about to end, and the file is good
          throw unreadable;
        }
        throw new UpdateBroken(
            update.site(), "its file cannot be read: " + unreadable.getMessage());
      }
    }
  }

  /** Signed two's complement: the sum of legal updates fits the ring (docs/PROTOCOL.md). */
  private void unmask(Masks masks, long first, int count) throws UnmaskFailed {
    if (wide) {
      masks.addTo(sums, 0, count, first);
    } else {
      for (int i = 0; i < count; i++) {
        terms[i] = (int) sums[i];
      }
      masks.addTo(terms, 0, count, first);
      for (int i = 0; i < count; i++) {
        sums[i] = terms[i];
      }
    }
    try {
      SumCheck.of(
              task.updates().size(),
              task.terms().weightMax(),
              task.terms().magnitudeBits(),
              weightSum)
          .check(sums, 0, own(first, count), first);
    } catch (MaskRefused implausible) {
      throw UnmaskFailed.sum(String.valueOf(implausible.getMessage()));
    }
  }

  private void step(long first, Block into) throws IOException {
    if (into.length == 0) {
      return;
    }
    ServerRule rule = task.state().rule();
    task.base().read(first, base, 0, into.length);
    recall(rule, first, into);
    int tensor = layout.tensorAt(first);
    int done = 0;
    while (done < into.length) {
      int end = (int) Math.min(into.length, layout.offset(tensor + 1) - first);
      into.maxima.add(new TensorMax(tensor, decode(done, end, task.unit(tensor), into)));
      RoundLayout.Part part = RoundLayout.part(layout.tensors().get(tensor).name());
      rule.apply(round.orElseThrow(), new ServerRule.Run(part, delta, moments, done, end));
      done = end;
      tensor++;
    }
    for (int i = 0; i < into.length; i++) {
      into.values[i] = (float) (base[i] + delta[i]);
    }
    for (int m = 0; m < moments.length; m++) {
      float[] kept = into.moments[m];
      for (int i = 0; i < into.length; i++) {
        kept[i] = (float) moments[m][i];
      }
    }
  }

  /** The rule's moments before this round; they are kept as float32. */
  private void recall(ServerRule rule, long first, Block into) throws IOException {
    for (int m = 0; m < moments.length; m++) {
      if (task.state().before().isEmpty()) {
        Arrays.fill(moments[m], 0, into.length, rule.start(m));
        continue;
      }
      float[] kept = into.moments[m];
      task.state().before().get(m).read(first, kept, 0, into.length);
      for (int i = 0; i < into.length; i++) {
        moments[m][i] = kept[i];
      }
    }
  }

  /**
   * A run of one tensor's combined delta; returns its largest magnitude. The mean is {@code
   * Quantiser.decode}: a power of two is exact as a factor, so multiplying gives the very bits that
   * scalb would.
   */
  private double decode(int from, int to, double unit, Block into) {
    switch (how) {
      case Combining.Summed(Factors factors, _) -> {
        double denominator = factors.denominator();
        for (int i = from; i < to; i++) {
          delta[i] = sums[i] / denominator * unit;
        }
      }
      case Combining.EachCoordinate(ByCoordinate rule) -> {
        for (int at = from; at < to; at += RUN) {
          int end = Math.min(to, at + RUN);
          rule.combine(see(at, end, unit), combined, into.beyond);
          System.arraycopy(combined, 0, delta, at, end - at);
        }
      }
    }
    // Before the maxima: the next round's scales are published.
    noise.ifPresent(chance -> CentralNoise.add(chance, deviation, delta, from, to));
    into.squares += Squares.of(delta, from, to);
    double max = 0;
    for (int i = from; i < to; i++) {
      max = Math.max(max, Math.abs(delta[i]));
    }
    return max;
  }
}
