package org.consilium.coordinator.intake;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.security.MessageDigest;
import java.util.List;
import java.util.Optional;
import java.util.zip.CRC32;
import java.util.zip.CRC32C;
import java.util.zip.Checksum;
import org.consilium.coordinator.intake.Intake.Checked;
import org.consilium.coordinator.intake.Intake.Rejected;
import org.consilium.coordinator.intake.Intake.Why;
import org.consilium.models.federated.CoarseVector;
import org.consilium.models.federated.RoundLayout;
import org.consilium.models.federated.RoundLayout.Part;
import org.consilium.models.params.ParameterLayout;
import org.consilium.models.params.Squares;
import org.consilium.protocol.Digest;
import org.consilium.protocol.Limits;
import org.consilium.protocol.UpdateManifest;
import org.consilium.security.bulk.FileBytes;
import org.consilium.security.seal.SealBroken;
import org.consilium.security.seal.UpdateOpener;

/**
 * Opens every chunk of a complete update and judges what is inside: bounds, trailer, norm. What is
 * masked looks like noise: of it only the seal is checked, and the sum is checked later. Works
 * through three reused buffers of 1 MiB.
 */
final class UpdateCheck {
  private static final int BLOCK = Limits.CHUNK_PLAIN_BYTES / Integer.BYTES;

  /** Relative slack of the declared norm: the site may round it. */
  private static final double NORM_ROUNDING = 1e-3;

  private final Upload upload;
  private final IntakeTerms terms;
  private final UpdateManifest manifest;
  private final ParameterLayout layout;
  private final byte[] sealed;
  private final byte[] plain;
  private final int[] values;
  private final long bound;
  private final byte[] shifts;
  private final Optional<CoarseVector> coarse;
  private final MessageDigest content = Digest.newSha256();
  private final List<Checksum> checksums = List.of(new CRC32C(), new CRC32());
  private double squares;
  private int clipped;

  UpdateCheck(Upload upload) {
    this.upload = upload;
    this.terms = upload.terms();
    this.manifest = upload.manifest();
    this.layout = terms.layout();
    this.shifts = manifest.seal().shifts();
    this.coarse =
        terms.encoding().narrow()
            ? Optional.of(new CoarseVector(layout, terms.valueBytes(), shifts))
            : Optional.empty();
    this.sealed = new byte[manifest.chunkBytes(0)]; // no other chunk is larger
    this.plain = new byte[sealed.length];
    this.values = new int[plain.length / terms.valueBytes()];
    this.bound = (long) manifest.weight() << terms.fixed().magnitudeBits();
  }

  Intake run() throws IOException {
    int chunks = manifest.seal().chunks();
    try (UpdateOpener opener =
        UpdateOpener.open(
            terms.key(),
            manifest.seal().encapsulation(),
            terms.context().bytes(),
            upload.announced().site().value(),
            chunks)) {
      for (int i = 0; i < chunks; i++) {
        int length = manifest.chunkBytes(i);
        read(upload.file(), manifest.chunkAt(i), length);
        int opened = opener.open(i, sealed, 0, length, plain, 0);
        if (terms.masked()) {
          continue;
        }
        int count = opened / terms.valueBytes();
        values(i, count);
        Intake judged = judge((long) i * BLOCK, count);
        if (judged instanceof Rejected rejected) {
          return rejected;
        }
        print(opened);
      }
    } catch (SealBroken broken) {
      return new Rejected(Why.SEAL_BROKEN, String.valueOf(broken.getMessage()));
    }
    return terms.masked() ? declared() : judgeNorm();
  }

  /**
   * Adds a chunk's two checksums to the content's fingerprint. SHA-256 over every byte would cost
   * as much as all else that is done here, and guards against nobody: who changes one value of a
   * copy is not found either way.
   */
  private void print(int length) {
    ByteBuffer sums = ByteBuffer.allocate(2 * Long.BYTES);
    for (Checksum checksum : checksums) {
      checksum.reset();
      checksum.update(plain, 0, length);
      sums.putLong(checksum.getValue());
    }
    content.update(sums.array());
  }

  /** What the opened chunk holds, as integers of the round's grid. */
  private void values(int chunk, int count) {
    if (coarse.isPresent()) {
      coarse.get().expand(plain, (long) chunk * BLOCK, count, manifest.weight(), values);
    } else {
      ByteBuffer.wrap(plain).order(ByteOrder.LITTLE_ENDIAN).asIntBuffer().get(values, 0, count);
    }
  }

  /** Of a masked update the norm is known as declared only. */
  private Intake declared() {
    return manifest.norm() > terms.clip() * (1 + 1e-6)
        ? rejected(
            Why.NORM_TOO_LARGE,
            "declared norm is %.6g, at most %.6g".formatted(manifest.norm(), terms.clip()))
        : new Checked(upload.announced().upload(), manifest, manifest.norm(), 0, Optional.empty());
  }

  private void read(FileChannel file, long position, int length) throws IOException {
    if (!FileBytes.read(file, ByteBuffer.wrap(sealed, 0, length), position)) {
      throw new IOException("read spooled update: it ends at byte " + file.size());
    }
  }

