package org.consilium.models.engine;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.consilium.protocol.Digest;

/**
 * A training in a file, now and then, so that a process that died in a long round goes on where it
 * was: after it the values are the same as without the death. The file begins with a digest of what
 * is trained; one of another training, or a broken one, is not used.
 */
final class Progress {
  private static final int DIGEST_BYTES = 32;
  private static final int BLOCK = 1 << 14;

  private final Path file;
  private final InstantSource clock;
  private final Duration every;
  private Instant last;

  /**
   * Progress in {@code file}, which need not exist.
   *
   * @param every shortest time between two writings
   */
  Progress(Path file, InstantSource clock, Duration every) {
    this.file = file;
    this.clock = clock;
    this.every = every;
    this.last = clock.instant();
  }

  /**
   * Sums over the steps so far.
   *
   * @param step done, all epochs together
   * @param rates sum of the learning rates
   * @param loss sum of the losses in this epoch
   * @param norms sum of the gradients' norms in this epoch
   * @param examples in this epoch
   * @param steps in this epoch
   */
  record Sums(int step, double rates, double loss, double norms, int examples, int steps) {
    static final Sums NONE = new Sums(0, 0, 0, 0, 0, 0);

    Sums nextEpoch() {
      return new Sums(step, rates, 0, 0, 0, 0);
    }

    Sums plus(double rate, double sum, double norm, int count) {
      return new Sums(
          step + 1, rates + rate, loss + sum, norms + norm, examples + count, steps + 1);
    }
  }

  /** What belongs together: written as it stands, and overwritten when it is read. */
  record State(List<Optimiser.Trained> weights, List<float[]> memory) {}

  /** Writes if it is time to. */
  void offer(Digest key, Sums sums, State state) throws IOException {
    Instant now = clock.instant();
    if (now.isBefore(last.plus(every))) {
      return;
    }
    Path part = file.resolveSibling(file.getFileName() + ".part");
    try (DataOutputStream out =
        new DataOutputStream(new BufferedOutputStream(Files.newOutputStream(part)))) {
      out.write(key.bytes());
      out.writeInt(sums.step);
      out.writeDouble(sums.rates);
      out.writeDouble(sums.loss);
      out.writeDouble(sums.norms);
      out.writeInt(sums.examples);
      out.writeInt(sums.steps);
      float[] block = new float[BLOCK];
      for (Optimiser.Trained tensor : state.weights) {
        for (int from = 0; from < tensor.length(); from += BLOCK) {
          int some = Math.min(BLOCK, tensor.length() - from);
          tensor.weights().read(from, block, 0, some);
          write(out, block, 0, some);
        }
      }
      for (float[] each : state.memory) {
        for (int from = 0; from < each.length; from += BLOCK) {
          write(out, each, from, Math.min(BLOCK, each.length - from));
        }
      }
    }
    Files.move(part, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    last = now;
  }

  /**
   * Puts a training's state back if the file has it. A file that ends too early leaves the state
   * undefined and says so by the exception.
   *
   * @return where it stood; empty if the file is of another training or not there
   * @throws IOException if it cannot be read or is broken; it is deleted
   */
  Optional<Sums> resume(Digest key, State state) throws IOException {
    if (!Files.exists(file) || Files.size(file) != bytes(state)) {
      return Optional.empty();
    }
    try (DataInputStream in =
        new DataInputStream(new BufferedInputStream(Files.newInputStream(file)))) {
      byte[] theirs = in.readNBytes(DIGEST_BYTES);
      if (!Arrays.equals(theirs, key.bytes())) {
        return Optional.empty();
      }
      Sums sums =
          new Sums(
              in.readInt(),
              in.readDouble(),
              in.readDouble(),
              in.readDouble(),
              in.readInt(),
              in.readInt());
      float[] block = new float[BLOCK];
      for (Optimiser.Trained tensor : state.weights) {
        for (int from = 0; from < tensor.length(); from += BLOCK) {
          int some = Math.min(BLOCK, tensor.length() - from);
          read(in, block, 0, some);
          tensor.weights().write(from, block, 0, some);
        }
      }
      for (float[] each : state.memory) {
        for (int from = 0; from < each.length; from += BLOCK) {
          read(in, each, from, Math.min(BLOCK, each.length - from));
        }
      }
      return Optional.of(sums);
    }
  }

  /** Forgets it: the training is over. */
  void drop() throws IOException {
    Files.deleteIfExists(file);
  }

  private static long bytes(State state) {
    long values = 0;
    for (Optimiser.Trained tensor : state.weights) {
      values += tensor.length();
    }
    for (float[] each : state.memory) {
      values += each.length;
    }
    return DIGEST_BYTES + 3L * Integer.BYTES + 3L * Double.BYTES + values * Float.BYTES;
  }

  private static void write(DataOutputStream out, float[] values, int at, int length)
      throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(length * Float.BYTES);
    bytes.asFloatBuffer().put(values, at, length);
    out.write(bytes.array());
  }

  private static void read(DataInputStream in, float[] values, int at, int length)
      throws IOException {
    byte[] bytes = in.readNBytes(length * Float.BYTES);
    if (bytes.length < length * Float.BYTES) {
      throw new EOFException("training progress ends too early");
    }
    ByteBuffer.wrap(bytes).asFloatBuffer().get(values, at, length);
  }
}
