package org.consilium.security.fixed;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import org.consilium.security.Vectors;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

final class RoundingStreamTest {
  @Test
  @Tag("vectors")
  void words_counterFromZero_equalTheReferenceKeystream() {
    int checked = 0;
    for (JsonNode node : Vectors.read("aes256ctr.json").path("cases")) {
      byte[] counter = Vectors.hex(node, "initial_counter_block");
      ByteBuffer expected =
          ByteBuffer.wrap(Vectors.hex(node, "keystream")).order(ByteOrder.LITTLE_ENDIAN);
      if (ByteBuffer.wrap(counter).getLong(0) != 0 || counter[8] < 0 || counter[8] > 0x0f) {
        continue; // this stream counts blocks from a coordinate, so only small counters apply
      }
      RoundingStream stream = RoundingStream.ofKey(Vectors.hex(node, "key"));
      stream.seek(ByteBuffer.wrap(counter).getLong(8) * 4);
      int[] words = new int[expected.remaining() / 4];
      stream.fill(words, 0, words.length);
      for (int i = 0; i < words.length; i++) {
        assertThat(words[i]).as("word %d", i).isEqualTo(expected.getInt(i * 4));
      }
      checked++;
    }
    assertThat(checked).isPositive();
  }

  @Test
  void seek_anyCoordinate_sameWordsAsReadingThrough() {
    RoundingStream stream = RoundingStream.of(new byte[32], new byte[] {1});
    int[] all = new int[20_000];
    stream.fill(all, 0, all.length);

    for (int at : new int[] {0, 1, 2, 3, 4, 5, 8191, 8192, 8193, 19_990}) {
      int[] some = new int[7];
      stream.seek(at);
      stream.fill(some, 0, some.length);
      assertThat(some).containsExactly(Arrays.copyOfRange(all, at, at + 7));
    }
  }

  @Test
  void words_otherLabelOrSecret_differ() {
    int[] one = first(new byte[32], 1);
    byte[] otherSecret = new byte[32];
    otherSecret[31] = 1;

    assertThat(first(new byte[32], 1)).isEqualTo(one);
    assertThat(first(new byte[32], 2)).isNotEqualTo(one);
    assertThat(first(otherSecret, 1)).isNotEqualTo(one);
  }

  private static int[] first(byte[] secret, int label) {
    int[] words = new int[16];
    RoundingStream.of(secret, new byte[] {(byte) label}).fill(words, 0, words.length);
    return words;
  }
}
