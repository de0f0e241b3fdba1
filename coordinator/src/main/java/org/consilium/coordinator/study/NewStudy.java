package org.consilium.coordinator.study;

import java.io.IOException;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Optional;
import org.consilium.coordinator.round.StudyEvent.Created;
import org.consilium.coordinator.round.StudyEvent.Model;
import org.consilium.models.tune.TrainedSet;
import org.consilium.protocol.StudyPlan;
import org.consilium.security.seal.AggregationKey;
import org.consilium.security.sign.ChainCheck;

/**
 * A study that is about to be journaled: its key, its certificate and its first version are there.
 *
 * @param created what is journaled
 * @param effects of its rounds
 */
record NewStudy(Created created, StudyEffects effects) {

  static NewStudy of(
      StudyPlan plan, byte[] planBytes, Surroundings around, StudyEffects.Stores stores)
      throws StudyRefused, IOException {
    PlanGate.checkSites(plan, around.sites());
    TrainedSet set = PlanGate.trained(plan);
    AggregationKey key = AggregationKeys.of(around).obtain(plan.study(), around.random());
    List<X509Certificate> chain = around.certifier().certify(plan.study(), key.publicKeyDigest());
    var initial = stores.releases().begin(plan, set);
    Created created =
        new Created(
            java.time.Instant.ofEpochMilli(around.clocks().wall().millis()),
            plan,
            planBytes,
            new Model(initial.version(), initial.fileBytes()),
            ChainCheck.der(chain));
    return new NewStudy(created, StudyEffects.of(around, stores, created, Optional.of(key)));
  }
}
