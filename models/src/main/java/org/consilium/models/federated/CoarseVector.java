package org.consilium.models.federated;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.consilium.models.params.ParameterLayout;

/**
 * A narrow update's values as the integers that they stand for: w·q·2^s, of the same grid as those
 * of updates in full, so that sums and checks know one kind only. The trailer has no shift and no
 * factor.
 *
 * @param valueBytes 1 or 2
 * @param shifts s of each tensor of the layout
 */
@SuppressWarnings("ArrayRecordComponent") // handed on, never compared
public record CoarseVector(ParameterLayout layout, int valueBytes, byte[] shifts) {
  public CoarseVector {
    if (valueBytes != Byte.BYTES && valueBytes != Short.BYTES) {
      throw new IllegalArgumentException("coarse values of %d bytes".formatted(valueBytes));
    }
    if (shifts.length != layout.tensors().size()) {
      throw new IllegalArgumentException(
          "%d shifts for %d tensors".formatted(shifts.length, layout.tensors().size()));
    }
  }

  /** Whether every shift is one that a round's terms allow. */
  public static boolean legal(byte[] shifts, int most) {
    for (byte shift : shifts) {
      if (shift < 0 || shift > most) {
        return false;
      }
    }
    return true;
  }

  /**
   * Expands a block of the vector.
   *
   * @param plain the opened chunk, little-endian
   * @param first place of its first value in the vector
   * @param count values, those of the trailer included
   * @param weight w of the update
   */
  public void expand(byte[] plain, long first, int count, int weight, int[] out) {
    int own = (int) Math.clamp(layout.length() - first, 0L, (long) count);
    read(plain, count, out);
    int tensor = own == 0 ? 0 : layout.tensorAt(first);
    int done = 0;
    while (done < own) {
      int end = (int) Math.min(own, layout.offset(tensor + 1) - first);
      int shift = shifts[tensor];
      for (int i = done; i < end; i++) {
        out[i] = weight * (out[i] << shift);
      }
      done = end;
      tensor++;
    }
  }

  private void read(byte[] plain, int count, int[] out) {
    if (valueBytes == Byte.BYTES) {
      for (int i = 0; i < count; i++) {
        out[i] = plain[i];
      }
    } else {
      var shorts = ByteBuffer.wrap(plain).order(ByteOrder.LITTLE_ENDIAN).asShortBuffer();
      for (int i = 0; i < count; i++) {
        out[i] = shorts.get(i);
      }
    }
  }
}
