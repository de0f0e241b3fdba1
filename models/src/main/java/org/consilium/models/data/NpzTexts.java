package org.consilium.models.data;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.consilium.models.data.NpzArchive.Opened;

/**
 * Reader of the texts in a {@code .npz} file: {@code {train,val,test}_texts} of shape (n, m),
 * unsigned bytes, one text of UTF-8 a row, filled up with zeros. The file is not trusted, and no
 * message repeats a text.
 */
public final class NpzTexts {
  private NpzTexts() {}

  /**
   * The texts of one split.
   *
   * @param images of the same split, in the same order
   * @return empty if the file has none
   * @throws MalformedData if they are not in this layout, exceed the bounds, or are not as many as
   *     the images
   * @throws IOException if the file cannot be read
   */
  public static Optional<LabelledTexts> read(
      Path file, Split split, ImageSet images, NpzFile.Bounds bounds) throws IOException {
    return NpzFile.reading(
        file,
        archive -> {
          Optional<Opened> found = archive.find(split.key() + "_texts");
          return found.isEmpty()
              ? Optional.empty()
              : Optional.of(new LabelledTexts(images, texts(found.get(), images.count(), bounds)));
        });
  }

  private static List<String> texts(Opened opened, int images, NpzFile.Bounds bounds)
      throws IOException {
    List<Integer> shape = opened.shape();
    if (shape.size() != 2 || opened.array().type() != NpyArray.Type.U1) {
      throw opened.refusal(
          "texts must be unsigned bytes of shape (n, m)",
          "%s is %s %s",
          opened.key(),
          opened.array().type(),
          shape);
    }
    if (shape.get(1) > LabelledTexts.BYTES_MAX) {
      throw opened.refusal(
          "text too long",
          "%s has rows of %d bytes, at most %d",
          opened.key(),
          shape.get(1),
          LabelledTexts.BYTES_MAX);
    }
    if (shape.get(0) != images) {
      throw opened.refusal(
          "images and texts differ in number", "%d images, %d texts", images, shape.get(0));
    }
    if (opened.array().length() > bounds.pixelsMax()) {
      throw opened.refusal(
          "too many texts", "%s %s, at most %d bytes", opened.key(), shape, bounds.pixelsMax());
    }
    byte[] bytes = new byte[Math.toIntExact(opened.array().length())];
    opened.forEach((index, value) -> bytes[index] = (byte) value);
    List<String> texts = new ArrayList<>();
    for (int row = 0; row < images; row++) {
      texts.add(text(opened, bytes, row, shape.get(1)));
    }
    return texts;
  }

  private static String text(Opened opened, byte[] bytes, int row, int width) throws MalformedData {
    int from = row * width;
    int length = width;
    while (length > 0 && bytes[from + length - 1] == 0) {
      length--;
    }
    try {
      String text =
          StandardCharsets.UTF_8
              .newDecoder()
              .decode(ByteBuffer.wrap(bytes, from, length))
              .toString();
      if (text.isBlank() || text.indexOf('\0') >= 0) {
        throw opened.refusal(
            text.isBlank() ? "text is empty" : "text has a zero within",
            "%s, row %d",
            opened.key(),
            row);
      }
      return text;
    } catch (CharacterCodingException notText) {
      throw opened.refusal("text is not UTF-8", "%s, row %d", opened.key(), row);
    }
  }
}
