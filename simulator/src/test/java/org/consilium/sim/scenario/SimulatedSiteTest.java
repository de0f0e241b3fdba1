package org.consilium.sim.scenario;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.consilium.models.data.ImageSet;
import org.consilium.models.data.NpzFile;
import org.consilium.models.data.Split;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class SimulatedSiteTest {
  private static final CaseFiles.Counts SMALL = new CaseFiles.Counts(6, 6, 6, 5, 4, 32);

  @TempDir Path folder;

  @Test
  void of_story_oneSiteDriftsAndAllDiffer() {
    var sites = SimulatedSite.of(Scenario.STORY, 6, 7);

    assertThat(sites.stream().filter(s -> s.onsetWindow() > 0)).hasSize(1);
    assertThat(sites.stream().map(SimulatedSite::id)).doesNotHaveDuplicates().hasSize(6);
    assertThat(sites.get(2).degraded().noise()).isEqualTo(.1);
  }

  @Test
  void of_iid_nothingDiffersButTheCases() {
    assertThat(SimulatedSite.of(Scenario.IID, 4, 7))
        .allMatch(s -> s.knobs().gamma() == 1 && s.knobs().prevalence() == .35)
        .allMatch(s -> s.onsetWindow() == 0);
  }

  @Test
  void of_tooManySites_isRefused() {
    assertThatThrownBy(() -> SimulatedSite.of(Scenario.IID, 13, 7))
        .hasMessage("sites must be 2-12, got 13");
  }

  @Test
  void writeTraining_sameSeed_sameBytes() throws IOException {
    SimulatedSite site = SimulatedSite.of(Scenario.STORY, 2, 7).getFirst();

    CaseFiles.of(SMALL, 7).writeTraining(site, folder.resolve("a.npz"));
    CaseFiles.of(SMALL, 7).writeTraining(site, folder.resolve("b.npz"));
    CaseFiles.of(SMALL, 8).writeTraining(site, folder.resolve("c.npz"));

    assertThat(folder.resolve("a.npz")).hasSameBinaryContentAs(folder.resolve("b.npz"));
    assertThat(Files.readAllBytes(folder.resolve("c.npz")))
        .isNotEqualTo(Files.readAllBytes(folder.resolve("a.npz")));
  }

  @Test
  void writeWindows_driftingSite_degradesFromItsOnsetOn() throws IOException {
    SimulatedSite site = SimulatedSite.of(Scenario.STORY, 3, 7).get(2);

    CaseFiles.of(SMALL, 7).writeWindows(site, folder);

    // Noise of 8 % lifts the background, which is black otherwise (Rician mean above 0).
    assertThat(cornerMean(4)).isGreaterThan(cornerMean(1) + 3);
    assertThat(cornerMean(3)).isGreaterThan(cornerMean(2) + 3);
  }

  private double cornerMean(int window) throws IOException {
    ImageSet set =
        NpzFile.read(
                folder.resolve("window-%04d.npz".formatted(window)),
                Split.VALIDATION,
                NpzFile.Bounds.DEFAULT)
            .orElseThrow();
    double sum = 0;
    for (int i = 0; i < set.count(); i++) {
      sum += set.pixel(i, 0);
    }
    return sum / set.count();
  }
}
