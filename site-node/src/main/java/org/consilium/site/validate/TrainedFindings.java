package org.consilium.site.validate;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.consilium.protocol.ValidationReport.Cases;
import org.consilium.protocol.ValidationReport.Quantity;
import org.consilium.protocol.ValidationReport.Subject;
import org.consilium.security.keyfile.KeyFile;
import org.consilium.site.validate.Findings.Finding;

/**
 * What the model after local training scored, kept between the training task and the validation
 * task of a round, also over a restart. Lines of text: the round, then quantity, value, low, high.
 *
 * @param file {@code local-trained.txt} in the study's folder
 */
record TrainedFindings(Path file) {
  private static final int BYTES_MAX = 1 << 14;

  static TrainedFindings in(Path studyFolder) {
    return new TrainedFindings(studyFolder.resolve("local-trained.txt"));
  }

  void write(int round, List<Finding> findings) throws IOException {
    StringBuilder text = new StringBuilder("round " + round + "\n");
    for (Finding f : findings) {
      text.append(f.quantity()).append(' ').append(f.value());
      text.append(' ').append(f.low()).append(' ').append(f.high()).append('\n');
    }
    KeyFile.replace(file, text.toString().getBytes(StandardCharsets.UTF_8));
  }

  /** Nothing if the kept ones are of another round. */
  List<Finding> read(int round) throws IOException {
    if (!Files.exists(file)) {
      return List.of();
    }
    List<String> lines =
        new String(KeyFile.read(file, BYTES_MAX), StandardCharsets.UTF_8).lines().toList();
    if (lines.isEmpty() || !lines.getFirst().equals("round " + round)) {
      return List.of();
    }
    List<Finding> found = new ArrayList<>();
    try {
      for (String line : lines.subList(1, lines.size())) {
        String[] parts = line.split(" ", -1);
        found.add(
            new Finding(
                Subject.LOCAL_TRAINED,
                Cases.HOLDOUT,
                Quantity.valueOf(parts[0]),
                Double.parseDouble(parts[1]),
                Double.parseDouble(parts[2]),
                Double.parseDouble(parts[3])));
      }
    } catch (IllegalArgumentException | ArrayIndexOutOfBoundsException damaged) {
      throw new IOException("read local-trained.txt: a line is damaged", damaged);
    }
    return found;
  }
}
