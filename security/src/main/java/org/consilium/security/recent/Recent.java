package org.consilium.security.recent;

import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * The answers used last, by what was asked. Safe for use by many threads; two that ask the same at
 * once may both have to find the answer.
 *
 * @param <V> an answer
 */
public final class Recent<V> {
  private final int most;
  private final Consumer<V> forget;
  private final Map<Question, V> answers = new LinkedHashMap<>(16, .75f, true);

  /**
   * Empty.
   *
   * @param most answers kept
   * @param forget is given each answer that leaves, to erase it
   */
  public Recent(int most, Consumer<V> forget) {
    this.most = most;
    this.forget = forget;
  }

  /**
   * What was asked, as the SHA-256 of its parts.
   *
   * @param digest 32 bytes, read only
   */
  public record Question(ByteBuffer digest) {
    /** Of parts whose lengths count: the same bytes in other parts are another question. */
    public static Question of(byte[]... parts) {
      MessageDigest hash = sha256();
      for (byte[] part : parts) {
        hash.update(ByteBuffer.allocate(Integer.BYTES).putInt(part.length).flip());
        hash.update(part);
      }
      return new Question(ByteBuffer.wrap(hash.digest()).asReadOnlyBuffer());
    }

    private static MessageDigest sha256() {
      try {
        return MessageDigest.getInstance("SHA-256");
      } catch (NoSuchAlgorithmException absent) {
        throw new IllegalStateException("every JDK has SHA-256", absent);
      }
    }
  }

  /** The answer, if it is remembered; not a copy. */
  public synchronized Optional<V> find(Question question) {
    return Optional.ofNullable(answers.get(question));
  }

  /**
   * Remembers an answer, and forgets the one that was not used for longest if there are too many.
   */
  public synchronized void put(Question question, V answer) {
    V former = answers.put(question, answer);
    if (former != null) {
      forget.accept(former);
    }
    if (answers.size() > most) {
      forget.accept(answers.remove(answers.keySet().iterator().next()));
    }
  }

  /** Forgets all. */
  public synchronized void clear() {
    answers.values().forEach(forget);
    answers.clear();
  }
}
