package org.consilium.protocol.fault;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class FaultTest {
  @Test
  void reach_inThisProcess_whereNothingIsSet_doesNothing() throws IOException {
    for (FailPoint point : FailPoint.values()) {
      assertThat(point.on()).isFalse();
      point.reach();
      point.reachDisk();
    }
    assertThat(FailPoint.warning()).isEmpty();
  }

  @Test
  void names_areOneWordForEachPlaceAndSayTheService() {
    assertThat(FailPoint.values())
        .extracting(FailPoint::word)
        .doesNotHaveDuplicates()
        .allMatch(w -> w.matches("(coordinator|site)\\.[a-z]+(-[a-z]+)*"));
  }

  @Test
  void parse_diskFromTheSecondToTheThirdTime_failsThenOnly() throws IOException {
    Fault fault = Fault.parse("site.ledger-unwritten:io-error:2-3");

    fault.reachedDisk();
    for (int i = 0; i < 2; i++) {
      assertThatThrownBy(fault::reachedDisk)
          .isInstanceOf(IOException.class)
          .hasMessageContaining("No space left on device (fail-point site.ledger-unwritten)");
    }
    fault.reachedDisk();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "site.ledger-unwritten",
        "site.ledger-unwritten:kil",
        "site.ledger-unwritten:kill:0",
        "site.ledger-unwritten:kill:3-2",
        "site.ledger-unwritten:pause",
        "site.ledger-unwritten:kill:1 "
      })
  void parse_ofSomethingElse_asksForNothing(String said) throws IOException {
    Fault fault = Fault.parse(said);

    fault.reached();
    fault.reachedDisk();

    assertThat(fault.name()).isEmpty();
    assertThat(fault.said()).isEqualTo(said);
  }

  @Test
  void reach_ofAnotherProcess_isKilledAtTheSecondTimeAndSaysSo() throws Exception {
    for (String action : List.of("kill", "halt")) {
      Said said = run("-Dconsilium.failpoint=site.chunk-sent:" + action + ":2");

      assertThat(said.code).isEqualTo(137);
      assertThat(said.lines)
          .containsExactly(
              "FAIL-POINT ON, for tests only: -Dconsilium.failpoint=site.chunk-sent:"
                  + action
                  + ":2",
              "1",
              "fail-point reached: site.chunk-sent:" + action + ":2");
    }
  }

  @Test
  void warning_ofAnUnknownName_isRefusedWithThoseThatAreKnown() throws Exception {
    Said said = run("-Dconsilium.failpoint=site.chunk-send:kill");

    assertThat(said.code).isEqualTo(1);
    assertThat(String.join("\n", said.lines))
        .contains("-Dconsilium.failpoint=site.chunk-send:kill: not NAME:kill", "site.chunk-sent");
  }

  @Test
  void warning_ofADiskWhereNoneFails_isRefused() throws Exception {
    Said said = run("-Dconsilium.failpoint=site.chunk-sent:io-error");

    assertThat(said.code).isEqualTo(1);
    assertThat(String.join("\n", said.lines))
        .contains("-Dconsilium.failpoint=site.chunk-sent:io-error: no disk fails there");
  }

  @Test
  void environment_doesNotTurnOneOn() throws Exception {
    Said said = run("-Dconsilium.none=1");

    assertThat(said.code).isZero();
    assertThat(said.lines).containsExactly("1", "2", "3");
  }

  private record Said(int code, List<String> lines) {}

  private static Said run(String flag) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-Xmx32m", "-XX:TieredStopAtLevel=1", flag, "-cp", classes()));
    command.add(Reaching.class.getName());
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().put("CONSILIUM_FAILPOINT", "site.chunk-sent:halt");
    builder.environment().put("consilium.failpoint", "site.chunk-sent:halt");
    Process process = builder.start();
    String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    return new Said(process.waitFor(), text.lines().toList());
  }

  private static String classes() throws IOException {
    try {
      return String.join(
          File.pathSeparator,
          List.of(
              Path.of(FailPoint.class.getProtectionDomain().getCodeSource().getLocation().toURI())
                  .toString(),
              Path.of(Reaching.class.getProtectionDomain().getCodeSource().getLocation().toURI())
                  .toString()));
    } catch (java.net.URISyntaxException impossible) {
      throw new IOException(impossible);
    }
  }

  /** Passes one place three times, and counts aloud. */
  static final class Reaching {
    private Reaching() {}

    public static void main(String[] args) {
      FailPoint.warning().ifPresent(System.out::println);
      for (int i = 1; i <= 3; i++) {
        FailPoint.CHUNK_SENT.reach();
        System.out.println(i);
      }
    }
  }
}
