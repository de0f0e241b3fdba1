package org.consilium.protocol.wire;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.protobuf.Parser;
import java.util.function.Function;
import org.consilium.protocol.Digest;
import org.consilium.protocol.MalformedMessage;

/** Shared steps of decoding: parse bytes, then build a record, and name what was wrong. */
final class Decoding {
  private Decoding() {}

  /**
   * Parses {@code body} and turns it into a record; every failure is a {@link MalformedMessage}.
   */
  static <M extends Message, R> R decode(
      String what, byte[] body, int bytesMax, Parser<M> parser, Function<M, R> record) {
    if (body.length > bytesMax) {
      throw new MalformedMessage(
          "decode %s: %d bytes, at most %d allowed".formatted(what, body.length, bytesMax));
    }
    try {
      M message = parser.parseFrom(body);
      UnknownFields.check(message);
      return record.apply(message);
    } catch (InvalidProtocolBufferException notProtobuf) {
      throw new MalformedMessage(
          "decode %s of %d bytes: not a valid message".formatted(what, body.length), notProtobuf);
    } catch (IllegalArgumentException | ArithmeticException illegal) {
      throw new MalformedMessage("decode %s: %s".formatted(what, illegal.getMessage()), illegal);
    }
  }

  static Digest digest(ByteString raw) {
    return Digest.of(raw.toByteArray());
  }

  static ByteString bytes(Digest digest) {
    return ByteString.copyFrom(digest.bytes());
  }
}
