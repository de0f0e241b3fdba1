package org.consilium.coordinator.study;

import java.util.Locale;
import java.util.Optional;
import org.consilium.coordinator.study.StudySnapshot.PublishedModel;
import org.consilium.coordinator.study.StudySnapshot.RoundSummary;
import org.consilium.coordinator.study.StudySnapshot.SiteStatus;
import org.consilium.protocol.Robust;
import org.consilium.protocol.SiteId;
import org.consilium.protocol.StudyPlan;
import org.consilium.protocol.ValidationReport;
import org.consilium.protocol.ValidationReport.Cases;
import org.consilium.protocol.ValidationReport.Measure;
import org.consilium.protocol.ValidationReport.Quantity;
import org.consilium.protocol.ValidationReport.Subject;

/** A model version described for those who may use it: Markdown under a Hugging Face YAML head. */
public final class ModelCard {
  private ModelCard() {}

  /** The card of one published version. */
  public static String of(StudySnapshot study, PublishedModel model) {
    StudyPlan plan = study.plan();
    return head(plan, model)
        + results(study, model)
        + training(study, model)
        + updates(study, model)
        + limits(plan);
  }

  private static String head(StudyPlan plan, PublishedModel model) {
    return """
    ---
    library_name: consilium
    pipeline_tag: image-classification
    tags: [federated-learning, medical-imaging, safetensors]
    model_name: %s
    consilium_study: %s
    consilium_round: %d
    sha256: %s
    ---

    # %s, round %d

    `model.safetensors`, %,d bytes, SHA-256 `%s`
    %s
    """
        .formatted(
            quoted(plan.title()),
            plan.study(),
            model.round(),
            model.version(),
            escaped(plan.title()),
            model.round(),
            model.fileBytes(),
            model.version(),
            model.parent().map(p -> "made from `" + p + "`").orElse("the initial parameters"));
  }

  private static String results(StudySnapshot study, PublishedModel model) {
    StringBuilder table =
        new StringBuilder(
            """

            ## Results by centre

            AUROC on each centre's own hold-out cases, with 95 % intervals. The hold-out count is the \
            lower edge of a bucket. A dash is a number that the centre did not release: too few cases, \
            or no report.

            | centre | this model | local-only model | log loss | calibration error | cases |
            |---|---|---|---|---|---|
            """);
    for (SiteStatus status : study.sites()) {
      SiteId site = status.site();
      Optional<ValidationReport> report = CentreScores.report(study, site, model.round());
      table.append(
          "| %s | %s | %s | %s | %s | %s |\n"
              .formatted(
                  site,
                  cell(report, Subject.GLOBAL, Quantity.AUROC),
                  cell(report, Subject.LOCAL_ONLY, Quantity.AUROC),
                  cell(report, Subject.GLOBAL, Quantity.LOG_LOSS),
                  cell(report, Subject.GLOBAL, Quantity.CALIBRATION_ERROR),
                  report
                      .filter(r -> r.holdoutBucket() > 0)
                      .map(r -> r.holdoutBucket() + "+")
                      .orElse("–")));
    }
    return table.toString();
  }

  private static String training(StudySnapshot study, PublishedModel model) {
    StudyPlan plan = study.plan();
    var training = plan.training();
    return """

    ## How it was trained

    - Study `%s`, plan digest `%s`, seed %d
    - Architecture `%s`, input %d × %d × %d (channels, height, width), labels: %s
    - %d of %d rounds, %d local epoch(s) a round, %s, batch %d, %s %s, weight decay %s
    - %d centres asked, quorum %d; data never left a centre
    - Protection: %s L2 norm of an update at most %s. \
    %s
    - Model selection: %s, mean over centres
    """
        .formatted(
            plan.study(),
            study.digest(),
            plan.seed(),
            plan.model().architecture(),
            plan.model().channels(),
            plan.model().height(),
            plan.model().width(),
            escaped(String.join(", ", plan.labels())),
            model.round(),
            plan.rounds(),
            training.localEpochs(),
            training.proximalMu() > 0 ? "FedProx μ = " + training.proximalMu() : "FedAvg",
            training.batchSize(),
            training.optimiser().name(),
            training.optimiser().learningRate(),
            training.optimiser().weightDecay(),
            plan.participation().sites().size(),
            plan.participation().quorum(),
            exposure(plan),
            plan.protection().clip(),
            privacy(plan, model),
            plan.select());
  }

