package org.consilium.coordinator.aggregate;

final class FixedPointMeanTest extends AggregatorContract {
  @Override
  Aggregator aggregator(int threads) {
    return new FixedPointMean(threads);
  }
}
