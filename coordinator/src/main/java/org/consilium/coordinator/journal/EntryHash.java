package org.consilium.coordinator.journal;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Optional;
import org.consilium.security.audit.ChainHash;
import org.consilium.security.identity.Fingerprint;
import org.consilium.security.witness.LogEntry;

/**
 * The hash of a journal entry: that of its audit entry, which holds the body's digest and who did
 * it. Entries that an older version wrote without an actor keep their older encoding: sequence
 * (i64), microseconds since 1970 (i64), then stream, type, key and body, each after its length
 * (u32); all big-endian. The first byte tells the two apart.
 */
final class EntryHash {
  private EntryHash() {}

  static byte[] next(byte[] previous, JournalEntry entry) {
    Optional<LogEntry> audit = audit(entry);
    return audit.isPresent() ? audit.get().hash(previous) : older(previous, entry);
  }

  /** What the audit log says of an entry; empty for one of an older version. */
  static Optional<LogEntry> audit(JournalEntry entry) {
    JournalEntry.Event event = entry.event();
    return event
        .by()
        .map(
            by ->
                new LogEntry(
                    entry.sequence(),
                    entry.time(),
                    by,
                    event.type(),
                    event.stream(),
                    event.key(),
                    Fingerprint.sha256(event.body())));
  }

  private static byte[] older(byte[] previous, JournalEntry entry) {
    var bytes = new ByteArrayOutputStream();
    try (var out = new DataOutputStream(bytes)) {
      out.writeLong(entry.sequence());
      out.writeLong(micros(entry.time()));
      field(out, entry.event().stream().getBytes(StandardCharsets.UTF_8));
      field(out, entry.event().type().getBytes(StandardCharsets.UTF_8));
      field(out, entry.event().key().getBytes(StandardCharsets.UTF_8));
      field(out, entry.event().body());
    } catch (IOException impossible) {
      throw new IllegalStateException("write to memory", impossible);
    }
    return ChainHash.next(previous, bytes.toByteArray());
  }

  static long micros(Instant time) {
    return ChronoUnit.MICROS.between(Instant.EPOCH, time);
  }

  static Instant instant(long micros) {
    return Instant.EPOCH.plus(micros, ChronoUnit.MICROS);
  }

  private static void field(DataOutputStream out, byte[] bytes) throws IOException {
    out.writeInt(bytes.length);
    out.write(bytes);
  }
}
