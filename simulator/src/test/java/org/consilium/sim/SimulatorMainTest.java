package org.consilium.sim;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class SimulatorMainTest {
  @TempDir Path folder;

  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  @Test
  void run_noArguments_printsTheMapOfAllCommands() {
    assertThat(run()).isZero();

    assertThat(out.toString())
        .contains("demo", "bench round", "coordinator serve", "node join", "study create");
    assertThat(out.toString().lines()).allMatch(line -> line.length() <= 110);
  }

  @Test
  void run_noArguments_showsAuditVerifyWithTheOptionsThatItHas() {
    assertThat(run()).isZero();

    assertThat(out.toString())
        .contains("consilium audit verify --bundle consortium.audit --root HEX")
        .doesNotContain("--root-fingerprint");
  }

  @Test
  void run_misspeltCommand_suggestsTheNearest() {
    assertThat(run("stuby")).isEqualTo(2);

    assertThat(err.toString()).contains("Did you mean: consilium study ?");
  }

  @Test
  void run_version_printsOneLine() {
    assertThat(run("--version")).isZero();

    assertThat(out.toString().lines()).hasSize(1).first().asString().startsWith("consilium ");
  }

  @Test
  void demo_badOption_isAUsageErrorThatNamesWhatIsLegal() {
    assertThat(run("demo", "--scenario", "poison")).isEqualTo(2);

    assertThat(err.toString()).contains("story, iid, skew, drift, straggler, dropout");
  }

  @Test
  void demoData_folderThatIsInUse_isNotTouchedWithoutForce() throws Exception {
    Path study = Files.writeString(folder.resolve("study.yaml"), "a consortium's own");

    assertThat(run("demo", "data", "--out", folder.toString())).isEqualTo(2);

    assertThat(err.toString()).contains("is not empty", "--force");
    assertThat(Files.readString(study)).isEqualTo("a consortium's own");
    assertThat(folder.toFile().list()).hasSize(1);
    assertThat(run("demo", "data", "--out", folder.toString(), "--force", "--rounds", "1"))
        .isZero();
    assertThat(Files.readString(study)).contains("kind: Study");
  }

  private int run(String... args) {
    return SimulatorMain.run(
        args, InstantSource.system(), new PrintWriter(out, true), new PrintWriter(err, true));
  }
}
