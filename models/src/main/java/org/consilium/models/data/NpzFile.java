package org.consilium.models.data;

import java.io.EOFException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.zip.ZipException;
import org.consilium.models.data.NpzArchive.Opened;

/**
 * Reader of images in the MedMNIST layout: a zip archive of NumPy arrays {@code
 * {train,val,test}_images} of shape (n, h, w) or (n, h, w, c), and with them {@code _labels}: (n)
 * or (n, 1) classes, or (n, k) findings with -1 = unknown; or {@code _masks} (n, h, w) of pixel
 * classes; and optionally {@code _patients}, (n) or (n, 1) whole numbers. The file is not trusted:
 * sizes are checked before memory is taken, names in it are never used as paths.
 */
public final class NpzFile {
  private static final int CHANNELS_MAX = 4;
  private static final int CLASSES_MAX = 10_000;
  private static final int FINDINGS_MAX = 256;

  /**
   * The largest set that is read.
   *
   * @param imagesMax images of one split
   * @param pixelsMax 8-bit values of one split, which is the memory needed
   */
  public record Bounds(int imagesMax, int pixelsMax) {
    /** A million images, half a gigabyte. */
    public static final Bounds DEFAULT = new Bounds(1_000_000, 512 << 20);

    public Bounds {
      if (imagesMax < 1 || pixelsMax < 1) {
        throw new IllegalArgumentException(
            "bounds must be positive, got %d images, %d pixels".formatted(imagesMax, pixelsMax));
      }
    }
  }

  private NpzFile() {}

  /**
   * Reads one split with one class an image. Float images must lie in 0-1 and are scaled to 0-255;
   * integer ones must be 0-255 already.
   *
   * @return empty if the file has neither images nor labels of that split
   * @throws MalformedData if the file is not in this layout or exceeds the bounds
   * @throws IOException if it cannot be read
   */
  public static Optional<ImageSet> read(Path file, Split split, Bounds bounds) throws IOException {
    return reading(
        file,
        archive -> {
          Optional<Parts> parts = parts(archive, file, split, "_labels");
          if (parts.isEmpty()) {
            return Optional.empty();
          }
          int[] labels = labels(parts.get().targets, CLASSES_MAX, bounds);
          return Optional.of(images(parts.get().images, labels, bounds));
        });
  }

  /**
   * Reads one split with several findings an image: labels of shape (n, k), each -1, 0 or 1.
   *
   * @return empty if the file has neither images nor labels of that split
   * @throws MalformedData if the file is not in this layout or exceeds the bounds
   * @throws IOException if it cannot be read
   */
  public static Optional<LabelledFindings> readFindings(Path file, Split split, Bounds bounds)
      throws IOException {
    return reading(
        file,
        archive -> {
          Optional<Parts> parts = parts(archive, file, split, "_labels");
          if (parts.isEmpty()) {
            return Optional.empty();
          }
          Opened opened = parts.get().targets;
          List<Integer> shape = opened.shape();
          if (shape.size() != 2 || shape.get(1) > FINDINGS_MAX) {
            throw opened.refusal(
                "findings must have shape (n, k) with k 1-" + FINDINGS_MAX,
                "%s is %s",
                opened.key(),
                shape);
          }
          checkCount(opened, bounds);
          byte[] targets = new byte[Math.toIntExact(opened.array().length())];
          opened.forEach(
              (index, value) -> {
                if (value != -1 && value != 0 && value != 1) {
                  throw opened.refusal(
                      "finding out of range", "%s[%d]; -1, 0 or 1 allowed", opened.key(), index);
                }
                targets[index] = (byte) value;
              });
          ImageSet images = images(parts.get().images, new int[shape.get(0)], bounds);
          return Optional.of(LabelledFindings.of(images, shape.get(1), targets));
        });
  }

