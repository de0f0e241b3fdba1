package org.consilium.sim.chart;

import java.util.List;
import java.util.Locale;

/**
 * Groups of bars with optional intervals.
 *
 * @param title what a screen reader says first
 * @param words of the vertical axis
 * @param from value at the foot
 * @param to value at the top
 * @param decimals of the printed values
 * @param groups from left to right
 */
public record BarChart(
    String title, String words, double from, double to, int decimals, List<Group> groups) {
  private static final int WIDTH = 980;
  private static final int HEIGHT = 300;
  private static final int LEFT = 52;
  private static final int RIGHT = 10;
  private static final int TOP = 32;
  private static final int BOTTOM = 30;
  private static final double BAR_MAX = 46;

  public BarChart {
    groups = List.copyOf(groups);
    if (!(to > from)) {
      throw new IllegalArgumentException("bar chart %s: axis is empty".formatted(title));
    }
  }

  /** Bars that stand together. */
  public record Group(String name, List<Bar> bars) {
    public Group {
      bars = List.copyOf(bars);
    }
  }

  /**
   * One bar.
   *
   * @param name in words
   * @param style class names: f0-f7 fill, hatched
   * @param low lower end of its interval; equal to value for none
   */
  public record Bar(String name, String style, double value, double low, double high) {
    /** A bar without an interval. */
    public static Bar plain(String name, String style, double value) {
      return new Bar(name, style, value, value, value);
    }
  }

  /** The chart as an SVG element. */
  public String svg() {
    Svg svg = new Svg(WIDTH, HEIGHT, title);
    double rise = Svg.step(to - from);
    for (int i = 0; from + i * rise <= to + rise / 100; i++) {
      double value = from + i * rise;
      svg.line(LEFT, y(value), WIDTH - RIGHT, y(value), i == 0 ? "axis" : "grid");
      svg.text(LEFT - 6, y(value) + 4, "tick end", Svg.number(value));
    }
    svg.text(2, 11, "words", words);
    double room = (double) (WIDTH - LEFT - RIGHT) / Math.max(1, groups.size());
    for (int g = 0; g < groups.size(); g++) {
      draw(svg, groups.get(g), LEFT + room * g, room);
    }
    return svg.finish();
  }

  private void draw(Svg svg, Group group, double left, double room) {
    double bar = Math.min(BAR_MAX, room * 0.8 / Math.max(1, group.bars.size()));
    double x = left + (room - bar * group.bars.size()) / 2;
    for (Bar b : group.bars) {
      String said = "%s, %s: %s".formatted(group.name, b.name, print(b.value));
      svg.rectangle(
          new Svg.Box(x + 2, y(b.value), bar - 4, y(from) - y(b.value)), "bar " + b.style, said);
      double middle = x + bar / 2;
      if (b.high > b.low) {
        svg.line(middle, y(b.low), middle, y(b.high), "whisker");
        svg.line(middle - 4, y(b.low), middle + 4, y(b.low), "whisker");
        svg.line(middle - 4, y(b.high), middle + 4, y(b.high), "whisker");
      }
      svg.text(middle, y(Math.max(b.value, b.high)) - 4, "value middle", print(b.value));
      x += bar;
    }
    svg.text(left + room / 2, HEIGHT - 9, "words middle", group.name);
  }

  private double y(double value) {
    return HEIGHT
        - BOTTOM
        - (HEIGHT - TOP - BOTTOM) * (Math.clamp(value, from, to) - from) / (to - from);
  }

  private String print(double value) {
    return String.format(Locale.ROOT, "%." + decimals + "f", value);
  }
}
