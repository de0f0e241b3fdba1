package org.consilium.models.data.folder;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.consilium.models.data.ImageSet;
import org.consilium.models.data.LabelledFindings;
import org.consilium.models.data.LabelledTexts;
import org.consilium.models.data.MalformedData;
import org.consilium.models.data.Split;
import org.consilium.models.data.folder.CsvTable.Row;
import org.consilium.models.data.folder.FolderRules.Size;

/**
 * A folder of PNG or JPEG pictures with a CSV table {@code path,label[,patient,split,stratum…]}.
 *
 * <p>Paths are relative and stay within the folder, also through links. 8-bit grey and colour are
 * taken as they are; 16-bit grey is scaled so that 0-65535 becomes 0-255 (a scanner that uses 12 of
 * the 16 bits must be rescaled before). Pictures of different sizes are refused unless the rules
 * give a size: then each is made smaller by averaging until it fits and set in the middle on black.
 * Labels are numbers from 0, or words of the rules or of {@code labels.txt}, one a line in the
 * order of their numbers. With a column {@code labels} in place of the other several findings may
 * be true of a picture: words with {@code |} between them, {@code ?} before one that nobody has
 * looked for, an empty cell for none. Without a column {@code split} the cases are split by
 * patient.
 *
 * @param parts the splits that have cases
 * @param labels class words; empty when the table has numbers and there is no map
 */
public record CaseFolder(Map<Split, Part> parts, List<String> labels) {
  private static final List<String> USUAL_TABLES = List.of("index.csv", "labels.csv");
  private static final long PIXELS_MAX = 512L << 20;

  public CaseFolder {
    parts = Map.copyOf(parts);
    labels = List.copyOf(labels);
  }

  /**
   * One split.
   *
   * @param facts one a case, in the images' order
   * @param findings the images with several findings each; empty when they have one class each
   */
  public record Part(ImageSet images, List<CaseFacts> facts, Optional<LabelledFindings> findings) {
    public Part {
      facts = List.copyOf(facts);
      if (facts.size() != images.count()) {
        throw new IllegalArgumentException(
            "%d facts for %d images".formatted(facts.size(), images.count()));
      }
    }

    /** The images with their texts; empty if the table has no such column. */
    public Optional<LabelledTexts> texts() {
      List<String> texts = facts.stream().flatMap(f -> f.text().stream()).toList();
      return texts.size() == images.count()
          ? Optional.of(new LabelledTexts(images, texts))
          : Optional.empty();
    }
  }

  /** The cases of a split; empty if it has none. */
  public Optional<Part> part(Split split) {
    return Optional.ofNullable(parts.get(split));
  }

  /** The table of a folder: {@code index.csv}, {@code labels.csv}, or the only CSV there is. */
  public static Optional<Path> table(Path folder) throws IOException {
    for (String usual : USUAL_TABLES) {
      if (Files.isRegularFile(folder.resolve(usual))) {
        return Optional.of(folder.resolve(usual));
      }
    }
    try (Stream<Path> files = Files.list(folder)) {
      List<Path> tables = files.filter(f -> f.toString().endsWith(".csv")).limit(2).toList();
      return tables.size() == 1 ? Optional.of(tables.getFirst()) : Optional.empty();
    }
  }

  /**
   * Reads all pictures that the table names.
   *
   * @param table the CSV file; paths in it are relative to its folder
   * @throws MalformedData naming the line, the picture and the numbers
   * @throws IOException if a file cannot be read
   */
  public static CaseFolder read(Path table, FolderRules rules) throws IOException {
    Path root = table.toAbsolutePath().getParent();
    if (root == null) {
      throw new IOException("read folder: " + table + " is in no folder");
    }
    CsvTable csv = CsvTable.read(table);
    boolean several = csv.has(FindingCells.COLUMN);
    Columns columns =
        Columns.strict(
            csv, List.of("path", several ? FindingCells.COLUMN : "label"), rules.columns());
    if (csv.rows().isEmpty()) {
      throw new MalformedData(table, "table has no cases", "1 line");
    }
    LabelMap map = LabelMap.of(rules.labels(), root);
    Reading reading = new Reading(csv, Inside.of(root), rules);
    int[] labels = new int[csv.rows().size()];
    FindingCells cells = several ? FindingCells.of(map, csv) : FindingCells.NONE;
    for (int i = 0; i < labels.length; i++) {
      Row row = csv.rows().get(i);
      labels[i] = several ? cells.read(csv, row) : map.number(csv, row);
      reading.add(row, columns);
    }
    List<Split> splits = splits(columns, csv, reading.facts, labels, rules.seed());
    columns.checkPatients(reading.facts, splits);
    return new CaseFolder(parts(reading, splits, labels, cells), map.words());
  }

