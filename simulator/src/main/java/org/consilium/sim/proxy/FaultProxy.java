package org.consilium.sim.proxy;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * One line between dialling programs and one address, on a port of this machine. All its faults are
 * told from outside or drawn from its seed. Bytes count when they arrive: what a cut catches on its
 * way has crossed nothing. Safe for use by many threads.
 */
public final class FaultProxy implements AutoCloseable {
  private static final int BACKLOG = 64;

  private final InetSocketAddress target;
  private final ServerSocket door;
  private final LongSupplier nanos;
  private final SplittableRandom random;
  private final Map<Direction, TokenBucket> widths = new EnumMap<>(Direction.class);
  private final List<Connection> connections = new CopyOnWriteArrayList<>();
  private final CountDownLatch closed = new CountDownLatch(1);
  private final Map<Direction, Long> arrived = new EnumMap<>(Direction.class);
  private final Map<Direction, Long> cutAt = new EnumMap<>(Direction.class);
  private final Set<Direction> silent = EnumSet.noneOf(Direction.class);
  private final LineTerms terms;
  private int cuts;

  private FaultProxy(
      InetSocketAddress target, ServerSocket door, LineTerms terms, long seed, LongSupplier nanos) {
    this.target = target;
    this.door = door;
    this.terms = terms;
    this.random = new SplittableRandom(seed);
    this.nanos = nanos;
    for (Direction each : Direction.values()) {
      widths.put(each, new TokenBucket(nanos));
      arrived.put(each, 0L);
    }
  }

  /**
   * Listens on a free port of this machine's own address.
   *
   * @param target dialled once for every connection
   * @param seed decides about losses and random cuts
   * @param nanos monotonic time
   */
  public static FaultProxy listen(
      InetSocketAddress target, LineTerms terms, long seed, LongSupplier nanos) throws IOException {
    ServerSocket door = new ServerSocket(0, BACKLOG, InetAddress.getLoopbackAddress());
    FaultProxy proxy = new FaultProxy(target, door, terms, seed, nanos);
    Thread.ofVirtual().name("proxy-" + door.getLocalPort()).start(proxy::accept);
    return proxy;
  }

  /** Where it listens. */
  public int port() {
    return door.getLocalPort();
  }

  /** Ends every connection at once, as a reset: neither side is told what arrived. */
  public synchronized void cut() {
    cuts++;
    connections.forEach(Connection::cut);
  }

  /** Cuts once, when so many more bytes have arrived in this direction. */
  public synchronized void cutAfter(Direction direction, long bytes) {
    cutAt.put(direction, arrived.getOrDefault(direction, 0L) + bytes);
  }

  /** Cuts once, in a direction and after a number of bytes below {@code bytes} that it draws. */
  public void cutSomewhere(long bytes) {
    Direction direction;
    long after;
    synchronized (this) {
      direction = random.nextBoolean() ? Direction.UP : Direction.DOWN;
      after = random.nextLong(Math.max(1, bytes));
    }
    cutAfter(direction, after);
  }

  /** Nothing arrives any more in these directions and nobody is told; an empty set heals it. */
  public synchronized void partition(Set<Direction> directions) {
    silent.clear();
    silent.addAll(directions);
    notifyAll();
  }

  /** Open and silent by turns, both ways, until the proxy is closed. */
  public void flap(Duration open, Duration mute) {
    Thread.ofVirtual()
        .name("flap-" + port())
        .start(
            () -> {
              try {
                while (!closed.await(open.toNanos(), TimeUnit.NANOSECONDS)) {
                  partition(EnumSet.allOf(Direction.class));
                  boolean over = closed.await(mute.toNanos(), TimeUnit.NANOSECONDS);
                  partition(Set.of());
                  if (over) {
                    return;
                  }
                }
              } catch (InterruptedException interrupted) {
                Thread.currentThread().interrupt();
              }
            });
  }

  /** Bytes that arrived so far, over all connections. */
  public synchronized long bytes(Direction direction) {
    return arrived.getOrDefault(direction, 0L);
  }

  /** How often it was cut. */
  public synchronized int cuts() {
    return cuts;
  }

  /** Every connection so far. */
  public List<Carried> connections() {
    return connections.stream().map(Connection::carried).toList();
  }

  @Override
  public void close() throws IOException {
    closed.countDown();
    door.close();
    connections.forEach(Connection::cut);
    partition(Set.of());
  }

  LineTerms terms() {
    return terms;
  }

  int block(Direction direction) {
    return TokenBucket.block(terms.bitsPerSecond(direction));
  }

  /** What is on its way one way on a full line. */
  int blocksOnTheWay() {
    return (int) (terms.latency().toMillis() * TokenBucket.BLOCKS_PER_SECOND / 1000);
  }

  /** When a block has crossed and is there, by {@link #nanos}; waits for nothing. */
  long due(Direction direction, int bytes) {
    LineTerms now = terms;
    TokenBucket width = widths.get(direction);
    long crossed =
        width == null ? nanos.getAsLong() : width.crossed(bytes, now.bitsPerSecond(direction));
    return crossed + now.latency().toNanos() + (lost(bytes, now) ? now.stall().toNanos() : 0);
  }

  /** Waits until this time, and as long as nothing arrives in this direction. */
  void await(Direction direction, long due) throws InterruptedException {
    long wait = due - nanos.getAsLong();
    if (wait > 0) {
      var _ = closed.await(wait, TimeUnit.NANOSECONDS);
    }
    synchronized (this) {
      while (silent.contains(direction)) {
        wait();
      }
    }
  }

  /** How many of these bytes may arrive before the line is cut. */
  synchronized int arrive(Direction direction, int bytes) {
    long before = arrived.getOrDefault(direction, 0L);
    Long end = cutAt.get(direction);
    int pass = end == null ? bytes : (int) Math.min(bytes, Math.max(0, end - before));
    arrived.put(direction, before + pass);
    return pass;
  }

  /** Cuts if the place was reached that {@link #cutAfter} told. */
  synchronized void cutIfReached(Direction direction) {
    Long end = cutAt.get(direction);
    if (end != null && arrived.getOrDefault(direction, 0L) >= end) {
      cutAt.remove(direction);
      cut();
    }
  }

  private synchronized boolean lost(int bytes, LineTerms now) {
    double kept = Math.pow(1 - now.loss(), Math.ceilDiv(bytes, Connection.SEGMENT_BYTES));
    return now.loss() > 0 && random.nextDouble() >= kept;
  }

  private void accept() {
    while (!door.isClosed()) {
      try {
        Socket near = door.accept();
        Connection connection = new Connection(this, near, connections.size() + 1);
        connections.add(connection);
        Thread.ofVirtual().start(() -> connection.carry(target));
      } catch (IOException over) {
        return; // the door was closed
      }
    }
  }
}
