package org.consilium.sim.own.cut;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.TreeSet;
import org.consilium.models.data.Split;
import org.consilium.models.data.folder.PatientSplit;
import org.consilium.protocol.SiteId;

/**
 * Shares cases out among sites: a function of its arguments alone. Every case comes to exactly one
 * site, all cases of a patient to the same, and each site keeps a stratified part of its own as
 * hold-out.
 */
public final class Cut {
  /** Part of a site's cases that it never trains on. */
  private static final double HOLDOUT = .15;

  private static final PatientSplit OWN_HOLDOUT = new PatientSplit(HOLDOUT, 0);

  /** Stretch of the skew over which a share halves; from the prevalences that were aimed at. */
  private static final double SKEW_UNIT = 0.3;

  private Cut() {}

  /**
   * One site's cases, as places in the set.
   *
   * @param name of the site
   */
  public record Piece(String name, List<Integer> training, List<Integer> holdout) {
    public Piece {
      training = List.copyOf(training);
      holdout = List.copyOf(holdout);
    }

    /** What it gives a split of its own: training cases and hold-out, none to test on. */
    public int[] places(Split split) {
      List<Integer> some =
          switch (split) {
            case TRAIN -> training;
            case VALIDATION -> holdout;
            case TEST -> List.of();
          };
      return some.stream().mapToInt(Integer::intValue).toArray();
    }
  }

  /**
   * What is wanted.
   *
   * @param leastTraining fewest training cases of a site
   */
  public record Order(Partition partition, int sites, int leastTraining, long seed) {}

  /** Every site's cases with its own hold-out. */
  public static List<Piece> of(Cases cases, Order order) throws Refusal {
    List<Piece> pieces = new ArrayList<>();
    for (Share share : shares(cases, order)) {
      pieces.add(piece(cases, share.name, share.places, order));
    }
    return List.copyOf(pieces);
  }

  /**
   * All cases of one site, as places in the set.
   *
   * @param name of the site
   */
  public record Share(String name, List<Integer> places) {
    public Share {
      places = List.copyOf(places);
    }
  }

  /** Every site's cases. */
  public static List<Share> shares(Cases cases, Order order) throws Refusal {
    List<String> names = new ArrayList<>();
    List<List<Integer>> shares;
    if (order.partition instanceof Partition.By(String column)) {
      shares = byColumn(cases, column, order.sites, names);
    } else {
      for (int site = 1; site <= order.sites; site++) {
        names.add("site-" + site);
      }
      shares = byClass(cases, order);
    }
    List<Share> all = new ArrayList<>();
    for (int site = 0; site < order.sites; site++) {
      all.add(new Share(names.get(site), shares.get(site)));
    }
    return List.copyOf(all);
  }

  private static Piece piece(Cases cases, String name, List<Integer> share, Order order)
      throws Refusal {
    List<String> patients = share.stream().map(place -> cases.patients().get(place)).toList();
    int[] labels = share.stream().mapToInt(place -> cases.images().label(place)).toArray();
    List<Split> splits = OWN_HOLDOUT.of(patients, labels, order.seed);
    List<Integer> training = new ArrayList<>();
    List<Integer> holdout = new ArrayList<>();
    for (int i = 0; i < splits.size(); i++) {
      (splits.get(i) == Split.TRAIN ? training : holdout).add(share.get(i));
    }
    if (training.size() < order.leastTraining || holdout.isEmpty()) {
      throw new Refusal(
          "partition %s: site %s would have %d training and %d hold-out cases, at least %d (privacy.minSamples) and 1 needed"
              .formatted(
                  order.partition.words(),
                  name,
                  training.size(),
                  holdout.size(),
                  order.leastTraining));
    }
    return new Piece(name, training, holdout);
  }

  private static List<List<Integer>> byColumn(
      Cases cases, String column, int sites, List<String> names) throws Refusal {
    List<String> values = cases.columns().getOrDefault(column, List.of());
    if (values.isEmpty()) {
      throw new Refusal(
          "partition by:%s: the cases have no such column; they have %s"
              .formatted(column, new TreeSet<>(cases.columns().keySet())));
    }
    Map<String, List<Integer>> groups = new TreeMap<>();
    for (int i = 0; i < values.size(); i++) {
      groups.computeIfAbsent(values.get(i), _ -> new ArrayList<>()).add(i);
    }
    if (groups.size() != sites) {
      throw new Refusal(
          "partition by:%s: the column has %d values, --local says %d sites"
              .formatted(column, groups.size(), sites));
    }
    for (String value : groups.keySet()) {
      names.add(siteName(value, names));
    }
    return List.copyOf(groups.values());
  }

