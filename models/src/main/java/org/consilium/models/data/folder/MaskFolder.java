package org.consilium.models.data.folder;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.consilium.models.data.LabelledMasks;
import org.consilium.models.data.MalformedData;
import org.consilium.models.data.Split;
import org.consilium.models.data.folder.CsvTable.Row;

/**
 * A folder with {@code images/} and {@code labels/} (or {@code masks/}): pairs of equal stem and
 * equal size. A 16-bit mask numbers instances: 0 is background, all else foreground. An 8-bit mask
 * holds classes, or is foreground against background when its only values are 0 and 255. Beside
 * them {@code index.csv} may tell {@code id[,patient,split]} and further columns, which are kept as
 * strata; every pair must then have a line, and every line a pair. Without a column {@code split}
 * whole images are split by patient; a tile is always in the split of its image.
 *
 * @param cases pairs in order of their names
 * @param classes number of classes, the background among them
 * @param splitGiven whether the table says which split an image is in; otherwise it was drawn
 */
public record MaskFolder(List<MaskCase> cases, int classes, boolean splitGiven) {
  private static final int CASES_MAX = 200_000;
  private static final long PIXELS_MAX = 512L << 20;

  public MaskFolder {
    cases = List.copyOf(cases);
  }

  /** The same pictures, looked at otherwise. */
  public MaskFolder seen(View view) {
    return new MaskFolder(view.of(cases), classes, splitGiven);
  }

  /**
   * One image with its mask, in its own size.
   *
   * @param split that it belongs to
   * @param channels 1 or 3
   * @param pixels 8-bit, channel first; owned by the case
   * @param mask classes row by row; owned by the case
   * @param instances different numbers above 0 in a 16-bit mask; 0 for others
   */
  @SuppressWarnings("ArrayRecordComponent") // large, compared by nobody
  public record MaskCase(
      CaseFacts facts,
      Split split,
      int channels,
      FolderRules.Size size,
      byte[] pixels,
      byte[] mask,
      int instances) {}

  /** Whether a folder has this layout. */
  public static boolean isOne(Path folder) {
    return Files.isDirectory(folder.resolve("images")) && masks(folder).isPresent();
  }

  private static Optional<Path> masks(Path folder) {
    return Stream.of("labels", "masks").map(folder::resolve).filter(Files::isDirectory).findFirst();
  }

  /**
   * Reads all pairs; of the rules only {@code channels} and {@code seed} are used.
   *
   * @throws MalformedData naming the picture and the numbers
   * @throws IOException if a file cannot be read
   */
  public static MaskFolder read(Path folder, FolderRules rules) throws IOException {
    Path maskFolder =
        masks(folder)
            .orElseThrow(
                () -> new IOException("read folder: no labels/ in " + folder.getFileName()));
    Map<String, Path> images = stems(folder.resolve("images"));
    Map<String, Path> masks = stems(maskFolder);
    for (Map.Entry<String, Path> image : images.entrySet()) {
      if (!masks.containsKey(image.getKey())) {
        throw new MalformedData(
            image.getValue(), "image without a mask", images.size() + " images");
      }
    }
    for (Map.Entry<String, Path> mask : masks.entrySet()) {
      if (!images.containsKey(mask.getKey())) {
        throw new MalformedData(mask.getValue(), "mask without an image", masks.size() + " masks");
      }
    }
    if (images.isEmpty()) {
      throw new MalformedData(folder, "no images", "0 pairs");
    }
    List<Pair> pairs = new ArrayList<>();
    long pixels = 0;
    for (Map.Entry<String, Path> image : images.entrySet()) {
      Pair pair = Pair.read(image.getValue(), masks.getOrDefault(image.getKey(), folder), rules);
      pixels += pair.pixels.length;
      if (pixels > PIXELS_MAX) {
        throw new MalformedData(folder, "too many pixels in all", "at most " + PIXELS_MAX);
      }
      pairs.add(pair);
    }
    return assemble(folder, List.copyOf(images.keySet()), pairs, rules.seed());
  }

  /** One image in 8 bits, and its mask as it was read: wide samples of many images do not fit. */
  @SuppressWarnings("ArrayRecordComponent") // large, compared by nobody
  private record Pair(int channels, byte[] pixels, Picture mask) {
    static Pair read(Path image, Path mask, FolderRules rules) throws IOException {
      Picture picture =
          Picture.read(image, String.valueOf(image.getFileName())).eightBit().in(rules.channels());
      Picture classes = Picture.read(mask, String.valueOf(mask.getFileName()));
      if (classes.channels() != 1
          || classes.height() != picture.height()
          || classes.width() != picture.width()) {
        throw new MalformedData(
            mask,
            "mask must be grey and of its image's size",
            "mask %s, image %s".formatted(classes.shape(), picture.shape()));
      }
      byte[] pixels = new byte[picture.samples().length];
      for (int at = 0; at < pixels.length; at++) {
        pixels[at] = (byte) picture.samples()[at];
      }
      return new Pair(picture.channels(), pixels, classes);
    }
  }

