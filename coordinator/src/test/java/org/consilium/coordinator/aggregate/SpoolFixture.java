package org.consilium.coordinator.aggregate;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import org.consilium.models.federated.CoarseVector;
import org.consilium.models.federated.RoundLayout;
import org.consilium.models.params.ParameterLayout;
import org.consilium.protocol.Limits;
import org.consilium.protocol.SiteId;
import org.consilium.protocol.UpdateManifest;
import org.consilium.security.seal.AggregationKey;
import org.consilium.security.seal.SealBroken;
import org.consilium.security.seal.UpdateOpener;
import org.consilium.security.seal.UpdateSealer;

/** Sealed spools of random vectors on disk, with the vectors for an oracle. */
record SpoolFixture(List<SealedDelta> deltas, List<int[]> vectors, Path folder)
    implements AutoCloseable {
  private static final byte[] CONTEXT = new byte[32];
  private static final int MAGNITUDE = 1 << 18;

  static SpoolFixture of(Path folder, ParameterLayout layout, int[] weights, long seed)
      throws IOException {
    SplittableRandom random = new SplittableRandom(seed);
    AggregationKey key = AggregationKey.generate(new SecureRandom());
    List<SealedDelta> deltas = new ArrayList<>();
    List<int[]> vectors = new ArrayList<>();
    for (int site = 0; site < weights.length; site++) {
      int length = Math.toIntExact(layout.length());
      int[] vector = new int[length + UpdateManifest.TRAILER];
      for (int i = 0; i < length; i++) {
        vector[i] = weights[site] * random.nextInt(-MAGNITUDE, MAGNITUDE + 1);
      }
      if (RoundLayout.part(layout.tensors().getLast().name()) == RoundLayout.Part.STEPS) {
        vector[length - 1] = weights[site] * (1 + Math.abs(vector[length - 1] / weights[site]));
      }
      vector[length] = weights[site];
      vector[length + 1] = 5;
      vectors.add(vector);
      deltas.add(seal(folder.resolve("site-" + site), site, vector, weights[site], key));
    }
    return new SpoolFixture(deltas, vectors, folder);
  }

  /** Spools of vectors that are given: weighted fixed-point values without the trailer. */
  static SpoolFixture of(Path folder, ParameterLayout layout, int[] weights, List<int[]> values)
      throws IOException {
    AggregationKey key = AggregationKey.generate(new SecureRandom());
    int length = Math.toIntExact(layout.length());
    List<SealedDelta> deltas = new ArrayList<>();
    List<int[]> vectors = new ArrayList<>();
    for (int site = 0; site < weights.length; site++) {
      int[] vector = Arrays.copyOf(values.get(site), length + UpdateManifest.TRAILER);
      vector[length] = weights[site];
      vectors.add(vector);
      deltas.add(seal(folder.resolve("site-" + site), site, vector, weights[site], key));
    }
    return new SpoolFixture(deltas, vectors, folder);
  }

  /**
   * The same of one byte a value: q of each coordinate, which the weight and 2^s of its tensor
   * multiply.
   */
  static SpoolFixture narrow(
      Path folder, ParameterLayout layout, int[] weights, List<byte[]> q, byte[] shifts)
      throws IOException {
    AggregationKey key = AggregationKey.generate(new SecureRandom());
    CoarseVector coarse = new CoarseVector(layout, Byte.BYTES, shifts);
    List<SealedDelta> deltas = new ArrayList<>();
    for (int site = 0; site < weights.length; site++) {
      byte[] vector = Arrays.copyOf(q.get(site), q.get(site).length + UpdateManifest.TRAILER);
      vector[q.get(site).length] = (byte) weights[site];
      SealedDelta full =
          seal(folder.resolve("narrow-" + site), site, vector, 1 << 18, weights[site], key);
      deltas.add(
          new SealedDelta(
              full.site(),
              full.weight(),
              full.norm(),
              full.opener(),
              full.spool(),
              Optional.of(coarse)));
    }
    return new SpoolFixture(deltas, List.of(), folder);
  }

  private static SealedDelta seal(Path file, int site, int[] vector, int weight, AggregationKey key)
      throws IOException {
    ByteBuffer plain = ByteBuffer.allocate(4 * vector.length).order(ByteOrder.LITTLE_ENDIAN);
    plain.asIntBuffer().put(vector);
    SealedDelta sealed = seal(file, site, plain.array(), Limits.CHUNK_PLAIN_BYTES, weight, key);
    return new SealedDelta(
        sealed.site(), weight, norm(vector, weight), sealed.opener(), sealed.spool());
  }

  private static SealedDelta seal(
      Path file, int site, byte[] plain, int chunk, int weight, AggregationKey key)
      throws IOException {
    String name = "site-" + site;
    int total = Math.ceilDiv(plain.length, chunk);
    byte[] sealed = new byte[Limits.CHUNK_SEALED_BYTES];
    FileChannel channel =
        FileChannel.open(
            file,
            StandardOpenOption.CREATE,
            StandardOpenOption.TRUNCATE_EXISTING,
            StandardOpenOption.READ,
            StandardOpenOption.WRITE);
    byte[] encapsulation;
    try (UpdateSealer sealer = UpdateSealer.to(key.publicKey(), CONTEXT, name, total)) {
      encapsulation = sealer.encapsulation();
      for (int i = 0; i < total; i++) {
        int from = i * chunk;
        int bytes = Math.min(chunk, plain.length - from);
        int length = sealer.seal(i, plain, from, bytes, sealed, 0);
        ByteBuffer out = ByteBuffer.wrap(sealed, 0, length);
        while (out.hasRemaining()) {
          channel.write(out);
        }
      }
    }
    try {
      return new SealedDelta(
          new SiteId(name),
          weight,
          0,
          UpdateOpener.open(key, encapsulation, CONTEXT, name, total),
          channel);
    } catch (SealBroken impossible) {
      throw new IllegalStateException(impossible);
    }
  }

  /** In units of the fixed point: the norm itself where all tensors have one range of 2^b. */
  private static double norm(int[] vector, int weight) {
    double squares = 0;
    for (int i = 0; i < vector.length - UpdateManifest.TRAILER; i++) {
      squares += (double) vector[i] / weight * vector[i] / weight;
    }
    return Math.sqrt(squares);
  }

  Path file(int site) {
    return folder.resolve("site-" + site);
  }

  long weightSum() {
    return deltas.stream().mapToLong(SealedDelta::weight).sum();
  }

  @Override
  public void close() throws IOException {
    for (SealedDelta delta : deltas) {
      delta.opener().close();
      delta.spool().close();
    }
  }
}
