package org.consilium.security.stream;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.nio.ByteBuffer;
import java.security.SecureRandom;
import org.junit.jupiter.api.Test;

final class SecureChanceTest {
  /** Beyond one block, so that the seam between two is crossed. */
  private static final int NUMBERS = 3000;

  @Test
  void nextLong_ofAKey_isItsKeystream() {
    byte[] key = new byte[Keystream.KEY_BYTES];
    key[0] = 7;
    byte[] stream = new byte[NUMBERS * Long.BYTES];
    Keystream.of(key).read(stream, 0, stream.length);
    ByteBuffer expected = ByteBuffer.wrap(stream);

    SecureChance chance = SecureChance.of(key);

    for (int i = 0; i < NUMBERS; i++) {
      assertThat(chance.nextLong()).as("number %d", i).isEqualTo(expected.getLong());
    }
  }

  @Test
  void of_twice_givesOtherNumbers() {
    SecureRandom random = new SecureRandom();

    assertThat(SecureChance.of(random).nextLong()).isNotEqualTo(SecureChance.of(random).nextLong());
  }

  /** Five standard errors of each moment; the seed is a key, so that the case repeats. */
  @Test
  void nextGaussian_manyDraws_momentsOfANormal() {
    SecureChance chance = SecureChance.of(new byte[Keystream.KEY_BYTES]);
    int draws = 400_000;
    double mean = 0;
    double square = 0;
    double fourth = 0;
    int beyondFour = 0;
    for (int i = 0; i < draws; i++) {
      double z = chance.nextGaussian();
      mean += z / draws;
      square += z * z / draws;
      fourth += z * z * z * z / draws;
      beyondFour += Math.abs(z) > 4 ? 1 : 0;
    }

    double error = 5 / Math.sqrt(draws);
    assertThat(mean).isCloseTo(0, within(error));
    assertThat(square).isCloseTo(1, within(error * Math.sqrt(2)));
    assertThat(fourth).isCloseTo(3, within(error * Math.sqrt(96)));
    assertThat(beyondFour).isBetween(5, 50); // 25.3 expected
  }
}
