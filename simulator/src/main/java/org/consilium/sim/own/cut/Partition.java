package org.consilium.sim.own.cut;

import org.consilium.protocol.Limits;

/** How training cases are shared out among the sites. */
public sealed interface Partition {
  /** Largest Dirichlet concentration. */
  double ALPHA_MAX = 1_000;

  /** All sites alike: the same share of each class. */
  record Iid() implements Partition {
    @Override
    public String words() {
      return "iid";
    }
  }

  /**
   * Prevalences spread around the overall one, every site with all classes.
   *
   * <p>Site k of n lies at t = -1 … 1 in equal steps. It has the share (1 + a·t) / n of the largest
   * class with a = 1 - 2^(-skew / 0.3), and (1 - b·t) / n of the others with b = 1 - 4^(-skew /
   * 0.3); with more than two classes the further ones are turned on by a site each. At 0.3 the end
   * sites have half and a quarter of an equal share: with four sites and 74 % of cases positive the
   * prevalences are .45, .66, .82 and .95.
   *
   * @param skew above 0, below 1
   */
  record LabelSkew(double skew) implements Partition {
    public LabelSkew {
      if (!(skew > 0 && skew < 1)) {
        throw new IllegalArgumentException("label-skew must be above 0 and below 1, got " + skew);
      }
    }

    @Override
    public String words() {
      return "label-skew:" + skew;
    }
  }

  /**
   * Each class shared out by its own draw from a Dirichlet distribution (Hsu et al. 2019): below 1
   * sites come near to one class, and may be tiny.
   *
   * @param alpha above 0
   */
  record Dirichlet(double alpha) implements Partition {
    public Dirichlet {
      if (!(alpha > 0 && alpha <= ALPHA_MAX)) {
        throw new IllegalArgumentException(
            "dirichlet must be above 0 and at most %.0f, got %s".formatted(ALPHA_MAX, alpha));
      }
    }

    @Override
    public String words() {
      return "dirichlet:" + alpha;
    }
  }

  /**
   * One site for each value of a column of the table, in order of the values.
   *
   * @param column name, for example {@code centre}
   */
  record By(String column) implements Partition {
    @Override
    public String words() {
      return "by:" + column;
    }
  }

  /** As written on the command line. */
  String words();

  /**
   * Reads {@code iid}, {@code label-skew:0.3}, {@code dirichlet:0.3} or {@code by:COLUMN}.
   *
   * @throws IllegalArgumentException if it is none of them
   */
  static Partition parse(String text) {
    int colon = text.indexOf(':');
    String kind = colon < 0 ? text : text.substring(0, colon);
    String value = colon < 0 ? "" : text.substring(colon + 1);
    return switch (kind) {
      case "iid" -> {
        if (colon >= 0) {
          throw unknown(text);
        }
        yield new Iid();
      }
      case "label-skew" -> new LabelSkew(number(text, value));
      case "dirichlet" -> new Dirichlet(number(text, value));
      case "by" -> {
        if (!value.matches("[a-z0-9_-]{1,64}")) {
          throw unknown(text);
        }
        yield new By(value);
      }
      default -> throw unknown(text);
    };
  }

  private static double number(String text, String value) {
    if (!value.matches("[0-9]{1,6}(\\.[0-9]{1,9})?")) {
      throw unknown(text);
    }
    return Double.parseDouble(value);
  }

  private static IllegalArgumentException unknown(String text) {
    return new IllegalArgumentException(
        "--partition must be iid, label-skew:S, dirichlet:ALPHA or by:COLUMN, got "
            + Limits.printable(text));
  }
}
