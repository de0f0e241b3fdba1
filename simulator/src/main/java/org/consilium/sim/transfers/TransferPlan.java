package org.consilium.sim.transfers;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.consilium.protocol.Encoding;
import org.consilium.protocol.Limits;
import org.consilium.protocol.SiteId;
import org.consilium.protocol.UpdateManifest;
import org.consilium.sim.scenario.SyntheticStudy;

/**
 * What is run.
 *
 * @param encoding how updates are written
 * @param speedUp by how much lines are wider than those of hospitals
 * @param seed of lines, cuts and the model
 * @param coordinatorHeapMiB Java heap of the coordinator
 * @param siteHeapMiB Java heap of each site
 * @param minutes after which it is given up
 */
public record TransferPlan(
    int sites,
    long parameters,
    int rounds,
    Encoding encoding,
    int speedUp,
    long seed,
    int coordinatorHeapMiB,
    int siteHeapMiB,
    int minutes) {
  /** Lines of hospitals, bits a second. */
  private static final long NARROW = 4_000_000;

  private static final long WIDE = 30_000_000;

  /** How much narrower the last site's line is than the one drawn for it. */
  private static final int SLOW = 5;

  public TransferPlan {
    if (sites < 2 || sites > 32 || rounds < 2 || rounds > 100) {
      throw new IllegalArgumentException(
          "sites must be 2-32 and rounds 2-100, got %d and %d".formatted(sites, rounds));
    }
    if (parameters < 1 || speedUp < 1 || speedUp > 10_000) {
      throw new IllegalArgumentException(
          "parameters must be positive and the speed-up 1-10000, got %d and %d"
              .formatted(parameters, speedUp));
    }
  }

  List<SiteId> ids() {
    return IntStream.rangeClosed(1, sites)
        .mapToObj(i -> new SiteId("site-%02d".formatted(i)))
        .toList();
  }

  /** Bits a second of each site's line, after the speed-up. */
  List<Long> widths() {
    SplittableRandom random = new SplittableRandom(seed);
    List<Long> widths = new ArrayList<>();
    for (int i = 0; i < sites; i++) {
      long drawn = random.nextLong(NARROW, WIDE) * speedUp;
      widths.add(i == sites - 1 ? drawn / SLOW : drawn);
    }
    return widths;
  }

  /** Bytes of a sealed update: each parameter, the trailer of two, a tag a chunk. */
  long sealedBytes() {
    long plain = (parameters + UpdateManifest.TRAILER) * encoding.bytes();
    long chunks = Math.ceilDiv(plain, (long) UpdateManifest.plainChunkBytes(encoding.bytes()));
    return plain + chunks * Limits.CHUNK_TAG_BYTES;
  }

  /** Bytes of a model's parameters; its header is a few hundred more. */
  long modelBytes() {
    return parameters * Float.BYTES;
  }

  String yaml(String study) {
    return new SyntheticStudy(
            study,
            "Rounds over bad lines",
            parameters,
            rounds,
            "sealed",
            encoding,
            ids(),
            "60m",
            seed)
        .yaml();
  }
}
