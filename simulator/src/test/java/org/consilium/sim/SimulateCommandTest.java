package org.consilium.sim;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.time.InstantSource;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class SimulateCommandTest {
  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  @Test
  void simulate_json_saysSeedsFaultsAndRate() throws Exception {
    assertThat(run("--sites", "3", "--rounds", "1", "--seeds", "20", "--json")).isZero();

    JsonNode json = JsonMapper.builder().build().readTree(out.toString());
    assertThat(json.get("status").asText()).isEqualTo("ok");
    assertThat(json.get("seeds").asInt()).isEqualTo(20);
    assertThat(json.get("masked").asInt()).isEqualTo(1);
    assertThat(json.get("failed").asInt()).isZero();
    assertThat(json.get("seedsPerSecond").asDouble()).isPositive();
    assertThat(json.get("faults").size()).isGreaterThan(5);
    assertThat(json.get("failures").isEmpty()).isTrue();
  }

  @Test
  void simulate_story_tellsARunThatAnybodyCanReplay() {
    String[] command = {"--sites", "3", "--rounds", "1", "--seeds", "1", "--story"};
    assertThat(run(command)).isZero();
    String first = story();
    out.getBuffer().setLength(0);

    assertThat(run(command)).isZero();

    assertThat(story()).isEqualTo(first).contains("RoundOpened opened/1/1");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "--sites 2 | --sites must be 3-20, got 2",
        "--sites x | Invalid value for option '--sites': 'x' is not an int",
        "--rounds 0 | --rounds must be 1-20, got 0",
        "--seeds 0 | --seeds must be 1-100000000, got 0",
        "--threads 300 | --threads must be 0-256, got 300",
        "--mode open | --mode must be sealed, masked, carrying or both, got open",
        "--story --seeds 2 | --story is for one seed, got --seeds 2",
        "--story --seeds 1 --json | --story and --json are not for one command",
        "--what | Unknown option: '--what'",
      })
  void simulate_badOption_isAUsageErrorThatNamesWhatIsLegal(String line, String words) {
    assertThat(run(line.split(" ", -1))).isEqualTo(2);

    assertThat(err.toString()).contains(words).doesNotContain("\tat ");
    assertThat(out.toString()).isEmpty();
  }

  /** Without the lines that say how fast it was. */
  private String story() {
    return out.toString().lines().filter(line -> line.contains(" s  ")).toList().toString();
  }

  private int run(String... options) {
    String[] args = new String[options.length + 1];
    args[0] = "simulate";
    System.arraycopy(options, 0, args, 1, options.length);
    return SimulatorMain.run(
        args, InstantSource.system(), new PrintWriter(out, true), new PrintWriter(err, true));
  }
}
