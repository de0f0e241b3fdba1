package org.consilium.protocol.wire;

import com.google.protobuf.Message;
import com.google.protobuf.UnknownFieldSet;
import java.util.List;
import org.consilium.protocol.MalformedMessage;

/**
 * Fields that a message has and this version does not know. A newer peer may send a few; many are
 * an attack on the reader's memory, and groups are in no version of this protocol.
 */
public final class UnknownFields {
  /** In a message and all that it holds; each is a field this version would ignore. */
  public static final int MAX = 16;

  private UnknownFields() {}

  /**
   * Refuses a message with too many, or with a group.
   *
   * @throws MalformedMessage with their number
   */
  public static void check(Message message) {
    long count = count(message);
    if (count > MAX) {
      throw new MalformedMessage(
          "a message may hold %d unknown fields, got %d".formatted(MAX, count));
    }
  }

  private static long count(Message message) {
    long sum = 0;
    for (UnknownFieldSet.Field field : message.getUnknownFields().asMap().values()) {
      if (!field.getGroupList().isEmpty()) {
        throw new MalformedMessage("a message of this protocol holds no groups");
      }
      sum +=
          (long) field.getVarintList().size()
              + field.getFixed32List().size()
              + field.getFixed64List().size()
              + field.getLengthDelimitedList().size();
    }
    for (Object value : message.getAllFields().values()) {
      sum += countIn(value);
    }
    return sum;
  }

  private static long countIn(Object value) {
    if (value instanceof Message inner) {
      return count(inner);
    }
    if (value instanceof List<?> several
        && !several.isEmpty()
        && several.getFirst() instanceof Message) {
      return several.stream().mapToLong(UnknownFields::countIn).sum();
    }
    return 0;
  }
}