  /** What became of each centre's update, when a robust rule combined them. */
  private static String updates(StudySnapshot study, PublishedModel model) {
    Robust robust = study.plan().protection().exposure().robustRule();
    Optional<RoundSummary> round =
        study.rounds().stream()
            .filter(r -> r.version().isPresent() && r.number() == model.round())
            .findFirst();
    if (robust instanceof Robust.None || round.isEmpty()) {
      return "";
    }
    StringBuilder table =
        new StringBuilder(
            """

            ## How updates were combined

            By %s, which holds against %d faulty centres. A centre whose update was left out or cut \
            may simply have other patients or another scanner: look at its own results above.

            | centre | update |
            |---|---|
            """
                .formatted(robust.word(), robust.faulty()));
    round.get().updates().keySet().stream()
        .sorted()
        .forEach(site -> table.append("| %s | %s |\n".formatted(site, round.get().remark(site))));
    return table.toString();
  }

  private static String exposure(StudyPlan plan) {
    return switch (plan.protection().mode()) {
      case SEALED ->
          "sealed. Each update was encrypted to the study's aggregation key and signed; the"
              + " aggregator's operator can read single updates.";
      case MASKED ->
          "masked. Updates were hidden by masks that cancel in the sum (CSA1, unaudited) and"
              + " signed; the coordinator read the sum of at least %d centres alone."
                  .formatted(plan.participation().quorum());
    };
  }

  private static String privacy(StudyPlan plan, PublishedModel model) {
    return StudyPrivacy.words(plan)
        .map(
            words ->
                "Differential privacy of the training patients (DP-SGD, Rényi accountant): %s. %s Hold-out patients and counts are not covered."
                    .formatted(words, StudyPrivacy.spent(plan, model.round())))
        .or(
            () ->
                StudyCentral.words(plan, model.round())
                    .map(w -> "Differential privacy: " + w + "."))
        .orElse("No differential privacy.");
  }

  private static String limits(StudyPlan plan) {
    return """

    ## Intended use and limits

    - For research by the consortium that trained it. It is not a medical device, and no clinical \
    decision may rest on it.
    - It answers one question, with the labels: %s. Images of another modality, body part, scanner \
    or preparation than the centres' own are outside what was measured.
    - The results above are each centre's own, on its own hold-out cases; another hospital has to \
    measure before it believes them.
    - The parameters can reveal something about the training data (membership inference); treat them \
    as sensitive.
    """
        .formatted(String.join(", ", plan.labels()));
  }

  private static String cell(
      Optional<ValidationReport> report, Subject subject, Quantity quantity) {
    return report
        .flatMap(r -> r.find(subject, Cases.HOLDOUT, quantity))
        .map(ModelCard::interval)
        .orElse("–");
  }

  private static String interval(Measure m) {
    return m.low() == m.high()
        ? String.format(Locale.ROOT, "%.3f", m.value())
        : String.format(Locale.ROOT, "%.3f (%.3f–%.3f)", m.value(), m.low(), m.high());
  }

  private static String quoted(String text) {
    return "\""
        + text.replaceAll("\\p{Cntrl}", " ").replace("\\", "\\\\").replace("\"", "\\\"")
        + "\"";
  }

  /** Markdown's own characters are shown, not obeyed. */
  private static String escaped(String text) {
    return text.replaceAll("\\p{Cntrl}", " ").replaceAll("([\\\\`*_{}\\[\\]<>()#|!])", "\\\\$1");
  }
}
