package org.consilium.models.data;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

final class PatientsTest {
  @Test
  void of_namesOfImages_gathersThemByPatient() {
    Patients patients = Patients.of(List.of("b", "a", "b", "c", "a"), true);

    assertThat(patients.count()).isEqualTo(3);
    assertThat(patients.imageCount()).isEqualTo(5);
    assertThat(patients.imagesOf(0)).containsExactly(0, 2);
    assertThat(patients.imagesOf(1)).containsExactly(1, 4);
    assertThat(patients.imagesOf(2)).containsExactly(3);
    assertThat(patients.told()).isTrue();
  }

  @Test
  void without_onePatient_keepsTheOthersImages() {
    Patients rest = Patients.of(List.of(7L, 8L, 7L), true).without(0);

    assertThat(rest.count()).isEqualTo(1);
    assertThat(rest.imagesOf(0)).containsExactly(1);
    assertThat(rest.imageCount()).isEqualTo(3);
  }

  @Test
  void untold_everyImage_isAPatient() {
    Patients patients = Patients.untold(3);

    assertThat(patients.count()).isEqualTo(3);
    assertThat(patients.imagesOf(2)).containsExactly(2);
    assertThat(patients.told()).isFalse();
  }
}
