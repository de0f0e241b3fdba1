package org.consilium.sim.demo;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.consilium.models.data.ImageSet;
import org.consilium.models.data.NpzFile;
import org.consilium.models.data.Split;
import org.consilium.models.params.ParameterSource;
import org.consilium.models.params.SafetensorsWriter;
import org.consilium.protocol.Training;
import org.consilium.sim.process.Installation;
import org.consilium.sim.score.Beginning;
import org.consilium.sim.score.RandomStart;

/**
 * Trains the comparison from random values in a process of its own, beside the pooled model: the
 * engine trains one model at a time in a process.
 */
final class RandomStartProcess {
  private static final int HEAP_MIB = 512;
  private static final int DIVERGED = 3;

  private final Installation installation;
  private final Path log;

  /**
   * @param log all that it prints
   */
  RandomStartProcess(Installation installation, Path log) {
    this.installation = installation;
    this.log = log;
  }

  /**
   * Runs it; an interrupt ends it.
   *
   * @param seed of the study
   * @param data the sites' files
   * @param out file of the parameters
   * @return {@code out}, or nothing when it diverged
   */
  Optional<Path> run(int seed, int rounds, List<Path> data, Path out)
      throws IOException, InterruptedException {
    List<String> arguments =
        new ArrayList<>(List.of(Integer.toString(seed), Integer.toString(rounds), out.toString()));
    data.forEach(file -> arguments.add(file.toString()));
    Process process =
        new ProcessBuilder(
                installation.beside("simulator", HEAP_MIB, RandomStartProcess.class, arguments))
            .redirectErrorStream(true)
            .redirectOutput(log.toFile())
            .start();
    try {
      int code = process.waitFor();
      if (code != 0 && code != DIVERGED) {
        List<String> said = Files.readString(log).lines().toList();
        throw new IOException(
            "train from random values: the process ended with code %d: %s"
                .formatted(code, said.isEmpty() ? "(no output)" : said.getLast()));
      }
      return code == 0 ? Optional.of(out) : Optional.empty();
    } finally {
      process.destroyForcibly();
    }
  }

  /** Arguments: seed, rounds, the file to write, the sites' files. */
  public static void main(String[] args) {
    Thread.ofPlatform().daemon().start(RandomStartProcess::endWithParent);
    try {
      System.exit(train(args) ? 0 : DIVERGED);
    } catch (IOException failed) {
      System.err.println(failed.getMessage());
      System.exit(1);
    }
  }

  private static boolean train(String[] args) throws IOException {
    DemoOptions.Scale scale = DemoOptions.Scale.DEMONSTRATION;
    int rounds = Integer.parseInt(args[1]);
    List<ImageSet> sites = new ArrayList<>();
    for (String file : List.of(args).subList(3, args.length)) {
      sites.add(
          NpzFile.read(Path.of(file), Split.TRAIN, NpzFile.Bounds.DEFAULT)
              .orElseThrow(() -> new IOException("no training cases in " + file)));
    }
    Beginning beginning = scale.beginning(Integer.parseInt(args[0]), Optional.empty());
    Training training = scale.recipe().training();
    Optional<ParameterSource> trained = RandomStart.train(beginning, training, sites, rounds);
    if (trained.isPresent()) {
      var _ = SafetensorsWriter.save(Path.of(args[2]), trained.get(), Map.of());
    }
    return trained.isPresent();
  }

  /** The parent holds the other end of standard input, and lets go of it only by ending. */
  private static void endWithParent() {
    try {
      while (System.in.read() >= 0) {
        // Nothing is ever sent.
      }
    } catch (IOException gone) {
      throw new UncheckedIOException(gone);
    } finally {
      Runtime.getRuntime().halt(1);
    }
  }
}
