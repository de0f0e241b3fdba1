package org.consilium.sim.scenario;

import java.util.Arrays;
import java.util.Optional;
import java.util.stream.Collectors;

/** A story that the demonstration can tell. */
public enum Scenario {
  STORY("story", "skewed sites, and one scanner that degrades after the climb", true, true),
  IID("iid", "all sites alike", false, false),
  SKEW("skew", "sites differ in case-mix, prevalence and scanner", true, false),
  DRIFT("drift", "all sites alike, and one scanner that degrades after the climb", false, true),
  STRAGGLER("straggler", "skewed sites, and one that is frozen most of the time", true, false),
  DROPOUT("dropout", "skewed sites, and one that dies for good in mid-study", true, false);

  private final String key;
  private final String words;
  private final boolean skewed;
  private final boolean drifting;

  Scenario(String key, String words, boolean skewed, boolean drifting) {
    this.key = key;
    this.words = words;
    this.skewed = skewed;
    this.drifting = drifting;
  }

  /** The word on the command line. */
  public String key() {
    return key;
  }

  /** One line for people. */
  public String words() {
    return words;
  }

  boolean skewed() {
    return skewed;
  }

  boolean drifting() {
    return drifting;
  }

  /** The scenario of a command-line word. */
  public static Optional<Scenario> find(String key) {
    return Arrays.stream(values()).filter(s -> s.key.equals(key)).findFirst();
  }

  /** All words, for messages. */
  public static String keys() {
    return Arrays.stream(values()).map(Scenario::key).collect(Collectors.joining(", "));
  }
}
