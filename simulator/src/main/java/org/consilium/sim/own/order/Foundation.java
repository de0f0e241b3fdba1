package org.consilium.sim.own.order;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.consilium.models.catalog.Bundled;
import org.consilium.models.catalog.Catalogue;
import org.consilium.models.params.Finite;
import org.consilium.models.params.MalformedSafetensors;
import org.consilium.models.params.SafetensorsFile;
import org.consilium.models.tune.Start;
import org.consilium.models.tune.TrainedSet;
import org.consilium.protocol.Digest;
import org.consilium.protocol.StudyPlan;
import org.consilium.sim.own.cut.Refusal;

/** The file of the parameters that a run's study starts from: bundled, or the person's own. */
public final class Foundation {
  private Foundation() {}

  public static void check(RunOptions options, StudyPlan plan) throws Refusal, IOException {
    Optional<StudyPlan.Foundation> named = plan.foundation();
    Optional<Path> given = options.foundation();
    if (named.isEmpty()) {
      if (given.isPresent()) {
        throw new Refusal("--foundation: the study names none in model.foundation");
      }
      return;
    }
    if (given.isEmpty()) {
      if (Bundled.find(named.get().version()).isEmpty()) {
        throw new Refusal(
            "study: foundation %s does not come with this program; name its file with --foundation"
                .formatted(named.get().name()));
      }
      return;
    }
    Path file = given.get();
    if (!Files.isRegularFile(file)) {
      throw new Refusal("--foundation: no file " + file);
    }
    if (Files.size(file) != named.get().fileBytes()) {
      throw new Refusal(
          "--foundation: %s has %d bytes, the study says %d"
              .formatted(file.getFileName(), Files.size(file), named.get().fileBytes()));
    }
    Digest found = Digest.sha256(file);
    if (!found.equals(named.get().version().digest())) {
      throw new Refusal(
          "--foundation: %s has digest %s, the study says %s"
              .formatted(file.getFileName(), found, named.get().version().digest()));
    }
    TrainedSet set = TrainedSet.of(Catalogue.require(plan.model()), plan.tuning());
    try (SafetensorsFile values = SafetensorsFile.open(file)) {
      var _ = Start.from(values, set, plan.seed());
      Finite.require(values, file.getFileName().toString());
    } catch (IllegalArgumentException | MalformedSafetensors unfit) {
      throw new Refusal("--foundation: " + unfit.getMessage());
    }
  }

  /** Puts the file into the run's work folder. */
  public static void place(RunOptions options, StudyPlan plan) throws IOException {
    Optional<Path> to = options.start(plan);
    if (to.isEmpty()) {
      return;
    }
    if (options.foundation().isPresent()) {
      Files.createSymbolicLink(to.get(), options.foundation().get().toAbsolutePath());
    } else {
      Bundled.find(plan.foundation().orElseThrow().version()).orElseThrow().copyTo(to.get());
    }
  }
}