  /**
   * Reads one split with a class a pixel: {@code _masks} of shape (n, h, w).
   *
   * @param classes number of classes, the background among them; 2 takes every value above 0 as
   *     foreground
   * @return empty if the file has no masks of that split
   * @throws MalformedData if the file is not in this layout or exceeds the bounds
   * @throws IOException if it cannot be read
   */
  public static Optional<LabelledMasks> readMasks(
      Path file, Split split, int classes, Bounds bounds) throws IOException {
    return reading(
        file,
        archive -> {
          if (!archive.has(split.key() + "_masks")) {
            return Optional.empty();
          }
          Parts parts = parts(archive, file, split, "_masks").orElseThrow();
          Opened opened = parts.targets;
          List<Integer> shape = opened.shape();
          List<Integer> of = parts.images.shape();
          if (shape.size() != 3 || of.size() < 3 || !shape.equals(of.subList(0, 3))) {
            throw opened.refusal(
                "masks must have the images' shape (n, h, w)", "masks %s, images %s", shape, of);
          }
          ImageSet images = images(parts.images, new int[shape.get(0)], bounds);
          byte[] masks = new byte[Math.toIntExact(opened.array().length())];
          opened.forEach(
              (index, value) -> {
                double known = classes == 2 ? Math.signum(value) : value;
                if (!(known >= 0 && known < classes) || known != Math.rint(known)) {
                  throw opened.refusal(
                      "mask class out of range",
                      "%s[%d], 0-%d allowed",
                      opened.key(),
                      index,
                      classes - 1);
                }
                masks[index] = (byte) known;
              });
          return Optional.of(LabelledMasks.of(images, classes, masks));
        });
  }

  /**
   * Reads the patient numbers of one split.
   *
   * @return empty if the file has none
   * @throws MalformedData if they are not whole numbers of shape (n) or (n, 1)
   * @throws IOException if it cannot be read
   */
  public static Optional<long[]> readPatients(Path file, Split split, Bounds bounds)
      throws IOException {
    return reading(
        file,
        archive -> {
          Optional<Opened> found = archive.find(split.key() + "_patients");
          if (found.isEmpty()) {
            return Optional.empty();
          }
          Opened opened = found.get();
          checkColumn(opened, "patients");
          checkCount(opened, bounds);
          long[] patients = new long[opened.shape().get(0)];
          opened.forEach((index, value) -> patients[index] = (long) value);
          return Optional.of(patients);
        });
  }

  /**
   * Refuses a file in which a patient is in two splits: what is learned of one would be asked
   * again.
   *
   * @throws MalformedData names the patient and the splits
   * @throws IOException if it cannot be read
   */
  public static void requirePatientsApart(Path file, Bounds bounds) throws IOException {
    Map<Long, Split> seen = new HashMap<>();
    for (Split split : Split.values()) {
      for (long patient : readPatients(file, split, bounds).orElse(new long[0])) {
        Split other = seen.putIfAbsent(patient, split);
        if (other != null && other != split) {
          throw new MalformedData(
              file,
              "a patient is in two splits",
              "patient %d in %s and %s".formatted(patient, other.key(), split.key()));
        }
      }
    }
  }

  /** What the images of a split come with. */
  public enum Targets {
    /** One class an image. */
    CLASSES,
    /** Several findings an image. */
    FINDINGS,
    /** A class a pixel. */
    MASKS
  }

  /**
   * What the images of a split come with, by the arrays' names and shapes alone.
   *
   * @throws MalformedData if the archive or a header is damaged
   * @throws IOException if it cannot be read
   */
  public static Set<Targets> targets(Path file, Split split) throws IOException {
    Set<Targets> found = EnumSet.noneOf(Targets.class);
    Optional<Set<Targets>> all =
        reading(
            file,
            archive -> {
              Optional<Opened> labels = archive.find(split.key() + "_labels");
              labels.ifPresent(
                  opened ->
                      found.add(
                          opened.shape().size() == 2 && opened.shape().get(1) > 1
                              ? Targets.FINDINGS
                              : Targets.CLASSES));
              if (archive.has(split.key() + "_masks")) {
                found.add(Targets.MASKS);
              }
              return Optional.of(found);
            });
    return all.orElseThrow();
  }

  private record Parts(Opened images, Opened targets) {}

  /** What is made of an open archive; empty where it is not there. */
  interface Reading<T> {
    Optional<T> from(NpzArchive archive) throws IOException;
  }

