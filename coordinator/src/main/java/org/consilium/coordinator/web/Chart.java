package org.consilium.coordinator.web;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.OptionalDouble;

/**
 * A line chart laid out for SVG in a box of 720 × 320: the template only prints it. Lines differ by
 * marker and dash besides their colour.
 *
 * @param xTicks ticks of the horizontal axis
 * @param yTicks ticks of the vertical axis
 * @param limitY height of the threshold line, empty when there is none
 */
public record Chart(List<Line> lines, List<Tick> xTicks, List<Tick> yTicks, OptionalDouble limitY) {
  static final double LEFT = 56;
  static final double RIGHT = 708;
  static final double TOP = 12;
  static final double BOTTOM = 284;
  private static final int COLOURS = 8;
  private static final int MARKS_MAX = 14;
  private static final List<String> MARKERS =
      List.of(
          "M-4,0a4,4 0 1,0 8,0a4,4 0 1,0 -8,0",
          "M-4,-4h8v8h-8z",
          "M0,-5L5,4H-5z",
          "M0,-5L5,0L0,5L-5,0z",
          "M0,5L5,-4H-5z");

  public Chart {
    lines = List.copyOf(lines);
    xTicks = List.copyOf(xTicks);
    yTicks = List.copyOf(yTicks);
  }

  /** One value at one position. */
  record Value(double x, double y) {}

  /**
   * Values before layout.
   *
   * @param colour which colour and marker
   */
  record Series(String name, int colour, boolean dashed, List<Value> values) {
    Series {
      values = List.copyOf(values);
    }
  }

  /**
   * One line, laid out.
   *
   * @param points for the polyline
   * @param marker a path around the origin
   * @param marks where the marker is put
   */
  public record Line(
      String name, String style, boolean dashed, String points, String marker, List<String> marks) {
    public Line {
      marks = List.copyOf(marks);
    }
  }

  /** A label on an axis. */
  public record Tick(double at, String label) {}

  /** Whether there is anything to draw. */
  public boolean isEmpty() {
    return lines.isEmpty();
  }

  /**
   * Lays out series over a range of values.
   *
   * @param low least value shown
   * @param high largest value shown
   */
  static Chart of(List<Series> series, double low, double high, OptionalDouble limit) {
    double first = Double.MAX_VALUE;
    double last = -Double.MAX_VALUE;
    for (Series one : series) {
      for (Value value : one.values()) {
        first = Math.min(first, value.x());
        last = Math.max(last, value.x());
      }
    }
    if (first > last) {
      return new Chart(List.of(), List.of(), List.of(), OptionalDouble.empty());
    }
    double end = Math.max(last, first + 1);
    List<Line> lines = new ArrayList<>();
    for (Series one : series) {
      if (!one.values().isEmpty()) {
        lines.add(line(one, first, end, low, high));
      }
    }
    return new Chart(
        lines,
        xTicks(first, end),
        yTicks(low, high),
        limit.isPresent()
            ? OptionalDouble.of(y(limit.getAsDouble(), low, high))
            : OptionalDouble.empty());
  }

  private static Line line(Series one, double first, double end, double low, double high) {
    StringBuilder points = new StringBuilder();
    List<String> marks = new ArrayList<>();
    int every = Math.max(1, one.values().size() / MARKS_MAX);
    for (int i = 0; i < one.values().size(); i++) {
      Value value = one.values().get(i);
      String at = number(x(value.x(), first, end)) + "," + number(y(value.y(), low, high));
      points.append(points.isEmpty() ? "" : " ").append(at);
      if (i % every == 0 || i == one.values().size() - 1) {
        marks.add(at);
      }
    }
    return new Line(
        one.name(),
        "s" + one.colour() % COLOURS,
        one.dashed(),
        points.toString(),
        MARKERS.get(one.colour() % MARKERS.size()),
        marks);
  }

  private static List<Tick> xTicks(double first, double end) {
    List<Tick> ticks = new ArrayList<>();
    int step = (int) Math.max(1, Math.ceil((end - first) / 10));
    for (int at = (int) first; at <= end; at += step) {
      ticks.add(new Tick(x(at, first, end), String.valueOf(at)));
    }
    return ticks;
  }

  private static List<Tick> yTicks(double low, double high) {
    List<Tick> ticks = new ArrayList<>();
    for (int i = 0; i <= 5; i++) {
      double value = low + (high - low) * i / 5;
      ticks.add(
          new Tick(
              y(value, low, high),
              String.format(Locale.ROOT, high - low > 1 ? "%.1f" : "%.2f", value)));
    }
    return ticks;
  }

  private static double x(double value, double first, double end) {
    return LEFT + (value - first) / (end - first) * (RIGHT - LEFT);
  }

  private static double y(double value, double low, double high) {
    return BOTTOM - (Math.clamp(value, low, high) - low) / (high - low) * (BOTTOM - TOP);
  }

  /** A coordinate, always with a point. */
  public static String number(double value) {
    return String.format(Locale.ROOT, "%.1f", value);
  }
}
