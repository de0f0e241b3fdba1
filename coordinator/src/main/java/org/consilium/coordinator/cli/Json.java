package org.consilium.coordinator.cli;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A JSON value as it was read; absent members read as null, so that rows can be printed simply. */
final class Json {
  private static final JsonFactory FACTORY = new JsonFactory();
  private static final Json NULL = new Json(null);

  private final @Nullable Object value;

  private Json(@Nullable Object value) {
    this.value = value;
  }

  static Json parse(String text) throws IOException {
    try (JsonParser parser = FACTORY.createParser(text)) {
      parser.nextToken();
      return read(parser);
    }
  }

  /** A member of an object, or null. */
  Json get(String key) {
    return value instanceof Map<?, ?> map && map.get(key) instanceof Json member ? member : NULL;
  }

  /** The elements of an array; none for anything else. */
  List<Json> items() {
    List<Json> items = new ArrayList<>();
    if (value instanceof List<?> list) {
      for (Object one : list) {
        if (one instanceof Json item) {
          items.add(item);
        }
      }
    }
    return items;
  }

  boolean isNull() {
    return value == null;
  }

  /** A scalar as text; empty for null. */
  String text() {
    return value == null ? "" : String.valueOf(value);
  }

  double number() {
    return value instanceof Number n ? n.doubleValue() : Double.NaN;
  }

  private static Json read(JsonParser parser) throws IOException {
    JsonToken token = parser.currentToken();
    if (token == null) {
      throw new IOException("the answer is not JSON");
    }
    return switch (token) {
      case START_OBJECT -> {
        Map<String, Json> members = new LinkedHashMap<>();
        while (parser.nextToken() != JsonToken.END_OBJECT) {
          String name = parser.currentName();
          parser.nextToken();
          members.put(name, read(parser));
        }
        yield new Json(members);
      }
      case START_ARRAY -> {
        List<Json> items = new ArrayList<>();
        while (parser.nextToken() != JsonToken.END_ARRAY) {
          items.add(read(parser));
        }
        yield new Json(items);
      }
      case VALUE_NUMBER_INT -> new Json(parser.getLongValue());
      case VALUE_NUMBER_FLOAT -> new Json(parser.getDoubleValue());
      case VALUE_TRUE -> new Json(true);
      case VALUE_FALSE -> new Json(false);
      case VALUE_NULL -> NULL;
      default -> new Json(parser.getText());
    };
  }
}
