package org.consilium.models.data.folder;

import java.awt.image.BufferedImage;
import java.awt.image.IndexColorModel;
import java.awt.image.Raster;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.stream.ImageInputStream;
import javax.imageio.stream.MemoryCacheImageInputStream;
import org.consilium.models.data.MalformedData;

/**
 * One PNG or JPEG file, decoded. The file is not trusted: format and size are read before any
 * pixel.
 *
 * @param channels 1 or 3
 * @param bits of a sample as stored, 8 or 16
 * @param samples channel first, 0-255 or 0-65535
 */
@SuppressWarnings("ArrayRecordComponent") // large, compared by nobody
record Picture(int channels, int height, int width, int bits, int[] samples) {
  private static final long BYTES_MAX = 256L << 20;

  /** Largest picture that is decoded: 64 million pixels. */
  private static final long PIXELS_MAX = 64L << 20;

  private static final List<String> FORMATS = List.of("png", "jpeg");

  static Picture read(Path file, String name) throws IOException {
    long bytes = Files.size(file);
    if (bytes > BYTES_MAX) {
      throw refusal(file, "picture too large", name, "%d bytes, at most %d", bytes, BYTES_MAX);
    }
    byte[] content = Files.readAllBytes(file);
    try (ImageInputStream in = new MemoryCacheImageInputStream(new ByteArrayInputStream(content))) {
      Iterator<ImageReader> readers = ImageIO.getImageReaders(in);
      while (readers.hasNext()) {
        ImageReader reader = readers.next();
        try {
          if (FORMATS.contains(reader.getFormatName().toLowerCase(Locale.ROOT))) {
            if (!Completeness.of(content)) {
              throw refusal(file, "picture is damaged or cut short", name, "%d bytes", bytes);
            }
            reader.setInput(in, true, true);
            return decode(reader, file, name, bytes);
          }
        } finally {
          reader.dispose();
        }
      }
      throw refusal(file, "neither PNG nor JPEG", name, "%d bytes", bytes);
    } catch (MalformedData refused) {
      throw refused;
    } catch (IOException | RuntimeException broken) {
      // The decoders answer broken files with exceptions of many kinds.
      throw refusal(file, "picture is damaged or of a kind not read", name, "%d bytes", bytes);
    }
  }

  private static Picture decode(ImageReader reader, Path file, String name, long bytes)
      throws IOException {
    int width = reader.getWidth(0);
    int height = reader.getHeight(0);
    if (width < 1 || height < 1 || (long) width * height > PIXELS_MAX) {
      throw refusal(
          file,
          "picture has too many pixels",
          name,
          "%dx%d, at most %d",
          height,
          width,
          PIXELS_MAX);
    }
    BufferedImage image = reader.read(0);
    if (image.getColorModel().hasAlpha()) {
      throw refusal(file, "picture is transparent; store it without", name, "%dx%d", height, width);
    }
    Raster raster = image.getRaster();
    int depth = image.getColorModel().getComponentSize(0);
    boolean plainGrey =
        raster.getNumBands() == 1
            && (depth == 8 || depth == 16)
            && !(image.getColorModel() instanceof IndexColorModel);
    if (plainGrey) {
      int[] samples = raster.getSamples(0, 0, width, height, 0, (int[]) null);
      return new Picture(1, height, width, depth, samples);
    }
    if (depth == 16) {
      throw refusal(file, "16-bit colour is not read", name, "%d bytes", bytes);
    }
    return palette(image, height, width);
  }

  /** Colour, and grey of 1, 2 or 4 bits or from a palette. */
  private static Picture palette(BufferedImage image, int height, int width) {
    int area = height * width;
    int[] rgb = image.getRGB(0, 0, width, height, null, 0, width);
    boolean grey = image.getRaster().getNumBands() == 1;
    int[] samples = new int[3 * area];
    for (int i = 0; i < area; i++) {
      int red = (rgb[i] >> 16) & 0xff;
      int green = (rgb[i] >> 8) & 0xff;
      int blue = rgb[i] & 0xff;
      grey &= red == green && green == blue;
      samples[i] = red;
      samples[area + i] = green;
      samples[2 * area + i] = blue;
    }
    return grey
        ? new Picture(1, height, width, 8, Arrays.copyOf(samples, area))
        : new Picture(3, height, width, 8, samples);
  }

  /** With 8-bit samples: 16-bit ones are scaled so that 0-65535 becomes 0-255, rounded. */
  Picture eightBit() {
    if (bits == 8) {
      return this;
    }
    int[] scaled = new int[samples.length];
    for (int i = 0; i < scaled.length; i++) {
      scaled[i] = (samples[i] + 128) / 257;
    }
    return new Picture(channels, height, width, 8, scaled);
  }

  /** In the given number of channels: luma of Rec. 601, or grey three times; 0 changes nothing. */
  Picture in(int wanted) {
    if (wanted == 0 || wanted == channels) {
      return this;
    }
    int area = height * width;
    int[] other = new int[wanted * area];
    for (int i = 0; i < area; i++) {
      if (wanted == 1) {
        int luma = 299 * samples[i] + 587 * samples[area + i] + 114 * samples[2 * area + i];
        other[i] = (luma + 500) / 1000;
      } else {
        other[i] = samples[i];
        other[area + i] = samples[i];
        other[2 * area + i] = samples[i];
      }
    }
    return new Picture(wanted, height, width, bits, other);
  }

  String shape() {
    return "%dx%dx%d".formatted(channels, height, width);
  }

  @SuppressWarnings("AnnotateFormatMethod") // the annotation is in no library of this module
  private static MalformedData refusal(
      Path file, String what, String name, String format, Object... numbers) {
    String where = name.equals(String.valueOf(file.getFileName())) ? "" : name + ", ";
    return new MalformedData(file, what, where + format.formatted(numbers));
  }
}
