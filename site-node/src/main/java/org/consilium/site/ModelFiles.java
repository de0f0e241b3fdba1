package org.consilium.site;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.consilium.models.catalog.Architecture;
import org.consilium.models.catalog.Catalogue;
import org.consilium.models.checkpoint.Checkpoint;
import org.consilium.models.checkpoint.Family;
import org.consilium.models.checkpoint.Licences;
import org.consilium.models.engine.EngineSettings;
import org.consilium.models.engine.EngineUnavailable;
import org.consilium.models.engine.reference.Comparison;
import org.consilium.models.engine.reference.ReferenceFolder;
import org.consilium.models.params.Finite;
import org.consilium.models.params.SafetensorsFile;
import org.consilium.models.params.SafetensorsWriter;
import org.consilium.models.params.TensorSpec;
import org.consilium.protocol.Digest;
import org.consilium.protocol.Limits;
import org.consilium.protocol.ModelSpec;

/** Model files and reference folders on this machine: what is in them, and whether it is right. */
final class ModelFiles {

  /** Input that the list's counts are for, one output. */
  private static final int LISTED_CHANNELS = 3;

  private static final int LISTED_EDGE = 224;

  private ModelFiles() {}

  /** Tensors, metadata, digest, and what the file looks like. */
  static Console.Result inspect(Path path) throws IOException {
    Map<String, Object> data = new LinkedHashMap<>();
    StringBuilder text = new StringBuilder();
    try (SafetensorsFile file = SafetensorsFile.open(path)) {
      String family = Family.guess(file.layout()).map(Family::key).orElse("unknown");
      data.put("file", path.toString());
      data.put("bytes", Files.size(path));
      data.put("sha256", Digest.sha256(path).hex());
      data.put("tensors", file.layout().tensors().size());
      data.put("parameters", file.layout().length());
      data.put("family", family);
      data.put("licence", Licences.line(String.valueOf(path.getFileName())));
      data.forEach((key, value) -> text.append("%-12s %s%n".formatted(key, value)));
      Map<String, Object> metadata = new TreeMap<>();
      file.metadata().forEach((key, value) -> metadata.put(printable(key), printable(value)));
      metadata.forEach((key, value) -> text.append("metadata     %s = %s%n".formatted(key, value)));
      List<Object> tensors = new ArrayList<>();
      for (int t = 0; t < file.layout().tensors().size(); t++) {
        TensorSpec tensor = file.layout().tensors().get(t);
        String type = file.dtype(t).name();
        tensors.add(Map.of("name", tensor.name(), "shape", tensor.shape(), "type", type));
        text.append("%-5s %-18s %s%n".formatted(type, tensor.shape(), tensor.name()));
      }
      data.put("metadata", metadata);
      data.put("layout", tensors);
    }
    return new Console.Result(data, text.toString().stripTrailing());
  }

  /** Every output of a reference folder against ours; the exit code is 1 if one is too far off. */
  static Console.Result verify(Path folder) throws IOException, Failure {
    List<Comparison> compared = compared(folder);
    boolean passed = compared.stream().allMatch(Comparison::passed);
    List<Object> outputs = new ArrayList<>();
    StringBuilder text = new StringBuilder();
    for (Comparison each : compared) {
      Map<String, Object> output = new LinkedHashMap<>();
      output.put("output", each.output());
      output.put("difference", String.valueOf(each.difference()));
      output.put("tolerance", each.tolerance());
      output.put("passed", each.passed());
      outputs.add(output);
      text.append(
          "%-4s %-50s %.3e of %.0e%n"
              .formatted(
                  each.passed() ? "ok" : "FAIL",
                  each.output(),
                  each.difference(),
                  each.tolerance()));
    }
    long failed = compared.stream().filter(each -> !each.passed()).count();
    text.append(
        "%d outputs compared, %d outside their tolerance".formatted(compared.size(), failed));
    Map<String, Object> data = new LinkedHashMap<>();
    data.put("folder", folder.toString());
    data.put("passed", passed);
    data.put("compared", compared.size());
    data.put("failed", failed);
    data.put("outputs", outputs);
    return new Console.Result(data, text.toString(), passed ? 0 : 1);
  }

