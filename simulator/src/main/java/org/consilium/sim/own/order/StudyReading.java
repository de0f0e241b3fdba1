package org.consilium.sim.own.order;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.consilium.coordinator.study.StudyFile;
import org.consilium.coordinator.yaml.YamlRefused;
import org.consilium.protocol.wire.PlanCodec;

/**
 * Reads a study file beside the coordinator's jar, whose reader alone decides what a study file is,
 * and leaves the plan as the message that the sites would get.
 */
final class StudyReading {
  /** What the process exits with when the file was read and refused. */
  static final int REFUSED = 2;

  private StudyReading() {}

  /** Arguments: the study file, the file to write. */
  public static void main(String[] args) {
    PrintStream err = new PrintStream(System.err, true, StandardCharsets.UTF_8);
    try {
      Files.write(Path.of(args[1]), PlanCodec.encode(StudyFile.parse(Path.of(args[0]))));
    } catch (YamlRefused refused) {
      err.println(refused.getMessage());
      System.exit(REFUSED);
    } catch (IOException unreadable) {
      err.println(unreadable.getMessage());
      System.exit(1);
    }
  }
}
