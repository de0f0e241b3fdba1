package org.consilium.protocol;

import java.util.regex.Pattern;

/**
 * A study, by its name in the consortium.
 *
 * @param value 3 to 40 of a-z, 0-9 and inner hyphens; safe in file names, URIs and metric labels
 */
public record StudyId(String value) implements Comparable<StudyId> {
  private static final Pattern LEGAL = Pattern.compile("[a-z0-9](?:[a-z0-9-]{1,38})[a-z0-9]");

  public StudyId {
    if (!LEGAL.matcher(value).matches()) {
      throw new IllegalArgumentException(
          "study id must be 3-40 of [a-z0-9-], not starting or ending with a hyphen: "
              + Limits.printable(value));
    }
  }

  @Override
  public int compareTo(StudyId other) {
    return value.compareTo(other.value);
  }

  @Override
  public String toString() {
    return value;
  }
}
