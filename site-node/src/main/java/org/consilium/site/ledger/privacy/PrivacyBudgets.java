package org.consilium.site.ledger.privacy;

import java.io.IOException;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.consilium.security.keyfile.KeyFile;

/**
 * What the hospital lets studies spend of each cohort: a file of lines {@code cohort=epsilon
 * delta}, which a node that is serving reads again at every charge. A cohort without a line has
 * nothing to spend.
 *
 * @param file need not exist
 */
public record PrivacyBudgets(Path file) {
  private static final int BYTES_MAX = 1 << 16;

  /** All of them, by cohort. */
  public Map<String, PrivacyBudget> all() throws IOException {
    Map<String, PrivacyBudget> budgets = new TreeMap<>();
    if (!Files.exists(file)) {
      return budgets;
    }
    Properties lines = new Properties();
    lines.load(new StringReader(new String(KeyFile.read(file, BYTES_MAX), StandardCharsets.UTF_8)));
    for (String cohort : lines.stringPropertyNames()) {
      String[] words = lines.getProperty(cohort, "").split(" ", -1);
      try {
        PrivacyCharge.checkCohort(cohort);
        budgets.put(
            cohort, new PrivacyBudget(Double.parseDouble(words[0]), Double.parseDouble(words[1])));
      } catch (IllegalArgumentException | ArrayIndexOutOfBoundsException damaged) {
        throw new IOException(
            "read %s: a line is not cohort=epsilon delta".formatted(file.getFileName()), damaged);
      }
    }
    return budgets;
  }

  /** That of one cohort. */
  public Optional<PrivacyBudget> of(String cohort) throws IOException {
    return Optional.ofNullable(all().get(cohort));
  }

  /** Sets it; on disk when this returns. */
  public void set(String cohort, PrivacyBudget budget) throws IOException {
    PrivacyCharge.checkCohort(cohort);
    Map<String, PrivacyBudget> budgets = all();
    budgets.put(cohort, budget);
    String text =
        budgets.entrySet().stream()
            .map(
                e ->
                    "%s=%s %s\n"
                        .formatted(e.getKey(), e.getValue().epsilon(), e.getValue().delta()))
            .collect(Collectors.joining());
    KeyFile.replace(file, text.getBytes(StandardCharsets.UTF_8));
  }
}
