package org.consilium.sim;

import com.fasterxml.jackson.databind.json.JsonMapper;

/** The one JSON object that a command with {@code --json} prints when it failed. */
public final class Envelope {
  private static final JsonMapper MAPPER = JsonMapper.builder().build();

  private Envelope() {}

  /** {@code {"schemaVersion":1,"status":"error","code":…,"message":…}}. */
  public static String error(String code, String message) {
    return MAPPER
        .createObjectNode()
        .put("schemaVersion", 1)
        .put("status", "error")
        .put("code", code)
        .put("message", message)
        .toString();
  }
}
