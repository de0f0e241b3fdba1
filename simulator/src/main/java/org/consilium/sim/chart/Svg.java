package org.consilium.sim.chart;

import java.util.Locale;

/** SVG text, element by element; numbers in the C locale with at most two decimals. */
final class Svg {
  private final StringBuilder text = new StringBuilder(4096);

  Svg(int width, int height, String label) {
    text.append(
        "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"%s\" class=\"chart\">\n"
            .formatted(width, height, Markup.escape(label)));
  }

  /** The finished element. */
  String finish() {
    return text + "</svg>\n";
  }

  Svg line(double x1, double y1, double x2, double y2, String style) {
    text.append(
        "<line x1=\"%s\" y1=\"%s\" x2=\"%s\" y2=\"%s\" class=\"%s\"/>\n"
            .formatted(number(x1), number(y1), number(x2), number(y2), style));
    return this;
  }

  Svg rectangle(Box box, String style, String title) {
    text.append(
        "<rect x=\"%s\" y=\"%s\" width=\"%s\" height=\"%s\" class=\"%s\"><title>%s</title></rect>\n"
            .formatted(
                number(box.x),
                number(box.y),
                number(Math.max(0, box.width)),
                number(Math.max(0, box.height)),
                style,
                Markup.escape(title)));
    return this;
  }

  Svg text(double x, double y, String style, String words) {
    text.append(
        "<text x=\"%s\" y=\"%s\" class=\"%s\">%s</text>\n"
            .formatted(number(x), number(y), style, Markup.escape(words)));
    return this;
  }

  Svg path(String data, String style) {
    text.append("<path d=\"%s\" class=\"%s\"/>\n".formatted(data, style));
    return this;
  }

  /** A marker whose shape tells series apart without colour. */
  Svg marker(double x, double y, int shape, String style) {
    String data =
        switch (shape % 4) {
          case 0 -> "M%s %sm-3 0a3 3 0 1 0 6 0a3 3 0 1 0-6 0z";
          case 1 -> "M%s %sm-2.7-2.7h5.4v5.4h-5.4z";
          case 2 -> "M%s %sm0-3.6l3.4 6h-6.8z";
          default -> "M%s %sm0-3.8l3.4 3.8l-3.4 3.8l-3.4-3.8z";
        };
    return path(data.formatted(number(x), number(y)), style);
  }

  static String number(double value) {
    String text = String.format(Locale.ROOT, "%.2f", value);
    return text.endsWith(".00") ? text.substring(0, text.length() - 3) : text;
  }

  /** A round step that cuts {@code span} into four to ten parts. */
  static double step(double span) {
    double step = Math.pow(10, Math.floor(Math.log10(span)));
    for (double part : new double[] {1, 0.5, 0.2, 0.1}) {
      if (span / (step * part) >= 4) {
        return step * part;
      }
    }
    return step * 0.1;
  }

  /** A rectangle in the drawing's units. */
  record Box(double x, double y, double width, double height) {}
}
