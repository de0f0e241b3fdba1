package org.consilium.site.protect;

import com.google.protobuf.CodedInputStream;
import com.google.protobuf.WireFormat;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * What the bytes of an outgoing message may hold, field by field. It reads the wire form itself and
 * knows no generated class, so that a field that somebody adds to a message does not leave until it
 * is declared here too. A text must match a pattern: there is no free text.
 */
final class WireSchema {
  private final List<Map<Integer, Field>> alternatives;

  private WireSchema(List<Map<Integer, Field>> alternatives) {
    this.alternatives = alternatives;
  }

  /** A message with these fields, each at most as often as it says, and no other. */
  static WireSchema of(Field... fields) {
    Map<Integer, Field> byNumber = new HashMap<>();
    for (Field field : fields) {
      byNumber.put(field.number(), field);
    }
    return new WireSchema(List.of(byNumber));
  }

  /** One of several messages. */
  static WireSchema either(WireSchema... schemas) {
    List<Map<Integer, Field>> all = new ArrayList<>();
    for (WireSchema schema : schemas) {
      all.addAll(schema.alternatives);
    }
    return new WireSchema(all);
  }

  /** One field. */
  record Field(int number, Form type, int most) {
    static Field of(int number, Form type) {
      return new Field(number, type, 1);
    }
  }

  /** What a field holds. */
  sealed interface Form {
    /** A whole number, 0 to {@code most}. */
    record Whole(long most) implements Form {}

    /** A number of cases: it goes through the small-cell rule. */
    record Count() implements Form {}

    /** A finite double. */
    record Real() implements Form {}

    /** Bytes of digests, keys, signatures, ciphertext. */
    record Opaque(int least, int most) implements Form {}

    /** A name or a version. */
    record Text(Pattern pattern) implements Form {}

    /** Another message, or bytes that are one. */
    record Nested(WireSchema schema) implements Form {}
  }

  /**
   * What was read.
   *
   * @param counts numbers of cases
   * @param texts all texts
   * @param searched the message without what is opaque
   */
  @SuppressWarnings("ArrayRecordComponent") // handed on once, never compared
  record Content(List<Long> counts, List<String> texts, byte[] searched) {}

  /** Thrown for bytes that are not of the schema. */
  static final class Unfit extends Exception {
    private static final long serialVersionUID = 1L;

    Unfit(String message) {
      super(message);
    }
  }

  /** Reads a message; throws if none of the alternatives fits, with the first one's complaint. */
  Content read(byte[] message) throws Unfit {
    Unfit first = new Unfit("this kind has no schema");
    for (int i = 0; i < alternatives.size(); i++) {
      try {
        Reading reading = new Reading();
        reading.message(alternatives.get(i), CodedInputStream.newInstance(message));
        return new Content(reading.counts, reading.texts, reading.searched.toByteArray());
      } catch (Unfit unfit) {
        first = i == 0 ? unfit : first;
      } catch (IOException malformed) {
        first = i == 0 ? new Unfit("not a message") : first;
      }
    }
    throw first;
  }

  private static final class Reading {
    private final List<Long> counts = new ArrayList<>();
    private final List<String> texts = new ArrayList<>();
    private final ByteArrayOutputStream searched = new ByteArrayOutputStream();

    void message(Map<Integer, Field> fields, CodedInputStream in) throws IOException, Unfit {
      Map<Integer, Integer> seen = new HashMap<>();
      for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
        int number = WireFormat.getTagFieldNumber(tag);
        Field field = fields.get(number);
        if (field == null) {
          throw new Unfit("field %d is not declared".formatted(number));
        }
        if (seen.merge(number, 1, Integer::sum) > field.most()) {
          throw new Unfit("field %d more than %d times".formatted(number, field.most()));
        }
        value(field, WireFormat.getTagWireType(tag), in);
      }
    }

    private void value(Field field, int wire, CodedInputStream in) throws IOException, Unfit {
      switch (field.type()) {
        case Form.Whole(long most) -> {
          long value = whole(field, wire, in);
          if (value < 0 || value > most) {
            throw new Unfit("field %d must be 0-%d".formatted(field.number(), most));
          }
        }
        case Form.Count() -> counts.add(whole(field, wire, in));
        case Form.Real() -> {
          require(field, wire == WireFormat.WIRETYPE_FIXED64);
          double value = in.readDouble();
          if (!Double.isFinite(value)) {
            throw new Unfit("field %d is not finite".formatted(field.number()));
          }
        }
        case Form.Opaque(int least, int most) -> {
          require(field, wire == WireFormat.WIRETYPE_LENGTH_DELIMITED);
          int length = in.readByteArray().length;
          if (length < least || length > most) {
            throw new Unfit(
                "field %d has %d bytes, must have %d-%d"
                    .formatted(field.number(), length, least, most));
          }
        }
        case Form.Text(Pattern pattern) -> {
          require(field, wire == WireFormat.WIRETYPE_LENGTH_DELIMITED);
          byte[] bytes = in.readByteArray();
          searched.writeBytes(bytes);
          String text = new String(bytes, StandardCharsets.UTF_8);
          if (!pattern.matcher(text).matches()) {
            throw new Unfit("field %d is a text that is not allowed".formatted(field.number()));
          }
          texts.add(text);
        }
        case Form.Nested(WireSchema schema) -> {
          require(field, wire == WireFormat.WIRETYPE_LENGTH_DELIMITED);
          Content inner = schema.read(in.readByteArray());
          counts.addAll(inner.counts());
          texts.addAll(inner.texts());
          searched.writeBytes(inner.searched());
        }
      }
    }

    private static long whole(Field field, int wire, CodedInputStream in)
        throws IOException, Unfit {
      require(field, wire == WireFormat.WIRETYPE_VARINT);
      return in.readUInt64();
    }

    private static void require(Field field, boolean right) throws Unfit {
      if (!right) {
        throw new Unfit("field %d has another type".formatted(field.number()));
      }
    }
  }
}
