package org.consilium.models.checkpoint;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.consilium.models.catalog.Architecture;
import org.consilium.models.catalog.VisionTransformer;
import org.consilium.models.checkpoint.CheckpointRefused.Reason;
import org.consilium.models.checkpoint.PositionRule.Grid;
import org.consilium.models.params.ParameterSource;
import org.consilium.models.params.SafetensorsFile;
import org.consilium.models.params.TensorSpec;

/** Finds for every tensor of an architecture where it stands in a file, strictly. */
final class Matching {
  private static final String POSITIONS = "pos_embed";
  private static final String CLASS_TOKEN = "cls_token";

  /** Tensors that some families store with other dimensions of 1; the values' order is the same. */
  private static final Pattern LOOSE =
      Pattern.compile(
          "cls_token|reg_token|pos_embed|.*\\.mlp\\.fc[12]\\.weight|.*\\.mlp\\.grn\\.(weight|bias)");

  /** The outcome: one reading a tensor of the layout. */
  record Matched(
      List<Reading> readings, List<String> passedOver, List<String> fresh, boolean resampled) {}

  private final SafetensorsFile file;
  private final Architecture architecture;
  private final Checkpoint.Wanted wanted;
  private final Map<String, SortedMap<String, Integer>> parts = new HashMap<>();
  private final Set<String> ours = new HashSet<>();
  private final List<String> passedOver = new ArrayList<>();
  private final List<String> fresh = new ArrayList<>();
  private final List<String> misshapen = new ArrayList<>();
  private boolean resampled;

  Matching(SafetensorsFile file, Architecture architecture, Checkpoint.Wanted wanted) {
    this.file = file;
    this.architecture = architecture;
    this.wanted = wanted;
    architecture.layout().tensors().forEach(tensor -> ours.add(tensor.name()));
  }

  Matched match() throws IOException {
    requireEpsilon();
    sort();
    List<Reading> readings = new ArrayList<>();
    List<String> missing = new ArrayList<>();
    ParameterSource start = architecture.initial(wanted.seed());
    for (int t = 0; t < architecture.layout().tensors().size(); t++) {
      TensorSpec tensor = architecture.layout().tensors().get(t);
      Reading.Fresh begun = new Reading.Fresh(start, architecture.layout().offset(t));
      SortedMap<String, Integer> found = parts.get(tensor.name());
      if (found != null && complete(found)) {
        readings.add(reading(tensor, found));
      } else if (found == null && isFresh(tensor.name())) {
        fresh.add(tensor.name());
        readings.add(begun);
      } else {
        missing.add(tensor.name());
        readings.add(begun);
      }
    }
    if (!missing.isEmpty()) {
      throw CheckpointRefused.of(
          Reason.MISSING, "tensor(s) of the architecture are not in the file", missing);
    }
    if (!misshapen.isEmpty()) {
      throw CheckpointRefused.of(Reason.SHAPE, "tensor(s) have another shape", misshapen);
    }
    return new Matched(
        List.copyOf(readings), List.copyOf(passedOver), List.copyOf(fresh), resampled);
  }

  private void requireEpsilon() throws CheckpointRefused {
    if (architecture instanceof VisionTransformer vision) {
      float expected = vision.shape().variant().epsilon();
      // timm's own names are the same for its CLIP towers, whose epsilon is CLIP's.
      boolean clip = wanted.family() == Family.TIMM && vision.shape().variant().preNorm();
      float family = clip ? Family.OPEN_CLIP.epsilon() : wanted.family().epsilon();
      if (expected != family) {
        throw new CheckpointRefused(
            Reason.EPSILON,
            "normalisations of family %s add %s, those of the architecture %s"
                .formatted(wanted.family().key(), family, expected));
      }
    }
  }

  /** Every tensor of the file to one of ours, or to those passed over. */
  private void sort() throws CheckpointRefused {
    List<String> left = new ArrayList<>();
    for (int t = 0; t < file.layout().tensors().size(); t++) {
      TensorSpec tensor = file.layout().tensors().get(t);
      String name = wanted.family().ours(tensor.name());
      int mark = name.indexOf('#');
      String target = mark < 0 ? name : name.substring(0, mark);
      boolean dropped = wanted.freshHead() && ofHead(target);
      // An averaging model has its last normalisation elsewhere; the pre-trained one is not used.
      boolean norm = wanted.freshHead() && target.startsWith("norm.") && !ours.contains(target);
      if (wanted.family().ignores(tensor.name()) || dropped || norm) {
        passedOver.add(tensor.name());
      } else if (ours.contains(target)) {
        String part = mark < 0 ? "" : name.substring(mark + 1);
        Integer twice = parts.computeIfAbsent(target, _ -> new TreeMap<>()).put(part, t);
        if (twice != null) {
          left.add(tensor.name() + " (a second " + target + ")");
        }
      } else {
        left.add(tensor.name());
      }
    }
    if (!left.isEmpty()) {
      throw CheckpointRefused.of(
          Reason.LEFT_OVER,
          "tensor(s) of the file belong to nothing in %s names of the architecture"
              .formatted(wanted.family().key()),
          left);
    }
  }

  private static boolean complete(SortedMap<String, Integer> found) {
    Set<String> marks = found.keySet();
    return marks.equals(Set.of(""))
        || marks.equals(Set.of("t"))
        || marks.equals(Set.of("0", "1", "2"));
  }

  private static boolean ofHead(String name) {
    return name.startsWith("head.") && !name.startsWith("head.norm.");
  }

  /** What may be absent: a new head, and a bias that the family's projection does not have. */
  private boolean isFresh(String name) {
    boolean bias =
        name.equals("head.bias")
            && (wanted.family() == Family.OPEN_CLIP || wanted.family() == Family.BIOMED_CLIP);
    return bias || (wanted.freshHead() && (ofHead(name) || name.startsWith("fc_norm.")));
  }

