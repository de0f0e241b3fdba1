package org.consilium.models.engine;

import java.util.ArrayList;
import java.util.List;
import org.consilium.models.data.LabelledFindings;
import org.consilium.models.params.TensorSpec;

/** The parts of a head that belong to findings which a site knows nothing of, as they stood. */
final class HeadRows implements AutoCloseable {
  private final LocalModel model;
  private final List<Row> rows = new ArrayList<>();

  @SuppressWarnings("ArrayRecordComponent") // a copy, compared by nobody
  private record Row(int tensor, long from, float[] values) {}

  private HeadRows(LocalModel model) {
    this.model = model;
  }

  /** None where patients are hidden: that a finding is unknown here would show. */
  static HeadRows unknownIn(LabelledFindings cases, LocalModel model, TrainingRun run) {
    HeadRows kept = new HeadRows(model);
    for (int f = 0; f < cases.findings() && run.noise().isEmpty(); f++) {
      if (cases.countOf(f, LabelledFindings.UNKNOWN) == cases.count()) {
        kept.keep(f);
      }
    }
    return kept;
  }

  private void keep(int finding) {
    List<TensorSpec> tensors = model.layout().tensors();
    int last = model.architecture().depth() + 1;
    int classes = model.architecture().spec().classes();
    for (int t : model.trained()) {
      TensorSpec tensor = tensors.get(t);
      boolean head =
          model.architecture().layer(tensor.name()) == last
              && tensor.shape().getFirst() == classes
              && model.set().head(tensor.name());
      if (head) {
        int length = Math.toIntExact(tensor.length() / classes);
        float[] values = new float[length];
        long from = (long) finding * length;
        model.storage(t).read(from, values, 0, length);
        rows.add(new Row(t, from, values));
      }
    }
  }

  void restore() {
    for (Row row : rows) {
      model.storage(row.tensor()).write(row.from(), row.values(), 0, row.values().length);
    }
  }

  @Override
  public void close() {
    rows.clear();
  }
}
