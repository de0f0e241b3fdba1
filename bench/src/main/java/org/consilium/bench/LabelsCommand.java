package org.consilium.bench;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.consilium.models.data.ImageSet;
import org.consilium.models.data.NpzFile;
import org.consilium.models.data.Split;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code consilium bench labels}. */
@Command(
    name = "labels",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description =
        "How far few labels go with and without a pre-training on the same images without labels:"
            + " 1, 5, 10 and 100 %% of the labels, several seeds. Writes labels.svg and"
            + " labels.csv.",
    footer = {"", "Example:", "  consilium bench labels --data pneumoniamnist.npz --out labels"})
final class LabelsCommand implements Callable<Integer> {
  @Option(
      names = "--data",
      required = true,
      description = ".npz file with train and val images of two classes, 28 pixels.")
  private Path data = Path.of(".");

  @Option(names = "--out", required = true, description = "Folder to write into.")
  private Path out = Path.of(".");

  @Option(names = "--seeds", defaultValue = "3", description = "Seeds, 1-20 (${DEFAULT-VALUE}).")
  private int seeds = 3;

  @Option(
      names = "--pretraining-steps",
      defaultValue = "1500",
      description = "Steps of 128 images (${DEFAULT-VALUE}).")
  private int steps = 1500;

  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public Integer call() {
    if (seeds < 1 || seeds > 20 || steps < 1 || steps > 100_000) {
      throw new ParameterException(
          spec.commandLine(), "--seeds must be 1-20 and --pretraining-steps 1-100000");
    }
    PrintWriter err = spec.commandLine().getErr();
    try {
      Files.createDirectories(out);
      LabelEfficiency bench =
          new LabelEfficiency(read(Split.TRAIN), read(Split.VALIDATION), line -> say(err, line));
      Path preTrained = out.resolve("pre-trained.safetensors");
      double loss = bench.preTrain(steps, preTrained);
      say(err, String.format(Locale.ROOT, "pre-trained: loss %.3f", loss));
      List<LabelEfficiency.Result> results = bench.run(seeds, preTrained);
      LabelFigure figure = LabelFigure.of(results);
      Files.writeString(out.resolve("labels.svg"), figure.svg());
      Files.writeString(out.resolve("labels.csv"), csv(results));
      spec.commandLine().getOut().print(figure.text());
      spec.commandLine().getOut().flush();
      return 0;
    } catch (IOException failed) {
      err.println("consilium bench labels failed: " + failed.getMessage());
      return 1;
    }
  }

  private ImageSet read(Split split) throws IOException {
    Optional<ImageSet> images = NpzFile.read(data, split, NpzFile.Bounds.DEFAULT);
    if (images.isEmpty()) {
      throw new IOException("%s has no %s_images".formatted(data.getFileName(), split.key()));
    }
    return images.get();
  }

  private static String csv(List<LabelEfficiency.Result> results) {
    StringBuilder text = new StringBuilder("part,labels,seed,start,auroc\n");
    for (LabelEfficiency.Result r : results) {
      text.append(
          String.format(
              Locale.ROOT,
              "%.2f,%d,%d,%s,%.5f%n",
              r.part(),
              r.labels(),
              r.seed(),
              r.preTrained() ? "pre-trained" : "random",
              r.auroc()));
    }
    return text.toString();
  }

  private static void say(PrintWriter err, String line) {
    err.println(line);
    err.flush();
  }
}
