package org.consilium.security;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;

/** Known answers; the system property {@code consilium.vectors} names another folder of them. */
public final class Vectors {
  private Vectors() {}

  public static JsonNode read(String name) {
    String elsewhere = System.getProperty("consilium.vectors", "");
    try (InputStream in =
        elsewhere.isEmpty()
            ? Vectors.class.getResourceAsStream("/vectors/crypto/" + name)
            : Files.newInputStream(Path.of(elsewhere, "crypto", name))) {
      return new ObjectMapper().readTree(in);
    } catch (IOException missing) {
      throw new UncheckedIOException(missing);
    }
  }

  public static byte[] hex(JsonNode node, String field) {
    return HexFormat.of().parseHex(node.path(field).asText());
  }
}
