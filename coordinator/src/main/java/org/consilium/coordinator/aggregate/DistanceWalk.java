package org.consilium.coordinator.aggregate;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.consilium.coordinator.aggregate.robust.PairDistances;

/**
 * The first walk of a rule that looks at distances: opens a block of every update at a time, blocks
 * side by side, and adds up what each block says in the order of blocks, so that neither threads
 * nor the order of sites change one bit. Memory: 1 MiB a site and thread.
 */
final class DistanceWalk {
  private DistanceWalk() {}

  /** Distances of all pairs of the task's deltas, in the order of site ids. */
  static PairDistances over(AggregationTask task, int threads) throws RoundBroken, IOException {
    PairDistances all = new PairDistances(task.updates().size());
    int blocks =
        Math.toIntExact(Math.ceilDiv(task.base().layout().length(), (long) FixedPointMean.BLOCK));
    BlockingQueue<BlockSum> workers = new ArrayBlockingQueue<>(threads);
    Queue<Future<PairDistances>> inWork = new ArrayDeque<>();
    ExecutorService pool =
        Executors.newFixedThreadPool(threads, Thread.ofPlatform().name("distance-", 0).factory());
    try {
      for (int i = 0; i < threads; i++) {
        workers.add(BlockSum.withoutStep(task));
      }
      int next = 0;
      for (int added = 0; added < blocks; added++) {
        while (next < blocks && inWork.size() < 2 * threads) {
          int index = next++;
          inWork.add(pool.submit(() -> measure(workers, index)));
        }
        all.add(FixedPointMean.await(inWork.remove()));
      }
    } finally {
      pool.shutdown();
      FixedPointMean.drain(inWork, pool);
      workers.forEach(BlockSum::close);
    }
    return all;
  }

  private static PairDistances measure(BlockingQueue<BlockSum> workers, int index)
      throws RoundBroken, IOException, InterruptedException {
    BlockSum worker = workers.take();
    try {
      return worker.distances(index);
    } finally {
      workers.add(worker);
    }
  }
}
