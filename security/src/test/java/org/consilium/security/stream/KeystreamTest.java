package org.consilium.security.stream;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.util.Arrays;
import javax.crypto.Cipher;
import javax.crypto.spec.SecretKeySpec;
import org.consilium.security.Vectors;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

final class KeystreamTest {
  private static final byte[] KEY = new byte[Keystream.KEY_BYTES];

  @Test
  @Tag("vectors")
  void read_casesWithASmallCounter_equal() {
    int checked = 0;
    for (JsonNode node : Vectors.read("aes256ctr.json").path("cases")) {
      ByteBuffer counter = ByteBuffer.wrap(Vectors.hex(node, "initial_counter_block"));
      long block = counter.getLong(8);
      if (counter.getLong(0) != 0 || block < 0 || block > Long.MAX_VALUE / 16) {
        continue; // this stream's counter starts at zero
      }
      byte[] expected = Vectors.hex(node, "keystream");
      Keystream stream = Keystream.of(Vectors.hex(node, "key"));

      assertThat(read(stream, block * 16, expected.length)).isEqualTo(expected);
      checked++;
    }
    assertThat(checked).isPositive();
  }

  @Test
  void read_blocksFarApart_areTheEncryptedCounters() throws GeneralSecurityException {
    Cipher single = Cipher.getInstance("AES/ECB/NoPadding"); // the definition of counter mode
    single.init(Cipher.ENCRYPT_MODE, new SecretKeySpec(KEY, "AES"));
    Keystream stream = Keystream.of(KEY);

    for (long block : new long[] {0, 1, 255, 256, 2047, 2048, 1L << 32, (1L << 59) - 1}) {
      byte[] expected = single.doFinal(ByteBuffer.allocate(16).putLong(8, block).array());
      assertThat(read(stream, block * 16, 16)).as("block %d", block).isEqualTo(expected);
    }
  }

  @Test
  void read_fromAnyByteInAnyPieces_sameAsReadingThrough() {
    byte[] all = read(Keystream.of(KEY), 0, 100_000);
    Keystream stream = Keystream.of(KEY);

    for (int at : new int[] {0, 1, 15, 16, 17, 32_767, 32_768, 99_000}) {
      stream.seek(at);
      for (int length : new int[] {1, 0, 15, 16, 17, 900}) {
        int from = (int) stream.position();
        assertThat(read(stream, from, length))
            .as("%d bytes from %d", length, from)
            .isEqualTo(Arrays.copyOfRange(all, from, from + length));
      }
    }
    assertThat(read(stream.copy(), 0, 50)).isEqualTo(Arrays.copyOf(all, 50));
  }

  @Test
  void of_keyOfAnotherLength_refused() {
    assertThatThrownBy(() -> Keystream.of(new byte[16]))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("keystream: key of 16 bytes, not 32");
    assertThatThrownBy(() -> Keystream.of(KEY).seek(-1))
        .isInstanceOf(IllegalArgumentException.class);
  }

  private static byte[] read(Keystream stream, long position, int length) {
    byte[] out = new byte[length];
    stream.seek(position);
    stream.read(out, 0, length);
    return out;
  }
}
