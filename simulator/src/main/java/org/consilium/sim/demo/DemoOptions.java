package org.consilium.sim.demo;

import java.nio.file.Path;
import java.util.Optional;
import org.consilium.protocol.ModelSpec;
import org.consilium.protocol.StudyPlan;
import org.consilium.sim.scenario.CaseFiles;
import org.consilium.sim.scenario.Scenario;
import org.consilium.sim.scenario.StudyText;
import org.consilium.sim.score.Beginning;

/**
 * What a demonstration is asked to do.
 *
 * @param sites number of sites
 * @param rounds of training
 * @param scenario what happens
 * @param mode what hides an update: masked or sealed
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
    String mode,
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
   * @param rounds where nobody asks for another number
   */
  public record Scale(StudyText.Recipe recipe, CaseFiles.Counts counts, int rounds) {
    /**
     * The demonstration's: the bundled checkpoint is fine-tuned. From it 120 cases are enough for
     * single sites to catch up with all together; 90 are not.
     */
    public static final Scale DEMONSTRATION =
        new Scale(StudyText.Recipe.FINE_TUNED, new CaseFiles.Counts(90, 200, 300, 60, 6, 64), 28);

    /** A residual network from random values. */
    public static final Scale RESIDUAL =
        new Scale(
            StudyText.Recipe.residual("resnet-gn"),
            new CaseFiles.Counts(120, 300, 300, 60, 6, 64),
            25);

    /**
     * What a study of this size starts from.
     *
     * @param foundation file of the recipe's checkpoint; empty for random values
     */
    Beginning beginning(long seed, Optional<Path> foundation) {
      ModelSpec spec = new ModelSpec(recipe.architecture(), 1, counts.side(), counts.side(), 1, 0);
      return new Beginning(spec, StudyPlan.Tuning.FULL, seed, foundation);
    }

    /** A few seconds' worth, for tests. */
    public static final Scale TINY =
        new Scale(
            StudyText.Recipe.residual("resnet-gn-tiny"),
            new CaseFiles.Counts(40, 40, 40, 40, 0, 32),
            4);
  }
}
