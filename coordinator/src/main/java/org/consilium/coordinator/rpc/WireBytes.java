package org.consilium.coordinator.rpc;

import com.google.protobuf.ByteOutput;
import com.google.protobuf.ByteString;
import com.google.protobuf.CodedInputStream;
import com.google.protobuf.Message;
import com.google.protobuf.UnsafeByteOperations;
import io.grpc.KnownLength;
import io.grpc.MethodDescriptor;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;

/**
 * Messages whose long fields are parts of the one array that was read from the wire: a chunk of an
 * update is copied once, not three times.
 */
final class WireBytes {
  private WireBytes() {}

  /** Reads a message; its byte fields share one array. */
  @SuppressWarnings("unchecked") // a prototype's parser gives messages of its type
  static <Q> Q parse(MethodDescriptor.Marshaller<Q> messages, InputStream stream)
      throws IOException {
    if (!(messages instanceof MethodDescriptor.PrototypeMarshaller<Q> typed)
        || !(typed.getMessagePrototype() instanceof Message prototype)
        || !(stream instanceof KnownLength)) {
      return messages.parse(stream);
    }
    byte[] bytes = new byte[stream.available()];
    int read = stream.readNBytes(bytes, 0, bytes.length);
    CodedInputStream coded = UnsafeByteOperations.unsafeWrap(bytes, 0, read).newCodedInput();
    coded.enableAliasing(true);
    Message message = prototype.getParserForType().parseFrom(coded);
    coded.checkLastTagWas(0);
    return (Q) message;
  }

  /** The bytes themselves where they lie in one piece; to be read only. */
  static ByteBuffer of(ByteString bytes) throws IOException {
    Piece piece = new Piece();
    UnsafeByteOperations.unsafeWriteTo(bytes, piece);
    return piece.found.remaining() == bytes.size() ? piece.found : bytes.asReadOnlyByteBuffer();
  }

  /** Sees the array behind a field. */
  private static final class Piece extends ByteOutput {
    private ByteBuffer found = ByteBuffer.allocate(0);

    @Override
    public void write(byte value) {}

    @Override
    public void write(byte[] value, int offset, int length) {
      found = ByteBuffer.wrap(value, offset, length);
    }

    @Override
    public void writeLazy(byte[] value, int offset, int length) {
      write(value, offset, length);
    }

    @Override
    public void write(ByteBuffer value) {}

    @Override
    public void writeLazy(ByteBuffer value) {}
  }
}
