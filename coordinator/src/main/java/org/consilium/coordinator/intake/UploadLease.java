package org.consilium.coordinator.intake;

import java.io.IOException;
import java.nio.ByteBuffer;
import org.consilium.coordinator.intake.Intake.Rejected;
import org.consilium.coordinator.intake.Intake.Why;

/**
 * The right to send chunks of one upload, held by one stream at a time. When the site announces the
 * upload again, the right ends: the stream that had it is cut, whether it knows or not.
 */
public final class UploadLease implements AutoCloseable {
  private final Upload upload;
  private final int number;
  private final SpoolSpace space;
  private final long reserve;

  UploadLease(Upload upload, int number, SpoolSpace space, long reserve) {
    this.upload = upload;
    this.number = number;
    this.space = space;
    this.reserve = reserve;
  }

  /**
   * Stores a chunk, or the next part of one.
   *
   * @param offset where the data begins in the chunk, bytes: 0, or where the last part ended
   * @param data the sealed chunk or a part; read, not kept
   * @return progress, or why the chunk is refused; after a refusal for lack of room the same chunk
   *     may be sent again from its beginning
   */
  public Intake put(int index, int offset, ByteBuffer data) {
    try {
      if (space.usableBytes() < data.remaining() + reserve) {
        return full("%d bytes left, %d are kept free".formatted(space.usableBytes(), reserve));
      }
      return upload.put(number, index, offset, data);
    } catch (IOException disk) {
      return full(UpdateIntake.CANNOT_STORE);
    }
  }

  /** Closing twice is harmless: the right may be another stream's by then. */
  @Override
  public void close() {
    upload.release(number);
  }

  private Rejected full(String detail) {
    return new Rejected(
        Why.DISK_FULL, "store a chunk of site %s: %s".formatted(upload.announced().site(), detail));
  }
}
