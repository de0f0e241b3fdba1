package org.consilium.models.params;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Mutants of legal files. Whatever a file holds, the reader answers with its contents or with
 * {@link MalformedSafetensors}, soon, and keeps nothing. A failure names the case's own seed.
 */
final class SafetensorsFuzzTest {
  /** Far above what a case takes, so that a busy machine does not fail. */
  private static final Duration CASE_MAX = Duration.ofSeconds(5);

  private static final long HEAP_GROWTH_BYTES_MAX = 64 << 20;

  /** One in so many cases goes through a file as well. */
  private static final int FILE_EVERY = 20;

  private static final List<String> NUMBERS =
      List.of(
          "0",
          "-1",
          "1",
          "255",
          "2147483647",
          "2147483648",
          "4294967296",
          "9223372036854775807",
          "9223372036854775808",
          "18446744073709551615",
          "18446744073709551616",
          "1e400",
          "0.5",
          "00",
          "99999999999999999999999999999999");

  private static final long[] LENGTHS = {
    0, 1, 7, 8, 99_999_999, 100_000_000, 100_000_001, 1L << 31, 1L << 32, Long.MAX_VALUE, -1, -8
  };

  /** What may happen to a header or the whole file. */
  private enum Mutation {
    FLIP_BIT,
    SET_BYTE,
    TRUNCATE,
    NUMBER,
    DUPLICATE_SPAN,
    REMOVE_SPAN,
    NEST,
    SWAP_SPANS,
    STRING,
    LENGTH_FIELD
  }

  @TempDir Path folder;

  /** How a run ended. */
  private record Tally(int accepted, int refused) {}

  @Test
  void badInput_40_fiftyThousandMutants_answersEachWithContentsOrRefusal() throws IOException {
    Tally tally = fuzz(50_000, 42);

    assertThat(tally.refused()).isGreaterThan(10_000);
    assertThat(tally.accepted()).isGreaterThan(100);
  }

  @Test
  @Tag("slow")
  void badInput_40_millionMutants_answersEachWithContentsOrRefusal() throws IOException {
    Tally tally = fuzz(1_200_000, 43);

    assertThat(tally.accepted() + tally.refused()).isEqualTo(1_200_000);
  }

  @Test
  void reader_ofEveryTruncationAndEveryFlippedBit_answersWithContentsOrRefusal()
      throws IOException {
    for (byte[] whole : seeds()) {
      for (int length = 0; length < whole.length; length++) {
        assertThat(accepts(Arrays.copyOf(whole, length))).as("%d bytes", length).isFalse();
      }
      int refused = 0;
      for (int bit = 0; bit < 8 * whole.length; bit++) {
        byte[] flipped = whole.clone();
        flipped[bit / 8] ^= (byte) (1 << bit % 8);
        refused += accepts(flipped) ? 0 : 1;
      }
      assertThat(refused).isPositive();
    }
  }

  private Tally fuzz(int cases, long seed) throws IOException {
    List<byte[]> seeds = seeds();
    Path file = folder.resolve("mutant.safetensors");
    SplittableRandom caseSeeds = new SplittableRandom(seed);
    int accepted = 0;
    long heapBefore = usedHeap();
    for (int i = 0; i < cases; i++) {
      long caseSeed = caseSeeds.nextLong();
      SplittableRandom random = new SplittableRandom(caseSeed);
      byte[] mutant = mutant(seeds.get(random.nextInt(seeds.size())), random);
      long start = System.nanoTime();
      try {
        boolean legal = accepts(mutant);
        if (i % FILE_EVERY == 0) {
          Files.write(file, mutant);
          requireSameFromFile(file, legal);
        }
        accepted += legal ? 1 : 0;
        assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(CASE_MAX);
      } catch (IOException | RuntimeException | Error bug) {
        throw new AssertionError("case %d of %d, seed %dL".formatted(i, cases, caseSeed), bug);
      }
    }
    assertThat(usedHeap() - heapBefore).isLessThan(HEAP_GROWTH_BYTES_MAX);
    return new Tally(accepted, cases - accepted);
  }

  /** Whether the header is legal; what it says must then cover the file. */
  private static boolean accepts(byte[] mutant) throws IOException {
    try {
      SafetensorsHeader header = SafetensorsFileTest.header(mutant);
      long bytes = header.tensors().stream().mapToLong(t -> t.end() - t.begin()).sum();
      assertThat(bytes).isEqualTo(mutant.length - header.dataStart());
      return true;
    } catch (MalformedSafetensors refused) {
      assertThat(refused.getMessage()).hasSizeLessThan(2000);
      return false;
    }
  }

  /** A file that opens has a legal header, and all of its values can be read. */
  private static void requireSameFromFile(Path path, boolean legal) throws IOException {
    try (SafetensorsFile file = SafetensorsFile.open(path)) {
      assertThat(legal).isTrue();
      float[] values = new float[Math.toIntExact(file.layout().length())];
      file.read(0, values, 0, values.length);
    } catch (MalformedSafetensors refused) {
      // A legal file may still be no model of ours.
      assertThat(refused.reason()).isNotNull();
    }
  }