  /** Opens an archive for one reading; a broken one is malformed. */
  static <T> Optional<T> reading(Path file, Reading<T> reading) throws IOException {
    long fileBytes = Files.size(file);
    try (NpzArchive archive = NpzArchive.open(file)) {
      return reading.from(archive);
    } catch (ZipException | EOFException broken) {
      throw new MalformedData(file, "not a whole zip archive", "%d bytes".formatted(fileBytes));
    }
  }

  /** Images and targets of a split; nothing when both are absent. */
  private static Optional<Parts> parts(NpzArchive archive, Path file, Split split, String targets)
      throws IOException {
    String imagesKey = split.key() + "_images";
    String targetsKey = split.key() + targets;
    if (!archive.has(imagesKey) && !archive.has(targetsKey)) {
      return Optional.empty();
    }
    if (!archive.has(imagesKey) || !archive.has(targetsKey)) {
      throw new MalformedData(
          file,
          "half a split",
          "only %s is there".formatted(archive.has(imagesKey) ? imagesKey : targetsKey));
    }
    return Optional.of(
        new Parts(archive.find(imagesKey).orElseThrow(), archive.find(targetsKey).orElseThrow()));
  }

  private static int[] labels(Opened opened, int classesMax, Bounds bounds) throws IOException {
    checkColumn(opened, "labels");
    checkCount(opened, bounds);
    int[] labels = new int[opened.shape().get(0)];
    opened.forEach(
        (index, value) -> {
          if (value < 0 || value >= classesMax) {
            throw opened.refusal(
                "label out of range", "%s[%d], 0-%d allowed", opened.key(), index, classesMax - 1);
          }
          labels[index] = (int) value;
        });
    return labels;
  }

  private static void checkColumn(Opened opened, String what) throws MalformedData {
    List<Integer> shape = opened.shape();
    boolean column = shape.size() == 1 || (shape.size() == 2 && shape.get(1) == 1);
    if (!column || opened.array().type() == NpyArray.Type.F4) {
      throw opened.refusal(
          what + " must be whole numbers of shape (n) or (n, 1)",
          "%s is %s %s",
          opened.key(),
          opened.array().type(),
          shape);
    }
  }

  private static ImageSet images(Opened opened, int[] labels, Bounds bounds) throws IOException {
    List<Integer> shape = opened.shape();
    int channels = shape.size() == 4 ? shape.get(3) : 1;
    if (shape.size() < 3 || channels > CHANNELS_MAX) {
      throw opened.refusal(
          "images must have shape (n, h, w) or (n, h, w, c) with c 1-4",
          "%s is %s",
          opened.key(),
          shape);
    }
    checkCount(opened, bounds);
    if (shape.get(0) != labels.length) {
      throw opened.refusal(
          "images and labels differ in number",
          "%d images, %d labels",
          shape.get(0),
          labels.length);
    }
    if (opened.array().length() > bounds.pixelsMax()) {
      throw opened.refusal(
          "too many pixels", "%s %s, at most %d", opened.key(), shape, bounds.pixelsMax());
    }
    int area = shape.get(1) * shape.get(2);
    byte[] pixels = new byte[(int) opened.array().length()];
    boolean unit = opened.array().type() == NpyArray.Type.F4;
    double valueMax = unit ? 1 : 255;
    opened.forEach(
        (index, value) -> {
          if (!(value >= 0 && value <= valueMax)) {
            throw opened.refusal(
                "grey value out of range", "%s[%d], 0-%.0f allowed", opened.key(), index, valueMax);
          }
          int image = index / (area * channels);
          int within = index % (area * channels);
          int place = (image * channels + within % channels) * area + within / channels;
          pixels[place] = (byte) (unit ? Math.round(value * 255) : (int) value);
        });
    return new ImageSet(channels, shape.get(1), shape.get(2), pixels, labels);
  }

  private static void checkCount(Opened opened, Bounds bounds) throws MalformedData {
    int count = opened.shape().get(0);
    if (count > bounds.imagesMax()) {
      throw opened.refusal(
          "too many images", "%s has %d, at most %d", opened.key(), count, bounds.imagesMax());
    }
  }
}