  private Reading reading(TensorSpec tensor, SortedMap<String, Integer> found) throws IOException {
    if (found.containsKey("t")) {
      return transposed(tensor, found.get("t"));
    }
    if (architecture instanceof VisionTransformer vision) {
      boolean folds = folds(vision);
      if (tensor.name().equals(POSITIONS)) {
        return positions(tensor, found.firstEntry().getValue(), vision);
      }
      if (tensor.name().equals(CLASS_TOKEN) && folds) {
        return placed(tensor, found.firstEntry().getValue());
      }
    }
    List<Integer> tensors = List.copyOf(found.values());
    List<Integer> shape = shape(tensors);
    boolean loose =
        LOOSE.matcher(tensor.name()).matches() && bare(shape).equals(bare(tensor.shape()));
    if (!shape.equals(tensor.shape()) && !loose) {
      misshapen(tensor, shape);
    }
    return new Reading.Rows(tensors);
  }

  /** The shape of some tensors, one under the other; empty if they do not fit together. */
  private List<Integer> shape(List<Integer> tensors) {
    List<Integer> shape = new ArrayList<>(spec(tensors.getFirst()).shape());
    for (int tensor : tensors.subList(1, tensors.size())) {
      List<Integer> next = spec(tensor).shape();
      if (shape.isEmpty() || !next.subList(1, next.size()).equals(shape.subList(1, shape.size()))) {
        return List.of();
      }
      shape.set(0, shape.getFirst() + next.getFirst());
    }
    return shape;
  }

  private Reading transposed(TensorSpec tensor, int source) throws IOException {
    List<Integer> shape = spec(source).shape();
    if (!tensor.shape().equals(shape.reversed())) {
      misshapen(tensor, shape);
      return new Reading.Rows(List.of(source));
    }
    float[] values = values(source);
    int rows = shape.get(0);
    int columns = shape.get(1);
    float[] turned = new float[values.length];
    for (int row = 0; row < rows; row++) {
      for (int column = 0; column < columns; column++) {
        turned[column * rows + row] = values[row * columns + column];
      }
    }
    return new Reading.Computed(turned);
  }

  /**
   * With registers, DINOv2 gives a place to the class token but none to the registers; timm adds it
   * to the token once and for all.
   */
  private boolean folds(VisionTransformer vision) {
    boolean dinov2 = wanted.family() == Family.DINOV2 || wanted.family() == Family.HF_DINOV2;
    return dinov2 && !vision.shape().tokens().prefixPlaced() && parts.containsKey(POSITIONS);
  }

  private Reading placed(TensorSpec token, int source) throws IOException {
    float[] values = values(source);
    Integer table = parts.getOrDefault(POSITIONS, new TreeMap<>()).get("");
    if (values.length != token.length() || table == null) {
      misshapen(token, spec(source).shape());
      return new Reading.Rows(List.of(source));
    }
    float[] place = new float[values.length];
    if (spec(table).length() >= place.length) {
      file.read(file.layout().offset(table), place, 0, place.length);
    }
    for (int i = 0; i < values.length; i++) {
      values[i] += place[i];
    }
    return new Reading.Computed(values);
  }

  private Reading positions(TensorSpec tensor, int source, VisionTransformer vision)
      throws IOException {
    VisionTransformer.Shape shape = vision.shape();
    int width = shape.body().width();
    List<Integer> seen = bare(spec(source).shape());
    boolean folds = folds(vision);
    int kept = shape.tokens().prefixPlaced() ? shape.tokens().prefix() : 0;
    int prefix = folds ? 1 : kept;
    int rows = seen.size() == 2 ? seen.getFirst() : 0;
    if (rows <= prefix || seen.getLast() != width) {
      misshapen(tensor, spec(source).shape());
      return new Reading.Rows(List.of(source));
    }
    Grid to = new Grid(shape.image().rows(), shape.image().columns());
    int cells = rows - prefix;
    boolean strict = wanted.positions() instanceof PositionRule.Strict;
    boolean same = cells == to.cells() && (strict || to.square());
    if (same && !folds) {
      return new Reading.Rows(List.of(source));
    }
    float[] table = values(source);
    if (!same) {
      table = wanted.positions().resample(table, prefix, square(cells, to), to);
      resampled = true;
    }
    int skipped = (prefix - kept) * width;
    return new Reading.Computed(java.util.Arrays.copyOfRange(table, skipped, table.length));
  }

  private Grid square(int cells, Grid to) throws CheckpointRefused {
    int edge = (int) Math.round(Math.sqrt(cells));
    if (wanted.positions() instanceof PositionRule.Strict || edge * edge != cells) {
      throw new CheckpointRefused(
          Reason.GRID,
          "its position table has %d cells, the architecture %d x %d; %s"
              .formatted(
                  cells,
                  to.rows(),
                  to.columns(),
                  edge * edge == cells
                      ? "name a rule to resample it"
                      : "only square tables are resampled"));
    }
    return new Grid(edge, edge);
  }

  private void misshapen(TensorSpec tensor, List<Integer> seen) {
    misshapen.add("%s %s instead of %s".formatted(tensor.name(), seen, tensor.shape()));
  }

  private TensorSpec spec(int tensor) {
    return file.layout().tensors().get(tensor);
  }

  private float[] values(int tensor) throws IOException {
    float[] values = new float[Math.toIntExact(spec(tensor).length())];
    file.read(file.layout().offset(tensor), values, 0, values.length);
    return values;
  }

  private static List<Integer> bare(List<Integer> shape) {
    return shape.stream().filter(dimension -> dimension != 1).toList();
  }
}
