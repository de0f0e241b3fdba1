package org.consilium.security.witness;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Optional;
import org.consilium.security.audit.ChainHash;
import org.consilium.security.identity.Fingerprint;

/**
 * What the audit log says of one event: hashes and names, never the event's own content. Order is
 * by sequence; the time may go back with the clock.
 *
 * @param sequence from 1
 * @param time when it was written, whole microseconds
 * @param by who did it
 * @param action type of the event
 * @param stream what it belongs to
 * @param key names the event within the stream
 * @param payload SHA-256 of the event's bytes
 */
public record LogEntry(
    long sequence,
    Instant time,
    Attribution by,
    String action,
    String stream,
    String key,
    Fingerprint payload) {
  private static final byte[] LABEL = "CAUDIT1".getBytes(StandardCharsets.US_ASCII);

  /** Refuses a time that the encoding would round. */
  public LogEntry {
    if (!time.equals(time.truncatedTo(ChronoUnit.MICROS))) {
      throw new IllegalArgumentException("audit entry: time %s is not whole µs".formatted(time));
    }
  }

  /**
   * The canonical encoding: {@code CAUDIT1}, then each field as u32 big-endian length and bytes in
   * the order sequence (8 bytes), microseconds since 1970 (8), actor, role, action, stream, key,
   * context, subject (32, or 0 when absent), payload (32); text in UTF-8.
   */
  public byte[] bytes() {
    ByteArrayOutputStream out = new ByteArrayOutputStream(256);
    out.writeBytes(LABEL);
    field(out, sequence);
    field(out, ChronoUnit.MICROS.between(Instant.EPOCH, time));
    field(out, by.actor());
    field(out, by.role());
    field(out, action);
    field(out, stream);
    field(out, key);
    field(out, by.context());
    field(out, by.subject());
    field(out, payload.bytes());
    return out.toByteArray();
  }

  /**
   * The entry's link in the chain, SHA-256(0x00 ‖ entry ‖ previous). It is also the leaf of {@code
   * entry ‖ previous} in the Merkle tree, so that one number stands for the entry in both.
   *
   * @param previous hash of the entry before, 32 bytes
   */
  public byte[] hash(byte[] previous) {
    return ChainHash.next(previous, bytes());
  }

  private static void field(ByteArrayOutputStream out, long value) {
    field(out, ByteBuffer.allocate(Long.BYTES).putLong(value).array());
  }

  private static void field(ByteArrayOutputStream out, String text) {
    field(out, text.getBytes(StandardCharsets.UTF_8));
  }

  private static void field(ByteArrayOutputStream out, Optional<Fingerprint> digest) {
    field(out, digest.map(Fingerprint::bytes).orElseGet(() -> new byte[0]));
  }

  private static void field(ByteArrayOutputStream out, byte[] bytes) {
    out.writeBytes(ByteBuffer.allocate(Integer.BYTES).putInt(bytes.length).array());
    out.writeBytes(bytes);
  }
}