  private static List<Comparison> compared(Path folder) throws IOException, Failure {
    try {
      List<Comparison> compared = ReferenceFolder.verify(folder, EngineSettings.reproducible());
      if (compared.isEmpty()) {
        throw unfit("verify %s: it records nothing to compare".formatted(folder.getFileName()));
      }
      return compared;
    } catch (EngineUnavailable engine) {
      throw engine;
    } catch (IOException malformed) {
      throw unfit(String.valueOf(malformed.getMessage()));
    }
  }

  private static Failure unfit(String why) {
    return new Failure(Failure.Kind.UNFIT_REFERENCE, why.lines().findFirst().orElse(why), "");
  }

  /** A checkpoint under our names. */
  static Console.Result convert(Path from, Architecture to, Checkpoint.Wanted wanted, Path out)
      throws IOException, Failure {
    if (Files.exists(out)) {
      throw new Failure(
          Failure.Kind.CONFLICT, out + " is there and was not overwritten", "name another --out");
    }
    ModelSpec spec = to.spec();
    Map<String, String> metadata = new TreeMap<>();
    metadata.put("architecture", spec.architecture());
    metadata.put("channels", Integer.toString(spec.channels()));
    metadata.put("height", Integer.toString(spec.height()));
    metadata.put("width", Integer.toString(spec.width()));
    metadata.put("classes", Integer.toString(spec.classes()));
    metadata.put("parameters", "0");
    metadata.put("source.family", wanted.family().key());
    metadata.put("source.sha256", Digest.sha256(from).hex());
    Map<String, Object> data = new LinkedHashMap<>();
    try (Checkpoint checkpoint = Checkpoint.open(from, to, wanted)) {
      metadata.put("source.positions", checkpoint.resampled() ? "resampled" : "as they were");
      Finite.require(checkpoint, "convert " + from.getFileName());
      data.put("sha256", SafetensorsWriter.save(out, checkpoint, metadata).hex());
      data.put("file", out.toString());
      data.put("parameters", checkpoint.layout().length());
      data.put("passedOver", checkpoint.passedOver());
      data.put("fresh", checkpoint.fresh());
      data.put("resampled", checkpoint.resampled());
      data.put("licence", Licences.line(String.valueOf(from.getFileName())));
    }
    StringBuilder text = new StringBuilder();
    data.forEach((key, value) -> text.append("%-12s %s%n".formatted(key, value)));
    return new Console.Result(data, text.toString().stripTrailing());
  }

  /** Every architecture of the catalogue, and the licences that are recorded. */
  static Console.Result list() {
    List<Object> models = new ArrayList<>();
    StringBuilder text = new StringBuilder();
    for (String name : Catalogue.names()) {
      ModelSpec spec = new ModelSpec(name, LISTED_CHANNELS, LISTED_EDGE, LISTED_EDGE, 1, 0);
      if (Catalogue.find(spec) instanceof Catalogue.Known(Architecture known)) {
        Map<String, Object> model = new LinkedHashMap<>();
        model.put("name", name);
        model.put("parameters", known.parameters());
        model.put("input", List.of(LISTED_CHANNELS, LISTED_EDGE, LISTED_EDGE));
        model.put("summary", known.summary());
        models.add(model);
        text.append("%-28s %,15d  %s%n".formatted(name, known.parameters(), known.summary()));
      }
    }
    text.append("%nLicences of checkpoints, as far as they are recorded:%n".formatted());
    Map<String, Object> licences = new LinkedHashMap<>();
    for (Licences.Licence licence : Licences.known()) {
      licences.put(licence.checkpoint(), licence.line());
      text.append("%-12s %s%n".formatted(licence.checkpoint(), licence.line()));
    }
    Map<String, Object> data = new LinkedHashMap<>();
    data.put("models", models);
    data.put("licences", licences);
    return new Console.Result(data, text.toString().stripTrailing());
  }

  private static String printable(String foreign) {
    return Limits.printable(foreign);
  }
}
