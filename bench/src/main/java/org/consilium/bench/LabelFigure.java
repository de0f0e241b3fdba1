package org.consilium.bench;

import java.util.List;
import java.util.Locale;

/**
 * Bars with the spread over seeds, one pair for each part of the labels.
 *
 * @param groups by rising part
 */
record LabelFigure(List<Group> groups) {
  private static final int WIDTH = 560;
  private static final int HEIGHT = 320;
  private static final int LEFT = 56;
  private static final int TOP = 44;
  private static final int BOTTOM = 52;
  private static final int BAR = 40;
  private static final double TICK = 0.02;

  /** One part of the labels. */
  record Group(double part, int labels, Spread random, Spread preTrained) {}

  /** Mean and standard deviation over seeds. */
  record Spread(double mean, double deviation) {
    static Spread of(double[] values) {
      double mean = java.util.Arrays.stream(values).average().orElse(Double.NaN);
      double squares = 0;
      for (double value : values) {
        squares += (value - mean) * (value - mean);
      }
      return new Spread(mean, values.length < 2 ? 0 : Math.sqrt(squares / (values.length - 1)));
    }
  }

  LabelFigure {
    groups = List.copyOf(groups);
  }

  static LabelFigure of(List<LabelEfficiency.Result> results) {
    return new LabelFigure(
        results.stream()
            .map(LabelEfficiency.Result::part)
            .distinct()
            .sorted()
            .map(part -> group(results.stream().filter(r -> r.part() == part).toList()))
            .toList());
  }

  private static Group group(List<LabelEfficiency.Result> results) {
    LabelEfficiency.Result first = results.getFirst();
    return new Group(first.part(), first.labels(), spread(results, false), spread(results, true));
  }

  private static Spread spread(List<LabelEfficiency.Result> results, boolean preTrained) {
    return Spread.of(
        results.stream()
            .filter(r -> r.preTrained() == preTrained)
            .mapToDouble(LabelEfficiency.Result::auroc)
            .toArray());
  }

  /** A table for people. */
  String text() {
    StringBuilder text = new StringBuilder("labels          random            pre-trained\n");
    for (Group g : groups) {
      text.append(
          String.format(
              Locale.ROOT,
              "%3.0f %% %6d   %.4f ± %.4f   %.4f ± %.4f   %+.4f%n",
              100 * g.part,
              g.labels,
              g.random.mean,
              g.random.deviation,
              g.preTrained.mean,
              g.preTrained.deviation,
              g.preTrained.mean - g.random.mean));
    }
    return text.toString();
  }

  /** The figure as a file of its own. */
  String svg() {
    double least =
        groups.stream()
            .mapToDouble(
                g ->
                    Math.min(
                        g.random.mean - g.random.deviation,
                        g.preTrained.mean - g.preTrained.deviation))
            .min()
            .orElse(0.5);
    double floor = Math.floor((least - TICK / 2) / TICK) * TICK;
    StringBuilder svg = new StringBuilder();
    svg.append(
        """
        <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" role="img" font-family="sans-serif" font-size="12">
        <title>Validation AUROC by the part of the labels, from random values and pre-trained</title>
        <rect width="%d" height="%d" fill="#fff"/>
        """
            .formatted(WIDTH, HEIGHT, WIDTH, HEIGHT));
    for (double value = floor; value <= 1 + TICK / 4; value += TICK) {
      double y = y(value, floor);
      line(svg, LEFT, y, WIDTH - 16, y, "#ddd");
      text(svg, LEFT - 8, y + 4, "end", String.format(Locale.ROOT, "%.2f", value));
    }
    double wide = (double) (WIDTH - LEFT - 16) / groups.size();
    for (int i = 0; i < groups.size(); i++) {
      Group g = groups.get(i);
      double middle = LEFT + (i + 0.5) * wide;
      bar(svg, middle - BAR - 2, g.random, floor, "#9aa3ad");
      bar(svg, middle + 2, g.preTrained, floor, "#1f6fb2");
      String words = String.format(Locale.ROOT, "%.0f %%", 100 * g.part);
      text(svg, middle, HEIGHT - BOTTOM + 18, "middle", words);
      text(svg, middle, HEIGHT - BOTTOM + 34, "middle", g.labels + " labels");
    }
    key(svg, LEFT, "#9aa3ad", "from random values");
    key(svg, LEFT + 160, "#1f6fb2", "pre-trained without labels");
    return svg.append("</svg>\n").toString();
  }

  private static void key(StringBuilder svg, double x, String colour, String words) {
    svg.append(
        "<rect x=\"%.0f\" y=\"12\" width=\"12\" height=\"12\" fill=\"%s\"/>%n"
            .formatted(x, colour));
    text(svg, x + 18, 22, "start", words);
  }

  private static void bar(StringBuilder svg, double x, Spread spread, double floor, String colour) {
    double y = y(spread.mean, floor);
    svg.append(
        String.format(
            Locale.ROOT,
            "<rect x=\"%.1f\" y=\"%.1f\" width=\"%d\" height=\"%.1f\" fill=\"%s\"/>%n",
            x,
            y,
            BAR,
            HEIGHT - BOTTOM - y,
            colour));
    double high = y(Math.min(1, spread.mean + spread.deviation), floor);
    double low = y(spread.mean - spread.deviation, floor);
    line(svg, x + BAR / 2.0, high, x + BAR / 2.0, low, "#222");
    text(svg, x + BAR / 2.0, high - 4, "middle", String.format(Locale.ROOT, "%.3f", spread.mean));
  }

  private static double y(double value, double floor) {
    return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * (value - floor) / (1 - floor);
  }

  private static void line(
      StringBuilder svg, double x1, double y1, double x2, double y2, String colour) {
    svg.append(
        String.format(
            Locale.ROOT,
            "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" stroke=\"%s\"/>%n",
            x1,
            y1,
            x2,
            y2,
            colour));
  }

  private static void text(StringBuilder svg, double x, double y, String anchor, String words) {
    svg.append(
        String.format(
            Locale.ROOT,
            "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">%s</text>%n",
            x,
            y,
            anchor,
            words));
  }
}
