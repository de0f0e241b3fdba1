package org.consilium.models.catalog;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.consilium.models.params.ParameterLayout;
import org.consilium.protocol.ModelSpec;
import org.junit.jupiter.api.Test;

final class ModelSheetTest {
  private static final ModelSheet SHEET =
      new ModelSheet(
          new ModelSpec("resnet-gn-tiny", 1, 32, 32, 1, 0),
          List.of("normal", "lesion, \"suspected\"\nor seen"),
          "fixed",
          0.31,
          1e-4);
  private static final ParameterLayout LAYOUT = Catalogue.require(SHEET.spec()).layout();

  @Test
  void read_ofItsOwnMetadataAmongOthers_isTheSameSheet() throws Exception {
    Map<String, String> metadata = new HashMap<>(SHEET.metadata());
    metadata.put("format", "pt");
    metadata.put("round", "not a number");

    assertThat(ModelSheet.read(metadata, LAYOUT)).isEqualTo(SHEET);
  }

  @Test
  void read_anyKeyMissing_isUnfitAndNamesIt() {
    for (String key : SHEET.metadata().keySet()) {
      Map<String, String> metadata = new HashMap<>(SHEET.metadata());
      metadata.remove(key);

      assertThatThrownBy(() -> ModelSheet.read(metadata, LAYOUT))
          .isInstanceOf(ModelSheet.Unfit.class)
          .hasMessage("read model file: its metadata have no " + key);
    }
  }

  @Test
  void read_illegalValues_areUnfit() {
    Map<String, String> illegal =
        Map.of(
            "architecture", "../../etc/x",
            "channels", "0",
            "height", "9999999999",
            "width", "-32",
            "classes", "2147483648",
            "parameters", "7",
            "normalisation", "whiten",
            "mean", "NaN",
            "deviation", "0.0");
    illegal.forEach(
        (key, value) -> {
          Map<String, String> metadata = new HashMap<>(SHEET.metadata());
          metadata.put(key, value);

          assertThatThrownBy(() -> ModelSheet.read(metadata, LAYOUT))
              .as("%s = %s", key, value)
              .isInstanceOf(ModelSheet.Unfit.class)
              .hasMessageContaining(key);
        });
  }

  @Test
  void badInput_42_architectureNamesThatAreNoNames_areRefused() {
    for (String name :
        List.of(
            "../../etc/x",
            "C:\\x",
            "a\0b",
            "x".repeat(4096),
            "CON",
            "\u202egpj.exe",
            "vit\nmini",
            "")) {
      assertThatThrownBy(() -> new ModelSpec(name, 1, 32, 32, 1, 0))
          .as(name)
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageStartingWith("model.architecture: ")
          .hasMessageNotContaining("\n")
          .hasMessageNotContaining("\0");
    }
  }

  @Test
  void read_tensorsOfAnotherArchitecture_isUnfit() {
    ParameterLayout other = Catalogue.require(new ModelSpec("resnet-gn", 1, 32, 32, 1, 0)).layout();

    assertThatThrownBy(() -> ModelSheet.read(SHEET.metadata(), other))
        .isInstanceOf(ModelSheet.Unfit.class)
        .hasMessageContaining("resnet-gn-tiny of its sheet has");
  }
}
