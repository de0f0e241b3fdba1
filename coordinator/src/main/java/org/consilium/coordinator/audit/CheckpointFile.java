package org.consilium.coordinator.audit;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Base64;
import java.util.Map;
import java.util.Optional;
import org.consilium.security.audit.ChainedLog;
import org.consilium.security.witness.Cosignature;
import org.consilium.security.witness.Endorsement;
import org.consilium.security.witness.SignedCheckpoint;

/**
 * Checkpoints and cosignatures in a hash-chained file of their own, each forced to disk. It is
 * apart from the journal's database on purpose: an old copy of the database that is put back does
 * not take the checkpoints along.
 */
final class CheckpointFile implements AutoCloseable {
  private static final String CHECKPOINT = "checkpoint";
  private static final String COSIGNATURE = "cosignature";

  private final Path file;
  private final ChainedLog log;

  private CheckpointFile(Path file, ChainedLog log) {
    this.file = file;
    this.log = log;
  }

  /** What the file holds, in order. */
  sealed interface Item {
    /** A checkpoint that this coordinator signed. */
    record Signed(SignedCheckpoint checkpoint) implements Item {}

    /**
     * A site's cosignature.
     *
     * @param size of the checkpoint that it is for
     */
    record Cosigned(long size, String site, Cosignature cosignature) implements Item {}
  }

  /** Takes what is read. */
  @FunctionalInterface
  interface Reader {
    void take(Item item) throws IOException;
  }

  /**
   * Opens or creates the file; a line that a crash tore is cut off.
   *
   * @throws IOException if a line was changed; names it
   */
  static CheckpointFile open(Path file, InstantSource clock) throws IOException {
    ChainedLog log = ChainedLog.open(file, clock);
    ChainedLog.Verification found = ChainedLog.verify(file);
    if (!found.intact()) {
      log.close();
      throw new IOException(
          "open %s: line %d was changed".formatted(file, found.firstBad().orElse(0) + 1));
    }
    return new CheckpointFile(file, log);
  }

  /** Durable when it returns. */
  void append(SignedCheckpoint checkpoint) throws IOException {
    var _ =
        log.append(
            CHECKPOINT,
            Map.of(
                "body",
                new String(checkpoint.body(), StandardCharsets.US_ASCII),
                "signature",
                Base64.getEncoder().encodeToString(checkpoint.by().signature()),
                "chain",
                Row.list(checkpoint.by().chain())));
  }

  /** Durable when it returns. */
  void append(Item.Cosigned cosigned) throws IOException {
    var _ =
        log.append(
            COSIGNATURE,
            Map.of(
                "size",
                cosigned.size(),
                "site",
                cosigned.site(),
                "cosigned",
                cosigned.cosignature().time().toString(),
                "signature",
                Base64.getEncoder().encodeToString(cosigned.cosignature().by().signature()),
                "chain",
                Row.list(cosigned.cosignature().by().chain())));
  }

  /** Gives all that was written to {@code reader}, in order. */
  void read(Reader reader) throws IOException {
    long lines = log.entries();
    try (InputStream in = new BufferedInputStream(Files.newInputStream(file), 1 << 16)) {
      for (long i = 0; i < lines; i++) {
        Row row =
            Row.read(in)
                .orElseThrow(() -> new IOException("read %s: it ends early".formatted(file)));
        Optional<Item> item = item(row);
        if (item.isPresent()) {
          reader.take(item.get());
        }
      }
    }
  }

  @Override
  public void close() throws IOException {
    log.close();
  }

  private static Optional<Item> item(Row row) throws IOException {
    return switch (row.text("kind")) {
      case CHECKPOINT ->
          Optional.of(
              new Item.Signed(
                  new SignedCheckpoint(
                      row.text("body").getBytes(StandardCharsets.US_ASCII), endorsement(row))));
      case COSIGNATURE ->
          Optional.of(new Item.Cosigned(row.number("size"), row.text("site"), cosignature(row)));
      default -> Optional.empty(); // the log's own remark about a torn line
    };
  }

  /** Reads the members {@code signature} and {@code chain}. */
  static Endorsement endorsement(Row row) throws IOException {
    return new Endorsement(row.base64("signature"), row.list("chain"));
  }

  /** Reads an endorsement and the member {@code cosigned}, its time. */
  static Cosignature cosignature(Row row) throws IOException {
    try {
      return new Cosignature(Instant.parse(row.text("cosigned")), endorsement(row));
    } catch (DateTimeException illegal) {
      throw new IOException("a cosignature's time is none", illegal);
    }
  }
}
