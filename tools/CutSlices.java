import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.zip.Deflater;
import java.util.zip.DeflaterOutputStream;
import java.util.zip.GZIPInputStream;

/**
 * Cuts the bundled demonstration slices out of the Colin27 head: every 4th slice of each plane with at
 * least 2,000 brain pixels. Run as {@code java tools/CutSlices.java HEAD.nii.gz BRAIN.nii.gz OUT.bin};
 * see tools/README.md for where the two volumes come from and for the file format.
 */
final class CutSlices {
  private static final int STEP = 4;
  private static final int BRAIN_PIXELS_MIN = 2_000;
  private static final int HEADER_BYTES = 348;
  private static final int DIMENSION_MAX = 1_024;

  /** A volume of unsigned 8-bit voxels, x fastest. */
  private record Volume(int nx, int ny, int nz, byte[] voxels) {
    int at(int x, int y, int z) {
      return voxels[(z * ny + y) * nx + x] & 0xff;
    }
  }

  public static void main(String[] args) throws Exception {
    if (args.length != 3) {
      System.err.println("usage: java tools/CutSlices.java HEAD.nii.gz BRAIN.nii.gz OUT.bin");
      System.exit(2);
    }
    Volume head = read(Path.of(args[0]));
    Volume brain = read(Path.of(args[1]));
    if (head.nx != brain.nx || head.ny != brain.ny || head.nz != brain.nz) {
      throw new IOException("head and brain are not on one grid");
    }
    ByteArrayOutputStream content = new ByteArrayOutputStream();
    int[] counts = new int[3];
    ByteArrayOutputStream slices = new ByteArrayOutputStream();
    DataOutputStream out = new DataOutputStream(slices);
    for (int plane = 0; plane < 3; plane++) {
      int depth = plane == 0 ? head.nz : plane == 1 ? head.ny : head.nx;
      for (int index = 0; index < depth; index += STEP) {
        counts[plane] += cut(head, brain, plane, index, out) ? 1 : 0;
      }
    }
    new DataOutputStream(content).write("CSL1".getBytes(StandardCharsets.US_ASCII));
    new DataOutputStream(content).writeShort(counts[0] + counts[1] + counts[2]);
    slices.writeTo(content);

    ByteArrayOutputStream deflated = new ByteArrayOutputStream();
    try (var deflater = new DeflaterOutputStream(deflated, new Deflater(9))) {
      content.writeTo(deflater);
    }
    Files.write(Path.of(args[2]), deflated.toByteArray());
    System.out.printf(
        "axial %d, coronal %d, sagittal %d; content %d bytes, sha256 %s; file %d bytes, sha256 %s%n",
        counts[0], counts[1], counts[2], content.size(), sha256(content.toByteArray()),
        deflated.size(), sha256(deflated.toByteArray()));
  }

  /** Rows run from the top of the head, or from the nose, downwards; columns as the volume's axes. */
  private static boolean cut(Volume head, Volume brain, int plane, int index, DataOutputStream out)
      throws IOException {
    int width = plane == 2 ? head.ny : head.nx;
    int height = plane == 0 ? head.ny : head.nz;
    byte[] pixels = new byte[width * height];
    byte[] mask = new byte[(width * height + 7) / 8];
    int inBrain = 0;
    for (int row = 0; row < height; row++) {
      for (int column = 0; column < width; column++) {
        int up = height - 1 - row;
        int x = plane == 2 ? index : column;
        int y = plane == 0 ? up : plane == 1 ? index : column;
        int z = plane == 0 ? index : up;
        int at = row * width + column;
        pixels[at] = (byte) head.at(x, y, z);
        if (brain.at(x, y, z) > 0) {
          mask[at / 8] |= (byte) (0x80 >> (at % 8));
          inBrain++;
        }
      }
    }
    if (inBrain < BRAIN_PIXELS_MIN) {
      return false;
    }
    out.writeByte(plane);
    out.writeShort(index);
    out.writeShort(width);
    out.writeShort(height);
    out.write(pixels);
    out.write(mask);
    return true;
  }

  /** NIfTI-1, single file, unsigned 8-bit, three dimensions, axes along the patient's (no flip). */
  private static Volume read(Path file) throws IOException {
    try (var in = new GZIPInputStream(new ByteArrayInputStream(Files.readAllBytes(file)))) {
      ByteBuffer header = ByteBuffer.wrap(in.readNBytes(HEADER_BYTES)).order(ByteOrder.LITTLE_ENDIAN);
      if (header.limit() < HEADER_BYTES || header.getInt(0) != HEADER_BYTES) {
        throw new IOException(file + ": no little-endian NIfTI-1 header");
      }
      int nx = header.getShort(42);
      int ny = header.getShort(44);
      int nz = header.getShort(46);
      if (header.getShort(40) != 3 || Math.min(nx, Math.min(ny, nz)) < 1
          || Math.max(nx, Math.max(ny, nz)) > DIMENSION_MAX || header.getShort(70) != 2) {
        throw new IOException(file + ": three dimensions of 1-1024 and unsigned 8-bit voxels needed");
      }
      for (int axis = 0; axis < 3; axis++) {
        if (header.getFloat(280 + 16 * axis + 4 * axis) != 1f) {
          throw new IOException(file + ": the affine is not the 1-mm identity with an origin");
        }
      }
      in.skipNBytes((int) header.getFloat(108) - HEADER_BYTES);
      byte[] voxels = in.readNBytes(nx * ny * nz);
      if (voxels.length != nx * ny * nz) {
        throw new IOException(file + ": cut short");
      }
      return new Volume(nx, ny, nz, voxels);
    }
  }

  private static String sha256(byte[] bytes) throws Exception {
    return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
  }
}
