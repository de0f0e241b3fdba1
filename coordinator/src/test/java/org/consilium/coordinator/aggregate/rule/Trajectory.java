package org.consilium.coordinator.aggregate.rule;

import java.util.Arrays;
import org.consilium.coordinator.aggregate.rule.Recipe.Family;
import org.consilium.coordinator.aggregate.rule.ServerRule.Run;
import org.consilium.models.federated.Nova;
import org.consilium.models.federated.Proximal;
import org.consilium.models.federated.RoundLayout.Part;
import org.consilium.models.federated.Scaffold;

/** Rounds of an algorithm in doubles, made of the product's own rules and local steps. */
final class Trajectory {
  private final LogisticSites sites;
  private final Recipe recipe;
  private final double[][] moments;
  private final double[][] controls;
  private final double[][] personal;
  private double[] x;
  private double[] c;
  private double steps = 1;

  Trajectory(LogisticSites sites, Recipe recipe) {
    this.sites = sites;
    this.recipe = recipe;
    this.x = sites.initial().clone();
    this.c = new double[x.length];
    this.moments = new double[recipe.rule().moments()][x.length];
    if (moments.length > 1) {
      Arrays.fill(moments[1], recipe.server().initialV());
    }
    this.controls = new double[sites.count()][x.length];
    this.personal = new double[sites.count()][];
    Arrays.setAll(personal, _ -> x.clone());
  }

  void round(int t) {
    int[] participants = recipe.server().participants()[t];
    double total = Arrays.stream(participants).mapToDouble(this::share).sum();
    double[] mean = new double[x.length];
    double[] controlMean = new double[x.length];
    double normaliser = 0;
    for (int site : participants) {
      double weight = share(site) / total;
      double[] delta = minus(train(site), x);
      double a = recipe.family() == Family.FEDNOVA ? normaliser(site) : 1;
      normaliser += weight * a;
      add(mean, delta, weight / a);
      if (recipe.family() == Family.SCAFFOLD) {
        double[] next = nextControl(site, delta);
        add(controlMean, minus(next, controls[site]), 1.0 / participants.length);
        controls[site] = next;
      }
      if (recipe.family() == Family.DITTO) {
        personal[site] = personalised(site);
      }
    }
    steps = normaliser;
    var round = new ServerRule.Round(t + 1, participants.length, sites.count(), steps);
    recipe.rule().apply(round, new Run(Part.PARAMETER, mean, moments, 0, mean.length));
    x = plus(x, mean);
    if (recipe.family() == Family.SCAFFOLD) {
      recipe.rule().apply(round, new Run(Part.CONTROL, controlMean, moments, 0, mean.length));
      c = plus(c, controlMean);
    }
  }

  double[] parameters() {
    return x;
  }

  double loss() {
    return sites.loss(x);
  }

  double steps() {
    return steps;
  }

  double[] control() {
    return c;
  }

  double[] control(int site) {
    return controls[site];
  }

  double[] personal(int site) {
    return personal[site];
  }

  private double share(int site) {
    return recipe.server().uniform() ? 1 : sites.samples(site);
  }

  private double normaliser(int site) {
    Recipe.Local local = recipe.local();
    return Nova.normaliser(local.steps()[site], local.momentum(), local.rate() * local.mu());
  }

  private double[] train(int site) {
    Recipe.Local local = recipe.local();
    double[] y = x.clone();
    double[] velocity = new double[y.length];
    for (int k = 0; k < local.steps()[site]; k++) {
      double[] gradient = sites.gradient(site, y);
      Proximal.add(gradient, y, x, local.mu());
      if (recipe.family() == Family.SCAFFOLD) {
        Scaffold.correct(gradient, controls[site], c);
      }
      for (int i = 0; i < y.length; i++) {
        velocity[i] = local.momentum() * velocity[i] + gradient[i];
        y[i] -= local.rate() * velocity[i];
      }
    }
    return y;
  }

  private double[] nextControl(int site, double[] delta) {
    double[] moved = Arrays.stream(delta).map(d -> -d).toArray();
    return switch (recipe.local().option()) {
      case 1 -> Scaffold.next(sites.gradient(site, x));
      case 2 ->
          Scaffold.next(
              controls[site], c, moved, recipe.local().steps()[site] * recipe.local().rate());
      default -> throw new AssertionError("option " + recipe.local().option());
    };
  }

  private double[] personalised(int site) {
    Recipe.Local local = recipe.local();
    double[] v = personal[site].clone();
    for (int k = 0; k < local.steps()[site]; k++) {
      double[] gradient = sites.gradient(site, v);
      Proximal.add(gradient, v, x, local.lambda());
      add(v, gradient, -local.rate());
    }
    return v;
  }

  private static double[] minus(double[] a, double[] b) {
    double[] difference = a.clone();
    add(difference, b, -1);
    return difference;
  }

  private static double[] plus(double[] a, double[] b) {
    double[] sum = a.clone();
    add(sum, b, 1);
    return sum;
  }

  private static void add(double[] to, double[] what, double factor) {
    for (int i = 0; i < to.length; i++) {
      to[i] += factor * what[i];
    }
  }
}
