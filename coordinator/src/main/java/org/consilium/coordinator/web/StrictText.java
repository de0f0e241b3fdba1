package org.consilium.coordinator.web;

import io.micronaut.core.type.Argument;
import io.micronaut.json.tree.JsonNode;
import io.micronaut.serde.Decoder;
import io.micronaut.serde.Deserializer;
import jakarta.inject.Singleton;
import java.io.IOException;

/** Reads a JSON string and nothing else: {@code true} is no name of a site, a number no reason. */
@Singleton
final class StrictText implements Deserializer<String> {
  @Override
  public String deserialize(Decoder decoder, DecoderContext context, Argument<? super String> type)
      throws IOException {
    JsonNode value = decoder.decodeNode();
    if (!value.isString()) {
      throw decoder.createDeserializationException(type.getName() + " must be a text", null);
    }
    return value.getStringValue();
  }
}
