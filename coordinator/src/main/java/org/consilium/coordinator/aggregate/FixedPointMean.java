package org.consilium.coordinator.aggregate;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.locks.ReentrantLock;
import org.consilium.coordinator.aggregate.rule.ServerRule;
import org.consilium.models.federated.RoundLayout;
import org.consilium.models.params.ParameterLayout;
import org.consilium.protocol.Limits;
import org.consilium.protocol.RoundTask;
import org.consilium.protocol.UpdateManifest;

/**
 * Weighted mean of the deltas, Σ wₖΔₖ / Σ wₖ (McMahan et al. 2017, Algorithm 1), summed in
 * integers, or what a robust rule makes of them, and the step that the plan's rule makes of that:
 * the same bits whatever the order of sites. Walks all spools and the rule's moments block by
 * block, one block being what a chunk holds; blocks are worked on side by side and written in
 * order. Memory: a few MiB a thread, whatever the model's size; 1 MiB a site and thread where a
 * rule looks at single coordinates.
 */
public final class FixedPointMean implements Aggregator {
  /** Most coordinates of one block: those of one chunk in the ring of 32 bits. */
  static final int BLOCK = Limits.CHUNK_PLAIN_BYTES / Integer.BYTES;

  /** Blocks finished or in work ahead of the one being written, for each thread. */
  private static final int AHEAD = 2;

  /** The part of the heap that buffers may take: one in so many. */
  private static final int HEAP_PART = 4;

  private final int threads;
  private final long bytesMax;

  /** Several studies may close a round at once; their buffers together would have no bound. */
  private final ReentrantLock turn = new ReentrantLock(true);

  /**
   * A mean computed by some threads beside the caller's, which writes; by fewer where their buffers
   * would take more than a quarter of the Java heap. One task at a time, in the order of their
   * coming.
   *
   * @param threads 1 to 64
   */
  public FixedPointMean(int threads) {
    this(threads, Runtime.getRuntime().maxMemory() / HEAP_PART);
  }

  /**
   * The same with a bound of one's own.
   *
   * @param bytesMax of the buffers of all threads; one works however few they are
   */
  FixedPointMean(int threads, long bytesMax) {
    if (threads < 1 || threads > 64) {
      throw new IllegalArgumentException("aggregation threads must be 1-64: " + threads);
    }
    this.threads = threads;
    this.bytesMax = bytesMax;
  }

  /** How many threads work on a task. */
  int threads(AggregationTask task) {
    return (int) Math.clamp(bytesMax / task.threadBytes(AHEAD), 1L, (long) threads);
  }

  @Override
  public Step aggregate(AggregationTask task) throws RoundBroken, IOException {
    try {
      turn.lockInterruptibly();
    } catch (InterruptedException stopped) {
      Thread.currentThread().interrupt();
      throw new IOException("aggregate: interrupted", stopped);
    }
    try {
      return alone(task);
    } finally {
      turn.unlock();
    }
  }

  private Step alone(AggregationTask task) throws RoundBroken, IOException {
    long vector = task.base().layout().length() + UpdateManifest.TRAILER;
    int blocks = Math.toIntExact(Math.ceilDiv(vector, (long) task.block()));
    int workersUsed = threads(task);
    Combining how = Combining.of(task, workersUsed);
    Totals totals = new Totals(task, how);
    ServerRule.Round round = round(task);
    BlockingQueue<BlockSum> workers = new ArrayBlockingQueue<>(workersUsed);
    Queue<Block> spare = new ArrayDeque<>();
    Queue<Future<Block>> inWork = new ArrayDeque<>();
    ExecutorService pool =
        Executors.newFixedThreadPool(
            workersUsed, Thread.ofPlatform().name("aggregate-", 0).factory());
    try {
      for (int i = 0; i < workersUsed; i++) {
        workers.add(new BlockSum(task, how, round));
      }
      int next = 0;
      for (int written = 0; written < blocks; written++) {
        while (next < blocks && inWork.size() < workersUsed * AHEAD) {
          int index = next++;
          Block polled = spare.poll();
          int sites = task.updates().size();
          Block into = polled != null ? polled : new Block(task, sites);
          inWork.add(pool.submit(() -> sum(workers, index, into)));
        }
        Block done = await(inWork.remove());
        task.out().write(done.values, 0, done.length);
        for (int m = 0; m < done.moments.length; m++) {
          task.state().after().get(m).write(done.moments[m], 0, done.length);
        }
        totals.add(done);
        spare.add(done);
      }
    } finally {
      pool.shutdown();
      drain(inWork, pool);
      workers.forEach(BlockSum::close);
    }
    return totals.step();
  }