  private static byte[] mutant(byte[] whole, SplittableRandom random) {
    int header = (int) ByteBuffer.wrap(whole).order(ByteOrder.LITTLE_ENDIAN).getLong();
    byte[] json = Arrays.copyOfRange(whole, 8, 8 + header);
    byte[] data = Arrays.copyOfRange(whole, 8 + header, whole.length);
    long length = -1;
    boolean truncated = false;
    int changes = random.nextInt(1, 4);
    for (int c = 0; c < changes; c++) {
      Mutation mutation = Mutation.values()[random.nextInt(Mutation.values().length)];
      switch (mutation) {
        case LENGTH_FIELD -> length = LENGTHS[random.nextInt(LENGTHS.length)];
        case TRUNCATE -> truncated = true;
        default -> json = changed(json, mutation, random);
      }
    }
    // Half of the mutants keep the old length: then the header ends in the wrong place.
    if (length < 0) {
      length = random.nextBoolean() ? json.length : header;
    }
    byte[] file =
        ByteBuffer.allocate(8 + json.length + data.length)
            .order(ByteOrder.LITTLE_ENDIAN)
            .putLong(length)
            .put(json)
            .put(data)
            .array();
    return truncated ? Arrays.copyOf(file, random.nextInt(file.length)) : file;
  }

  private static byte[] changed(byte[] json, Mutation mutation, SplittableRandom random) {
    if (json.length == 0) {
      return new byte[] {'{', '}'};
    }
    int at = random.nextInt(json.length);
    int end = Math.min(json.length, at + random.nextInt(1, 60));
    byte[] span = Arrays.copyOfRange(json, at, end);
    return switch (mutation) {
      case FLIP_BIT -> spliced(json, at, at + 1, new byte[] {(byte) (json[at] ^ 1 << at % 8)});
      case SET_BYTE -> spliced(json, at, at + 1, new byte[] {(byte) random.nextInt()});
      case NUMBER -> number(json, at, NUMBERS.get(random.nextInt(NUMBERS.size())));
      case DUPLICATE_SPAN -> spliced(json, at, at, span);
      case REMOVE_SPAN -> spliced(json, at, end, new byte[0]);
      case NEST -> spliced(json, at, at, nested(random));
      case SWAP_SPANS -> {
        byte[] without = spliced(json, at, end, new byte[0]);
        int to = random.nextInt(without.length + 1);
        yield spliced(without, to, to, span);
      }
      case STRING -> {
        String text =
            List.of("\\ud800", "\\u0000", "\"", "\\", "\u00e9", "__metadata__")
                .get(random.nextInt(6));
        yield spliced(json, at, at, text.getBytes(StandardCharsets.ISO_8859_1));
      }
      case TRUNCATE, LENGTH_FIELD -> json;
    };
  }

  private static byte[] nested(SplittableRandom random) {
    byte[] open = new byte[random.nextInt(1, random.nextInt(10) == 0 ? 20_000 : 40)];
    Arrays.fill(open, (byte) (random.nextBoolean() ? '[' : '{'));
    return open;
  }

  /** Replaces the first number from {@code from} on. */
  private static byte[] number(byte[] json, int from, String number) {
    int at = from;
    while (at < json.length && !Character.isDigit(json[at])) {
      at++;
    }
    int end = at;
    while (end < json.length && Character.isDigit(json[end])) {
      end++;
    }
    return spliced(json, at, end, number.getBytes(StandardCharsets.US_ASCII));
  }

  private static byte[] spliced(byte[] json, int from, int to, byte[] middle) {
    ByteArrayOutputStream all = new ByteArrayOutputStream(json.length + middle.length);
    all.write(json, 0, from);
    all.writeBytes(middle);
    all.write(json, to, json.length - to);
    return all.toByteArray();
  }

  private static long usedHeap() {
    System.gc();
    return Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory();
  }

  /** Two legal files: one of our own form, one with metadata, a scalar, an empty tensor and I64. */
  private static List<byte[]> seeds() {
    String plain =
        "{\"b.weight\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[0,24]},"
            + "\"a.bias\":{\"dtype\":\"F16\",\"shape\":[4],\"data_offsets\":[24,32]}}";
    String rich =
        "{\"__metadata__\":{\"format\":\"pt\",\"by\":\"a \\\"test\\\"\"},"
            + "\"s\":{\"shape\":[],\"dtype\":\"BF16\",\"data_offsets\":[0,2]},"
            + "\"none\":{\"dtype\":\"F32\",\"shape\":[0,7],\"data_offsets\":[2,2]},"
            + "\"n\":{\"dtype\":\"I64\",\"shape\":[3],\"data_offsets\":[2,26]}} ";
    return List.of(file(plain, 32), file(rich, 26));
  }

  private static byte[] file(String json, int data) {
    byte[] header = json.getBytes(StandardCharsets.US_ASCII);
    return ByteBuffer.allocate(8 + header.length + data)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putLong(header.length)
        .put(header)
        .array();
  }
}
