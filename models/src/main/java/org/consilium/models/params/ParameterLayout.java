package org.consilium.models.params;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.consilium.protocol.Digest;
import org.consilium.protocol.Limits;

/**
 * The order of a model's tensors in one long vector: the only thing that the coordinator knows of a
 * model. Tensor i occupies coordinates [offset(i), offset(i) + length).
 */
public final class ParameterLayout {
  private final List<TensorSpec> tensors;
  private final long[] offsets;
  private final Digest digest;

  private ParameterLayout(List<TensorSpec> tensors, long[] offsets, Digest digest) {
    this.tensors = tensors;
    this.offsets = offsets;
    this.digest = digest;
  }

  /**
   * The layout of some tensors in the given order.
   *
   * @throws IllegalArgumentException if there is none, a name occurs twice, or there are too many
   */
  public static ParameterLayout of(List<TensorSpec> tensors) {
    if (tensors.isEmpty() || tensors.size() > Limits.TENSORS_MAX) {
      throw new IllegalArgumentException(
          "a layout has 1-%d tensors, got %d".formatted(Limits.TENSORS_MAX, tensors.size()));
    }
    Set<String> names = new HashSet<>();
    long[] offsets = new long[tensors.size() + 1];
    for (int i = 0; i < tensors.size(); i++) {
      TensorSpec tensor = tensors.get(i);
      if (!names.add(tensor.name())) {
        throw new IllegalArgumentException("tensor occurs twice in the layout: " + tensor.name());
      }
      offsets[i + 1] = Math.addExact(offsets[i], tensor.length());
    }
    if (offsets[tensors.size()] > Limits.PARAMETERS_MAX) {
      throw new IllegalArgumentException(
          "a model has at most %d parameters, got %d"
              .formatted(Limits.PARAMETERS_MAX, offsets[tensors.size()]));
    }
    return new ParameterLayout(List.copyOf(tensors), offsets, digestOf(tensors));
  }

  /** The tensors in order. */
  public List<TensorSpec> tensors() {
    return tensors;
  }

  /** Number of parameters. */
  public long length() {
    return offsets[tensors.size()];
  }

  /** First coordinate of tensor {@code index}. */
  public long offset(int index) {
    return offsets[index];
  }

  /** Index of the tensor that holds {@code coordinate}. */
  public int tensorAt(long coordinate) {
    if (coordinate < 0 || coordinate >= length()) {
      throw new IllegalArgumentException(
          "coordinate must be 0-%d, got %d".formatted(length() - 1, coordinate));
    }
    int at = java.util.Arrays.binarySearch(offsets, coordinate);
    return at >= 0 ? at : -at - 2;
  }

  /** What is done with a part of one tensor. */
  @FunctionalInterface
  public interface Piece<E extends Exception> {
    /**
     * One part.
     *
     * @param tensor index
     * @param within first coordinate in the tensor
     * @param done coordinates of the range that came before
     * @param length of the part
     */
    void at(int tensor, long within, int done, int length) throws E;
  }

  /**
   * Walks a range of coordinates, tensor by tensor.
   *
   * @throws IndexOutOfBoundsException if the range is not inside the layout
   */
  public <E extends Exception> void pieces(long offset, int length, Piece<E> piece) throws E {
    java.util.Objects.checkFromIndexSize(offset, length, length());
    int done = 0;
    while (done < length) {
      int tensor = tensorAt(offset + done);
      long within = offset + done - offsets[tensor];
      int some = (int) Math.min(length - done, offsets[tensor + 1] - offsets[tensor] - within);
      piece.at(tensor, within, done, some);
      done += some;
    }
  }

  /** SHA-256 over names and shapes in order. */
  public Digest digest() {
    return digest;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof ParameterLayout that && digest.equals(that.digest);
  }

  @Override
  public int hashCode() {
    return digest.hashCode();
  }

  @Override
  public String toString() {
    return "%d tensors, %d parameters".formatted(tensors.size(), length());
  }

  private static Digest digestOf(List<TensorSpec> tensors) {
    MessageDigest sha = Digest.newSha256();
    List<byte[]> parts = new ArrayList<>();
    for (TensorSpec tensor : tensors) {
      byte[] name = tensor.name().getBytes(StandardCharsets.UTF_8);
      ByteBuffer part = ByteBuffer.allocate(8 + name.length + 4 * tensor.shape().size());
      part.putInt(name.length).put(name).putInt(tensor.shape().size());
      tensor.shape().forEach(part::putInt);
      parts.add(part.array());
    }
    sha.update(ByteBuffer.allocate(4).putInt(parts.size()).array());
    parts.forEach(sha::update);
    return Digest.of(sha.digest());
  }
}
