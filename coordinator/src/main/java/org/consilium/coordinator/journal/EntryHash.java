package org.consilium.coordinator.journal;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import org.consilium.security.audit.ChainHash;

/**
 * The hash of a journal entry over one canonical encoding: sequence (i64), microseconds since 1970
 * (i64), then stream, type, key and body, each after its length (u32); all big-endian.
 */
final class EntryHash {
  private EntryHash() {}

  static byte[] next(byte[] previous, JournalEntry entry) {
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