  /** What every block needs to know: for FedNova the mean normaliser, the vector's last value. */
  private static ServerRule.Round round(AggregationTask task) throws RoundBroken, IOException {
    ParameterLayout layout = task.base().layout();
    double steps = 1;
    if (RoundLayout.part(layout.tensors().getLast().name()) == RoundLayout.Part.STEPS) {
      try (BlockSum probe = BlockSum.withoutStep(task)) {
        steps = probe.mean(layout.length() - 1);
      }
    }
    if (!(steps > 0)) {
      String detail = "aggregate: the sites' mean number of steps is " + steps;
      if (task.removal().isPresent()) { // nobody saw a site's own number before
        throw UnmaskFailed.sum(detail);
      }
      throw new IOException(detail);
    }
    ServerState state = task.state();
    return new ServerRule.Round(state.number(), task.updates().size(), state.sites(), steps);
  }

  private static Block sum(BlockingQueue<BlockSum> workers, int index, Block into)
      throws RoundBroken, IOException, InterruptedException {
    BlockSum worker = workers.take();
    try {
      worker.sum(index, into);
      return into;
    } finally {
      workers.add(worker);
    }
  }

  static <T> T await(Future<T> future) throws RoundBroken, IOException {
    try {
      return future.get();
    } catch (InterruptedException stopped) {
      Thread.currentThread().interrupt();
      throw new IOException("aggregate: interrupted", stopped);
    } catch (ExecutionException failed) {
      switch (failed.getCause()) {
        case RoundBroken broken -> throw broken;
        case IOException disk -> throw new IOException("aggregate: " + disk.getMessage(), disk);
        case null, default -> throw new IllegalStateException("aggregate a block", failed);
      }
    }
  }

  /**
   * Lets blocks in work end before their buffers and files are closed. Interrupts none, unless this
   * thread was.
   */
  static <T> void drain(Queue<Future<T>> inWork, ExecutorService pool) {
    for (Future<T> future : inWork) {
      future.cancel(false);
    }
    pool.close();
  }

  /** One block's results, a buffer that is used again. */
  static final class Block {
    final float[] values;
    final float[][] moments;
    final List<TensorMax> maxima = new ArrayList<>();
    int length;
    double squares;
    long weight;
    long clipped;

    /** For each update, coordinates in which it was among the outermost. */
    final long[] beyond;

    Block(AggregationTask task, int sites) {
      this.values = new float[task.buffer()];
      this.moments = new float[task.state().rule().moments()][task.buffer()];
      this.beyond = new long[sites];
    }

    void reset() {
      maxima.clear();
      length = 0;
      squares = 0;
      weight = 0;
      clipped = 0;
      Arrays.fill(beyond, 0);
    }
  }

  /** The largest magnitude of a tensor's mean delta within a block. */
  record TensorMax(int tensor, double maxAbs) {}

  /** What all blocks add up to; fed in block order, so that even its doubles are reproducible. */
  private static final class Totals {
    private final AggregationTask task;
    private final Combining how;
    private final double[] maxAbs;
    private final long[] beyond;
    private double squares;
    private long weight;
    private long clipped;

    Totals(AggregationTask task, Combining how) {
      this.task = task;
      this.how = how;
      this.beyond = new long[task.updates().size()];
      this.maxAbs = new double[task.base().layout().tensors().size()];
    }

    void add(Block block) {
      for (TensorMax max : block.maxima) {
        maxAbs[max.tensor()] = Math.max(maxAbs[max.tensor()], max.maxAbs());
      }
      squares += block.squares;
      weight += block.weight;
      clipped += block.clipped;
      Arrays.setAll(beyond, site -> beyond[site] + block.beyond[site]);
    }

    Step step() throws UnmaskFailed {
      long expected = task.updates().stream().mapToLong(SealedDelta::weight).sum();
      if (task.removal().isPresent() && weight != expected) {
        throw UnmaskFailed.sum(
            "the unmasked sum is not one of legal updates: weights sum to %d, accepted were %d"
                .formatted(weight, expected));
      }
      if (weight != expected) {
        throw new IllegalStateException(
            "aggregate: weights in the updates sum to %d, accepted were %d"
                .formatted(weight, expected));
      }
      ParameterLayout layout = task.base().layout();
      List<Integer> next = new ArrayList<>(layout.tensors().size());
      for (int i = 0; i < maxAbs.length; i++) {
        int last = task.scaleExponents().get(i);
        if (RoundLayout.part(layout.tensors().get(i).name()) == RoundLayout.Part.STEPS) {
          next.add(last); // a site may do many times the mean's steps
          continue;
        }
        next.add(
            Math.max(RoundTask.SCALE_EXPONENT_MIN, task.terms().nextExponent(maxAbs[i], last)));
      }
      return new Step(next, weight, clipped, Math.sqrt(squares), how.handlings(task, beyond));
    }
  }
}
