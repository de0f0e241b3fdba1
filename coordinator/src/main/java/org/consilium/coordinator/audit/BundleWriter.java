package org.consilium.coordinator.audit;

import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.security.cert.CertificateEncodingException;
import java.time.Instant;
import java.util.Arrays;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.zip.GZIPOutputStream;
import org.consilium.coordinator.journal.Journal;
import org.consilium.coordinator.journal.JournalEntry;
import org.consilium.security.witness.LogEntry;

/**
 * Writes a bundle: JSON lines under gzip. First a head with the consortium's root certificate, then
 * checkpoints and cosignatures, then every entry as names and hashes, then a line that says how
 * many there were. Nothing is judged here: what the journal holds is written, right or wrong.
 */
final class BundleWriter {
  static final String FORMAT = "consilium-audit-1";

  private BundleWriter() {}

  static void write(
      AuditLog.Keeper keeper,
      Instant now,
      Optional<CheckpointFile> file,
      Journal journal,
      OutputStream out)
      throws IOException {
    try (GZIPOutputStream zip = new GZIPOutputStream(out, 1 << 16)) {
      Map<String, Object> head = new LinkedHashMap<>();
      head.put("bundle", FORMAT);
      head.put("federation", keeper.federation());
      head.put("root", base64(keeper.root().getEncoded()));
      head.put("made", now.toString());
      zip.write(Row.line(head));
      if (file.isPresent()) {
        file.get().read(item -> zip.write(Row.line(item(item))));
      }
      entries(journal, zip);
    } catch (CertificateEncodingException broken) {
      throw new IOException("export the audit log: the root has no encoding", broken);
    }
  }

  private static Map<String, Object> item(CheckpointFile.Item item) {
    Map<String, Object> row = new LinkedHashMap<>();
    switch (item) {
      case CheckpointFile.Item.Signed(var signed) -> {
        row.put("checkpoint", new String(signed.body(), StandardCharsets.US_ASCII));
        row.put("signature", base64(signed.by().signature()));
        row.put("chain", Row.list(signed.by().chain()));
      }
      case CheckpointFile.Item.Cosigned(long size, String site, var cosignature) -> {
        row.put("size", size);
        row.put("site", site);
        row.put("cosigned", cosignature.time().toString());
        row.put("signature", base64(cosignature.by().signature()));
        row.put("chain", Row.list(cosignature.by().chain()));
      }
    }
    return row;
  }

  private static void entries(Journal journal, OutputStream out) throws IOException {
    long[] count = {0};
    Map<String, Object> end = new LinkedHashMap<>();
    try {
      journal.walk(
          0,
          stored -> {
            try {
              out.write(Row.line(entry(stored)));
              count[0]++;
            } catch (IOException disk) {
              throw new UncheckedIOException(disk);
            }
          });
      end.put("end", count[0]);
    } catch (UncheckedIOException disk) {
      throw disk.getCause();
    } catch (IOException unreadable) {
      // The bundle says so itself: whoever checks it learns which entry cannot be read.
      end.put("broken", String.valueOf(unreadable.getMessage()));
      end.put("end", count[0]);
    }
    out.write(Row.line(end));
  }

  private static Map<String, Object> entry(JournalEntry.Stored stored) {
    Map<String, Object> row = new LinkedHashMap<>();
    row.put("seq", stored.entry().sequence());
    if (stored.entry().audit().isPresent()) {
      LogEntry entry = stored.entry().audit().get();
      row.put("time", entry.time().toString());
      row.put("actor", entry.by().actor());
      row.put("role", entry.by().role());
      row.put("action", entry.action());
      row.put("stream", entry.stream());
      row.put("key", entry.key());
      entry.by().context().ifPresent(c -> row.put("context", c.hex()));
      entry.by().subject().ifPresent(s -> row.put("subject", s.hex()));
      row.put("payload", entry.payload().hex());
    } else if (!Arrays.equals(stored.entry().hash(stored.previous()), stored.hash())) {
      row.put("changed", "its content does not fit its hash");
    }
    row.put("hash", java.util.HexFormat.of().formatHex(stored.hash()));
    return row;
  }

  private static String base64(byte[] bytes) {
    return Base64.getEncoder().encodeToString(bytes);
  }
}
