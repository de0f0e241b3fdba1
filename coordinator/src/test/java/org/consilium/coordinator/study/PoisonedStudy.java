package org.consilium.coordinator.study;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.consilium.coordinator.study.StudySnapshot.State;
import org.consilium.models.params.SafetensorsFile;
import org.consilium.protocol.Aggregation;
import org.consilium.protocol.Aggregation.Weighting;
import org.consilium.protocol.Exposure;
import org.consilium.protocol.ModelVersion;
import org.consilium.protocol.Robust;
import org.consilium.protocol.RoundTask;
import org.consilium.protocol.SiteId;
import org.consilium.protocol.StudyPlan;

/**
 * A study in which two sites of ten lie, by the real way: quantised, sealed, signed, uploaded in
 * chunks, opened, checked, journaled, aggregated, published. Whoever pauses it is a person who
 * resumes it.
 *
 * @param end the study when it is over
 * @param questions what the person was asked
 * @param model the last version
 */
@SuppressWarnings("ArrayRecordComponent") // of a test, never compared
record PoisonedStudy(StudySnapshot end, List<String> questions, float[] model) {
  /** Who lies. */
  static final List<Integer> LIARS = List.of(3, 7);

  /** S; a sound delta is some 2 long in the first round. */
  static final double CLIP = 20;

  static PoisonedStudy run(Path folder, PatternSites data, Attack attack, Robust rule, int rounds)
      throws Exception {
    try (TestConsortium c = new TestConsortium(folder, PatternSites.SITES)) {
      Trainer trainer = new Trainer(c, data, attack);
      for (int i = 0; i < PatternSites.SITES; i++) {
        int site = i;
        c.site(c.ids.get(i)).learner = Optional.of(task -> trainer.delta(task, site));
      }
      StudyPlan _ = c.begin(plan(c.ids, rule, rounds));
      List<String> questions = new ArrayList<>();
      c.runUntil(
          c.ids,
          () -> {
            StudySnapshot now = c.snapshot();
            if (now.state() == State.PAUSED) {
              questions.add(now.detail());
              resume(c);
            }
            return now.state() == State.COMPLETED;
          });
      StudySnapshot end = c.snapshot();
      return new PoisonedStudy(end, questions, read(c, end.models().getLast().version()));
    }
  }

  /** The site's name. */
  static SiteId liar(int which) {
    return new SiteId("site-" + (char) ('a' + LIARS.get(which)));
  }

  /** What the reports of all rounds say of a site. */
  Map<Integer, String> remarks(SiteId site) {
    Map<Integer, String> remarks = new TreeMap<>();
    end.rounds().forEach(r -> remarks.put(r.number(), r.remark(site)));
    return remarks;
  }

  private static void resume(TestConsortium c) {
    try {
      StudySnapshot _ = c.studies().resume(TestConsortium.STUDY);
    } catch (StudyRefused | IOException failed) {
      throw new IllegalStateException(failed);
    }
  }

  private static StudyPlan plan(List<SiteId> sites, Robust rule, int rounds) {
    Aggregation uniform =
        new Aggregation(Aggregation.Rule.FEDAVG, 1, 0, 0, 0, 0, Weighting.UNIFORM);
    StudyPlan plan =
        TestPlan.of(sites)
            .rounds(rounds, 0)
            .parameters(PatternSites.LENGTH)
            .aggregation(uniform)
            .plan();
    return new StudyPlan(
        plan.study(),
        plan.title(),
        plan.model(),
        plan.foundation(),
        plan.task(),
        plan.tuning(),
        plan.training(),
        plan.aggregation(),
        new StudyPlan.Protection(new Exposure.Sealed(rule), CLIP, 8, 1, 10, 11),
        plan.participation(),
        plan.monitoring(),
        plan.labels(),
        plan.select(),
        plan.seed(),
        plan.rounds());
  }

  private static float[] read(TestConsortium c, ModelVersion version) {
    try (SafetensorsFile file = SafetensorsFile.open(c.studies().modelFile(version))) {
      float[] values = new float[PatternSites.LENGTH];
      file.read(0, values, 0, values.length);
      return values;
    } catch (StudyRefused | IOException failed) {
      throw new IllegalStateException(failed);
    }
  }

  /** What each site sends in each round: it trains once, and the liars see all. */
  private static final class Trainer {
    private final TestConsortium consortium;
    private final PatternSites data;
    private final Attack attack;
    private final Map<Integer, Attack.View> views = new HashMap<>();

    Trainer(TestConsortium consortium, PatternSites data, Attack attack) {
      this.consortium = consortium;
      this.data = data;
      this.attack = attack;
    }

    float[] delta(RoundTask task, int site) {
      Attack.View view =
          views.computeIfAbsent(task.round(), _ -> look(task.round(), task.model().version()));
      return cut(LIARS.contains(site) ? attack.lie(view, site) : view.own(site));
    }

    private Attack.View look(int round, ModelVersion version) {
      float[] model = read(consortium, version);
      List<float[]> sound = new ArrayList<>();
      for (int i = 0; i < PatternSites.SITES; i++) {
        sound.add(data.honest(model, i));
      }
      Attack.View first = views.get(1);
      return new Attack.View(
          data, round, model, sound, first == null ? sound.get(LIARS.get(0)) : first.first());
    }

    /** To S, as a site's own software does; a liar must, or is refused. */
    private static float[] cut(float[] delta) {
      double squares = 0;
      for (float value : delta) {
        squares += (double) value * value;
      }
      double factor = Math.min(1, CLIP / Math.sqrt(squares));
      for (int i = 0; i < delta.length && factor < 1; i++) {
        delta[i] = (float) (delta[i] * factor * (1 - 1e-6));
      }
      return delta;
    }
  }
}
