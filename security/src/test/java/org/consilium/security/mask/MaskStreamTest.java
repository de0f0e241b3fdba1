package org.consilium.security.mask;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.security.GeneralSecurityException;
import java.util.Arrays;
import java.util.Random;
import org.consilium.security.Vectors;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

final class MaskStreamTest {
  private static final int LENGTH = 20_000;

  private final byte[] seed = new byte[MaskStream.SEED_BYTES];
  private final MaskStream mask = MaskStream.of(seed);

  @Test
  @Tag("vectors")
  void add_toZeros_isTheKeystreamInLittleEndian() {
    int checked = 0;
    for (JsonNode node : Vectors.read("aes256ctr.json").path("cases")) {
      if (Arrays.equals(Vectors.hex(node, "initial_counter_block"), new byte[16])) {
        byte[] expected = Vectors.hex(node, "keystream");
        int[] ints = new int[expected.length / 4];
        long[] longs = new long[expected.length / 8];

        MaskStream.of(Vectors.hex(node, "key")).add(ints, 0, ints.length, 0);
        MaskStream.of(Vectors.hex(node, "key")).add(longs, 0, longs.length, 0);

        ByteBuffer asInts = ByteBuffer.allocate(expected.length).order(ByteOrder.LITTLE_ENDIAN);
        ByteBuffer asLongs = ByteBuffer.allocate(expected.length).order(ByteOrder.LITTLE_ENDIAN);
        asInts.asIntBuffer().put(ints);
        asLongs.asLongBuffer().put(longs);
        assertThat(asInts.array()).isEqualTo(expected);
        assertThat(asLongs.array()).isEqualTo(expected);
        checked++;
      }
    }
    assertThat(checked).isPositive();
  }

  @Test
  void add_elementsFarApart_equalTheOracle() throws GeneralSecurityException {
    new Random(1).nextBytes(seed);
    MaskStream stream = MaskStream.of(seed);

    for (long at : new long[] {0, 1, 3, 4, 4095, 4096, 1L << 31, (1L << 48) - 1, 7}) {
      int[] ints = {0, 5, 0};
      long[] longs = {0, 5, 0};
      stream.add(ints, 1, 1, at);
      stream.add(longs, 1, 1, at);

      assertThat(ints).containsExactly(0, 5 + NaiveMasking.element(seed, 32, at).intValue(), 0);
      assertThat(longs).containsExactly(0, 5 + NaiveMasking.element(seed, 64, at).longValue(), 0);
    }
  }

  @Test
  void addThenSubtract_inOtherPieces_givesTheVectorBack() {
    int[] ints = new Random(2).ints(LENGTH).toArray();
    long[] longs = new Random(3).longs(LENGTH).toArray();
    int[] intsBefore = ints.clone();
    long[] longsBefore = longs.clone();

    mask.add(ints, 0, LENGTH, 1000);
    mask.add(longs, 0, LENGTH, 1000);

    assertThat(ints).isNotEqualTo(intsBefore);
    assertThat(longs).isNotEqualTo(longsBefore);
    for (int[] piece : new int[][] {{8191, 11_000}, {0, 1}, {1, 8190}, {19_191, 809}}) {
      mask.subtract(ints, piece[0], piece[1], 1000 + piece[0]);
      mask.copy().subtract(longs, piece[0], piece[1], 1000 + piece[0]);
    }
    assertThat(ints).isEqualTo(intsBefore);
    assertThat(longs).isEqualTo(longsBefore);
  }

  @Test
  void add_outsideTheBlockOrTheVector_refused() {
    assertThatThrownBy(() -> mask.add(new int[3], 1, 3, 0))
        .isInstanceOf(IndexOutOfBoundsException.class);
    assertThatThrownBy(() -> mask.subtract(new long[3], 0, 3, -1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("mask: element -1, 0 to 2^48");
    assertThatThrownBy(() -> MaskStream.of(new byte[31]))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
