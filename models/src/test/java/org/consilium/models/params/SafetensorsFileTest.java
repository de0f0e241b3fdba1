package org.consilium.models.params;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.consilium.protocol.Digest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class SafetensorsFileTest {
  private static final ParameterLayout SMALL =
      ParameterLayout.of(
          List.of(TensorSpec.of("b.weight", 2, 3), TensorSpec.of("a.bias", 3), TensorSpec.of("s")));

  @TempDir Path folder;

  @Test
  void file_writtenInBlocks_readsBackBitIdentical() throws IOException {
    ParameterLayout layout =
        ParameterLayout.of(List.of(TensorSpec.of("w", 517, 301), TensorSpec.of("v", 70_001)));
    float[] values = randomBits((int) layout.length(), 3);
    Path file = folder.resolve("model.safetensors");

    Digest digest;
    try (SafetensorsWriter writer =
        SafetensorsWriter.create(file, layout, Map.of("z", "\"é\\\n", "a", "1"))) {
      writer.write(values, 0, 100_000);
      ByteBuffer rest = ByteBuffer.allocate(4 * (values.length - 100_000));
      rest.order(ByteOrder.LITTLE_ENDIAN)
          .asFloatBuffer()
          .put(values, 100_000, values.length - 100_000);
      writer.write(rest);
      digest = writer.finish(false);
    }

    assertThat(digest).isEqualTo(Digest.sha256(Files.readAllBytes(file)));
    try (SafetensorsFile read = SafetensorsFile.open(file)) {
      assertThat(read.layout()).isEqualTo(layout);
      assertThat(read.metadata()).isEqualTo(Map.of("z", "\"é\\\n", "a", "1"));
      float[] back = new float[values.length + 2];
      read.read(0, back, 1, 99);
      read.read(99, back, 100, values.length - 99);
      for (int i = 0; i < values.length; i++) {
        assertThat(Float.floatToRawIntBits(back[i + 1]))
            .isEqualTo(Float.floatToRawIntBits(values[i]));
      }
    }
  }

  @Test
  void file_writtenTwice_hasEqualBytes() throws IOException {
    assertThat(write(folder.resolve("one"))).isEqualTo(write(folder.resolve("two")));
    byte[] bytes = Files.readAllBytes(folder.resolve("one"));
    assertThat(ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getLong() % 8).isZero();
  }

  @Test
  void writer_closedEarly_leavesNothing() throws IOException {
    Path file = folder.resolve("model.safetensors");
    try (SafetensorsWriter writer = SafetensorsWriter.create(file, SMALL, Map.of())) {
      writer.write(new float[4], 0, 4);
      assertThatThrownBy(writer::finish)
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("4 of 10");
      assertThatThrownBy(() -> writer.write(new float[7], 0, 7))
          .isInstanceOf(IllegalArgumentException.class);
    }
    try (var left = Files.list(folder)) {
      assertThat(left).isEmpty();
    }
  }

  @Test
  void file_cutAtEveryByte_isRefused() throws IOException {
    write(folder.resolve("whole"));
    byte[] whole = Files.readAllBytes(folder.resolve("whole"));
    for (int length = 0; length < whole.length; length++) {
      byte[] cut = Arrays.copyOf(whole, length);
      assertThatThrownBy(() -> header(cut)).isInstanceOf(MalformedSafetensors.class);
    }
    assertThat(header(whole).tensors()).hasSize(3);
  }

  @Test
  void badInput_38_shapesThatOverflowOrContradict_areRefused() {
    // 2^31 x 2^32 elements of 4 bytes are 2^65; one below zero; one hundred dimensions; and a
    // layout whose bytes are not as many as its shape says.
    String many = "1,".repeat(99) + "1";
    Map<String, String> cases =
        Map.of(
            "[2147483648,4294967296]",
            "shape_overflow",
            "[-1]",
            "bad_shape",
            "[" + many + "]",
            "bad_shape",
            "[3]",
            "offsets span 4");
    cases.forEach(
        (shape, words) ->
            assertThatThrownBy(
                    () ->
                        header(
                            whole(
                                "{\"w\":{\"dtype\":\"F32\",\"shape\":%s,\"data_offsets\":[0,4]}}"
                                    .formatted(shape))))
                .as(shape)
                .isInstanceOf(MalformedSafetensors.class)
                .hasMessageContaining(words));
  }

  /** A header and four bytes of values. */
  private static byte[] whole(String json) {
    byte[] text = json.getBytes(StandardCharsets.US_ASCII);
    return ByteBuffer.allocate(8 + text.length + 4)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putLong(text.length)
        .put(text)
        .array();
  }

  @Test
  void badInput_41_fileDisguised_isRefusedByItsFirstByte() {
    // A zip (TorchScript, pickle in a .pth) and a raw pickle, behind a plausible length.
    for (String magic : List.of("PK\3\4", "\u0080\2}q")) {
      byte[] bytes = new byte[40];
      bytes[0] = 16;
      System.arraycopy(magic.getBytes(StandardCharsets.ISO_8859_1), 0, bytes, 8, 4);
      assertThatThrownBy(() -> header(bytes))
          .isInstanceOf(MalformedSafetensors.class)
          .hasMessageContaining("bad_header_start");
    }
  }

  @Test
  void badInput_40_hugeHeaderInShortFile_isRefusedBeforeAllocation() {
    byte[] prefix =
        ByteBuffer.allocate(9).order(ByteOrder.LITTLE_ENDIAN).putLong(99_999_999).array();
    assertThatThrownBy(() -> header(prefix))
        .isInstanceOf(MalformedSafetensors.class)
        .hasMessageContaining("header of 99999999 bytes in a file of 9 bytes");
  }

  @Test
  void wholeNumbers_ofEightBytes_readAsFloats() throws IOException {
    String json = "{\"n\":{\"dtype\":\"I64\",\"shape\":[2],\"data_offsets\":[0,16]}}";
    ByteBuffer bytes = ByteBuffer.allocate(8 + json.length() + 16).order(ByteOrder.LITTLE_ENDIAN);
    bytes.putLong(json.length()).put(json.getBytes(StandardCharsets.US_ASCII));
    bytes.putLong(-3).putLong(1L << 40);
    Path file = Files.write(folder.resolve("n.safetensors"), bytes.array());
    try (SafetensorsFile read = SafetensorsFile.open(file)) {
      float[] values = new float[2];
      read.read(0, values, 0, 2);
      assertThat(values).containsExactly(-3f, 0x1p40f);
    }
  }

  @Test
  void reads_fromManyThreads_areRight() throws Exception {
    ParameterLayout layout = ParameterLayout.of(List.of(TensorSpec.of("w", 300_000)));
    Path file = folder.resolve("model.safetensors");
    float[] values = new float[300_000];
    for (int i = 0; i < values.length; i++) {
      values[i] = i;
    }
    try (SafetensorsWriter writer = SafetensorsWriter.create(file, layout, Map.of())) {
      writer.write(values, 0, values.length);
      writer.finish(false);
    }
    try (SafetensorsFile read = SafetensorsFile.open(file);
        ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      Callable<Boolean> task =
          () -> {
            float[] block = new float[100_000];
            boolean right = true;
            for (int offset = 0; offset <= 200_000; offset += 12_345) {
              read.read(offset, block, 0, block.length);
              right &= block[0] == offset && block[99_999] == offset + 99_999;
            }
            return right;
          };
      for (Future<Boolean> done : threads.invokeAll(List.of(task, task, task, task, task, task))) {
        assertThat(done.get()).isTrue();
      }
    }
  }

  @Test
  @Tag("slow")
  void file_ofThreeGibibytes_readsAtItsEnd() throws IOException {
    long length = 3L << 28;
    String json =
        "{\"w\":{\"dtype\":\"F32\",\"shape\":[%d,16],\"data_offsets\":[0,%d]}}"
            .formatted(length / 16, 4 * length);
    Path file = folder.resolve("large.safetensors");
    try (FileChannel sparse =
        FileChannel.open(
            file,
            StandardOpenOption.CREATE_NEW,
            StandardOpenOption.SPARSE,
            StandardOpenOption.WRITE)) {
      ByteBuffer header = ByteBuffer.allocate(8 + json.length()).order(ByteOrder.LITTLE_ENDIAN);
      header.putLong(json.length()).put(json.getBytes(StandardCharsets.US_ASCII)).flip();
      sparse.write(header);
      ByteBuffer last = ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putFloat(0, 1.5f);
      sparse.write(last, 8 + json.length() + 4 * (length - 1));
    }
    try (SafetensorsFile read = SafetensorsFile.open(file)) {
      float[] values = new float[3];
      read.read(length - 3, values, 0, 3);
      assertThat(values).containsExactly(0, 0, 1.5f);
    }
  }

  static SafetensorsHeader header(byte[] file) throws IOException {
    return SafetensorsHeader.read(
        (into, position) -> {
          if (position + into.remaining() > file.length) {
            throw new EOFException("read beyond the end");
          }
          into.put(file, (int) position, into.remaining());
        },
        file.length);
  }

  private static Digest write(Path file) throws IOException {
    try (SafetensorsWriter writer =
        SafetensorsWriter.create(file, SMALL, Map.of("format", "pt", "by", "a test"))) {
      writer.write(new float[] {1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, 0, 10);
      return writer.finish();
    }
  }

  private static float[] randomBits(int count, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      // Any bits but signalling NaNs, which some processors quieten on the way.
      values[i] = Float.intBitsToFloat(random.nextInt() & 0xff7fffff);
    }
    return values;
  }
}
