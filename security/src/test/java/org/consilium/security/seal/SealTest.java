package org.consilium.security.seal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.Arrays;
import org.bouncycastle.crypto.hpke.HPKE;
import org.consilium.security.Vectors;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class SealTest {
  private static final int TOTAL = 3;

  private final AggregationKey key = AggregationKey.generate(new SecureRandom());
  private final byte[] context = filled(32, 7);
  private final byte[] plain = filled(1000, 9);

  @TempDir Path folder;

  /** What travels: the encapsulated key and the chunks. */
  private static final class Sent {
    final byte[] encapsulation;
    final byte[][] chunks = new byte[TOTAL][];

    Sent(byte[] encapsulation) {
      this.encapsulation = encapsulation;
    }
  }

  @Test
  @Tag("vectors")
  void exports_rfc9180BaseModeVectors_equal() {
    int checked = 0;
    for (JsonNode node : Vectors.read("hpke.json").path("vectors")) {
      if (node.path("mode").asInt() != 0 || node.path("kdf_id").asInt() != HPKE.kdf_HKDF_SHA256) {
        continue;
      }
      HPKE hpke =
          new HPKE(
              HPKE.mode_base,
              (short) node.path("kem_id").asInt(),
              HPKE.kdf_HKDF_SHA256,
              (short) node.path("aead_id").asInt());
      var pair = hpke.deserializePrivateKey(Vectors.hex(node, "skRm"), Vectors.hex(node, "pkRm"));
      var agreed = hpke.setupBaseR(Vectors.hex(node, "enc"), pair, Vectors.hex(node, "info"));
      for (JsonNode export : node.path("exports")) {
        assertThat(
                agreed.export(
                    Vectors.hex(export, "exporter_context"), export.path("length").asInt()))
            .isEqualTo(Vectors.hex(export, "exported_value"));
        checked++;
      }
    }
    assertThat(checked).isGreaterThanOrEqualTo(3);
  }

  @Test
  void open_chunksInAnyOrder_givesBackThePlaintext() throws SealBroken {
    Sent sent = seal("st-mary");
    byte[] out = new byte[plain.length];

    try (UpdateOpener opener =
        UpdateOpener.open(key, sent.encapsulation, context, "st-mary", TOTAL)) {
      for (int index : new int[] {2, 0, 1, 1}) {
        int length = opener.open(index, sent.chunks[index], 0, sent.chunks[index].length, out, 0);
        assertThat(Arrays.copyOf(out, length)).isEqualTo(plain);
      }
    }
  }

  @Test
  void open_againAndAfterTheKeyIsClosed_sameBytesThenRefused() throws SealBroken {
    Sent sent = seal("st-mary");
    byte[] out = new byte[plain.length];

    for (int time = 0; time < 3; time++) {
      try (UpdateOpener opener =
          UpdateOpener.open(key, sent.encapsulation, context, "st-mary", TOTAL)) {
        Arrays.fill(out, (byte) 0);
        opener.open(0, sent.chunks[0], 0, sent.chunks[0].length, out, 0);
        assertThat(out).isEqualTo(plain);
      }
    }
    key.close();

    assertThatThrownBy(() -> UpdateOpener.open(key, sent.encapsulation, context, "st-mary", TOTAL))
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("aggregation key is closed");
  }

  @Test
  void open_anyByteOfAChunkChanged_sealBrokenNamesIt() throws SealBroken {
    Sent sent = seal("st-mary");
    byte[] out = new byte[plain.length];
    UpdateOpener opener = UpdateOpener.open(key, sent.encapsulation, context, "st-mary", TOTAL);

    for (int at = 0; at < sent.chunks[1].length; at += 13) {
      byte[] changed = sent.chunks[1].clone();
      changed[at] ^= 1;
      assertThatThrownBy(() -> opener.open(1, changed, 0, changed.length, out, 0))
          .isInstanceOf(SealBroken.class)
          .hasMessage("open chunk 1 of 3 from site st-mary: tag mismatch");
    }
    assertThat(out).containsOnly(0);
  }

  @Test
  void open_otherPlaceSiteContextTotalOrKey_sealBroken() throws SealBroken {
    Sent sent = seal("st-mary");
    byte[] otherContext = context.clone();
    otherContext[31] ^= 1;
    byte[] otherEncapsulation = sent.encapsulation.clone();
    otherEncapsulation[600] ^= 1;
    AggregationKey otherKey = AggregationKey.generate(new SecureRandom());

    refuses(key, sent.encapsulation, context, "st-mary", TOTAL, 2, sent.chunks[1]);
    refuses(key, sent.encapsulation, context, "st-marz", TOTAL, 1, sent.chunks[1]);
    refuses(key, sent.encapsulation, otherContext, "st-mary", TOTAL, 1, sent.chunks[1]);
    refuses(key, sent.encapsulation, context, "st-mary", 4, 1, sent.chunks[1]);
    refuses(key, sent.encapsulation, context, "st-mary", 2, 1, sent.chunks[1]);
    refuses(key, otherEncapsulation, context, "st-mary", TOTAL, 1, sent.chunks[1]);
    refuses(otherKey, sent.encapsulation, context, "st-mary", TOTAL, 1, sent.chunks[1]);
    refuses(key, sent.encapsulation, context, "st-mary", TOTAL, 3, sent.chunks[1]);
    refuses(key, sent.encapsulation, context, "st-mary", TOTAL, 1, new byte[15]);
    assertThatThrownBy(() -> UpdateOpener.open(key, new byte[1119], context, "st-mary", TOTAL))
        .isInstanceOf(SealBroken.class)
        .hasMessageContaining("1119 bytes");
  }

  @Test
  void seal_indexTwice_refusedAlsoAcrossCopies() {
    byte[] out = new byte[plain.length + 16];
    UpdateSealer sealer = UpdateSealer.to(key.publicKey(), context, "st-mary", TOTAL);
    UpdateSealer copy = sealer.copy();

    assertThat(copy.seal(1, plain, 0, plain.length, out, 0)).isEqualTo(plain.length + 16);

    assertThatThrownBy(() -> sealer.seal(1, plain, 0, plain.length, out, 0))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("chunk 1 of 3");
    sealer.close();
    assertThatThrownBy(() -> sealer.seal(0, plain, 0, plain.length, out, 0))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("erased");
    assertThat(copy.seal(2, plain, 0, plain.length, out, 0)).isEqualTo(plain.length + 16);
  }

  @Test
  void to_unusablePublicKey_refused() {
    byte[] lowOrder = key.publicKey();
    Arrays.fill(lowOrder, 1184, 1216, (byte) 0); // the X25519 half

    for (byte[] bad : new byte[][] {new byte[0], new byte[1215], filled(1216, 255), lowOrder}) {
      assertThatThrownBy(() -> UpdateSealer.to(bad, context, "st-mary", TOTAL))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("not usable");
    }
  }

  @Test
  void aggregationKey_savedAndLoaded_isTheSameAndPrivate() throws Exception {
    Path file = folder.resolve("study.key");

    key.save(file);

    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
        .isEqualTo("rw-------");
    assertThat(AggregationKey.load(file).publicKey())
        .isEqualTo(key.publicKey())
        .hasSize(AggregationKey.PUBLIC_BYTES);
    assertThatThrownBy(() -> key.save(file)).hasMessageContaining("never overwritten");
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r--r--"));
    assertThatThrownBy(() -> AggregationKey.load(file)).hasMessageContaining("rw-r--r--");
  }

  @SuppressWarnings("TooManyParameters")
  private static void refuses(
      AggregationKey key, byte[] enc, byte[] context, String site, int total, int i, byte[] chunk)
      throws SealBroken {
    UpdateOpener opener = UpdateOpener.open(key, enc, context, site, total);
    assertThatThrownBy(() -> opener.open(i, chunk, 0, chunk.length, new byte[chunk.length], 0))
        .isInstanceOf(SealBroken.class);
  }

  private Sent seal(String site) {
    UpdateSealer sealer = UpdateSealer.to(key.publicKey(), context, site, TOTAL);
    Sent sent = new Sent(sealer.encapsulation());
    for (int i = 0; i < TOTAL; i++) {
      sent.chunks[i] = new byte[plain.length + UpdateSealer.OVERHEAD_BYTES];
      var _ = sealer.seal(i, plain, 0, plain.length, sent.chunks[i], 0);
    }
    return sent;
  }

  private static byte[] filled(int length, int value) {
    byte[] bytes = new byte[length];
    Arrays.fill(bytes, (byte) value);
    return bytes;
  }
}
