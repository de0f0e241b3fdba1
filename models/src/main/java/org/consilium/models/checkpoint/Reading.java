package org.consilium.models.checkpoint;

import java.io.IOException;
import java.util.List;
import org.consilium.models.params.ParameterSource;
import org.consilium.models.params.SafetensorsFile;

/** Where one tensor of ours gets its values. */
sealed interface Reading {
  /** Reads {@code length} values from value {@code from} of the tensor on. */
  void read(SafetensorsFile file, long from, float[] into, int at, int length) throws IOException;

  /** Some tensors of the file, one after the other. */
  record Rows(List<Integer> tensors) implements Reading {
    @Override
    public void read(SafetensorsFile file, long from, float[] into, int at, int length)
        throws IOException {
      long begin = 0;
      int done = 0;
      for (int tensor : tensors) {
        long end = begin + file.layout().tensors().get(tensor).length();
        long next = from + done;
        if (done < length && next >= begin && next < end) {
          int some = (int) Math.min(length - done, end - next);
          file.read(file.layout().offset(tensor) + next - begin, into, at + done, some);
          done += some;
        }
        begin = end;
      }
    }
  }

  /** Values that had to be computed. */
  @SuppressWarnings("ArrayRecordComponent") // never compared, and large
  record Computed(float[] values) implements Reading {
    @Override
    public void read(SafetensorsFile file, long from, float[] into, int at, int length) {
      System.arraycopy(values, (int) from, into, at, length);
    }
  }

  /** The architecture's own starting values from {@code offset} on. */
  record Fresh(ParameterSource start, long offset) implements Reading {
    @Override
    public void read(SafetensorsFile file, long from, float[] into, int at, int length)
        throws IOException {
      start.read(offset + from, into, at, length);
    }
  }
}
