package org.consilium.sim.demo;

import java.nio.file.Path;
import org.consilium.sim.scenario.CaseFiles;
import org.consilium.sim.scenario.Scenario;
import org.consilium.sim.scenario.StudyText;

/**
 * What a demonstration is asked to do.
 *
 * @param sites number of sites
 * @param rounds of training
 * @param scenario what happens
 * @param seed root of everything that is not a key
 * @param out folder of the report
 * @param keep whether the work folder stays
 * @param pooled whether the pooled baseline is trained
 * @param chaos what is killed
 * @param scale model and number of cases
 */
public record DemoOptions(
    int sites,
    int rounds,
    Scenario scenario,
    int seed,
    Path out,
    boolean keep,
    boolean pooled,
    Chaos chaos,
    Scale scale) {

  /**
   * How large it is.
   *
   * @param recipe model, start and how it is trained
   */
  public record Scale(StudyText.Recipe recipe, CaseFiles.Counts counts) {
    /** The demonstration's. */
    public static final Scale DEMONSTRATION =
        new Scale(StudyText.Recipe.residual("resnet-gn"), CaseFiles.Counts.DEMONSTRATION);

    /** The same, but the bundled checkpoint is fine-tuned. */
    public static final Scale FINE_TUNED =
        new Scale(StudyText.Recipe.FINE_TUNED, CaseFiles.Counts.DEMONSTRATION);

    /** A few seconds' worth, for tests. */
    public static final Scale TINY =
        new Scale(
            StudyText.Recipe.residual("resnet-gn-tiny"),
            new CaseFiles.Counts(40, 40, 40, 40, 0, 32));
  }
}
