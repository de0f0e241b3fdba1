package org.consilium.sim.transfers;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongSupplier;
import org.consilium.protocol.SiteId;
import org.consilium.sim.proxy.Direction;
import org.consilium.sim.proxy.FaultProxy;
import org.consilium.sim.proxy.LineTerms;

/** A line of its own for each site, and what crossed it since the last look. */
final class BadLines implements AutoCloseable {
  private static final Duration LATENCY = Duration.ofMillis(10);

  /** A cut falls into what certainly crosses in the round. */
  private static final double CUT_WITHIN = 0.9;

  private final TransferPlan plan;
  private final List<SiteId> ids;
  private final List<Long> widths;
  private final List<FaultProxy> lines = new ArrayList<>();
  private final List<Seen> seen = new ArrayList<>();

  private record Seen(long up, long down, int cuts) {}

  private BadLines(TransferPlan plan) {
    this.plan = plan;
    this.ids = plan.ids();
    this.widths = plan.widths();
  }

  /** Opens them; good ones, if they are only to count. */
  static BadLines open(TransferPlan plan, int coordinatorPort, LongSupplier nanos, boolean bad)
      throws IOException {
    BadLines all = new BadLines(plan);
    for (int i = 0; i < plan.sites(); i++) {
      LineTerms terms =
          bad
              ? LineTerms.good().withBandwidth(all.widths.get(i)).withLatency(LATENCY)
              : LineTerms.good();
      all.lines.add(
          FaultProxy.listen(
              new InetSocketAddress(InetAddress.getLoopbackAddress(), coordinatorPort),
              terms,
              plan.seed() + i,
              nanos));
      all.seen.add(new Seen(0, 0, 0));
    }
    return all;
  }

  int port(int site) {
    return lines.get(site).port();
  }

  /** Each line will be cut once, somewhere in a round. */
  void cutEachOnce() {
    long bytes = (long) (Math.min(plan.sealedBytes(), plan.modelBytes()) * CUT_WITHIN);
    lines.forEach(line -> line.cutSomewhere(bytes));
  }

  /** Bytes that all sites together sent since the last look. */
  long up() {
    long sum = 0;
    for (int i = 0; i < lines.size(); i++) {
      sum += lines.get(i).bytes(Direction.UP) - seen.get(i).up();
    }
    return sum;
  }

  /** Bytes that a site sent in all. */
  long sent(int site) {
    return lines.get(site).bytes(Direction.UP);
  }

  /** Bytes that came to a site since the last look. */
  long down(int site) {
    return lines.get(site).bytes(Direction.DOWN) - seen.get(site).down();
  }

  /**
   * What crossed since the last look.
   *
   * @param kills by site, of either end
   */
  List<TransferFigures.Crossed> look(int round, int[] kills) {
    List<TransferFigures.Crossed> crossed = new ArrayList<>();
    for (int i = 0; i < lines.size(); i++) {
      FaultProxy line = lines.get(i);
      Seen now = new Seen(line.bytes(Direction.UP), line.bytes(Direction.DOWN), line.cuts());
      Seen before = seen.set(i, now);
      crossed.add(
          new TransferFigures.Crossed(
              round,
              ids.get(i).value(),
              widths.get(i),
              now.up() - before.up(),
              now.down() - before.down(),
              now.cuts() - before.cuts() + kills[i]));
    }
    return crossed;
  }

  @Override
  public void close() throws IOException {
    for (FaultProxy line : lines) {
      line.close();
    }
  }
}
