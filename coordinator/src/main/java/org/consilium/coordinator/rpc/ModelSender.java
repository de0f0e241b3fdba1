package org.consilium.coordinator.rpc;

import com.google.protobuf.UnsafeByteOperations;
import io.grpc.stub.ServerCallStreamObserver;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.function.LongConsumer;
import org.consilium.proto.v1.ModelChunk;
import org.consilium.protocol.Limits;
import org.consilium.security.bulk.FileBytes;

/** Sends a model file chunk by chunk, no faster than the site takes it. */
final class ModelSender {
  private final FileChannel file;
  private final long length;
  private final ServerCallStreamObserver<ModelChunk> out;
  private long position;
  private boolean over;

  private ModelSender(
      FileChannel file, long length, long position, ServerCallStreamObserver<ModelChunk> out) {
    this.file = file;
    this.length = length;
    this.position = position;
    this.out = out;
  }

  /** Opens the file; refuses an offset beyond its end. */
  static ModelSender open(Path path, long offset, ServerCallStreamObserver<ModelChunk> out)
      throws IOException {
    FileChannel file = FileChannel.open(path, StandardOpenOption.READ);
    long length = file.size();
    if (offset < 0 || offset > length) {
      file.close();
      throw RpcStatus.malformed("offset must be 0-%d, got %d".formatted(length, offset));
    }
    return new ModelSender(file, length, offset, out);
  }

  /** Sends as the call becomes ready. */
  void start(LongConsumer sent) {
    out.setOnCancelHandler(this::cancelled);
    out.setOnReadyHandler(() -> pump(sent));
    pump(sent);
  }

  private synchronized void pump(LongConsumer sent) {
    try {
      while (!over && out.isReady() && position < length) {
        int size = (int) Math.min(Limits.MODEL_PART_BYTES, length - position);
        byte[] data = new byte[size]; // belongs to the message from here on
        if (!FileBytes.read(file, ByteBuffer.wrap(data), position)) {
          throw new IOException("read model: the file became shorter");
        }
        out.onNext(
            ModelChunk.newBuilder()
                .setOffset(position)
                .setData(UnsafeByteOperations.unsafeWrap(data))
                .build());
        position += size;
        sent.accept(size);
      }
      if (!over && position == length) {
        over = true;
        file.close();
        out.onCompleted();
      }
    } catch (IOException disk) {
      over = true;
      closeQuietly();
      out.onError(RpcStatus.unavailable(disk));
    }
  }

  private synchronized void cancelled() {
    over = true;
    closeQuietly();
  }

  private void closeQuietly() {
    try {
      file.close();
    } catch (IOException ignored) {
      // A file that was only read has nothing to lose.
    }
  }
}
