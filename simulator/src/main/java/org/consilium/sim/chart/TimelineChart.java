package org.consilium.sim.chart;

import java.util.List;

/**
 * Rows of spans over seconds, with points on them: which round ran when, and when each process was
 * killed and came back.
 *
 * @param title what a screen reader says first
 * @param seconds length of the axis
 * @param rows from the top
 */
public record TimelineChart(String title, double seconds, List<Row> rows) {
  private static final int WIDTH = 980;
  private static final int LEFT = 110;
  private static final int RIGHT = 14;
  private static final int TOP = 8;
  private static final int ROW = 30;
  private static final int BOTTOM = 36;
  private static final double WORDS_MIN = 14;

  public TimelineChart {
    rows = List.copyOf(rows);
  }

  /** One row. */
  public record Row(String name, List<Span> spans, List<Moment> moments) {
    public Row {
      spans = List.copyOf(spans);
      moments = List.copyOf(moments);
    }
  }

  /** Something that lasted. */
  public record Span(double from, double to, String words, String style, String title) {}

  /** Something that happened: drawn as a cross. */
  public record Moment(double at, String title) {}

  /** The chart as an SVG element. */
  public String svg() {
    int height = TOP + ROW * rows.size() + BOTTOM;
    Svg svg = new Svg(WIDTH, height, title);
    double step = step();
    for (double at = 0; at <= seconds; at += step) {
      svg.line(x(at), TOP, x(at), height - BOTTOM, "grid");
      svg.text(x(at), height - BOTTOM + 15, "tick middle", Svg.number(at));
    }
    svg.text((LEFT + WIDTH - RIGHT) / 2.0, height - 5, "words middle", "seconds since the start");
    for (int i = 0; i < rows.size(); i++) {
      draw(svg, rows.get(i), TOP + i * ROW);
    }
    return svg.finish();
  }

  private void draw(Svg svg, Row row, double top) {
    svg.text(LEFT - 8, top + ROW / 2.0 + 4, "words end", row.name);
    for (Span span : row.spans) {
      double width = x(span.to) - x(span.from);
      svg.rectangle(
          new Svg.Box(x(span.from), top + 5, width - 1, ROW - 10), "bar " + span.style, span.title);
      if (width > WORDS_MIN) {
        svg.text(x(span.from) + width / 2, top + ROW / 2.0 + 4, "inside middle", span.words);
      }
    }
    for (Moment moment : row.moments) {
      double x = x(moment.at);
      double y = top + ROW / 2.0;
      svg.path("M%s %sl10 10m0-10l-10 10".formatted(Svg.number(x - 5), Svg.number(y - 5)), "cross");
      svg.rectangle(new Svg.Box(x - 7, y - 9, 14, 18), "hit", moment.title);
    }
  }

  private double step() {
    for (double step : new double[] {1, 2, 5, 10, 20, 30, 60, 120, 300, 600}) {
      if (seconds / step <= 14) {
        return step;
      }
    }
    return Math.ceil(seconds / 14);
  }

  private double x(double at) {
    return LEFT + (WIDTH - LEFT - RIGHT) * Math.clamp(at / seconds, 0, 1);
  }
}
