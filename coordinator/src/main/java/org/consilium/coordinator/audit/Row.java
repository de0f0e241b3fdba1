package org.consilium.coordinator.audit;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.consilium.security.identity.Fingerprint;

/**
 * One line of a bundle or of the checkpoint file: a JSON object of texts and whole numbers. A
 * member that is itself an object is read as if its members stood in the line.
 */
final class Row {
  /** Longest line that is read. */
  static final int BYTES_MAX = 64 << 10;

  private static final JsonFactory FACTORY = new JsonFactory();

  private final Map<String, String> members;

  private Row(Map<String, String> members) {
    this.members = members;
  }

  /** The next line; empty at the end. */
  static Optional<Row> read(InputStream in) throws IOException {
    ByteArrayOutputStream line = new ByteArrayOutputStream(512);
    for (int b = in.read(); b != '\n'; b = in.read()) {
      if (b < 0) {
        if (line.size() > 0) {
          throw new IOException("the last line is cut off");
        }
        return Optional.empty();
      }
      line.write(b);
      if (line.size() > BYTES_MAX) {
        throw new IOException("a line is over %d bytes".formatted(BYTES_MAX));
      }
    }
    return Optional.of(parse(line.toString(StandardCharsets.UTF_8)));
  }

  static Row parse(String line) throws IOException {
    Map<String, String> members = new LinkedHashMap<>();
    try (JsonParser parser = FACTORY.createParser(line)) {
      if (parser.nextToken() != JsonToken.START_OBJECT) {
        throw new IOException("a line is no JSON object");
      }
      for (JsonToken token = parser.nextToken(); token != null; token = parser.nextToken()) {
        if (token.isScalarValue()) {
          members.put(String.valueOf(parser.currentName()), parser.getText());
        }
      }
    }
    return new Row(members);
  }

  boolean has(String name) {
    return members.containsKey(name);
  }

  String text(String name) throws IOException {
    String value = members.get(name);
    if (value == null) {
      throw new IOException("a line has no " + name);
    }
    return value;
  }

  long number(String name) throws IOException {
    String value = text(name);
    if (!value.matches("0|[1-9][0-9]{0,17}")) {
      throw new IOException("%s is no whole number".formatted(name));
    }
    return Long.parseLong(value);
  }

  byte[] base64(String name) throws IOException {
    try {
      return Base64.getDecoder().decode(text(name));
    } catch (IllegalArgumentException illegal) {
      throw new IOException(name + " is no base64", illegal);
    }
  }

  /** Byte strings in base64, a blank between them. */
  List<byte[]> list(String name) throws IOException {
    List<byte[]> list = new ArrayList<>();
    try {
      for (String one : text(name).split(" ", -1)) {
        list.add(Base64.getDecoder().decode(one));
      }
    } catch (IllegalArgumentException illegal) {
      throw new IOException(name + " is no base64", illegal);
    }
    return list;
  }

  Fingerprint digest(String name) throws IOException {
    try {
      return Fingerprint.parse(text(name));
    } catch (IllegalArgumentException illegal) {
      throw new IOException(name + " is no digest", illegal);
    }
  }

  Optional<Fingerprint> optionalDigest(String name) throws IOException {
    return has(name) ? Optional.of(digest(name)) : Optional.empty();
  }

  /** Byte strings as {@link #list} reads them. */
  static String list(List<byte[]> list) {
    return String.join(" ", list.stream().map(Base64.getEncoder()::encodeToString).toList());
  }

  /** A line with its end; values are texts and {@code Long}s. */
  static byte[] line(Map<String, Object> members) throws IOException {
    StringWriter text = new StringWriter();
    try (JsonGenerator json = FACTORY.createGenerator(text)) {
      json.writeStartObject();
      for (Map.Entry<String, Object> member : members.entrySet()) {
        if (member.getValue() instanceof Long number) {
          json.writeNumberField(member.getKey(), number);
        } else {
          json.writeStringField(member.getKey(), String.valueOf(member.getValue()));
        }
      }
      json.writeEndObject();
    }
    return (text + "\n").getBytes(StandardCharsets.UTF_8);
  }
}
