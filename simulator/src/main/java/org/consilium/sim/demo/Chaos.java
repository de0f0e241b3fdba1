package org.consilium.sim.demo;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.SplittableRandom;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * How often what is killed.
 *
 * @param coordinatorKills SIGKILLs of the coordinator over the study
 * @param siteKills SIGKILLs of sites, one after the other
 */
public record Chaos(int coordinatorKills, int siteKills) {
  /** Nothing is killed. */
  public static final Chaos NONE = new Chaos(0, 0);

  private static final int KILLS_MAX = 1000;
  private static final Pattern PART = Pattern.compile("(coordinator-kill|site-kill)=([0-9]{1,4})");

  public Chaos {
    if (coordinatorKills < 0
        || coordinatorKills > KILLS_MAX
        || siteKills < 0
        || siteKills > KILLS_MAX) {
      throw new IllegalArgumentException(
          "kills must be 0-%d, got %d and %d".formatted(KILLS_MAX, coordinatorKills, siteKills));
    }
  }

  /**
   * One kill.
   *
   * @param round in which it happens
   * @param site place of the site; -1 for the coordinator
   * @param into part of a usual round after which it happens, 0-1
   */
  record Kill(int round, int site, double into) {}

  /** Reads {@code coordinator-kill=N,site-kill=M}; either part may be left out. */
  public static Chaos parse(String text) {
    int coordinator = 0;
    int site = 0;
    for (String part : text.split(",", -1)) {
      Matcher matcher = PART.matcher(part.strip());
      if (!matcher.matches()) {
        throw new IllegalArgumentException(
            "chaos must be like coordinator-kill=2,site-kill=1, got " + text);
      }
      int times = Integer.parseInt(matcher.group(2));
      if (matcher.group(1).startsWith("coordinator")) {
        coordinator = times;
      } else {
        site = times;
      }
    }
    return new Chaos(coordinator, site);
  }

  /** The kills in order, spread over the rounds; the same for the same seed. */
  List<Kill> plan(int rounds, int sites, long seed) {
    SplittableRandom random = new SplittableRandom(seed ^ 0x6b696c6cL);
    List<Kill> kills = new ArrayList<>();
    spread(kills, coordinatorKills, rounds, random, -1);
    int first = sites == 0 ? 0 : random.nextInt(sites);
    for (int i = 0; i < siteKills; i++) {
      int round = 1 + (int) (rounds * (i + random.nextDouble()) / siteKills);
      kills.add(
          new Kill(Math.min(rounds, round), (first + i) % sites, 0.1 + 0.3 * random.nextDouble()));
    }
    kills.sort(Comparator.comparingInt(Kill::round).thenComparingDouble(Kill::into));
    return List.copyOf(kills);
  }

  private static void spread(
      List<Kill> kills, int times, int rounds, SplittableRandom random, int site) {
    for (int i = 0; i < times; i++) {
      int round = 1 + (int) (rounds * (i + random.nextDouble()) / times);
      kills.add(new Kill(Math.min(rounds, round), site, 0.2 + 0.6 * random.nextDouble()));
    }
  }
}
