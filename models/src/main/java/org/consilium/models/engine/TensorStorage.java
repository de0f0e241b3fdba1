package org.consilium.models.engine;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.Shape;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;

/** Access to one tensor's values from Java, wherever the tensor lives. */
sealed interface TensorStorage {
  /** Reads {@code length} values from {@code from} on. */
  void read(long from, float[] into, int at, int length);

  /** Writes {@code length} values from {@code from} on. */
  void write(long from, float[] values, int at, int length);

  /** Native memory of a CPU tensor, without copies. Lives as long as the tensor. */
  static TensorStorage host(NDArray tensor) {
    return new Host(tensor.toByteBuffer(true).order(ByteOrder.nativeOrder()).asFloatBuffer());
  }

  /** Any tensor, by way of the engine's copies. */
  static TensorStorage device(NDArray tensor) {
    return new Onboard(tensor);
  }

  /** A view of native memory. */
  record Host(FloatBuffer view) implements TensorStorage {
    @Override
    public void read(long from, float[] into, int at, int length) {
      view.get((int) from, into, at, length);
    }

    @Override
    public void write(long from, float[] values, int at, int length) {
      view.put((int) from, values, at, length);
    }
  }

  /** A tensor in a device's memory. */
  record Onboard(NDArray tensor) implements TensorStorage {
    @Override
    public void read(long from, float[] into, int at, int length) {
      try (NDManager scope = tensor.getManager().newSubManager()) {
        float[] values = part(scope, from, length).toFloatArray();
        System.arraycopy(values, 0, into, at, length);
      }
    }

    @Override
    public void write(long from, float[] values, int at, int length) {
      // The engine refuses to overwrite what it tracks for gradients.
      boolean tracked = tensor.hasGradient();
      tensor.setRequiresGradient(false);
      try (NDManager scope = tensor.getManager().newSubManager()) {
        float[] some = java.util.Arrays.copyOfRange(values, at, at + length);
        NDArray flat = tensor.reshape(-1);
        flat.attach(scope);
        flat.set(range(from, length), scope.create(some, new Shape(length)));
      } finally {
        tensor.setRequiresGradient(tracked);
      }
    }

    private NDArray part(NDManager scope, long from, int length) {
      NDArray flat = tensor.reshape(-1);
      flat.attach(scope);
      return flat.get(scope, range(from, length));
    }

    private static NDIndex range(long from, int length) {
      return new NDIndex("{}:{}", from, from + length);
    }
  }
}
