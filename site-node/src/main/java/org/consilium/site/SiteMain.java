package org.consilium.site;

import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.time.InstantSource;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/**
 * The node's command line: {@code node …} at the hospital and {@code model …} for one model file.
 */
@Command(
    name = "consilium",
    description = "Consilium at the hospital.",
    mixinStandardHelpOptions = true)
public final class SiteMain {
  private SiteMain() {}

  /** Runs one command and exits with its code. */
  public static void main(String[] args) {
    PrintWriter out = new PrintWriter(System.out, false, StandardCharsets.UTF_8);
    PrintWriter err = new PrintWriter(System.err, true, StandardCharsets.UTF_8);
    System.exit(run(out, err, args));
  }

  /** Runs one command in this process, on this machine's clock; returns its exit code. */
  public static int run(PrintWriter out, PrintWriter err, String... args) {
    int exit = run(new Console(out, err, InstantSource.system()), new SecureRandom(), args);
    out.flush();
    return exit;
  }

  /** Runs one command in this process; returns its exit code. */
  static int run(Console console, SecureRandom random, String... args) {
    CommandLine all =
        new CommandLine(new SiteMain())
            .addSubcommand(
                new CommandLine(new NodeCommand(console, random))
                    .addSubcommand(new StudyCommand(console))
                    .addSubcommand(new PolicyCommand(console))
                    .addSubcommand(new PrivacyCommand(console)))
            .addSubcommand(new ModelCommand(console));
    tellVersion(all, "consilium " + version());
    return all.setOut(console.out())
        .setErr(console.err())
        .setCaseInsensitiveEnumValuesAllowed(true)
        .execute(args);
  }

  /** Has every command answer {@code --version}: picocli hands a version down to none below. */
  private static void tellVersion(CommandLine command, String words) {
    var _ = command.getCommandSpec().version(words);
    for (CommandLine below : command.getSubcommands().values()) {
      tellVersion(below, words);
    }
  }

  /** This build's version; {@code development} outside a jar. */
  static String version() {
    String version = SiteMain.class.getPackage().getImplementationVersion();
    return version == null ? "development" : version;
  }
}
