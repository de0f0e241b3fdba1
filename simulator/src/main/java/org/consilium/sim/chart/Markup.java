package org.consilium.sim.chart;

/** Words made harmless inside SVG and HTML, as text or as a quoted attribute. */
public final class Markup {
  private Markup() {}

  /** The words with the four characters that markup would read replaced. */
  public static String escape(String words) {
    return words
        .replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace("\"", "&quot;");
  }
}
