package org.consilium.models.federated;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.consilium.models.params.ParameterLayout;
import org.consilium.models.params.SafetensorsFile;
import org.consilium.models.params.SafetensorsWriter;
import org.consilium.protocol.Digest;

/**
 * A site's control variate cₖ of one study, SCAFFOLD's memory, as files in the study's folder. What
 * a round made of it counts once the round's update was accepted: only then the server's c moves by
 * the same. A round that is asked for again starts from what counted before it.
 */
public final class ControlVariates {
  private static final Pattern NAME = Pattern.compile("control-([0-9]{1,6})\\.safetensors");
  private static final Pattern DRAFT = Pattern.compile("control-([0-9]{1,6})\\.draft");

  /** Rounds kept: the one before, and the one whose attempt may yet come to nothing. */
  private static final int KEPT = 2;

  private static final int BLOCK = 1 << 14;

  private final Path folder;

  private ControlVariates(Path folder) {
    this.folder = folder;
  }

  /** The control variates in a study's folder. */
  public static ControlVariates in(Path studyFolder) {
    return new ControlVariates(studyFolder);
  }

  /**
   * cₖ for the training of a round: of the last round before it that counted; 0 if there is none.
   * Whatever this or a later round left from an earlier attempt is removed.
   *
   * @param trained layout of the trained parameters
   * @param round from 1
   * @throws IOException if a file cannot be read, or is of another layout
   */
  public float[] own(ParameterLayout trained, int round) throws IOException {
    for (Path refused : found(DRAFT).headMap(round).values()) { // no update of it counted
      Files.deleteIfExists(refused);
    }
    NavigableMap<Integer, Path> rounds = rounds();
    for (Path later : rounds.tailMap(round, true).values()) {
      Files.deleteIfExists(later);
    }
    float[] own = new float[Math.toIntExact(trained.length())];
    Map.Entry<Integer, Path> last = rounds.lowerEntry(round);
    if (last != null) {
      try (SafetensorsFile file = SafetensorsFile.open(last.getValue())) {
        if (!file.layout().equals(trained)) {
          throw new IOException(
              "read control variate of round %d: it has %s, trained are %s"
                  .formatted(last.getKey(), file.layout(), trained));
        }
        file.read(0, own, 0, own.length);
      }
    }
    return own;
  }

  /** Keeps cₖ′ of a round whose update has yet to be accepted; on disk when this returns. */
  public void draft(ParameterLayout trained, int round, float[] next) throws IOException {
    Files.createDirectories(folder);
    try (SafetensorsWriter out = SafetensorsWriter.create(draft(round), trained, Map.of())) {
      for (int at = 0; at < next.length; at += BLOCK) {
        out.write(next, at, Math.min(BLOCK, next.length - at));
      }
      Digest _ = out.finish();
    }
  }

  /** The round's update was accepted: its draft counts from now on. A repeat is nothing. */
  public void accept(int round) throws IOException {
    if (!Files.exists(draft(round))) {
      return;
    }
    Files.move(
        draft(round),
        folder.resolve("control-%d.safetensors".formatted(round)),
        StandardCopyOption.ATOMIC_MOVE,
        StandardCopyOption.REPLACE_EXISTING);
    NavigableMap<Integer, Path> rounds = rounds();
    while (rounds.size() > KEPT) {
      Files.deleteIfExists(rounds.pollFirstEntry().getValue());
    }
  }

  /**
   * cₖ′ by option 2 (see {@link Scaffold}), with ‖cₖ′ − cₖ‖ at most half of the clip: the update
   * carries it beside the delta, and what is cut off there would be missing in the server's c for
   * ever.
   *
   * @param own cₖ
   * @param all c
   * @param moved x − y
   * @param rates sum of the steps' learning rates
   * @param clip S of the plan
   */
  public static float[] next(float[] own, float[] all, float[] moved, double rates, double clip) {
    double[] change = Scaffold.next(doubles(own), doubles(all), doubles(moved), rates);
    double squares = 0;
    for (int i = 0; i < change.length; i++) {
      change[i] -= own[i];
      squares += change[i] * change[i];
    }
    double factor = Math.min(1, clip / 2 / Math.sqrt(squares));
    float[] next = own.clone();
    for (int i = 0; i < next.length; i++) {
      next[i] = (float) (next[i] + (squares == 0 ? 0 : factor) * change[i]);
    }
    return next;
  }

  private static double[] doubles(float[] values) {
    double[] wide = new double[values.length];
    Arrays.setAll(wide, i -> values[i]);
    return wide;
  }

  private Path draft(int round) {
    return folder.resolve("control-%d.draft".formatted(round));
  }

  private NavigableMap<Integer, Path> rounds() throws IOException {
    return found(NAME);
  }

  private NavigableMap<Integer, Path> found(Pattern kind) throws IOException {
    NavigableMap<Integer, Path> rounds = new TreeMap<>();
    if (!Files.isDirectory(folder)) {
      return rounds;
    }
    try (Stream<Path> files = Files.list(folder)) {
      files.forEach(
          file -> {
            Matcher name = kind.matcher(String.valueOf(file.getFileName()));
            if (name.matches()) {
              rounds.put(Integer.valueOf(name.group(1)), file);
            }
          });
    }
    return rounds;
  }
}