  /** A legal site name near to a value, different from the others. */
  private static String siteName(String value, List<String> others) {
    String name = value.toLowerCase(java.util.Locale.ROOT).replaceAll("[^a-z0-9]+", "-");
    name = name.replaceAll("^-|-$", "");
    name = name.length() > 30 ? name.substring(0, 30).replaceAll("-$", "") : name;
    if (name.length() < 3 || others.contains(name)) {
      name = "site-%d%s".formatted(others.size() + 1, name.isEmpty() ? "" : "-" + name);
    }
    return new SiteId(name).value();
  }

  /** Groups of each class are shuffled and cut at the partition's shares. */
  private static List<List<Integer>> byClass(Cases cases, Order order) {
    Map<Integer, List<List<Integer>>> classes = new TreeMap<>();
    for (List<Integer> group : cases.groups()) {
      int label = group.stream().mapToInt(place -> cases.images().label(place)).max().orElse(0);
      classes.computeIfAbsent(label, _ -> new ArrayList<>()).add(group);
    }
    List<List<Integer>> sites = new ArrayList<>();
    for (int site = 0; site < order.sites; site++) {
      sites.add(new ArrayList<>());
    }
    int largest =
        Collections.max(
            classes.keySet(),
            java.util.Comparator.comparingInt(
                label -> classes.getOrDefault(label, List.of()).size()));
    SplittableRandom root = new SplittableRandom(order.seed);
    int rank = 0;
    for (Map.Entry<Integer, List<List<Integer>>> each : classes.entrySet()) {
      SplittableRandom random = root.split();
      List<List<Integer>> groups = each.getValue();
      shuffle(groups, random);
      boolean most = each.getKey() == largest;
      double[] shares = shares(order, most ? 0 : ++rank, random);
      int from = 0;
      double sum = 0;
      for (int site = 0; site < order.sites; site++) {
        sum += shares[site];
        int to = site == order.sites - 1 ? groups.size() : (int) Math.round(sum * groups.size());
        for (List<Integer> group : groups.subList(from, Math.max(from, to))) {
          sites.get(site).addAll(group);
        }
        from = Math.max(from, to);
      }
    }
    sites.forEach(Collections::sort);
    return sites;
  }

  /**
   * Shares of one class that sum to 1.
   *
   * @param rank 0 for the largest class, 1, 2 … for the others
   */
  static double[] shares(Order order, int rank, SplittableRandom random) {
    int sites = order.sites;
    double[] shares = new double[sites];
    switch (order.partition) {
      case Partition.Iid() -> Arrays.fill(shares, 1.0 / sites);
      case Partition.LabelSkew(double skew) -> {
        double slope =
            rank == 0 ? 1 - Math.pow(2, -skew / SKEW_UNIT) : -(1 - Math.pow(4, -skew / SKEW_UNIT));
        for (int site = 0; site < sites; site++) {
          int place = (site + Math.max(0, rank - 1)) % sites;
          shares[site] = (1 + slope * (2.0 * place / (sites - 1) - 1)) / sites;
        }
      }
      case Partition.Dirichlet(double alpha) -> {
        double sum = 0;
        for (int site = 0; site < sites; site++) {
          shares[site] = Math.max(gamma(alpha, random), 1e-300);
          sum += shares[site];
        }
        for (int site = 0; site < sites; site++) {
          shares[site] /= sum;
        }
      }
      case Partition.By _ -> throw new IllegalStateException("a column gives no shares");
    }
    return shares;
  }

  /** A draw from the gamma distribution of scale 1 (Marsaglia and Tsang 2000). */
  private static double gamma(double shape, SplittableRandom random) {
    if (shape < 1) {
      return gamma(shape + 1, random) * Math.pow(1 - random.nextDouble(), 1 / shape);
    }
    double d = shape - 1.0 / 3;
    double c = 1 / Math.sqrt(9 * d);
    while (true) {
      double x = random.nextGaussian();
      double v = Math.pow(1 + c * x, 3);
      if (v > 0 && Math.log(1 - random.nextDouble()) < x * x / 2 + d - d * v + d * Math.log(v)) {
        return d * v;
      }
    }
  }

  private static void shuffle(List<List<Integer>> groups, SplittableRandom random) {
    for (int i = groups.size() - 1; i > 0; i--) {
      Collections.swap(groups, i, random.nextInt(i + 1));
    }
  }
}
