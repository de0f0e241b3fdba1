import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The mean over several runs of each site's Dice, as a table. Usage: {@code java
 * tools/DiceTable.java result-1/report.json result-2/report.json ...}.
 */
final class DiceTable {
  private static final List<String> MODELS =
      List.of("alone", "pooled", "global", "personal", "kept");

  private DiceTable() {}

  public static void main(String[] files) throws Exception {
    Map<String, Map<String, List<Double>>> sites = new LinkedHashMap<>();
    for (String file : files) {
      String text = Files.readString(Path.of(file)).replaceAll("\\s+", "");
      Matcher dice = Pattern.compile("\"dice\":\\[(.*?)\\]").matcher(text);
      if (!dice.find()) {
        throw new IllegalArgumentException(file + " has no Dice");
      }
      for (String line : dice.group(1).split("\\},\\{")) {
        String site = value(line, "site");
        for (String model : MODELS) {
          String number = value(line, model);
          if (!number.equals("null")) {
            sites
                .computeIfAbsent(site, _ -> new LinkedHashMap<>())
                .computeIfAbsent(model, _ -> new ArrayList<>())
                .add(Double.valueOf(number));
          }
        }
      }
    }
    System.out.println("| site | alone | pooled | FedAvg | personal | kept | kept − alone |");
    System.out.println("|---|---|---|---|---|---|---|");
    Map<String, List<Double>> means = new LinkedHashMap<>();
    sites.forEach(
        (site, models) -> {
          print(site, models);
          models.forEach(
              (model, values) ->
                  means.computeIfAbsent(model, _ -> new ArrayList<>()).add(mean(values)));
        });
    print("mean", means);
  }

  private static String value(String line, String key) {
    Matcher found = Pattern.compile("\"" + key + "\":\"?([^,\"}]*)").matcher(line);
    return found.find() ? found.group(1) : "null";
  }

  private static void print(String site, Map<String, List<Double>> models) {
    StringBuilder row = new StringBuilder("| " + site);
    for (String model : MODELS) {
      row.append(" | ").append(text("%.3f", mean(models.getOrDefault(model, List.of()))));
    }
    double gain =
        mean(models.getOrDefault("kept", List.of())) - mean(models.getOrDefault("alone", List.of()));
    System.out.println(row.append(" | ").append(text("%+.3f", gain)).append(" |"));
  }

  private static double mean(List<Double> values) {
    OptionalDouble mean = values.stream().mapToDouble(v -> v).average();
    return mean.orElse(Double.NaN);
  }

  private static String text(String format, double value) {
    return Double.isNaN(value) ? "–" : String.format(Locale.ROOT, format, value);
  }
}
