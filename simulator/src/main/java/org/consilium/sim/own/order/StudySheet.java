package org.consilium.sim.own.order;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.consilium.protocol.Limits;
import org.consilium.protocol.SiteId;
import org.consilium.protocol.StudyPlan;
import org.consilium.protocol.wire.PlanCodec;
import org.consilium.sim.own.cut.Refusal;
import org.consilium.sim.process.Installation;

/**
 * A study file and what it says.
 *
 * @param text as the person wrote it
 * @param plan with the file's sites, or numbered ones
 * @param named whether the file names its sites
 */
public record StudySheet(String text, StudyPlan plan, boolean named) {
  private static final long READING_SECONDS_MAX = 60;

  /**
   * Reads a study file.
   *
   * @param sites number of sites that it must have, when it names them
   * @param work folder for intermediate files
   */
  public static StudySheet read(Path file, int sites, Installation installation, Path work)
      throws Refusal, IOException, InterruptedException {
    if (!Files.isRegularFile(file)) {
      throw new Refusal("study file: no file " + file);
    }
    if (Files.size(file) > Limits.PLAN_BYTES_MAX) {
      throw new Refusal(
          "study file: %d bytes, at most %d".formatted(Files.size(file), Limits.PLAN_BYTES_MAX));
    }
    String text = Files.readString(file, StandardCharsets.UTF_8);
    List<SiteId> numbered = new ArrayList<>();
    for (int site = 1; site <= sites; site++) {
      numbered.add(new SiteId("site-" + site));
    }
    String complete = SitesLine.complete(text, numbered);
    StudyPlan plan = parse(complete, installation, work, file);
    int found = plan.participation().sites().size();
    if (found != sites) {
      throw new Refusal(
          "study file %s names %d sites, --local says %d"
              .formatted(file.getFileName(), found, sites));
    }
    return new StudySheet(text, plan, complete.equals(text));
  }

  /**
   * The name of a site.
   *
   * @param piece its name where the file gives none
   */
  public SiteId site(int place, String piece) {
    return named ? plan.participation().sites().get(place) : new SiteId(piece);
  }

  /** The study file with the sites that are run. */
  public String yaml(List<SiteId> sites) {
    return SitesLine.complete(text, sites);
  }

  private static StudyPlan parse(String yaml, Installation installation, Path work, Path shown)
      throws Refusal, IOException, InterruptedException {
    Path from = Files.writeString(work.resolve("study.yaml"), yaml);
    Path into = work.resolve("plan.bin");
    Path said = work.resolve("study-reading.log");
    List<String> command =
        installation.once(
            "coordinator", StudyReading.class, List.of(from.toString(), into.toString()));
    Process process =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(said.toFile()).start();
    process.getOutputStream().close();
    if (!process.waitFor(READING_SECONDS_MAX, TimeUnit.SECONDS)) {
      process.destroyForcibly();
      throw new IOException("read study file: no answer in %d s".formatted(READING_SECONDS_MAX));
    }
    if (process.exitValue() == 0) {
      return PlanCodec.decode(Files.readAllBytes(into));
    }
    String words = Files.readString(said).lines().limit(20).collect(Collectors.joining("; "));
    if (process.exitValue() == StudyReading.REFUSED) {
      throw new Refusal("study file %s: %s".formatted(shown.getFileName(), words));
    }
    throw new IOException("read study file %s: %s".formatted(shown.getFileName(), words));
  }
}
