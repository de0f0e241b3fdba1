package org.consilium.site.upload;

import java.util.ArrayList;
import java.util.List;
import org.consilium.protocol.Limits;

/**
 * What one message carries of a chunk.
 *
 * @param offset where it begins in the chunk, bytes
 * @param bytes how much it is
 */
record Part(int offset, int bytes) {
  /**
   * Cuts a chunk into parts that follow one another. None but the last has fewer than {@link
   * Limits#PART_BYTES_MIN}, whatever is asked for; what would be less goes along with the one
   * before.
   *
   * @param chunk its bytes
   * @param asked bytes of a part that the coordinator asks for, unsigned; 0: it takes chunks whole
   */
  static List<Part> of(int chunk, int asked) {
    long wanted = Integer.toUnsignedLong(asked);
    int size = wanted == 0 ? chunk : Math.clamp(wanted, Limits.PART_BYTES_MIN, Integer.MAX_VALUE);
    List<Part> parts = new ArrayList<>();
    int offset = 0;
    while (offset < chunk) {
      int rest = chunk - offset;
      int bytes = rest < (long) size + Limits.PART_BYTES_MIN ? rest : size;
      parts.add(new Part(offset, bytes));
      offset += bytes;
    }
    return parts;
  }
}
