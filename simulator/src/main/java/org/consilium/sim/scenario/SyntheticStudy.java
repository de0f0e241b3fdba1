package org.consilium.sim.scenario;

import java.util.List;
import java.util.stream.Collectors;
import org.consilium.protocol.Encoding;
import org.consilium.protocol.SiteId;

/**
 * A study of the architecture that only pretends to train: everything but the training is real.
 * Every site's update is waited for.
 *
 * @param title for people
 * @param parameters of the model
 * @param mode what hides an update: masked or sealed
 * @param encoding of a sealed update
 * @param deadline of a round, as a study file says it
 */
public record SyntheticStudy(
    String name,
    String title,
    long parameters,
    int rounds,
    String mode,
    Encoding encoding,
    List<SiteId> sites,
    String deadline,
    long seed) {
  public SyntheticStudy {
    sites = List.copyOf(sites);
  }

  /** The study file. */
  public String yaml() {
    return """
    apiVersion: consilium/v1
    kind: Study
    metadata: {name: %s, title: %s}
    spec:
      model:     {architecture: synthetic, height: 8, width: 8, parameters: %d}
      task:      {type: classification, labels: [negative, positive]}
      algorithm: {name: fedavg, rounds: %d}
      training:  {localBaseline: false}
      privacy:   {mode: %s}
      transfer:  {encoding: %s}
      sites:     {include: [%s], quorum: %d, deadline: %s}
      drift:     {detector: none}
      seed: %d
    """
        .formatted(
            name,
            title,
            parameters,
            rounds,
            mode,
            encoding.word(),
            sites.stream().map(SiteId::value).collect(Collectors.joining(", ")),
            sites.size(),
            deadline,
            seed);
  }
}
