package org.consilium.coordinator.aggregate.rule;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import org.consilium.coordinator.aggregate.FederatedVectors;

/** The sites of the vectors' data file: full-batch logistic regression with an L2 penalty. */
@SuppressWarnings("ArrayRecordComponent") // never compared
record LogisticSites(List<double[][]> images, List<double[]> labels, double l2, double[] initial) {

  static LogisticSites of(JsonNode data) {
    List<double[][]> images = new ArrayList<>();
    List<double[]> labels = new ArrayList<>();
    for (JsonNode site : data.get("sites")) {
      double[][] rows = new double[site.get("x").size()][];
      for (int i = 0; i < rows.length; i++) {
        rows[i] = FederatedVectors.doubles(site.get("x").get(i));
      }
      images.add(rows);
      labels.add(FederatedVectors.doubles(site.get("y")));
    }
    return new LogisticSites(
        images,
        labels,
        data.get("l2").doubleValue(),
        FederatedVectors.doubles(data.get("initial_parameters")));
  }

  int count() {
    return images.size();
  }

  int samples(int site) {
    return labels.get(site).length;
  }

  double[] gradient(int site, double[] w) {
    double[] gradient = new double[w.length];
    double[] y = labels.get(site);
    for (int i = 0; i < y.length; i++) {
      double[] x = images.get(site)[i];
      double slope = (1 / (1 + Math.exp(-score(x, w))) - y[i]) / y.length;
      for (int j = 0; j < x.length; j++) {
        gradient[j] += slope * x[j];
      }
      gradient[x.length] += slope;
    }
    for (int j = 0; j < w.length; j++) {
      gradient[j] += l2 * w[j];
    }
    return gradient;
  }

  /** Mean over all samples of all sites. */
  double loss(double[] w) {
    double sum = 0;
    int n = 0;
    for (int site = 0; site < count(); site++) {
      for (int i = 0; i < samples(site); i++) {
        double z = score(images.get(site)[i], w);
        sum += Math.max(z, 0) + Math.log1p(Math.exp(-Math.abs(z))) - labels.get(site)[i] * z;
        n++;
      }
    }
    double squares = 0;
    for (double value : w) {
      squares += value * value;
    }
    return sum / n + l2 / 2 * squares;
  }

  private static double score(double[] x, double[] w) {
    double z = w[x.length];
    for (int j = 0; j < x.length; j++) {
      z += x[j] * w[j];
    }
    return z;
  }
}
