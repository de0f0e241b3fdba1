package org.consilium.models.data;

import java.io.DataInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.zip.InflaterInputStream;

/**
 * The head slices that simulated cases are drawn on: T1 slices of one head (Colin27, every 4th
 * slice of three planes, 1 mm, with brain masks), split by slabs of 20 mm so that neighbours never
 * stand in two splits; or a procedural phantom for tests.
 */
public final class BundledSlices {
  /** What every screen and report that uses the set must say. */
  public static final String LABEL = "real anatomy, simulated lesions, one subject";

  /** What a screen or report that uses the phantom must say. */
  public static final String PHANTOM_LABEL = "procedural phantom, simulated lesions";

  private static final String RESOURCE = "colin-slices.bin";
  private static final String MAGIC = "CSL1";
  private static final int SLAB_MM = 20;

  /** The planes, in the order of the file. */
  enum Plane {
    AXIAL,
    CORONAL,
    SAGITTAL
  }

  /**
   * One slice at 1 mm, first row at the top of the head or at the nose.
   *
   * @param index position along the plane's axis in mm
   * @param pixels unsigned 8-bit, row-major; shared, never changed
   * @param brain true inside the brain; shared, never changed
   */
  @SuppressWarnings("ArrayRecordComponent") // large, shared, compared by nobody
  record Slice(Plane plane, int index, int width, int height, byte[] pixels, boolean[] brain) {
    int slab() {
      return index / SLAB_MM;
    }
  }

  private final List<Slice> slices;
  private final String label;

  BundledSlices(List<Slice> slices, String label) {
    this.slices = List.copyOf(slices);
    this.label = label;
  }

  /** The set that is part of the product. */
  public static BundledSlices colin() {
    try (InputStream packed = BundledSlices.class.getResourceAsStream(RESOURCE)) {
      if (packed == null) {
        throw new IllegalStateException("the product was built without " + RESOURCE);
      }
      return new BundledSlices(read(new DataInputStream(new InflaterInputStream(packed))), LABEL);
    } catch (IOException broken) {
      throw new IllegalStateException("the product's own %s is broken".formatted(RESOURCE), broken);
    }
  }

  /** A drawn head with no anatomy, of the same size and with the same splits; needs no file. */
  public static BundledSlices phantom() {
    return new BundledSlices(Phantom.slices(), PHANTOM_LABEL);
  }

  /** What must be said wherever the set is shown. */
  public String label() {
    return label;
  }

  /** Number of slices in a split. */
  public int count(Split split) {
    return of(split).size();
  }

  /** All slices, gaps included. */
  List<Slice> all() {
    return slices;
  }

  /**
   * The slices of a split: slab mod 5 is 0-2 for training, 3 for validation, 4 for test. A slice
   * whose predecessor is in another split is a gap and belongs to none.
   */
  List<Slice> of(Split split) {
    List<Slice> chosen = new ArrayList<>();
    for (int i = 0; i < slices.size(); i++) {
      Slice slice = slices.get(i);
      boolean first = i == 0 || slices.get(i - 1).plane() != slice.plane();
      if (splitOf(slice) == split && (first || splitOf(slices.get(i - 1)) == split)) {
        chosen.add(slice);
      }
    }
    return chosen;
  }

  private static Split splitOf(Slice slice) {
    return switch (slice.slab() % 5) {
      case 3 -> Split.VALIDATION;
      case 4 -> Split.TEST;
      default -> Split.TRAIN;
    };
  }

  private static List<Slice> read(DataInputStream in) throws IOException {
    byte[] magic = in.readNBytes(MAGIC.length());
    if (!Arrays.equals(magic, MAGIC.getBytes(StandardCharsets.US_ASCII))) {
      throw new IOException("the file does not begin with " + MAGIC);
    }
    int count = in.readUnsignedShort();
    List<Slice> slices = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      Plane plane = Plane.values()[in.readUnsignedByte()];
      int index = in.readUnsignedShort();
      int width = in.readUnsignedShort();
      int height = in.readUnsignedShort();
      byte[] pixels = new byte[width * height];
      in.readFully(pixels);
      byte[] bits = new byte[(width * height + 7) / 8];
      in.readFully(bits);
      boolean[] brain = new boolean[width * height];
      for (int at = 0; at < brain.length; at++) {
        brain[at] = (bits[at / 8] & (0x80 >> (at % 8))) != 0;
      }
      slices.add(new Slice(plane, index, width, height, pixels, brain));
    }
    return slices;
  }
}
