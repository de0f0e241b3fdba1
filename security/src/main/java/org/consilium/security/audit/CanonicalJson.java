package org.consilium.security.audit;

import java.util.Map;
import java.util.TreeMap;

/**
 * Flat JSON objects with one spelling: keys ascending, no white space, and control characters,
 * quotation marks, backslashes and lone surrogates escaped.
 */
final class CanonicalJson {
  private CanonicalJson() {}

  /** Values may be strings, integers, finite doubles and booleans. */
  static String object(Map<String, Object> members) {
    StringBuilder out = new StringBuilder("{");
    new TreeMap<>(members)
        .forEach(
            (key, value) -> {
              if (out.length() > 1) {
                out.append(',');
              }
              string(out, key);
              out.append(':');
              value(out, key, value);
            });
    return out.append('}').toString();
  }

  static void string(StringBuilder out, String text) {
    out.append('"');
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      boolean pair = i + 1 < text.length() && Character.isSurrogatePair(c, text.charAt(i + 1));
      if (c == '"' || c == '\\') {
        out.append('\\').append(c);
      } else if (pair) {
        out.append(c).append(text.charAt(++i));
      } else if (c < 0x20 || c == 0x7f || c == 0x2028 || c == 0x2029 || Character.isSurrogate(c)) {
        out.append("\\u%04x".formatted((int) c));
      } else {
        out.append(c);
      }
    }
    out.append('"');
  }

  private static void value(StringBuilder out, String key, Object value) {
    switch (value) {
      case String text -> string(out, text);
      case Boolean truth -> out.append(truth.booleanValue());
      case Long number -> out.append(number.longValue());
      case Integer number -> out.append(number.intValue());
      case Double number when Double.isFinite(number) -> out.append(number.doubleValue());
      default ->
          throw new IllegalArgumentException(
              "log detail %s: only text, whole numbers, finite numbers and truth values"
                  .formatted(key));
    }
  }
}
