package org.consilium.site.ledger;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.consilium.protocol.Digest;
import org.consilium.protocol.fault.FailPoint;
import org.consilium.security.audit.ChainedLog;

/**
 * Writes down what leaves before it leaves. {@link #record} returns only when the entry is on disk,
 * so a message that was sent is always in the ledger; a message in the ledger may not have arrived.
 * Safe for use by many threads.
 */
public final class EgressLedger implements AutoCloseable {
  /** Kind of the lines about what did not leave. */
  public static final String BLOCKED = "blocked";

  private static final Duration DAY = Duration.ofHours(24);

  private final ChainedLog log;
  private final InstantSource clock;
  private final Consumer<EgressEntry> watcher;
  private final Deque<LedgerLine> lastDay = new ArrayDeque<>();

  private EgressLedger(ChainedLog log, InstantSource clock, Consumer<EgressEntry> watcher) {
    this.log = log;
    this.clock = clock;
    this.watcher = watcher;
  }

  /**
   * Opens or creates the ledger; no other process may have it open.
   *
   * @param watcher told of every entry after it is on disk
   */
  public static EgressLedger open(Path file, InstantSource clock, Consumer<EgressEntry> watcher)
      throws IOException {
    EgressLedger ledger = new EgressLedger(ChainedLog.open(file, clock), clock, watcher);
    Instant since = clock.instant().minus(DAY);
    for (LedgerLine line : LedgerFile.read(file)) {
      if (line.time().isAfter(since)) {
        ledger.lastDay.add(line);
      }
    }
    return ledger;
  }

  /** Writes the entry and waits until it is on disk. */
  public synchronized void record(EgressEntry entry) throws IOException {
    Map<String, Object> detail = new TreeMap<>();
    detail.put("study", entry.study());
    detail.put("round", entry.round());
    detail.put("bytes", entry.bytes());
    detail.put("sha256", entry.sha256().hex());
    detail.put("readers", entry.readers());
    detail.put("norm", entry.norm());
    FailPoint.LEDGER_UNWRITTEN.reachDisk();
    var appended = log.append(entry.kind().word(), detail);
    lastDay.add(
        new LedgerLine(
            appended.seq(), clock.instant(), entry.kind().word(), detail, appended.hash()));
    watcher.accept(entry);
  }

  /**
   * Writes that something did not leave.
   *
   * @param attempted what it was to be; a word of the exit, never of the message
   * @param rule the step of the exit that held it
   * @param why what the coordinator may be told
   */
  public synchronized void recordBlocked(
      String attempted, EgressEntry.Blocked held, String rule, String why) throws IOException {
    Map<String, Object> detail = new TreeMap<>();
    detail.put("study", held.study());
    detail.put("round", held.round());
    detail.put("bytes", 0);
    detail.put("sha256", held.sha256().hex());
    detail.put("readers", "nobody");
    detail.put("norm", 0);
    detail.put("attempted", attempted);
    detail.put("attemptedBytes", held.bytes());
    detail.put("rule", rule);
    detail.put("why", why);
    var _ = log.append(BLOCKED, detail);
  }

  /** Bytes of one update recorded in the last 24 hours, repetitions included. */
  public synchronized long updateBytesToday(Digest update) {
    forget();
    return lastDay.stream()
        .filter(EgressLedger::isUpdate)
        .filter(l -> l.text("sha256").equals(update.hex()))
        .mapToLong(LedgerLine::bytes)
        .sum();
  }

  /** Bytes of updates recorded in the last 24 hours. */
  public synchronized long updateBytesToday() {
    forget();
    return lastDay.stream().filter(EgressLedger::isUpdate).mapToLong(LedgerLine::bytes).sum();
  }

  /** Entries so far. */
  public long entries() {
    return log.entries();
  }

  @Override
  public void close() throws IOException {
    log.close();
  }

  private void forget() {
    Instant since = clock.instant().minus(DAY);
    while (!lastDay.isEmpty() && !lastDay.getFirst().time().isAfter(since)) {
      var _ = lastDay.removeFirst();
    }
  }

  private static boolean isUpdate(LedgerLine line) {
    return line.kind().equals(EgressEntry.Kind.UPDATE.word())
        || line.kind().equals(EgressEntry.Kind.MASKED_UPDATE.word());
  }
}
