package org.consilium.sim.consortium;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import org.junit.jupiter.api.Test;

final class StudyViewTest {
  private static final JsonMapper MAPPER = JsonMapper.builder().build();

  @Test
  void parse_rounds_areMeasuredByTheFirstQuantityThatAnySiteReleased()
      throws JsonProcessingException {
    StudyView both = view("AUROC", 0.9, "LOG_LOSS", 0.3);
    StudyView loss = view("CALIBRATION_ERROR", 0.1, "LOG_LOSS", 0.3);
    StudyView none = view("CALIBRATION_ERROR", 0.1, "SURFACE_DISTANCE", 3);

    assertThat(both.measure()).isEqualTo("AUROC");
    assertThat(both.rounds().getFirst().global()).containsEntry("north", 0.9).hasSize(1);
    assertThat(loss.measure()).isEqualTo("loss");
    assertThat(loss.rounds().getFirst().global()).containsEntry("north", 0.3).hasSize(1);
    assertThat(none.measure()).isEqualTo("AUROC");
    assertThat(none.rounds().getFirst().global()).isEmpty();
  }

  private static StudyView view(String first, double a, String second, double b)
      throws JsonProcessingException {
    String scores =
        """
        [{"site": "north", "scores": [
          {"round": 1, "subject": "GLOBAL", "quantity": "%s", "value": %s},
          {"round": 1, "subject": "GLOBAL", "quantity": "%s", "value": %s}]}]
        """
            .formatted(first, a, second, b);
    return StudyView.parse(
        MAPPER.readTree("{\"state\": \"RUNNING\", \"sites\": [{\"site\": \"north\"}]}"),
        MAPPER.readTree("[{\"number\": 1, \"opened\": \"2026-01-01T00:00:00Z\"}]"),
        MAPPER.readTree(scores));
  }
}