  private Intake judge(long first, int count) {
    int own = (int) Math.clamp(layout.length() - first, 0L, (long) count);
    if (own > 0) {
      int worst = worst(own);
      if (worst >= 0) {
        return rejected(
            Why.OUT_OF_BOUNDS,
            "coordinate %d is %d, at most %d in magnitude"
                .formatted(first + worst, values[worst], bound));
      }
      Optional<Rejected> steps = steps(first, own);
      if (steps.isPresent()) {
        return steps.get();
      }
      measure(first, own);
    }
    for (int i = own; i < count; i++) {
      if (first + i == layout.length() && values[i] != manifest.weight()) {
        return rejected(
            Why.BAD_TRAILER,
            "weight inside is %d, announced is %d".formatted(values[i], manifest.weight()));
      }
      if (first + i == layout.length() + 1) {
        clipped = values[i];
        if (clipped < 0 || clipped > terms.fixed().clippedCount(Long.MAX_VALUE)) {
          return rejected(Why.BAD_TRAILER, "clipped coordinates: %d".formatted(clipped));
        }
      }
    }
    return checked(0);
  }

  /** A site that did no step, or less than none, must not decide how long the others' are. */
  private Optional<Rejected> steps(long first, int count) {
    long at = layout.length() - 1;
    boolean here = at >= first && at < first + count;
    if (!here || part(layout.tensors().size() - 1) != Part.STEPS) {
      return Optional.empty();
    }
    int steps = values[(int) (at - first)];
    return steps > 0
        ? Optional.empty()
        : Optional.of(rejected(Why.OUT_OF_BOUNDS, "its number of steps is %d".formatted(steps)));
  }

  private Part part(int tensor) {
    return RoundLayout.part(layout.tensors().get(tensor).name());
  }

  /** Index of the first value out of bounds, or -1. The scan itself has no branch. */
  private int worst(int count) {
    int limit = (int) bound;
    int bad = 0;
    for (int i = 0; i < count; i++) {
      bad |= (limit - values[i]) | (limit + values[i]);
    }
    // The bound is at most 2^30 less the participants' bits, so a legal difference never overflows;
    // a value that overflows it is caught by the exact scan below or is out of bounds anyway.
    if (bad >= 0) {
      return -1;
    }
    for (int i = 0; i < count; i++) {
      if (Math.abs((long) values[i]) > limit) {
        return i;
      }
    }
    return -1;
  }

  private void measure(long first, int count) {
    int tensor = layout.tensorAt(first);
    int done = 0;
    while (done < count) {
      int end = (int) Math.min(count, layout.offset(tensor + 1) - first);
      double sum = Squares.of(values, done, end);
      // The number of steps is no part of the delta and has a bound of its own.
      boolean counts = part(tensor) != Part.STEPS;
      squares += counts ? sum * square(unit(tensor) / manifest.weight()) : 0;
      done = end;
      tensor++;
    }
  }

  /**
   * Compares the measured norm with the bound S and with what was declared. Rounding moves a
   * coordinate by less than one unit of its tensor, so the whole vector by less than {@code slack}.
   */
  private Intake judgeNorm() {
    double norm = Math.sqrt(squares);
    double slack = 0;
    double steps = 0; // of a narrow update, whose site keeps to S with what it rounded to
    for (int i = 0; i < layout.tensors().size(); i++) {
      slack += layout.tensors().get(i).length() * square(unit(i));
      steps += layout.tensors().get(i).length() * square(step(i));
    }
    slack = Math.sqrt(slack);
    if (norm > terms.clip() * (1 + 1e-6) + slack) {
      return rejected(
          Why.NORM_TOO_LARGE,
          "norm is %.6g, at most %.6g (and %.2g of rounding)".formatted(norm, terms.clip(), slack));
    }
    double around = Math.sqrt(steps) + NORM_ROUNDING * Math.max(norm, manifest.norm()) + 1e-9;
    boolean more = norm > manifest.norm() + around;
    boolean less = clipped == 0 && norm < manifest.norm() - around;
    if (more || less) {
      return rejected(
          Why.NORM_MISMATCH,
          "norm is %.6g, declared was %.6g (rounding explains %.2g)"
              .formatted(norm, manifest.norm(), around));
    }
    return checked(norm);
  }

  private Checked checked(double norm) {
    Optional<Digest> sealed =
        norm > 0 ? Optional.of(Digest.of(content.digest())) : Optional.empty();
    return new Checked(upload.announced().upload(), manifest, norm, clipped, sealed);
  }

  private double unit(int tensor) {
    return Math.scalb(1.0, -terms.fixed().scaleExponent(terms.scaleExponents().get(tensor)));
  }

  /** By less than what rounding moves a coordinate. */
  private double step(int tensor) {
    return terms.encoding().narrow() ? Math.scalb(unit(tensor), shifts[tensor]) : unit(tensor);
  }

  private static double square(double x) {
    return x * x;
  }

  private Rejected rejected(Why why, String detail) {
    return new Rejected(
        why, "check update of site %s: %s".formatted(upload.announced().site(), detail));
  }
}
