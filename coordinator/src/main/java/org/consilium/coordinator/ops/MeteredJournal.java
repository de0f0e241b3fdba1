package org.consilium.coordinator.ops;

import io.prometheus.metrics.core.datapoints.Timer;
import io.prometheus.metrics.core.metrics.Counter;
import io.prometheus.metrics.core.metrics.Histogram;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.io.IOException;
import java.util.List;
import java.util.function.Consumer;
import org.consilium.coordinator.journal.Journal;
import org.consilium.coordinator.journal.JournalConflict;
import org.consilium.coordinator.journal.JournalEntry;
import org.consilium.security.identity.Fingerprint;

/** A journal whose appends and replays are timed and whose failures are counted. */
public final class MeteredJournal implements Journal {
  private final Journal journal;
  private final String store;
  private final Histogram seconds;
  private final Counter errors;

  /** Wraps a journal; {@code store} names the database, for example h2 or postgres. */
  public MeteredJournal(Journal journal, String store, PrometheusRegistry registry) {
    this.journal = journal;
    this.store = store;
    String duration = "consilium_store_operation_duration_seconds";
    this.seconds =
        Histogram.builder()
            .name(duration)
            .help(MetricList.help(duration))
            .labelNames("store", "operation")
            .classicOnly()
            .classicUpperBounds(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5)
            .register(registry);
    this.errors =
        Counter.builder()
            .name("consilium_store_errors_total")
            .help(MetricList.help("consilium_store_errors_total"))
            .labelNames("store", "operation")
            .register(registry);
    for (String operation : List.of("append", "replay", "verify")) {
      errors.initLabelValues(store, operation);
      seconds.initLabelValues(store, operation);
    }
  }

  @Override
  public List<JournalEntry> append(List<JournalEntry.Event> events)
      throws JournalConflict, IOException {
    try (Timer _ = seconds.labelValues(store, "append").startTimer()) {
      return journal.append(events);
    } catch (IOException failed) {
      errors.labelValues(store, "append").inc();
      throw failed;
    }
  }

  @Override
  public void replay(String stream, Consumer<JournalEntry> reader) throws IOException {
    try (Timer _ = seconds.labelValues(store, "replay").startTimer()) {
      journal.replay(stream, reader);
    } catch (IOException failed) {
      errors.labelValues(store, "replay").inc();
      throw failed;
    }
  }

  @Override
  public List<String> streams(String prefix) throws IOException {
    return journal.streams(prefix);
  }

  @Override
  public long firstBadEntry() throws IOException {
    try (Timer _ = seconds.labelValues(store, "verify").startTimer()) {
      return journal.firstBadEntry();
    } catch (IOException failed) {
      errors.labelValues(store, "verify").inc();
      throw failed;
    }
  }

  @Override
  public void walk(long after, Consumer<JournalEntry.Stored> reader) throws IOException {
    try (Timer _ = seconds.labelValues(store, "replay").startTimer()) {
      journal.walk(after, reader);
    } catch (IOException failed) {
      errors.labelValues(store, "replay").inc();
      throw failed;
    }
  }

  @Override
  public void hashes(long after, long last, Consumer<Fingerprint> reader) throws IOException {
    try (Timer _ = seconds.labelValues(store, "replay").startTimer()) {
      journal.hashes(after, last, reader);
    } catch (IOException failed) {
      errors.labelValues(store, "replay").inc();
      throw failed;
    }
  }

  @Override
  public void close() {
    journal.close();
  }
}
