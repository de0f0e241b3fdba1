package org.consilium.sim;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Types README's three terminals, line by line, into three shells. A line is done when its shell
 * says so; the next terminal's block may begin when what it needs is there, as a person would wait.
 */
@Tag("slow")
final class ReadmeTest {
  private static final Path ROOT =
      Path.of(System.getProperty("consilium.root", "..")).toAbsolutePath().normalize();
  private static final long PATIENCE_MILLIS = 300_000;

  private final Map<Integer, Terminal> terminals = new TreeMap<>();

  @TempDir Path folder;

  @AfterEach
  void closeTerminals() throws Exception {
    for (Terminal terminal : terminals.values()) {
      terminal.close();
    }
  }

  @Test
  void threeTerminals_asWritten_trainAModel() throws Exception {
    Files.createSymbolicLink(folder.resolve("consilium"), ROOT.resolve("consilium"));
    List<Block> blocks = blocks(Files.readString(ROOT.resolve("README.md")));
    assertThat(blocks).hasSizeGreaterThan(5);

    for (Block block : blocks) {
      Terminal terminal = terminals.computeIfAbsent(block.terminal(), this::open);
      for (String line : block.lines()) {
        awaitFilesOf(line);
        terminal.type(line);
        if (!line.contains("coordinator serve")) {
          terminal.awaitDone();
        } else {
          await(folder.resolve("lab/coordinator/endpoint"));
        }
      }
    }

    assertThat(terminals.get(2)).isNotNull();
    String administrator = read(2);
    assertThat(administrator)
        .contains("COMPLETED")
        .contains("\"auroc\"")
        .doesNotContain("Exception");
    assertThat(folder.resolve("lab/export/model.safetensors")).exists();
    assertThat(folder.resolve("lab/export/MODEL_CARD.md")).exists();
  }

  /** One fenced block and the terminal that it is typed into. */
  private record Block(int terminal, List<String> lines) {}

  private static List<Block> blocks(String readme) {
    String part =
        readme.substring(
            readme.indexOf("<!-- consortium:begin -->"), readme.indexOf("<!-- consortium:end -->"));
    Matcher fences =
        Pattern.compile("```bash terminal-(\\d)\n(.*?)```", Pattern.DOTALL).matcher(part);
    List<Block> found = new ArrayList<>();
    while (fences.find()) {
      found.add(new Block(Integer.parseInt(fences.group(1)), fences.group(2).lines().toList()));
    }
    return found;
  }

  /** Waits for the files that other terminals make and this line reads. */
  private void awaitFilesOf(String line) throws Exception {
    Matcher files = Pattern.compile("(?:--token-file |cat )(lab/[\\w./-]+)").matcher(line);
    while (files.find()) {
      await(folder.resolve(files.group(1)));
    }
  }

  private void await(Path file) throws Exception {
    long end = System.currentTimeMillis() + PATIENCE_MILLIS;
    while (!Files.exists(file) || Files.size(file) == 0) {
      assertThat(System.currentTimeMillis())
          .as("%s appears\n%s", file, everything())
          .isLessThan(end);
      Thread.sleep(100);
    }
  }

  private Terminal open(int number) {
    try {
      Process shell =
          new ProcessBuilder("bash")
              .directory(folder.toFile())
              .redirectErrorStream(true)
              .redirectOutput(folder.resolve("terminal-" + number + ".log").toFile())
              .start();
      return new Terminal(number, shell);
    } catch (IOException failed) {
      throw new IllegalStateException("open terminal " + number, failed);
    }
  }

  private String read(int number) throws IOException {
    return Files.readString(folder.resolve("terminal-" + number + ".log"));
  }

  private String everything() throws IOException {
    StringBuilder all = new StringBuilder();
    for (int number : terminals.keySet()) {
      all.append("-- terminal ").append(number).append('\n').append(read(number));
    }
    return all.toString();
  }

  /** A shell that is typed into. */
  private final class Terminal {
    private final int number;
    private final Process shell;
    private final Writer keyboard;
    private int typed;

    Terminal(int number, Process shell) {
      this.number = number;
      this.shell = shell;
      this.keyboard = shell.outputWriter(StandardCharsets.UTF_8);
    }

    void type(String line) throws IOException {
      typed++;
      keyboard.write(line + "\necho \"done-" + typed + "-$?\"\n");
      keyboard.flush();
    }

    void awaitDone() throws Exception {
      long end = System.currentTimeMillis() + PATIENCE_MILLIS;
      while (!read(number).contains("done-" + typed + "-")) {
        assertThat(System.currentTimeMillis()).as(everything()).isLessThan(end);
        assertThat(shell.isAlive()).as(everything()).isTrue();
        Thread.sleep(100);
      }
      assertThat(read(number)).as(everything()).contains("done-" + typed + "-0");
    }

    /** Ends all that was started here; a service gets time to end by itself first. */
    void close() throws Exception {
      List<ProcessHandle> started = new ArrayList<>(shell.descendants().toList());
      started.add(shell.toHandle());
      started.forEach(ProcessHandle::destroy);
      for (ProcessHandle process : started) {
        try {
          var _ = process.onExit().get(20, TimeUnit.SECONDS);
        } catch (TimeoutException deaf) {
          var _ = process.destroyForcibly();
        }
      }
      assertThat(shell.waitFor(10, TimeUnit.SECONDS)).isTrue();
    }
  }
}
