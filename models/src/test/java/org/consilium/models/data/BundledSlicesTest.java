package org.consilium.models.data;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.zip.InflaterInputStream;
import org.consilium.models.data.BundledSlices.Plane;
import org.consilium.models.data.BundledSlices.Slice;
import org.consilium.protocol.Digest;
import org.junit.jupiter.api.Test;

final class BundledSlicesTest {
  @Test
  void resource_inflated_hasTheDocumentedDigest() throws IOException {
    try (InputStream in =
        new InflaterInputStream(
            Objects.requireNonNull(BundledSlices.class.getResourceAsStream("colin-slices.bin")))) {
      assertThat(Digest.sha256(in.readAllBytes()).hex())
          .isEqualTo("bc685f72563f92e16aacc15793b2c535bd9b76c3eb8ca1b3dd5a92574526c656");
    }
  }

  @Test
  void notice_besideTheSlices_namesBothSources() throws IOException {
    try (InputStream in =
        Objects.requireNonNull(BundledSlices.class.getResourceAsStream("NOTICE-colin27.txt"))) {
      assertThat(new String(in.readAllBytes(), StandardCharsets.UTF_8))
          .contains("Louis Collins", "McGill University", "Chris Rorden", "Redistributions");
    }
  }

  @Test
  void slices_ofEachPlane_areAsMany() {
    List<Slice> all = BundledSlices.colin().all();
    assertThat(all.stream().filter(s -> s.plane() == Plane.AXIAL)).hasSize(33);
    assertThat(all.stream().filter(s -> s.plane() == Plane.CORONAL)).hasSize(41);
    assertThat(all.stream().filter(s -> s.plane() == Plane.SAGITTAL)).hasSize(34);
  }

  @Test
  void split_ofAllSlices_leavesGaps() {
    // 108 slices, 11 of them first after a change of split.
    BundledSlices slices = BundledSlices.colin();
    assertThat(slices.count(Split.TRAIN)).isEqualTo(67);
    assertThat(slices.count(Split.VALIDATION)).isEqualTo(16);
    assertThat(slices.count(Split.TEST)).isEqualTo(14);
  }

  @Test
  void slab_ofAnySlice_isInOneSplitOnly() {
    for (BundledSlices slices : List.of(BundledSlices.colin(), BundledSlices.phantom())) {
      Set<String> seen = new HashSet<>();
      for (Split split : Split.values()) {
        Set<String> slabs = new HashSet<>();
        slices.of(split).forEach(s -> slabs.add(s.plane() + " " + s.slab()));
        assertThat(slabs).isNotEmpty().noneMatch(seen::contains);
        seen.addAll(slabs);
      }
    }
  }
}
