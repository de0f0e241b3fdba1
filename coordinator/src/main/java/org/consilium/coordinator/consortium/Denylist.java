package org.consilium.coordinator.consortium;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.math.BigInteger;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.consilium.coordinator.consortium.MembershipRefused.Why;
import org.consilium.coordinator.journal.Actors;
import org.consilium.coordinator.journal.Journal;
import org.consilium.coordinator.journal.JournalConflict;
import org.consilium.coordinator.journal.JournalEntry;
import org.consilium.protocol.Limits;
import org.consilium.security.identity.CertificateAuthority.Revoked;
import org.consilium.security.identity.Fingerprint;
import org.consilium.security.identity.SpiffeId;

/**
 * Names, keys and certificates that may not call, whatever else is said of them. One person may
 * always add; nothing here takes away. Journaled before it counts; asked for every call and for
 * every open stream. Safe for use by many threads.
 */
public final class Denylist {
  private static final String STREAM = "denylist";
  private static final int ENTRIES_MAX = 1000;

  private final Journal journal;
  private final Map<String, Entry> entries = new LinkedHashMap<>();

  private Denylist(Journal journal) {
    this.journal = journal;
  }

  /** What an entry names. */
  public enum Kind {
    /** A name, {@code spiffe://…}. */
    ID,
    /** SHA-256 of a public key (SubjectPublicKeyInfo), 64 hexadecimal digits. */
    KEY,
    /** A certificate's number, hexadecimal; it is on the list of revoked certificates too. */
    SERIAL
  }

  /** One entry. */
  public record Entry(Kind kind, String value, Instant since, String reason) {}

  /** Rebuilds the list from its journal. */
  public static Denylist open(Journal journal) throws IOException {
    Denylist list = new Denylist(journal);
    journal.replay(STREAM, list::apply);
    return list;
  }

  /**
   * Shuts out whoever calls with this from now on. The same entry again changes nothing.
   *
   * @throws MembershipRefused if the value is not one of its kind, or the list is full
   */
  public synchronized Entry add(Kind kind, String value, String reason)
      throws MembershipRefused, IOException {
    String legal = legal(kind, value.strip());
    String key = kind + ":" + legal;
    Entry known = entries.get(key);
    if (known != null) {
      return known;
    }
    if (entries.size() >= ENTRIES_MAX) {
      throw new MembershipRefused(
          Why.WRONG_STATE,
          "denylist: it has %d entries, which is all it may have".formatted(ENTRIES_MAX));
    }
    var bytes = new ByteArrayOutputStream();
    try (var out = new DataOutputStream(bytes)) {
      out.writeUTF(kind.name());
      out.writeUTF(legal);
      out.writeUTF(Typed.reason(reason));
    }
    try {
      journal
          .append(
              List.of(
                  new JournalEntry.Event(
                      STREAM, "Denied", key, bytes.toByteArray(), Actors.administrator())))
          .forEach(this::apply);
    } catch (JournalConflict conflict) {
      throw new IllegalStateException("the denylist is not what its journal says", conflict);
    }
    return java.util.Objects.requireNonNull(entries.get(key));
  }

  /** Whether an entry names this certificate. */
  public synchronized boolean holds(X509Certificate leaf) {
    if (entries.isEmpty()) {
      return false;
    }
    String name;
    try {
      name = SpiffeId.of(leaf).toString();
    } catch (CertificateException nameless) {
      return true; // nobody without a name may call anyway
    }
    return entries.containsKey(Kind.ID + ":" + name)
        || entries.containsKey(Kind.KEY + ":" + Fingerprint.of(leaf.getPublicKey()).hex())
        || entries.containsKey(Kind.SERIAL + ":" + leaf.getSerialNumber().toString(16));
  }

  /** All entries, the oldest first. */
  public synchronized List<Entry> list() {
    return List.copyOf(entries.values());
  }

  synchronized List<Revoked> serials() {
    return entries.values().stream()
        .filter(e -> e.kind() == Kind.SERIAL)
        .map(e -> new Revoked(new BigInteger(e.value(), 16), e.since()))
        .toList();
  }

  private void apply(JournalEntry entry) {
    try (var in = new DataInputStream(new ByteArrayInputStream(entry.event().body()))) {
      Kind kind = Kind.valueOf(in.readUTF());
      String value = in.readUTF();
      entries.put(kind + ":" + value, new Entry(kind, value, entry.time(), in.readUTF()));
    } catch (IOException | IllegalArgumentException broken) {
      throw new IllegalStateException(
          "journal stream denylist: entry %d does not decode".formatted(entry.sequence()), broken);
    }
  }

  private static String legal(Kind kind, String value) throws MembershipRefused {
    try {
      return switch (kind) {
        case ID -> SpiffeId.parse(value).toString();
        case KEY -> Fingerprint.parse(value).hex();
        case SERIAL -> {
          if (!value.matches("[0-9a-fA-F]{1,40}")) {
            throw new IllegalArgumentException("a certificate's number has 1 to 40 hex digits");
          }
          yield new BigInteger(value, 16).toString(16);
        }
      };
    } catch (IllegalArgumentException illegal) {
      throw new MembershipRefused(
          Why.BAD_REQUEST,
          "denylist: %s is no %s: %s"
              .formatted(Limits.printable(value), kind, illegal.getMessage()));
    }
  }
}
