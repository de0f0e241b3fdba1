package org.consilium.models.text;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/**
 * The words that a text tower knows: a fixed list that comes with the program, the same at every
 * site, so that no site's wording has to be told to make it. Id 0 fills a text up, 1 stands for
 * every word that is not in the list, {@link #END} ends a text and is the largest.
 */
public final class Vocabulary {
  /** Ids, those without a word included. */
  public static final int SIZE = 512;

  /** Ends a text. */
  public static final int END = SIZE - 1;

  private static final int UNKNOWN = 1;
  private static final int FIRST = 2;

  /** How fast a text's share in another's target falls with what they have not in common. */
  private static final double TEMPERATURE = 0.1;

  private final Map<String, Integer> ids;

  private Vocabulary(Map<String, Integer> ids) {
    this.ids = ids;
  }

  /** The list of this version. */
  public static Vocabulary bundled() {
    try (InputStream in = Vocabulary.class.getResourceAsStream("words.txt")) {
      if (in == null) {
        throw new IllegalStateException("vocabulary: words.txt is not in the program");
      }
      return of(
          new String(in.readAllBytes(), StandardCharsets.UTF_8)
              .lines()
              .filter(line -> !line.isBlank() && !line.startsWith("#"))
              .flatMap(line -> Arrays.stream(line.strip().split(" +")))
              .toList());
    } catch (IOException unreadable) {
      throw new UncheckedIOException("read vocabulary", unreadable);
    }
  }

  static Vocabulary of(List<String> words) {
    if (words.size() > END - FIRST) {
      throw new IllegalArgumentException(
          "vocabulary: at most %d words, got %d".formatted(END - FIRST, words.size()));
    }
    Map<String, Integer> ids = new HashMap<>();
    for (String word : words) {
      if (ids.put(word, FIRST + ids.size()) != null) {
        throw new IllegalArgumentException("vocabulary: " + word + " occurs twice");
      }
    }
    return new Vocabulary(ids);
  }

  /**
   * A text as ids: its words in lower case without punctuation, then {@link #END}, then zeros. What
   * does not fit is left out.
   *
   * @param context length of the result, at least 2
   */
  public long[] tokens(String text, int context) {
    long[] tokens = new long[context];
    List<String> words = words(text);
    int some = Math.min(words.size(), context - 1);
    for (int i = 0; i < some; i++) {
      tokens[i] = ids.getOrDefault(words.get(i), UNKNOWN);
    }
    tokens[some] = END;
    return tokens;
  }

  /** Texts one after the other, [texts, context] row-major. */
  public long[] tokens(List<String> texts, int context) {
    long[] all = new long[texts.size() * context];
    for (int i = 0; i < texts.size(); i++) {
      System.arraycopy(tokens(texts.get(i), context), 0, all, i * context, context);
    }
    return all;
  }

  /** Whether a word is in the list. */
  public boolean knows(String word) {
    return ids.containsKey(word);
  }

  /**
   * How much each text is worth as an answer to each other one, [texts, texts] row-major, rows that
   * sum to 1: the softmax of the share of words that two texts have in common (Jaccard's index,
   * over a temperature of 0.1). Texts that say the same in the same words are equally right.
   */
  public static double[] alike(List<String> texts) {
    int n = texts.size();
    List<Set<String>> sets = new ArrayList<>();
    texts.forEach(text -> sets.add(new HashSet<>(words(text))));
    double[] shares = new double[n * n];
    for (int i = 0; i < n; i++) {
      double sum = 0;
      for (int j = 0; j < n; j++) {
        // At most exp(0), which the diagonal always has: nothing overflows, no row is empty.
        double away = i == j ? 0 : jaccard(sets.get(i), sets.get(j)) - 1;
        shares[i * n + j] = StrictMath.exp(away / TEMPERATURE);
        sum += shares[i * n + j];
      }
      for (int j = 0; j < n; j++) {
        shares[i * n + j] /= sum;
      }
    }
    return shares;
  }

  private static double jaccard(Set<String> first, Set<String> second) {
    long common = first.stream().filter(second::contains).count();
    long all = first.size() + second.size() - common;
    return all == 0 ? 1 : (double) common / all;
  }

  private static List<String> words(String text) {
    return Arrays.stream(text.toLowerCase(Locale.ROOT).split("[^\\p{L}\\p{N}]+"))
        .filter(word -> !word.isEmpty())
        .toList();
  }
}
