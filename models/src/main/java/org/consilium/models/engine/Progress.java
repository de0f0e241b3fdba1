package org.consilium.models.engine;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import org.consilium.protocol.Digest;
import org.consilium.protocol.fault.FailPoint;

/**
 * A training in a file, now and then, so that a process that died in a long round goes on where it
 * was: after it the values are the same as without the death.
 *
 * <p>The file is a head (format, SHA-256 of what is trained, step and sums), the trained
 * parameters, the optimiser's memory and the moving average in float32, and a SHA-256 of all of it.
 * Random numbers need no place in it: each is a function of seed, round, epoch and example. The
 * file is its owner's alone, and appears whole or not at all; one of another training, or a changed
 * one, is not used.
 */
public final class Progress {
  private static final long FORMAT = 0x4353_5052_4f47_0002L; // "CSPROG", 2
  private static final int DIGEST_BYTES = 32;
  private static final int BLOCK = 1 << 14;

  private final Path file;
  private final Digest subject;
  private final InstantSource clock;
  private final Duration every;
  private final Consumer<String> told;
  private Instant last;

  /**
   * Progress in {@code file}, which need not exist.
   *
   * @param subject of whose training: the key is a digest of it and of all settings and values
   * @param every shortest time between two writings
   * @param told what could not be used or kept; no values
   */
  public Progress(
      Path file, Digest subject, InstantSource clock, Duration every, Consumer<String> told) {
    this.file = file;
    this.subject = subject;
    this.clock = clock;
    this.every = every;
    this.told = told;
    this.last = clock.instant();
  }

  /** Forgets a file of progress: its training is over and its outcome is safe. */
  public static void drop(Path file) throws IOException {
    Files.deleteIfExists(file);
    Files.deleteIfExists(draft(file));
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

  /** Whose training it is. */
  Digest subject() {
    return subject;
  }

  /** Writes if it is time to. A disk that does not take it costs a later death more, no more. */
  void offer(Digest key, Sums sums, State state) {
    Instant now = clock.instant();
    if (now.isBefore(last.plus(every))) {
      return;
    }
    last = now;
    try {
      write(key, sums, state);
    } catch (IOException full) {
      told.accept(
          "keep the progress of training at step %d: %s".formatted(sums.step, full.getMessage()));
      return;
    }
    FailPoint.PROGRESS_KEPT.reach();
  }

  private void write(Digest key, Sums sums, State state) throws IOException {
    Path draft = draft(file);
    Files.deleteIfExists(draft);
    MessageDigest sha = Digest.newSha256();
    try (FileChannel channel =
        FileChannel.open(
            draft,
            Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
            ownerOnly(draft))) {
      OutputStream raw = new BufferedOutputStream(Channels.newOutputStream(channel), BLOCK * 4);
      DataOutputStream out = new DataOutputStream(new DigestOutputStream(raw, sha));
      out.writeLong(FORMAT);
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
      raw.write(sha.digest());
      raw.flush();
      channel.force(true);
    }
    Files.move(draft, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    forceFolder();
  }

  /**
   * Puts a training's state back if the file has it. Nothing is put back of a file that is not this
   * training's, or not as it was written; then training begins anew.
   *
   * @return where it stood; empty if there is nothing to go on from
   */
  Optional<Sums> resume(Digest key, State state) throws IOException {
    if (!Files.isRegularFile(file)) {
      return Optional.empty();
    }
    Optional<String> unfit = unfit(key, state);
    if (unfit.isPresent()) {
      told.accept("training begins anew: the progress on disk " + unfit.get());
      return Optional.empty();
    }
    try (DataInputStream in = input()) {
      in.skipNBytes(Long.BYTES + DIGEST_BYTES);
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
      told.accept("training goes on after step %d".formatted(sums.step));
      return Optional.of(sums);
    }
  }

  /** Why the file cannot be used, if so; reads all of it and changes nothing. */
  private Optional<String> unfit(Digest key, State state) throws IOException {
    long expected = bytes(state);
    try (DataInputStream in = input()) {
      if (in.readLong() != FORMAT) {
        return Optional.of("has another format");
      }
      byte[] theirs = in.readNBytes(DIGEST_BYTES);
      if (!Arrays.equals(theirs, key.bytes())) {
        return Optional.of("is of another training");
      }
      if (Files.size(file) != expected) {
        return Optional.of("has %d bytes and should have %d".formatted(Files.size(file), expected));
      }
      MessageDigest sha = Digest.newSha256();
      sha.update(ByteBuffer.allocate(Long.BYTES).putLong(0, FORMAT));
      sha.update(theirs);
      byte[] block = new byte[BLOCK * Float.BYTES];
      long left = expected - Long.BYTES - 2L * DIGEST_BYTES;
      while (left > 0) {
        int some = in.readNBytes(block, 0, (int) Math.min(block.length, left));
        if (some == 0) {
          throw new EOFException("it ends too early");
        }
        sha.update(block, 0, some);
        left -= some;
      }
      return Arrays.equals(in.readNBytes(DIGEST_BYTES), sha.digest())
          ? Optional.empty()
          : Optional.of("was changed: its bytes are not those of its digest");
    } catch (EOFException tooShort) {
      return Optional.of("ends too early");
    }
  }

  private DataInputStream input() throws IOException {
    InputStream raw = Files.newInputStream(file);
    return new DataInputStream(new BufferedInputStream(raw, BLOCK * 4));
  }

  private static long bytes(State state) {
    long values = 0;
    for (Optimiser.Trained tensor : state.weights) {
      values += tensor.length();
    }
    for (float[] each : state.memory) {
      values += each.length;
    }
    return Long.BYTES
        + 2L * DIGEST_BYTES
        + 3L * Integer.BYTES
        + 3L * Double.BYTES
        + values * Float.BYTES;
  }

  private static Path draft(Path file) {
    return file.resolveSibling(file.getFileName() + ".part");
  }

  private static FileAttribute<?>[] ownerOnly(Path path) {
    return path.getFileSystem().supportedFileAttributeViews().contains("posix")
        ? new FileAttribute<?>[] {
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"))
        }
        : new FileAttribute<?>[0];
  }

  private void forceFolder() throws IOException {
    Path folder = file.toAbsolutePath().getParent();
    if (folder == null || folder.getFileSystem().getSeparator().equals("\\")) {
      return; // Windows cannot open a folder; its move is durable by itself
    }
    try (FileChannel opened = FileChannel.open(folder, StandardOpenOption.READ)) {
      opened.force(true);
    }
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
