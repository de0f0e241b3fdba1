package org.consilium.coordinator.journal;

import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Optional;
import org.consilium.security.identity.Fingerprint;
import org.consilium.security.witness.Attribution;

/** An entry as a row of the table. */
final class JournalRow {
  static final String COLUMNS =
      "sequence, appended_micros, stream, event_type, idem_key, body, previous_hash, hash,"
          + " actor, actor_role, context, subject";

  private JournalRow() {}

  static void bind(PreparedStatement insert, JournalEntry entry, byte[] prev, byte[] hash)
      throws SQLException {
    insert.setLong(1, entry.sequence());
    insert.setLong(2, EntryHash.micros(entry.time()));
    insert.setString(3, entry.event().stream());
    insert.setString(4, entry.event().type());
    insert.setString(5, entry.event().key());
    insert.setBytes(6, entry.event().body());
    insert.setBytes(7, prev);
    insert.setBytes(8, hash);
    Attribution by = entry.event().doneBy();
    insert.setString(9, by.actor());
    insert.setString(10, by.role());
    insert.setBytes(11, by.context().map(Fingerprint::bytes).orElse(null));
    insert.setBytes(12, by.subject().map(Fingerprint::bytes).orElse(null));
  }

  static JournalEntry entry(ResultSet row) throws SQLException {
    Optional<String> actor = Optional.ofNullable(row.getString(9));
    return new JournalEntry(
        row.getLong(1),
        EntryHash.instant(row.getLong(2)),
        new JournalEntry.Event(
            row.getString(3),
            row.getString(4),
            row.getString(5),
            row.getBytes(6),
            actor.isEmpty() ? Optional.empty() : Optional.of(attribution(actor.get(), row))));
  }

  private static Attribution attribution(String actor, ResultSet row) throws SQLException {
    try {
      return new Attribution(
          actor,
          row.getString(10),
          Optional.ofNullable(row.getBytes(11)).map(Fingerprint::new),
          Optional.ofNullable(row.getBytes(12)).map(Fingerprint::new));
    } catch (IllegalArgumentException | NullPointerException changed) {
      throw new SQLException(
          "entry %d was changed: %s".formatted(row.getLong(1), changed.getMessage()), changed);
    }
  }
}
