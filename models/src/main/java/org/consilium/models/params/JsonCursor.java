package org.consilium.models.params;

import static org.consilium.models.params.MalformedSafetensors.Reason.BAD_JSON;
import static org.consilium.models.params.MalformedSafetensors.Reason.BAD_UTF8;

import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;

/**
 * A strict walk over JSON bytes (RFC 8259) that are not trusted. It never recurses: the caller
 * knows the few shapes it accepts, so nesting is as deep as the caller's own calls.
 */
final class JsonCursor {
  /** Longest string: no tensor name or metadata value of a real model comes near. */
  private static final int STRING_BYTES_MAX = 16 << 20;

  /** What {@link #natural} answers for 2^63 to 2^64 - 1. */
  static final long OVER_63_BITS = -2;

  private static final BigInteger UNSIGNED_MAX = new BigInteger("18446744073709551615");
  private static final int UNSIGNED_DIGITS = 20;

  private final byte[] json;
  private int at;

  JsonCursor(byte[] json) {
    this.json = json;
  }

  /** The next byte that is not blank, not consumed; -1 at the end. */
  int peek() {
    while (at < json.length && isBlank(json[at])) {
      at++;
    }
    return at < json.length ? json[at] : -1;
  }

  void expect(char wanted) throws MalformedSafetensors {
    int found = peek();
    if (found != wanted) {
      throw bad("expected '%c'".formatted(wanted));
    }
    at++;
  }

  /** Consumes {@code wanted} if it is next. */
  boolean skip(char wanted) {
    if (peek() == wanted) {
      at++;
      return true;
    }
    return false;
  }

  /** After an element: true when a comma says that another follows, false at {@code close}. */
  boolean another(char close) throws MalformedSafetensors {
    if (skip(',')) {
      return true;
    }
    expect(close);
    return false;
  }

  /** A string, unescaped; invalid UTF-8, control characters and lone surrogates are refused. */
  String string() throws MalformedSafetensors {
    expect('"');
    int start = at;
    boolean escaped = false;
    while (true) {
      if (at >= json.length) {
        throw bad("a string does not end");
      }
      int b = json[at];
      if (b == '"') {
        break;
      }
      if (b >= 0 && b < 0x20) {
        throw bad("a control character in a string");
      }
      if (b == '\\') {
        escaped = true;
        at++;
      }
      at++;
    }
    if (at - start > STRING_BYTES_MAX) {
      throw bad("a string of %d bytes, at most %d".formatted(at - start, STRING_BYTES_MAX));
    }
    String raw = decode(start, at - start);
    at++;
    return escaped ? unescape(raw) : raw;
  }

  /** How many lists and objects open one in another from here on. */
  int nesting() {
    peek();
    int depth = 0;
    while (at + depth < json.length && (json[at + depth] == '[' || json[at + depth] == '{')) {
      depth++;
    }
    return depth;
  }

  /**
   * An integer from 0 without sign, fraction, exponent or leading zero; {@link #OVER_63_BITS} for
   * one that fits in 64 bits only, -1 if it is anything else.
   */
  long natural() {
    peek();
    int start = at;
    while (at < json.length && json[at] >= '0' && json[at] <= '9') {
      at++;
    }
    int digits = at - start;
    int next = at < json.length ? json[at] : ' ';
    boolean ends = isBlank((byte) next) || next == ',' || next == ']' || next == '}';
    boolean leadingZero = digits > 1 && json[start] == '0';
    if (digits == 0 || digits > UNSIGNED_DIGITS || leadingZero || !ends) {
      return -1;
    }
    BigInteger value = new BigInteger(new String(json, start, digits, StandardCharsets.US_ASCII));
    if (value.bitLength() < Long.SIZE) {
      return value.longValueExact();
    }
    return value.compareTo(UNSIGNED_MAX) <= 0 ? OVER_63_BITS : -1;
  }

  /** Nothing but blanks may follow. */
  void end() throws MalformedSafetensors {
    if (peek() != -1) {
      throw bad("something follows the closing brace");
    }
  }

  MalformedSafetensors bad(String what) {
    return new MalformedSafetensors(BAD_JSON, "%s at byte %d of the header".formatted(what, at));
  }

  private String decode(int start, int length) throws MalformedSafetensors {
    try {
      CharBuffer text =
          StandardCharsets.UTF_8
              .newDecoder()
              .onMalformedInput(CodingErrorAction.REPORT)
              .onUnmappableCharacter(CodingErrorAction.REPORT)
              .decode(ByteBuffer.wrap(json, start, length));
      return text.toString();
    } catch (CharacterCodingException invalid) {
      throw new MalformedSafetensors(
          BAD_UTF8, "a string at byte %d of the header is not UTF-8".formatted(start));
    }
  }

  private String unescape(String raw) throws MalformedSafetensors {
    StringBuilder text = new StringBuilder(raw.length());
    int i = 0;
    while (i < raw.length()) {
      char c = raw.charAt(i++);
      if (c != '\\') {
        text.append(c);
        continue;
      }
      char escape = i < raw.length() ? raw.charAt(i++) : ' ';
      switch (escape) {
        case '"', '\\', '/' -> text.append(escape);
        case 'b' -> text.append('\b');
        case 'f' -> text.append('\f');
        case 'n' -> text.append('\n');
        case 'r' -> text.append('\r');
        case 't' -> text.append('\t');
        case 'u' -> {
          text.append(hex(raw, i));
          i += 4;
        }
        default -> throw bad("an unknown escape in a string");
      }
    }
    if (!StandardCharsets.UTF_8.newEncoder().canEncode(text)) {
      throw bad("half a surrogate pair in a string");
    }
    return text.toString();
  }

  private char hex(String raw, int from) throws MalformedSafetensors {
    int value = 0;
    for (int i = from; i < from + 4; i++) {
      int digit = i < raw.length() && raw.charAt(i) < 128 ? Character.digit(raw.charAt(i), 16) : -1;
      if (digit < 0) {
        throw bad("an escape without four hexadecimal digits");
      }
      value = value * 16 + digit;
    }
    return (char) value;
  }

  private static boolean isBlank(byte b) {
    return b == ' ' || b == '\t' || b == '\n' || b == '\r';
  }
}
