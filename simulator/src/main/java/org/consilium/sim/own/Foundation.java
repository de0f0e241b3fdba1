package org.consilium.sim.own;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.consilium.models.catalog.Bundled;
import org.consilium.protocol.Digest;
import org.consilium.protocol.StudyPlan;

/** The file of the parameters that a run's study starts from: bundled, or the person's own. */
final class Foundation {
  private Foundation() {}

  static void check(RunOptions options, StudyPlan plan) throws Refusal, IOException {
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
    Digest found = Digest.sha256(file);
    if (!found.equals(named.get().version().digest())) {
      throw new Refusal(
          "--foundation: %s has digest %s, the study says %s"
              .formatted(file.getFileName(), found, named.get().version().digest()));
    }
  }

  /** Puts the file into the run's work folder. */
  static void place(RunOptions options, StudyPlan plan) throws IOException {
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
