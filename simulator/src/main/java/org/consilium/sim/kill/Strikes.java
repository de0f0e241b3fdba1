package org.consilium.sim.kill;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.consilium.protocol.SiteId;
import org.consilium.protocol.fault.FailPoint;
import org.consilium.sim.consortium.LocalConsortium;
import org.consilium.sim.process.Installation;

/**
 * Which fail-point each process is started with: the first of its own list, and after its death the
 * next one.
 */
public final class Strikes implements Installation.Flags {
  private final List<Strike> all;
  private final Map<String, Deque<Strike>> left = new HashMap<>();

  /**
   * One fault.
   *
   * @param child the coordinator or a site
   * @param point where
   * @param what kill, halt, pause=SECONDS or io-error, and the number of the time, as {@code
   *     kill:2}
   */
  public record Strike(String child, FailPoint point, String what) {
    /** Kills the coordinator the first time that it comes by. */
    public static Strike coordinator(FailPoint point) {
      return coordinator(point, "kill");
    }

    /** Strikes the coordinator. */
    public static Strike coordinator(FailPoint point, String what) {
      return new Strike(LocalConsortium.COORDINATOR, point, what);
    }

    /** Kills a site the first time that it comes by. */
    public static Strike site(SiteId site, FailPoint point) {
      return site(site, point, "kill");
    }

    /** Strikes a site. */
    public static Strike site(SiteId site, FailPoint point, String what) {
      return new Strike(site.value(), point, what);
    }

    /** As the property says it. */
    public String said() {
      return point.word() + ":" + what;
    }
  }

  /** These, for each process in this order. */
  public Strikes(List<Strike> all) {
    this.all = List.copyOf(all);
    for (Strike strike : all) {
      left.computeIfAbsent(strike.child(), _ -> new ArrayDeque<>()).add(strike);
    }
  }

  /** All of them. */
  public List<Strike> all() {
    return all;
  }

  @Override
  public synchronized List<String> of(String module, List<String> arguments) {
    Deque<Strike> next =
        module.equals("coordinator")
            ? left.getOrDefault(LocalConsortium.COORDINATOR, new ArrayDeque<>())
            : left.entrySet().stream()
                .filter(e -> arguments.stream().anyMatch(a -> isStateOf(e.getKey(), a)))
                .map(Map.Entry::getValue)
                .findFirst()
                .orElseGet(ArrayDeque::new);
    return next.isEmpty()
        ? List.of()
        : List.of("-D%s=%s".formatted(FailPoint.PROPERTY, next.remove().said()));
  }

  private static boolean isStateOf(String site, String argument) {
    return argument.endsWith("/%s/state".formatted(site))
        || argument.endsWith("\\%s\\state".formatted(site));
  }
}