  private static MaskFolder assemble(Path folder, List<String> stems, List<Pair> pairs, long seed)
      throws IOException {
    boolean binary =
        pairs.stream()
            .filter(pair -> pair.mask.bits() == 8)
            .allMatch(pair -> onlyEnds(pair.mask.samples()));
    Index index = Index.read(folder, stems, seed);
    List<MaskCase> cases = new ArrayList<>();
    int highest = 1;
    for (int i = 0; i < pairs.size(); i++) {
      Pair pair = pairs.get(i);
      int[] from = pair.mask.samples();
      boolean foreground = binary || pair.mask.bits() == 16;
      byte[] mask = new byte[from.length];
      for (int at = 0; at < from.length; at++) {
        int value = foreground ? Integer.signum(from[at]) : from[at];
        mask[at] = (byte) value;
        highest = Math.max(highest, value);
      }
      cases.add(
          new MaskCase(
              index.facts.get(i),
              index.splits.get(i),
              pair.channels,
              new FolderRules.Size(pair.mask.height(), pair.mask.width()),
              pair.pixels,
              mask,
              pair.mask.bits() == 16 ? instances(from) : 0));
    }
    return new MaskFolder(cases, highest + 1, index.given);
  }

  private static boolean onlyEnds(int[] samples) {
    for (int value : samples) {
      if (value != 0 && value != 255) {
        return false;
      }
    }
    return true;
  }

  private static int instances(int[] samples) {
    boolean[] seen = new boolean[1 << 16];
    int count = 0;
    for (int value : samples) {
      if (value > 0 && !seen[value]) {
        seen[value] = true;
        count++;
      }
    }
    return count;
  }

  /**
   * The cases of a split cut into square tiles, row by row: as many as cover the image, the last of
   * a row or column moved back to the border, smaller images set in the top left on black.
   * Deterministic: no draw is involved.
   *
   * @param side of a tile in pixels
   * @param channels of the tiles, 1 or 3
   * @return empty if the split has no case
   */
  public Optional<LabelledMasks> tiles(Split split, int side, int channels) {
    List<MaskCase> some = cases.stream().filter(c -> c.split == split).toList();
    return some.isEmpty() ? Optional.empty() : Optional.of(Tiles.of(some, side, channels, classes));
  }

  private static Map<String, Path> stems(Path folder) throws IOException {
    Map<String, Path> stems = new TreeMap<>();
    Inside inside = Inside.of(folder);
    try (Stream<Path> files = Files.list(folder)) {
      for (Path file : files.sorted().limit(CASES_MAX + 1L).toList()) {
        String name = String.valueOf(file.getFileName());
        if (!name.matches("(?i).+\\.(png|jpe?g)")) {
          continue;
        }
        Inside.Found found = inside.find(name);
        if (found.file().isEmpty()) {
          throw new MalformedData(file, found.why(), "in " + folder.getFileName());
        }
        String stem = name.substring(0, name.lastIndexOf('.'));
        if (stems.put(stem, found.file().get()) != null) {
          throw new MalformedData(file, "two pictures of one stem", "in " + folder.getFileName());
        }
      }
    }
    if (stems.size() > CASES_MAX) {
      throw new MalformedData(folder, "too many pictures", "at most " + CASES_MAX);
    }
    return stems;
  }

  /** What {@code index.csv} tells of the pairs, in their order. */
  private record Index(List<CaseFacts> facts, List<Split> splits, boolean given) {
    static Index read(Path folder, List<String> stems, long seed) throws IOException {
      Path file = folder.resolve("index.csv");
      List<CaseFacts> facts = new ArrayList<>();
      if (!Files.isRegularFile(file)) {
        stems.forEach(stem -> facts.add(new CaseFacts(0, stem, stem, Map.of())));
        return new Index(facts, drawn(facts, seed), false);
      }
      CsvTable table = CsvTable.read(file);
      Columns columns = Columns.open(table, List.of("id"));
      Set<String> known = Set.copyOf(stems);
      Map<String, Row> rows = new HashMap<>();
      for (Row row : table.rows()) {
        String id = table.cell(row, "id");
        if (!known.contains(id) || rows.put(id, row) != null) {
          String what = known.contains(id) ? "id occurs twice" : "id without a picture";
          throw table.refusal(row, what, org.consilium.protocol.Limits.printable(id));
        }
      }
      List<Split> splits = new ArrayList<>();
      for (String stem : stems) {
        Row row = rows.get(stem);
        if (row == null) {
          throw new MalformedData(file, "picture without a line", stem);
        }
        facts.add(columns.facts(row, stem));
        columns.split(row).ifPresent(splits::add);
      }
      if (splits.isEmpty()) {
        return new Index(facts, drawn(facts, seed), false);
      }
      columns.checkPatients(facts, splits);
      return new Index(facts, splits, true);
    }

    private static List<Split> drawn(List<CaseFacts> facts, long seed) {
      List<String> patients = facts.stream().map(CaseFacts::patient).toList();
      return PatientSplit.USUAL.of(patients, new int[patients.size()], seed);
    }
  }
}
