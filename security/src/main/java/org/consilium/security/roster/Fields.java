package org.consilium.security.roster;

import java.io.ByteArrayOutputStream;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;

/**
 * The canonical encoding: each field a u32 big-endian length and its bytes. One value, one form.
 */
final class Fields {
  private static final int FIELD_BYTES_MAX = 1 << 20;

  private Fields() {}

  /** Writes fields. */
  static final class Writer {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream(256);

    Writer text(String text) {
      return bytes(text.getBytes(StandardCharsets.UTF_8));
    }

    Writer number(long value) {
      return bytes(ByteBuffer.allocate(8).putLong(value).array());
    }

    Writer bytes(byte[] bytes) {
      out.writeBytes(ByteBuffer.allocate(4).putInt(bytes.length).array());
      out.writeBytes(bytes);
      return this;
    }

    byte[] toBytes() {
      return out.toByteArray();
    }
  }

  /** Reads fields; throws {@link IllegalArgumentException} for anything that no writer makes. */
  static final class Reader {
    private final ByteBuffer in;

    Reader(byte[] bytes) {
      this.in = ByteBuffer.wrap(bytes);
    }

    byte[] bytes() {
      try {
        int length = in.getInt();
        if (length < 0 || length > FIELD_BYTES_MAX || length > in.remaining()) {
          throw new IllegalArgumentException("a field of %d bytes".formatted(length));
        }
        byte[] bytes = new byte[length];
        in.get(bytes);
        return bytes;
      } catch (BufferUnderflowException cut) {
        throw new IllegalArgumentException("cut short", cut);
      }
    }

    String text() {
      try {
        CharBuffer text =
            StandardCharsets.UTF_8
                .newDecoder()
                .onMalformedInput(CodingErrorAction.REPORT)
                .decode(ByteBuffer.wrap(bytes()));
        return text.toString();
      } catch (CharacterCodingException notText) {
        throw new IllegalArgumentException("a text is not UTF-8", notText);
      }
    }

    long number() {
      byte[] bytes = bytes();
      if (bytes.length != 8) {
        throw new IllegalArgumentException("a number of %d bytes".formatted(bytes.length));
      }
      return ByteBuffer.wrap(bytes).getLong();
    }

    /** A count of things that follow. */
    int count(int max) {
      long count = number();
      if (count < 0 || count > max) {
        throw new IllegalArgumentException("%d items, at most %d".formatted(count, max));
      }
      return (int) count;
    }

    void end() {
      if (in.hasRemaining()) {
        throw new IllegalArgumentException(in.remaining() + " bytes too many");
      }
    }
  }
}
