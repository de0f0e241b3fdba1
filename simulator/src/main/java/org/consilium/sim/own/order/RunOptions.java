package org.consilium.sim.own.order;

import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;
import org.consilium.protocol.StudyPlan;
import org.consilium.sim.own.cut.Cut;
import org.consilium.sim.own.cut.Partition;
import org.consilium.sim.own.cut.Refusal;
import org.consilium.sim.own.cut.Shift;

/**
 * What a run is asked to do.
 *
 * @param study the study file
 * @param data {@code .npz} file, CSV table, or folder with one
 * @param sites number of sites
 * @param partition how cases are shared out
 * @param shift what is changed of the sites' grey levels
 * @param seed of the sharing out, the shifts and the sites' rounding
 * @param out folder of what is left; absent or empty
 * @param pooled whether the pooled baseline is trained
 * @param resize whether pictures of a folder are brought to the study's size
 * @param keep whether the work folder stays
 * @param holdBack first images of each site that nothing is chosen on; 0 is a part of them
 * @param siteOptions what single sites do differently
 * @param foundation file of the parameters that the study starts from, where it names one that does
 *     not come with this program
 */
public record RunOptions(
    Path study,
    Path data,
    int sites,
    Partition partition,
    Shift.Kinds shift,
    long seed,
    Path out,
    boolean pooled,
    boolean resize,
    boolean keep,
    int holdBack,
    SiteOptions siteOptions,
    Optional<Path> foundation) {
  /** Most sites on one machine. */
  public static final int SITES_MAX = 16;

  /** The run's work folder. */
  public Path work() {
    return out.toAbsolutePath().resolve(".work");
  }

  /** Where a run keeps the file that a plan starts from, if it names one. */
  public Optional<Path> start(StudyPlan plan) {
    return plan.foundation().map(_ -> work().resolve("foundation.safetensors"));
  }

  /** How cases are to be shared out. */
  public Cut.Order cut(StudyPlan plan) {
    return new Cut.Order(partition, sites, plan.protection().minSamples(), seed);
  }

  /** For questions without masks. */
  public void refuseThoseOfMasks() throws Refusal {
    if (holdBack > 0 || !siteOptions.isEmpty()) {
      throw new Refusal("--hold-back and --site-option are for pictures with masks");
    }
  }

  /** Columns of the table that the partition needs. */
  public Set<String> columns() {
    return partition instanceof Partition.By(String column) ? Set.of(column) : Set.of();
  }
}
