package org.consilium.site.ledger;

import java.time.Instant;
import java.util.Map;

/**
 * One line of a ledger as it was read.
 *
 * @param seq from 0
 * @param time when it was written
 * @param kind what left
 * @param detail all further fields
 * @param hash of the line and all before it, 64 hexadecimal digits
 */
public record LedgerLine(
    long seq, Instant time, String kind, Map<String, Object> detail, String hash) {
  public LedgerLine {
    detail = Map.copyOf(detail);
  }

  /** A field as text; empty if it is absent. */
  public String text(String field) {
    return String.valueOf(detail.getOrDefault(field, ""));
  }

  /** Bytes that left; 0 if the line names none. */
  public long bytes() {
    return detail.get("bytes") instanceof Number bytes ? bytes.longValue() : 0;
  }
}
