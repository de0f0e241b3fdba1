package org.consilium.sim.report;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Optional;
import org.consilium.sim.chart.Markup;
import org.consilium.sim.report.DemoReport.Score;

/** Small pieces of markup and of wording. */
final class Html {
  private static final double MIB = 1024.0 * 1024.0;

  private Html() {}

  static String figure(String title, String caption, String body) {
    return """
    <figure><h3>%s</h3>
    %s<figcaption>%s</figcaption></figure>
    """
        .formatted(Markup.escape(title), body, Markup.escape(caption));
  }

  static String section(String id, String title, String body) {
    return """
    <section id="%s" aria-labelledby="%s-title">
    <h2 id="%s-title">%s</h2>
    %s</section>
    """
        .formatted(id, id, id, Markup.escape(title), body);
  }

  static String paragraph(String words) {
    return "<p>" + Markup.escape(words) + "</p>\n";
  }

  static String decimal(double value, int digits) {
    return String.format(Locale.ROOT, "%." + digits + "f", value);
  }

  static String score(Optional<Score> score) {
    return score
        .map(
            s ->
                "%s (%s–%s)"
                    .formatted(decimal(s.value(), 3), decimal(s.low(), 3), decimal(s.high(), 3)))
        .orElse("–");
  }

  static String mebibytes(double bytes) {
    return decimal(bytes / MIB, 1) + " MiB";
  }

  static String seconds(double seconds) {
    return decimal(seconds, 1) + " s";
  }

  static String key(String... pairs) {
    StringBuilder list = new StringBuilder("<ul class=\"key-list\" aria-label=\"legend\">");
    for (int i = 0; i < pairs.length; i += 2) {
      String shape =
          pairs[i].startsWith("bar")
              ? "<rect x=\"4\" y=\"1\" width=\"26\" height=\"10\" class=\"%s\"/>"
              : "<path d=\"M1 6H33\" class=\"%s\"/>";
      list.append("<li><svg viewBox=\"0 0 34 12\" class=\"chart\" aria-hidden=\"true\">")
          .append(shape.formatted(pairs[i]))
          .append("</svg>")
          .append(Markup.escape(pairs[i + 1]))
          .append("</li>");
    }
    return list.append("</ul>\n").toString();
  }

  /** The page's style sheet. */
  static String style() {
    try (InputStream in = Html.class.getResourceAsStream("report.css")) {
      if (in == null) {
        throw new IllegalStateException("report.css is not beside the page");
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException unreadable) {
      throw new UncheckedIOException("read report.css", unreadable);
    }
  }
}
