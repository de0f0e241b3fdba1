package org.consilium.models.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.SplittableRandom;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Expected values: SciPy's distance transform and MONAI, as the vector file says. */
final class SegmentationVectorsTest {
  private static final Offset<Double> CLOSE = within(1e-9);

  @Test
  @Tag("vectors")
  void masks_ofReferenceCases_haveTheReferenceScores() throws Exception {
    int distances = 0;
    List<JsonElement> cases =
        JsonParser.parseString(Files.readString(file(), StandardCharsets.UTF_8))
            .getAsJsonObject()
            .getAsJsonArray("cases")
            .asList();
    for (JsonElement element : cases) {
      JsonObject c = element.getAsJsonObject();
      String name = c.get("case").getAsString();
      Mask a = mask(c, "a");
      Mask b = mask(c, "b");
      requireEqual(name, Mask.dice(a, b), c.get("dice"));
      requireEqual(name, Mask.overUnion(a, b), c.get("iou"));
      List<Double> spacing =
          c.getAsJsonArray("spacing_row_column").asList().stream()
              .map(JsonElement::getAsDouble)
              .toList();
      Optional<SurfaceDistances> found =
          SurfaceDistances.of(
              a, b, new SurfaceDistances.Spacing(spacing.getFirst(), spacing.getLast()));
      assertThat(found.isPresent()).as(name).isEqualTo(c.has("hausdorff"));
      if (found.isPresent()) {
        SurfaceDistances ours = found.get();
        requireEqual(name, OptionalDouble.of(ours.hd95()), c.get("hd95_max_of_directed"));
        requireEqual(name, OptionalDouble.of(ours.hd95Pooled()), c.get("hd95_pooled"));
        requireEqual(name, OptionalDouble.of(ours.hausdorff()), c.get("hausdorff"));
        requireEqual(name, OptionalDouble.of(ours.averageSymmetric()), c.get("assd"));
        distances++;
      }
    }
    assertThat(distances).isGreaterThanOrEqualTo(8);
  }

  @Test
  void distances_ofRandomMasks_areThoseOfAllPairs() {
    SplittableRandom random = new SplittableRandom(11);
    for (int i = 0; i < 50; i++) {
      int rows = random.nextInt(1, 12);
      int columns = random.nextInt(1, 12);
      boolean[] inside = new boolean[rows * columns];
      for (int p = 0; p < inside.length; p++) {
        inside[p] = random.nextInt(6) == 0;
      }
      inside[random.nextInt(inside.length)] = true;
      var spacing =
          new SurfaceDistances.Spacing(random.nextDouble(0.2, 3), random.nextDouble(0.2, 3));

      double[] squares =
          SurfaceDistances.squaredDistances(new Mask(rows, columns, inside), spacing);

      for (int p = 0; p < inside.length; p++) {
        double least = Double.POSITIVE_INFINITY;
        for (int q = 0; q < inside.length; q++) {
          double down = (p / columns - q / columns) * spacing.row();
          double across = (p % columns - q % columns) * spacing.column();
          least = inside[q] ? Math.min(least, down * down + across * across) : least;
        }
        assertThat(squares[p]).as("mask %d, pixel %d", i, p).isCloseTo(least, CLOSE);
      }
    }
  }

  private static void requireEqual(String name, OptionalDouble ours, JsonElement expected) {
    assertThat(ours.isEmpty()).as(name).isEqualTo(expected.isJsonNull());
    if (ours.isPresent()) {
      assertThat(ours.getAsDouble()).as(name).isCloseTo(expected.getAsDouble(), CLOSE);
    }
  }

  private static Mask mask(JsonObject from, String key) {
    List<String> rows =
        from.getAsJsonArray(key).asList().stream().map(JsonElement::getAsString).toList();
    String pixels = String.join("", rows);
    boolean[] inside = new boolean[pixels.length()];
    for (int i = 0; i < inside.length; i++) {
      inside[i] = pixels.charAt(i) == '1';
    }
    return new Mask(rows.size(), rows.getFirst().length(), inside);
  }

  private static Path file() throws URISyntaxException {
    String root = System.getProperty("consilium.vectors", "");
    return root.isEmpty()
        ? Path.of(
            SegmentationVectorsTest.class.getResource("/vectors/stats/segmentation.json").toURI())
        : Path.of(root, "stats", "segmentation.json");
  }
}
