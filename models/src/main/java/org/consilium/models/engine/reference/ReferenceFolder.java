package org.consilium.models.engine.reference;

import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDManager;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import org.consilium.models.engine.EngineSettings;
import org.consilium.models.engine.TensorEngine;

/**
 * Runs a model on recorded inputs and compares with the outputs that another implementation gave.
 * The folder holds {@code config.json} (constructor arguments in that implementation's names, the
 * tolerance), {@code weights.safetensors} and {@code io.safetensors}.
 */
public final class ReferenceFolder {
  private static final List<ReferenceCase> CASES =
      List.of(
          new TrainingCase(),
          new VisionTransformerCase(),
          new MaskedAutoencoderCase(),
          new DualEncoderCase(),
          new ContrastiveLossCase(),
          new PositionTableCase(),
          new DinoV2Case(),
          new ConvNeXtCase(),
          new UniRepLKNetCase(),
          new SegmentationCase());

  private ReferenceFolder() {}

  /**
   * Every recorded output against ours.
   *
   * @throws IOException if a file is missing or malformed, or no architecture fits
   */
  public static List<Comparison> verify(Path folder, EngineSettings settings) throws IOException {
    try (NDManager manager = TensorEngine.manager(settings)) {
      Workbench bench = Workbench.open(folder, manager);
      for (ReferenceCase each : CASES) {
        if (each.fits(bench)) {
          each.run(bench);
          return bench.compared();
        }
      }
    } catch (NoSuchFileException missing) {
      Path file = Path.of(String.valueOf(missing.getFile()));
      throw new IOException(
          "verify %s: it has no %s".formatted(folder.getFileName(), file.getFileName()), missing);
    } catch (IllegalArgumentException
        | ArithmeticException
        | IndexOutOfBoundsException
        | EngineException unfit) {
      // The folder is not trusted: whatever its numbers break is its fault, not a bug.
      throw new IOException(
          "verify %s: %s".formatted(folder.getFileName(), firstLine(unfit)), unfit);
    }
    throw new IOException(
        "verify %s: its config.json describes no model that is known here"
            .formatted(folder.getFileName()));
  }

  private static String firstLine(RuntimeException failure) {
    return String.valueOf(failure.getMessage()).lines().findFirst().orElse("it cannot be run");
  }
}
