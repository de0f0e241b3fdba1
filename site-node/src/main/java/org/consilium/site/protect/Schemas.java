package org.consilium.site.protect;

import java.util.regex.Pattern;
import org.consilium.protocol.Digest;
import org.consilium.protocol.Limits;
import org.consilium.site.ledger.EgressEntry.Kind;
import org.consilium.site.protect.WireSchema.Field;
import org.consilium.site.protect.WireSchema.Form;

/** The schema of each kind; the numbers are those of the {@code .proto} files. */
final class Schemas {
  private static final Form NAME = new Form.Text(Pattern.compile("[a-z0-9][a-z0-9-]{0,62}"));
  private static final Form VERSION =
      new Form.Text(Pattern.compile("[0-9A-Za-z][0-9A-Za-z.+-]{0,39}"));
  private static final Form DIGEST = new Form.Opaque(Digest.BYTES, Digest.BYTES);
  private static final Form SIGNATURE = new Form.Opaque(64, 64);
  private static final Form SMALL = new Form.Whole(1_000_000);
  private static final Form LARGE = new Form.Whole(Long.MAX_VALUE);
  private static final Form REAL = new Form.Real();
  private static final Form COUNT = new Form.Count();

  private static final WireSchema ENROL =
      message(
          NAME,
          new Form.Opaque(Digest.BYTES, Digest.BYTES),
          new Form.Opaque(1, 8 << 10),
          new Form.Opaque(1, 8 << 10),
          VERSION,
          new Form.Opaque(1, 160));

  private static final WireSchema RENEW = message(new Form.Opaque(1, 8 << 10));

  private static final WireSchema RECOVER =
      signed(
          message(NAME, DIGEST, new Form.Opaque(1, 8 << 10), new Form.Opaque(1, 8 << 10), LARGE));

  private static final WireSchema HELLO = branch(1, message(SMALL, VERSION));
  private static final WireSchema PING = branch(2, message(LARGE, LARGE));

  private static final WireSchema DECISION =
      branch(3, message(NAME, DIGEST, new Form.Whole(1), new Form.Whole(100), COUNT));

  private static final WireSchema PROGRESS =
      branch(4, message(NAME, SMALL, SMALL, new Form.Whole(6)));

  private static final WireSchema REFUSAL =
      branch(4, message(NAME, SMALL, SMALL, new Form.Whole(7), new Form.Whole(100)));

  private static final WireSchema HOURS =
      branch(22, message(NAME, new Form.Whole(2), new Form.Whole(100_000_000)));

  private static final WireSchema COLLECT = message(NAME, DIGEST);
  private static final WireSchema FETCH =
      WireSchema.of(Field.of(1, DIGEST), Field.of(2, LARGE), Field.of(4, new Form.Whole(1)));

  private static final WireSchema MANIFEST =
      signed(
          message(
              DIGEST,
              NAME,
              SMALL,
              SMALL,
              DIGEST,
              DIGEST,
              LARGE,
              new Form.Whole(Limits.WEIGHT_MAX),
              COUNT,
              REAL,
              new Form.Opaque(32, 4096),
              LARGE,
              LARGE,
              new Form.Opaque(Digest.BYTES, Digest.BYTES * Limits.CHUNKS_MAX),
              REAL,
              SMALL,
              new Form.Opaque(1, Limits.TENSORS_MAX)));

  private static final WireSchema CHUNK =
      message(
          DIGEST,
          new Form.Whole(Limits.CHUNKS_MAX),
          new Form.Opaque(1, Limits.CHUNK_SEALED_BYTES),
          new Form.Whole(Limits.CHUNK_SEALED_BYTES - 1));

  private static final WireSchema REPORT =
      signed(
          WireSchema.of(
              Field.of(1, NAME),
              Field.of(2, SMALL),
              Field.of(3, SMALL),
              Field.of(4, DIGEST),
              Field.of(5, COUNT),
              Field.of(6, COUNT),
              new Field(
                  7,
                  new Form.Nested(
                      message(
                          new Form.Whole(20),
                          new Form.Whole(20),
                          new Form.Whole(20),
                          REAL,
                          REAL,
                          REAL)),
                  Limits.MEASURES_MAX),
              Field.of(8, new Form.Whole(20))));

  /** Size and root of the audit log that this site knows, and what the coordinator signed. */
  private static final WireSchema AUDIT_STATE =
      branch(
          20,
          WireSchema.of(
              Field.of(1, LARGE),
              Field.of(2, DIGEST),
              Field.of(3, new Form.Opaque(1, 1 << 10)),
              Field.of(4, SIGNATURE),
              new Field(5, new Form.Opaque(1, 8 << 10), 4)));

  private static final WireSchema AUDIT_COSIGN =
      branch(
          21,
          WireSchema.of(
              Field.of(1, LARGE),
              Field.of(2, LARGE),
              Field.of(3, SIGNATURE),
              new Field(4, new Form.Opaque(1, 8 << 10), 5)));

  private static final WireSchema COHORT_COUNT = signed(message(NAME, DIGEST, COUNT));

  private static final WireSchema PARCELS =
      WireSchema.of(
          new Field(
              1,
              new Form.Nested(message(new Form.Opaque(1, 4 << 10), SIGNATURE)),
              Limits.PAIRED_PARTICIPANTS_MAX));

  private Schemas() {}

  /** What a message of the kind may hold. */
  static WireSchema of(Kind kind) {
    return switch (kind) {
      case ENROL_REQUEST -> ENROL;
      case CAPABILITY -> HELLO;
      case HEARTBEATS -> WireSchema.either(PING, PROGRESS);
      case AUDIT_STATE -> AUDIT_STATE;
      case REQUEST -> WireSchema.either(FETCH, COLLECT);
      case DECISION -> DECISION;
      case HOURS -> HOURS;
      case TYPED_ERROR -> REFUSAL;
      case MANIFEST -> MANIFEST;
      case UPDATE -> CHUNK;
      case REPORT -> REPORT;
      case COHORT_COUNT -> COHORT_COUNT;
      // Keys, shares, masked integers, digests: random to look at, so that size and signature are
      // all that can be asked of them.
      case MASKED_UPDATE -> CHUNK;
      case KEYS -> branch(1, opaque(kind));
      case SHARES -> branch(2, PARCELS);
      case U3_SIGNATURE -> branch(3, opaque(kind));
      case UNMASK_SHARES -> branch(4, opaque(kind));
      case COMPLAINT -> branch(5, opaque(kind));
      case AUDIT_COSIGN -> AUDIT_COSIGN;
      case RENEW_REQUEST -> WireSchema.either(RENEW, RECOVER);
    };
  }

  /** Some bytes and a signature over them. */
  private static WireSchema opaque(Kind kind) {
    return message(new Form.Opaque(1, kind.bytesMax()), SIGNATURE);
  }

  /** A message whose fields are numbered from 1 in this order. */
  private static WireSchema message(Form... types) {
    Field[] fields = new Field[types.length];
    for (int i = 0; i < types.length; i++) {
      fields[i] = Field.of(i + 1, types[i]);
    }
    return WireSchema.of(fields);
  }

  /** A site's message on its stream with one branch alone. */
  private static WireSchema branch(int number, WireSchema schema) {
    return WireSchema.of(Field.of(number, new Form.Nested(schema)));
  }

  private static WireSchema signed(WireSchema body) {
    return message(new Form.Nested(body), SIGNATURE);
  }
}
