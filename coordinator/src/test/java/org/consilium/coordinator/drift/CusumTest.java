package org.consilium.coordinator.drift;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

final class CusumTest {

  @Test
  @Tag("vectors")
  void next_goldenStreams_sameAlarmsAsIndependentImplementation() throws IOException {
    int cases = 0;
    for (Golden golden : goldens()) {
      assertThat(alarms(golden)).as(golden.name + " h " + golden.h).isEqualTo(golden.alarms);
      cases++;
    }

    assertThat(cases).isEqualTo(4);
  }

  @Test
  void averageRunLength_h4And5_isSiegmundsTwoSidedFigureDoubled() {
    // Two-sided 169 and 469 for k = 1/2 (drift specification, after Siegmund 1985).
    assertThat(Cusum.averageRunLength(4) / 2).isCloseTo(169, within(1.0));
    assertThat(Cusum.averageRunLength(5) / 2).isCloseTo(469, within(1.0));
  }

  @Test
  void averageRunLength_simulated_within10Percent() {
    for (double h : new double[] {4, 5}) {
      double simulated = simulatedRunLength(h, 2000, 71L);

      assertThat(simulated).isCloseTo(Cusum.averageRunLength(h), within(0.1 * simulated));
    }
  }

  @Test
  void thresholdFor_runLengths_invertsAverageRunLength() {
    for (double runLength : new double[] {20, 338, 938, 1e5, 1e9}) {
      double h = Cusum.thresholdFor(runLength);

      assertThat(Cusum.averageRunLength(h)).isCloseTo(runLength, within(1e-6 * runLength));
    }
  }

  private static double simulatedRunLength(double h, int runs, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    long observations = 0;
    for (int run = 0; run < runs; run++) {
      double statistic = 0;
      while (statistic <= h) {
        statistic = Cusum.next(statistic, random.nextGaussian());
        observations++;
      }
    }
    return (double) observations / runs;
  }

  private static List<String> alarms(Golden golden) {
    List<String> alarms = new ArrayList<>();
    double up = 0;
    double down = 0;
    for (int i = 0; i < golden.values.length; i++) {
      double z = (golden.values[i] - golden.mean) / golden.deviation;
      up = Cusum.next(up, z);
      down = Cusum.next(down, -z);
      if (up > golden.h || down > golden.h) {
        alarms.add(i + (up > golden.h ? ":up" : ":down"));
        up = 0;
        down = 0;
      }
    }
    return alarms;
  }

  private record Golden(
      String name, double mean, double deviation, double h, double[] values, List<String> alarms) {}

  private static List<Golden> goldens() throws IOException {
    List<Golden> goldens = new ArrayList<>();
    try (BufferedReader in =
        new BufferedReader(
            new InputStreamReader(
                Objects.requireNonNull(CusumTest.class.getResourceAsStream("/vectors/cusum.txt")),
                StandardCharsets.UTF_8))) {
      List<String> lines = in.lines().filter(line -> !line.startsWith("#")).toList();
      for (int i = 0; i < lines.size(); i += 3) {
        String[] head = lines.get(i).split(" ", -1);
        double[] values =
            Arrays.stream(lines.get(i + 1).split(" ", -1))
                .skip(1)
                .mapToDouble(Double::parseDouble)
                .toArray();
        List<String> alarms = Arrays.stream(lines.get(i + 2).split(" ", -1)).skip(1).toList();
        goldens.add(
            new Golden(
                head[1],
                Double.parseDouble(head[2]),
                Double.parseDouble(head[3]),
                Double.parseDouble(head[4]),
                values,
                alarms));
      }
    }
    return goldens;
  }
}
