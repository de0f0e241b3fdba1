package org.consilium.sim.process;

import java.io.File;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Where this copy of the product lies: the folder of the launcher, and the Java that runs it.
 *
 * @param home folder that holds the modules
 * @param java the {@code java} program
 * @param flags further ones of services
 */
public record Installation(Path home, Path java, Flags flags) {
  /**
   * Has the bulk ciphers and hashes compiled after a few calls: each call of theirs is a megabyte,
   * and until they are compiled, they run a hundred times slower.
   */
  private static final List<String> HOT =
      Stream.concat(
              Stream.of("-XX:CompileCommand=quiet"),
              Stream.of(
                      "com.sun.crypto.provider.GaloisCounterMode*",
                      "com.sun.crypto.provider.GHASH",
                      "com.sun.crypto.provider.GCTR",
                      "com.sun.crypto.provider.CounterMode",
                      "com.sun.crypto.provider.AESCrypt",
                      "sun.security.provider.DigestBase",
                      "sun.security.provider.SHA2*")
                  .map("-XX:CompileCommand=CompileThresholdScaling,%s::*,0.01"::formatted))
          .toList();

  /**
   * Room for a coordinator's compiled code. It uses two thirds of it; in the usual 240 MiB lie, far
   * apart, more versions that the compiler has replaced.
   */
  private static final String COMPILED_CODE = "-XX:ReservedCodeCacheSize=24m";

  /**
   * Environment of a coordinator: the C library gives large blocks back to the system instead of
   * keeping them among small ones (mallopt(3)), a tenth of its memory with 32 sites. Not for sites,
   * where the engine's tensors are such blocks, over and over. What is set already stays.
   */
  public static final Map<String, String> SPARING =
      Map.of(
              "MALLOC_ARENA_MAX", "2",
              "MALLOC_MMAP_THRESHOLD_", "131072",
              "MALLOC_TRIM_THRESHOLD_", "131072")
          .entrySet()
          .stream()
          .filter(e -> System.getenv(e.getKey()) == null)
          .collect(Collectors.toUnmodifiableMap(Map.Entry::getKey, Map.Entry::getValue));

  /** Flags of the virtual machine for a service, asked for at every start. */
  @FunctionalInterface
  public interface Flags {
    /** None. */
    Flags NONE = (_, _) -> List.of();

    /**
     * The flags.
     *
     * @param module whose service starts
     * @param arguments with which it starts
     */
    List<String> of(String module, List<String> arguments);
  }

  /** The same copy, whose services get further flags. */
  public Installation with(Flags further) {
    return new Installation(home, java, further);
  }

  /**
   * The copy that this process runs from: {@code CONSILIUM_HOME}, the property {@code
   * consilium.root}, or two folders above this class's jar.
   *
   * @throws IOException if the services' jars are not there
   */
  public static Installation find(Map<String, String> environment) throws IOException {
    Path home;
    String root = System.getProperty("consilium.root");
    if (root != null) {
      home = Path.of(root);
    } else if (environment.containsKey("CONSILIUM_HOME")) {
      home = Path.of(environment.getOrDefault("CONSILIUM_HOME", "."));
    } else {
      home = besideThisJar();
    }
    Path java = Path.of(System.getProperty("java.home"), "bin", "java");
    Installation installation = new Installation(home.toAbsolutePath(), java, Flags.NONE);
    for (String module : List.of("coordinator", "site-node")) {
      if (!Files.isRegularFile(installation.jar(module))) {
        throw new IOException(
            "find the services: %s is missing; run ./consilium build"
                .formatted(installation.jar(module)));
      }
    }
    return installation;
  }

  /** The runnable jar of a module. */
  public Path jar(String module) {
    return home.resolve(module).resolve("target").resolve(module + ".jar");
  }

  /**
   * Where a rehearsal leaves what a service of a module had loaded, linked and learnt of its own
   * methods (JEP 483, 514, 515), so that later ones start and warm up sooner.
   */
  public Path startCache(String module) {
    return home.resolve(module).resolve("target").resolve(module + ".aot");
  }

  /** A command line that runs a module as a service with at most {@code heapMiB} of Java heap. */
  public List<String> service(String module, int heapMiB, List<String> arguments) {
    List<String> flags =
        new ArrayList<>(
            List.of("-Xmx" + heapMiB + "m", "-XX:+UseSerialGC", "-XX:+ExitOnOutOfMemoryError"));
    flags.addAll(HOT);
    if (module.equals("coordinator")) {
      flags.add(COMPILED_CODE);
    }
    flags.addAll(started(module));
    flags.addAll(this.flags.of(module, arguments));
    flags.add("-jar");
    return command(flags, jar(module).toString(), arguments);
  }

  /**
   * A command line that runs a class of ours beside a module's jar for a short piece of work: quick
   * to start.
   */
  public List<String> once(String module, Class<?> main, List<String> arguments)
      throws IOException {
    String path = jar(module) + File.pathSeparator + placeOf(main);
    List<String> flags =
        List.of("-Xmx128m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", path);
    return command(flags, main.getName(), arguments);
  }

  /** A command line that runs a class of ours beside a module's jar for longer work. */
  public List<String> beside(String module, int heapMiB, Class<?> main, List<String> arguments)
      throws IOException {
    String path = jar(module) + File.pathSeparator + placeOf(main);
    List<String> flags =
        List.of(
            "--enable-native-access=ALL-UNNAMED",
            "-Xmx" + heapMiB + "m",
            "-XX:+UseSerialGC",
            "-cp",
            path);
    return command(flags, main.getName(), arguments);
  }

  /** A command line that runs another main class of a module's jar as a service. */
  public List<String> beside(String module, int heapMiB, String main, List<String> arguments) {
    List<String> flags =
        List.of("-Xmx" + heapMiB + "m", "-XX:+UseSerialGC", "-cp", jar(module).toString());
    return command(flags, main, arguments);
  }

  /** The virtual machine checks by itself whether a cache fits; one that does not is ignored. */
  private List<String> started(String module) {
    Path cache = startCache(module);
    boolean there = Files.isRegularFile(cache) && cache.toFile().length() > 0;
    return there && cache.toFile().lastModified() >= jar(module).toFile().lastModified()
        ? List.of("-XX:AOTCache=" + cache, "-Xlog:aot*=off")
        : List.of();
  }

  private List<String> command(List<String> flags, String program, List<String> arguments) {
    List<String> command = new ArrayList<>();
    command.add(java.toString());
    command.addAll(flags);
    command.add(program);
    command.addAll(arguments);
    return List.copyOf(command);
  }

  private static Path besideThisJar() throws IOException {
    // HOME/MODULE/target/MODULE.jar
    return placeOf(Installation.class).resolve("../../..").normalize();
  }

  /** The jar, or the folder of classes, that a class comes from. */
  private static Path placeOf(Class<?> type) throws IOException {
    try {
      return Path.of(type.getProtectionDomain().getCodeSource().getLocation().toURI());
    } catch (URISyntaxException unknown) {
      throw new IOException(
          "find the services: set CONSILIUM_HOME to the launcher's folder", unknown);
    }
  }
}
