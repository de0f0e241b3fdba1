package org.consilium.sim.virtual.fault;

import java.security.SecureRandom;
import java.security.SecureRandomSpi;
import java.util.SplittableRandom;

/** Random bytes that a seed decides. Keys made of them are no secrets: for simulations alone. */
public final class SeededRandom extends SecureRandom {
  private static final long serialVersionUID = 1L;

  /** The bytes of a seed. */
  public SeededRandom(long seed) {
    super(new Source(new SplittableRandom(seed)), null);
  }

  private static final class Source extends SecureRandomSpi {
    private static final long serialVersionUID = 1L;

    private final transient SplittableRandom chance;

    Source(SplittableRandom chance) {
      this.chance = chance;
    }

    @Override
    protected void engineSetSeed(byte[] seed) {
      // the seed is given once
    }

    @Override
    protected void engineNextBytes(byte[] bytes) {
      chance.nextBytes(bytes);
    }

    @Override
    protected byte[] engineGenerateSeed(int length) {
      byte[] seed = new byte[length];
      chance.nextBytes(seed);
      return seed;
    }
  }
}
