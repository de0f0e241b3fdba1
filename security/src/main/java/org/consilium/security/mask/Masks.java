package org.consilium.security.mask;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.consilium.security.identity.Fingerprint;

/**
 * A signed set of masks that is added to a vector block by block: at a site to hide its integers,
 * at the coordinator to free the sum. With U2 the sites that shared their secrets and U3 those
 * whose vectors were accepted, site u sends
 *
 * <pre>y_u = x_u + self_u + Σ_{v ∈ U2, v > u} pair_uv − Σ_{v ∈ U2, v &lt; u} pair_uv</pre>
 *
 * and in the sum over U3 there remain the self masks of U3 and the pair masks between U3 and the
 * dropped sites U2 ∖ U3. One thread at a time; {@link #copy} gives another thread its own.
 */
public final class Masks {
  private static final int BLOCK = 4096; // elements; stay in cache while every mask is applied

  private final List<MaskStream> added;
  private final List<MaskStream> subtracted;

  private Masks(List<MaskStream> added, List<MaskStream> subtracted) {
    this.added = List.copyOf(added);
    this.subtracted = List.copyOf(subtracted);
  }

  /** The seed of a site's self mask, 32 bytes, from its secret b of 32 bytes. */
  public static byte[] selfSeed(Fingerprint context, int site, byte[] secret) {
    return Derivation.selfSeed(context, site, secret);
  }

  /** What a site signs of its b beforehand: a rebuilt b is compared with it. */
  public static Fingerprint selfCommitment(Fingerprint context, int site, byte[] secret) {
    return Derivation.selfCommitment(context, site, secret);
  }

  /**
   * What a site adds to its own vector.
   *
   * @param site its number u
   * @param pairSeeds by the number of every other site of U2
   */
  public static Masks ofSite(int site, byte[] selfSeed, Map<Integer, byte[]> pairSeeds) {
    List<MaskStream> added = new ArrayList<>();
    List<MaskStream> subtracted = new ArrayList<>();
    added.add(MaskStream.of(selfSeed));
    pairMasks(site, pairSeeds, added, subtracted);
    return new Masks(added, subtracted);
  }

  /**
   * What the coordinator adds to the sum over U3 to make it the plain sum. In the sum a dropped
   * site's pair masks stand with the signs of its peers, so adding them with its own cancels them.
   *
   * @param selfSeeds of every site of U3, by number
   * @param pairSeeds of every dropped site, by number: its seeds with every site of U3
   * @throws IllegalArgumentException if a dropped site's peers are not exactly U3
   */
  public static Masks removal(
      Map<Integer, byte[]> selfSeeds, Map<Integer, Map<Integer, byte[]>> pairSeeds) {
    List<MaskStream> added = new ArrayList<>();
    List<MaskStream> subtracted = new ArrayList<>();
    selfSeeds.values().forEach(seed -> subtracted.add(MaskStream.of(seed)));
    pairSeeds.forEach(
        (dropped, seeds) -> {
          if (!seeds.keySet().equals(selfSeeds.keySet())) {
            throw new IllegalArgumentException(
                "remove the masks of site %d: seeds with %s, but accepted are %s"
                    .formatted(dropped, seeds.keySet(), selfSeeds.keySet()));
          }
          pairMasks(dropped, seeds, added, subtracted);
        });
    return new Masks(added, subtracted);
  }

  /** The same masks, for another thread. */
  public Masks copy() {
    return new Masks(
        added.stream().map(MaskStream::copy).toList(),
        subtracted.stream().map(MaskStream::copy).toList());
  }

  /** How many seeds are expanded for each block: what the work is in proportion to. */
  public int expansions() {
    return added.size() + subtracted.size();
  }

  /**
   * Applies all masks to a block in place, modulo 2^32.
   *
   * @param block changed from {@code offset} on, {@code length} elements
   * @param first the place of the block's first element in the whole vector
   */
  public void addTo(int[] block, int offset, int length, long first) {
    int done = 0;
    while (done < length) {
      int now = Math.min(length - done, BLOCK);
      for (MaskStream mask : added) {
        mask.add(block, offset + done, now, first + done);
      }
      for (MaskStream mask : subtracted) {
        mask.subtract(block, offset + done, now, first + done);
      }
      done += now;
    }
  }

  /** Applies all masks to a block in place, modulo 2^64. */
  public void addTo(long[] block, int offset, int length, long first) {
    int done = 0;
    while (done < length) {
      int now = Math.min(length - done, BLOCK);
      for (MaskStream mask : added) {
        mask.add(block, offset + done, now, first + done);
      }
      for (MaskStream mask : subtracted) {
        mask.subtract(block, offset + done, now, first + done);
      }
      done += now;
    }
  }

  /** The sign rule: a site adds what it shares with higher numbers and subtracts the others. */
  private static void pairMasks(
      int site, Map<Integer, byte[]> seeds, List<MaskStream> added, List<MaskStream> subtracted) {
    Derivation.checkSite(site);
    seeds.forEach(
        (peer, seed) -> {
          Derivation.checkSite(peer);
          if (peer == site) {
            throw new IllegalArgumentException(
                "masks of site %d: a pair with itself".formatted(site));
          }
          (peer > site ? added : subtracted).add(MaskStream.of(seed));
        });
  }
}
