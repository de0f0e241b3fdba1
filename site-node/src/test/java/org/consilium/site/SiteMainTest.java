package org.consilium.site;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.InstantSource;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class SiteMainTest {
  @TempDir Path folder;

  private record Run(int exit, String out, String err) {}

  @Test
  void status_withoutMembership_saysWhatToDoWithoutATrace() {
    Run run = run("node", "status", "--state", folder.toString());

    assertThat(run.exit()).isEqualTo(6);
    assertThat(run.err()).contains("CS-STATE-001", "node join").doesNotContain("\tat ");
  }

  @ParameterizedTest
  @ValueSource(strings = {"pause", "resume", "deny mri-demo", "ledger", "studies", "audit"})
  void command_mistypedFolder_isRefusedAndMakesNone(String command) {
    Path typo = folder.resolve("aldermor");

    Run run = run(("node " + command + " --state " + typo).split(" ", -1));

    assertThat(run.exit()).isEqualTo(6);
    assertThat(run.err()).contains("CS-STATE-001: there is no folder " + typo, "node join");
    assertThat(typo).doesNotExist();
  }

  @Test
  void approve_studyNeverProposed_isRefusedUnlessByName() {
    Run bound = run("node", "approve", "mri-demo", "--state", folder.toString());
    Run named = run("node", "approve", "mri-demo", "--by-name", "--state", folder.toString());

    assertThat(bound.exit()).isEqualTo(6);
    assertThat(named.exit()).isZero();
    assertThat(folder.resolve("approvals.yaml")).content().contains("study: mri-demo");
  }

  @Test
  void join_notAToken_isAUsageErrorInOneEnvelope() throws IOException {
    Path token = folder.resolve("token");
    org.consilium.security.keyfile.KeyFile.create(token, new byte[] {'h', 'i'});

    Run run =
        run(
            "node",
            "join",
            "--json",
            "--token-file",
            token.toString(),
            "--state",
            folder.resolve("state").toString());

    assertThat(run.exit()).isEqualTo(2);
    assertThat(run.out()).startsWith("{\"schemaVersion\":1,\"status\":\"error\"");
  }

  @Test
  void version_everyCommand_saysTheBuild() {
    String[][] commands = {
      {"--version"},
      {"node", "--version"},
      {"node", "serve", "--version"},
      {"node", "study", "-V"},
      {"node", "study", "show", "--version"},
      {"model", "inspect", "--version"}
    };

    for (String[] command : commands) {
      Run run = run(command);
      assertThat(run.exit()).isZero();
      assertThat(run.out().strip()).isEqualTo("consilium " + SiteMain.version());
    }
  }

  @Test
  void config_flagBeatsEnvironmentBeatsFile() throws IOException {
    Path file = folder.resolve("node.yaml");
    Files.writeString(file, "data: synthetic:5\nthreads: 2\nmetricsPort: 1\n");

    SiteConfig config =
        SiteConfig.of(
            Map.of("metricsPort", "3"),
            Map.of("CONSILIUM_NODE_METRICS_PORT", "2", "CONSILIUM_NODE_THREADS", "4"),
            Optional.of(file));

    assertThat(config.metricsPort()).isEqualTo(3);
    assertThat(config.engine().threads()).isEqualTo(4);
    assertThat(config.cohort().text()).isEqualTo("synthetic:5");
  }

  @Test
  void config_unknownKey_isAnErrorThatNamesIt() throws IOException {
    Path file = folder.resolve("node.yaml");
    Files.writeString(file, "data: synthetic:5\nthread: 2\n");

    assertThatThrownBy(() -> SiteConfig.of(Map.of(), Map.of(), Optional.of(file)))
        .hasMessageContaining("unknown key thread");
  }

  private Run run(String... args) {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    Console console =
        new Console(new PrintWriter(out), new PrintWriter(err), InstantSource.system());
    int exit = SiteMain.run(console, new SecureRandom(), args);
    return new Run(exit, out.toString(), err.toString());
  }
}