  private static List<Split> splits(
      Columns columns, CsvTable csv, List<CaseFacts> facts, int[] labels, long seed)
      throws MalformedData {
    if (!csv.has("split")) {
      List<String> patients = facts.stream().map(CaseFacts::patient).toList();
      return PatientSplit.USUAL.of(patients, labels, seed);
    }
    List<Split> splits = new ArrayList<>();
    for (Row row : csv.rows()) {
      splits.add(columns.split(row).orElseThrow());
    }
    return splits;
  }

  private static Map<Split, Part> parts(
      Reading reading, List<Split> splits, int[] labels, FindingCells cells) {
    Map<Split, Part> parts = new EnumMap<>(Split.class);
    ImageSet all = reading.images(labels);
    for (Split split : Split.values()) {
      int[] places =
          java.util.stream.IntStream.range(0, labels.length)
              .filter(i -> splits.get(i) == split)
              .toArray();
      if (places.length > 0) {
        List<CaseFacts> facts = new ArrayList<>();
        for (int place : places) {
          facts.add(reading.facts.get(place));
        }
        ImageSet images = all.subset(places);
        parts.put(split, new Part(images, facts, cells.findings(images, places)));
      }
    }
    return parts;
  }

  /** Pictures as they come, until all are there. */
  private static final class Reading {
    private final CsvTable csv;
    private final Inside folder;
    private final FolderRules rules;
    private final List<byte[]> pictures = new ArrayList<>();
    private final List<CaseFacts> facts = new ArrayList<>();
    private final Map<String, Integer> seen = new HashMap<>();
    private Optional<Picture> first = Optional.empty();

    Reading(CsvTable csv, Inside folder, FolderRules rules) {
      this.csv = csv;
      this.folder = folder;
      this.rules = rules;
    }

    void add(Row row, Columns columns) throws IOException {
      String path = csv.cell(row, "path");
      Inside.Found found = folder.find(path);
      String printable = "\"%s\"".formatted(org.consilium.protocol.Limits.printable(path));
      if (found.file().isEmpty()) {
        throw csv.refusal(row, found.why(), printable);
      }
      Integer before = seen.putIfAbsent(found.file().get().toString(), row.number());
      if (before != null) {
        throw csv.refusal(row, "picture occurs twice", printable + ", also in line " + before);
      }
      Picture picture =
          Picture.read(found.file().get(), "line " + row.number()).eightBit().in(rules.channels());
      if (rules.size().isPresent()) {
        picture = Fitting.picture(picture, rules.size().get());
      }
      Picture reference = first.orElse(picture);
      first = Optional.of(reference);
      if (!picture.shape().equals(reference.shape())) {
        throw csv.refusal(
            row,
            "picture differs in size or channels",
            "%s is %s, the first is %s; give a size and channels to bring all to one"
                .formatted(printable, picture.shape(), reference.shape()));
      }
      if ((long) (pictures.size() + 1) * picture.samples().length > PIXELS_MAX) {
        throw csv.refusal(row, "too many pixels in all", "at most " + PIXELS_MAX);
      }
      byte[] samples = new byte[picture.samples().length];
      for (int i = 0; i < samples.length; i++) {
        samples[i] = (byte) picture.samples()[i];
      }
      pictures.add(samples);
      facts.add(columns.facts(row, path));
    }

    ImageSet images(int[] labels) {
      Picture shape = first.orElseThrow();
      int length = shape.samples().length;
      byte[] pixels = new byte[pictures.size() * length];
      for (int i = 0; i < pictures.size(); i++) {
        System.arraycopy(pictures.get(i), 0, pixels, i * length, length);
      }
      return new ImageSet(shape.channels(), shape.height(), shape.width(), pixels, labels);
    }
  }

  /** Height and width of the pictures. */
  public Size size() {
    ImageSet some = parts.values().iterator().next().images();
    return new Size(some.height(), some.width());
  }
}
