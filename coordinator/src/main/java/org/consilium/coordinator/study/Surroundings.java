package org.consilium.coordinator.study;

import java.io.IOException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.consilium.coordinator.aggregate.Aggregator;
import org.consilium.coordinator.blob.Blobs;
import org.consilium.coordinator.blob.SharedStore;
import org.consilium.coordinator.consortium.EnrolledSite;
import org.consilium.coordinator.intake.Spool;
import org.consilium.coordinator.intake.SpoolSpace;
import org.consilium.coordinator.intake.UpdateIntake;
import org.consilium.coordinator.journal.Journal;
import org.consilium.coordinator.registry.Foundations;
import org.consilium.coordinator.registry.ModelRegistry;
import org.consilium.coordinator.roster.Presence;
import org.consilium.coordinator.round.Clocks;
import org.consilium.protocol.SiteId;
import org.consilium.security.sign.ChainCheck;
import org.consilium.security.sign.SigningKey;

/**
 * All that studies need of the rest of the coordinator.
 *
 * @param state folder for models, spools and aggregation keys
 * @param shared the store behind the state folder, where coordinators share one
 * @param space room of the spool; {@code SpoolSpace.of(state)} but in tests
 * @param federation trust domain of the consortium
 * @param journal what everything is rebuilt from
 * @param sites enrolled sites; empty for a site that is not, or no longer
 * @param signer signs proposals and tasks
 * @param certifier vouches for aggregation keys
 * @param presence who is connected
 * @param observer is told what happens
 * @param clocks the two times
 * @param random makes aggregation keys
 * @param aggregator turns updates into a step
 * @param retention whether updates outlive their round
 */
public record Surroundings(
    Path state,
    Optional<SharedStore> shared,
    SpoolSpace space,
    String federation,
    Journal journal,
    Function<SiteId, Optional<EnrolledSite>> sites,
    Signer signer,
    AggregationCertifier certifier,
    Presence presence,
    StudyObserver observer,
    Clocks clocks,
    SecureRandom random,
    Aggregator aggregator,
    Retention retention) {

  /** The store's blobs. */
  Optional<Blobs> blobs() {
    return shared.map(SharedStore::blobs);
  }

  /** Opens all files of studies. */
  StudyEffects.Stores stores() throws IOException {
    Spool spool = Spool.open(state.resolve("spool"), blobs());
    ModelRegistry models = ModelRegistry.open(state.resolve("models"), blobs());
    Foundations foundations = Foundations.open(state.resolve("foundations"), blobs());
    return new StudyEffects.Stores(
        models,
        new Releases(foundations, models),
        spool,
        new UpdateIntake(spool, space, UpdateIntake.RESERVE_BYTES),
        new Hold());
  }

  /**
   * The coordinator's signing key.
   *
   * @param chain certificates that vouch for it, leaf first
   */
  public record Signer(SigningKey key, List<X509Certificate> chain) {
    public Signer {
      chain = List.copyOf(chain);
    }

    /** The certificates, DER, leaf first. */
    List<byte[]> der() {
      return ChainCheck.der(chain);
    }
  }
}
