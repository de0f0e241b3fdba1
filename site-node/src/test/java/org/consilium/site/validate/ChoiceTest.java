package org.consilium.site.validate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.consilium.protocol.ValidationReport.Quantity;
import org.consilium.protocol.ValidationReport.Subject;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ChoiceTest {
  @TempDir Path folder;

  @Test
  void of_threeScores_keepsTheBestWhicheverWayTheMetricPoints() {
    Map<Subject, Double> scores =
        Map.of(Subject.GLOBAL, .80, Subject.PERSONAL, .85, Subject.LOCAL_ONLY, .70);

    assertThat(Choice.of(3, Quantity.DICE, scores).kept()).isEqualTo(Subject.PERSONAL);
    assertThat(Choice.of(3, Quantity.LOG_LOSS, scores).kept()).isEqualTo(Subject.LOCAL_ONLY);
  }

  @Test
  void of_equalOrNoScores_keepsTheSharedModel() {
    Map<Subject, Double> equal =
        Map.of(Subject.GLOBAL, .8, Subject.PERSONAL, .8, Subject.LOCAL_ONLY, .8);

    assertThat(Choice.of(1, Quantity.AUROC, equal).kept()).isEqualTo(Subject.GLOBAL);
    assertThat(Choice.of(1, Quantity.LOG_LOSS, Map.of()).kept()).isEqualTo(Subject.GLOBAL);
  }

  @Test
  void write_thenRead_isTheSameToTheLastBit() throws IOException {
    Choice choice =
        Choice.of(
            15, Quantity.DICE, Map.of(Subject.GLOBAL, 1.0 / 3, Subject.LOCAL_ONLY, Math.PI / 4));

    choice.write(folder);

    assertThat(Choice.read(folder)).contains(choice);
  }

  @Test
  void read_nothingOrDamage_isEmptyOrRefused() throws IOException {
    assertThat(Choice.read(folder)).isEmpty();
    Choice.of(1, Quantity.DICE, Map.of()).write(folder);
    Files.writeString(folder.resolve("kept.txt"), "round one\n");

    assertThatThrownBy(() -> Choice.read(folder))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("kept.txt");
  }
}
