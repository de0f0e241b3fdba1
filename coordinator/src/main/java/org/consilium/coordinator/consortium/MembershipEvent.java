package org.consilium.coordinator.consortium;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.consilium.coordinator.journal.Actors;
import org.consilium.coordinator.journal.JournalEntry;
import org.consilium.protocol.Digest;
import org.consilium.protocol.SiteId;
import org.consilium.security.witness.Attribution;

/**
 * What happened to a site's membership; the journal's stream {@code consortium} is made of these,
 * the authority's and the coordinator's copy of it.
 */
public sealed interface MembershipEvent {
  /** Name of the journal stream. */
  String STREAM = "consortium";

  /** Longest list of certificates in an event. */
  int CHAIN_MAX = 8;

  /** Longest field of an event. */
  int FIELD_BYTES_MAX = 64 << 10;

  SiteId site();

  /** A token was given out; of its secret only the digest is kept. */
  record Invited(SiteId site, Digest token, Instant expiry) implements MembershipEvent {}

  /** A token was spent, and a request for certificates waits for people. */
  record Requested(SiteId site, Digest token, KeyRequests requests) implements MembershipEvent {}

  /** People compared the fingerprint; certificates were issued (DER, leaf first). */
  record Approved(SiteId site, Digest tlsKey, List<byte[]> tlsChain, List<byte[]> signingChain)
      implements MembershipEvent {
    public Approved {
      tlsChain = List.copyOf(tlsChain);
      signingChain = List.copyOf(signingChain);
    }
  }

  /** A site's TLS certificate got a successor (DER, leaf first). */
  record Renewed(SiteId site, Digest tlsKey, List<byte[]> tlsChain) implements MembershipEvent {
    public Renewed {
      tlsChain = List.copyOf(tlsChain);
    }
  }

  /** People refused the waiting request. */
  record Denied(SiteId site, Digest tlsKey, String reason) implements MembershipEvent {}

  /** An approved site was shut out. */
  record Revoked(SiteId site, Digest tlsKey, String reason) implements MembershipEvent {}

  /** The event as the journal keeps it, done by whom its kind says. */
  default JournalEntry.Event encoded() {
    return encoded(
        switch (this) {
          case Requested _, Renewed _ -> Actors.site(site());
          case Invited _, Approved _, Denied _, Revoked _ -> Actors.administrator();
        });
  }

  /** The event as the journal keeps it; the key makes its second append a conflict. */
  default JournalEntry.Event encoded(Attribution by) {
    var bytes = new ByteArrayOutputStream();
    String key;
    try (var out = new DataOutputStream(bytes)) {
      out.writeUTF(site().value());
      key =
          switch (this) {
            case Invited e -> {
              out.writeUTF(e.token().hex());
              out.writeLong(e.expiry().getEpochSecond());
              yield "invited:" + e.token();
            }
            case Requested e -> {
              out.writeUTF(e.token().hex());
              field(out, e.requests().tls());
              field(out, e.requests().signing());
              out.writeUTF(e.requests().softwareVersion());
              yield "token:" + e.token();
            }
            case Approved e -> {
              out.writeUTF(e.tlsKey().hex());
              fields(out, e.tlsChain());
              fields(out, e.signingChain());
              yield "approved:" + e.tlsKey();
            }
            case Renewed e -> {
              out.writeUTF(e.tlsKey().hex());
              fields(out, e.tlsChain());
              yield "renewed:" + e.tlsKey();
            }
            case Denied e -> {
              out.writeUTF(e.tlsKey().hex());
              out.writeUTF(e.reason());
              yield "denied:" + e.tlsKey();
            }
            case Revoked e -> {
              out.writeUTF(e.tlsKey().hex());
              out.writeUTF(e.reason());
              yield "revoked:" + e.tlsKey();
            }
          };
    } catch (IOException impossible) {
      throw new IllegalStateException("write to memory", impossible);
    }
    return new JournalEntry.Event(STREAM, getClass().getSimpleName(), key, bytes.toByteArray(), by);
  }

  /** The event that {@link #encoded} made. */
  static MembershipEvent decoded(JournalEntry.Event event) {
    try (var in = new DataInputStream(new ByteArrayInputStream(event.body()))) {
      SiteId site = new SiteId(in.readUTF());
      Digest digest = new Digest(in.readUTF());
      return switch (event.type()) {
        case "Invited" -> new Invited(site, digest, Instant.ofEpochSecond(in.readLong()));
        case "Requested" ->
            new Requested(site, digest, new KeyRequests(field(in), field(in), in.readUTF()));
        case "Approved" -> new Approved(site, digest, fields(in), fields(in));
        case "Renewed" -> new Renewed(site, digest, fields(in));
        case "Denied" -> new Denied(site, digest, in.readUTF());
        case "Revoked" -> new Revoked(site, digest, in.readUTF());
        default ->
            throw new IllegalStateException(
                "journal stream consortium: event of unknown type " + event.type());
      };
    } catch (IOException | IllegalArgumentException broken) {
      throw new IllegalStateException(
          "journal stream consortium: event %s does not decode".formatted(event.key()), broken);
    }
  }

  private static void fields(DataOutputStream out, List<byte[]> fields) throws IOException {
    out.writeInt(fields.size());
    for (byte[] one : fields) {
      field(out, one);
    }
  }

  private static void field(DataOutputStream out, byte[] field) throws IOException {
    out.writeInt(field.length);
    out.write(field);
  }

  private static List<byte[]> fields(DataInputStream in) throws IOException {
    int count = in.readInt();
    if (count < 0 || count > CHAIN_MAX) {
      throw new IOException(count + " fields");
    }
    List<byte[]> fields = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      fields.add(field(in));
    }
    return fields;
  }

  private static byte[] field(DataInputStream in) throws IOException {
    int length = in.readInt();
    if (length < 0 || length > FIELD_BYTES_MAX) {
      throw new IOException(length + " bytes");
    }
    return in.readNBytes(length);
  }
}
