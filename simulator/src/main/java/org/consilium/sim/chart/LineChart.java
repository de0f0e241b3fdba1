package org.consilium.sim.chart;

import java.util.List;
import java.util.Locale;

/**
 * Lines over a common horizontal axis: rounds or monitoring windows. Lines differ by colour, dash
 * and marker.
 *
 * @param title what a screen reader says first
 * @param horizontal words and range of the horizontal axis; whole numbers are ticked
 * @param vertical words and range of the vertical axis
 * @param lines what is drawn, the last on top
 * @param marks vertical lines with a word
 */
public record LineChart(
    String title, Axis horizontal, Axis vertical, List<Line> lines, List<Mark> marks) {
  private static final int WIDTH = 480;
  private static final int HEIGHT = 270;
  private static final int LEFT = 46;
  private static final int RIGHT = 12;
  private static final int TOP = 26;
  private static final int BOTTOM = 40;
  private static final int MARKERS_MAX = 12;

  public LineChart {
    lines = List.copyOf(lines);
    marks = List.copyOf(marks);
  }

  /** What an axis says and shows. */
  public record Axis(String words, double from, double to) {
    public Axis {
      if (!(to > from)) {
        throw new IllegalArgumentException("axis %s: %s-%s is empty".formatted(words, from, to));
      }
    }

    private double part(double value) {
      return (Math.clamp(value, from, to) - from) / (to - from);
    }
  }

  /**
   * One series.
   *
   * @param name in words
   * @param style class names of the page's style sheet: c0-c7, dash, thin
   * @param marker shape, or -1 for none
   * @param points in horizontal order
   */
  public record Line(String name, String style, int marker, List<Point> points) {
    public Line {
      points = List.copyOf(points);
    }
  }

  /** One value; {@code y} outside the axis is drawn at its edge. */
  public record Point(double x, double y) {}

  /** A vertical line. */
  public record Mark(double x, String words) {}

  /** The chart as an SVG element. */
  public String svg() {
    Svg svg = new Svg(WIDTH, HEIGHT, title);
    axes(svg);
    for (Mark mark : marks) {
      double x = x(mark.x);
      boolean right = x > WIDTH * 0.6;
      svg.line(x, TOP, x, HEIGHT - BOTTOM, "mark");
      svg.text(x + (right ? -5 : 5), TOP + 11, right ? "note end" : "note", mark.words);
    }
    for (Line line : lines) {
      draw(svg, line);
    }
    return svg.finish();
  }

  private void axes(Svg svg) {
    double rise = Svg.step(vertical.to - vertical.from);
    for (int i = 0; vertical.from + i * rise <= vertical.to + rise / 100; i++) {
      double value = vertical.from + i * rise;
      svg.line(LEFT, y(value), WIDTH - RIGHT, y(value), i == 0 ? "axis" : "grid");
      svg.text(LEFT - 6, y(value) + 4, "tick end", label(value, rise));
    }
    int step = step();
    int first = (int) Math.ceil(horizontal.from);
    for (int value = first; value <= horizontal.to; value++) {
      if (value == first || value % step == 0) {
        svg.text(x(value), HEIGHT - BOTTOM + 16, "tick middle", Integer.toString(value));
      }
    }
    svg.text((LEFT + WIDTH - RIGHT) / 2.0, HEIGHT - 6, "words middle", horizontal.words);
    svg.text(2, 10, "words", vertical.words);
  }

  private int step() {
    double span = horizontal.to - horizontal.from;
    return span <= 12 ? 1 : span <= 30 ? 5 : span <= 60 ? 10 : (int) Math.ceil(span / 6);
  }

  private void draw(Svg svg, Line line) {
    StringBuilder data = new StringBuilder();
    for (Point p : line.points) {
      data.append(data.isEmpty() ? "M" : "L")
          .append(Svg.number(x(p.x)))
          .append(' ')
          .append(Svg.number(y(p.y)));
    }
    svg.path(data.isEmpty() ? "M0 0" : data.toString(), "line " + line.style);
    int every = Math.max(1, (line.points.size() + MARKERS_MAX - 1) / MARKERS_MAX);
    for (int i = 0; line.marker >= 0 && i < line.points.size(); i++) {
      if (i % every == 0 || i == line.points.size() - 1) {
        Point p = line.points.get(i);
        svg.marker(x(p.x), y(p.y), line.marker, "dot " + line.style);
      }
    }
  }

  private double x(double value) {
    return LEFT + (WIDTH - LEFT - RIGHT) * horizontal.part(value);
  }

  private double y(double value) {
    return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * vertical.part(value);
  }

  private static String label(double value, double step) {
    return String.format(Locale.ROOT, step >= 1 ? "%.0f" : step >= 0.1 ? "%.1f" : "%.2f", value);
  }
}
