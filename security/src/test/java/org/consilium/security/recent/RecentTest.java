package org.consilium.security.recent;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.consilium.security.recent.Recent.Question;
import org.junit.jupiter.api.Test;

final class RecentTest {
  private final List<String> forgotten = new ArrayList<>();
  private final Recent<String> recent = new Recent<>(2, forgotten::add);

  @Test
  void put_moreThanMost_theLeastUsedIsForgotten() {
    recent.put(question(1), "one");
    recent.put(question(2), "two");
    assertThat(recent.find(question(1))).contains("one");

    recent.put(question(3), "three");

    assertThat(recent.find(question(1))).contains("one");
    assertThat(recent.find(question(2))).isEmpty();
    assertThat(recent.find(question(3))).contains("three");
    assertThat(forgotten).containsExactly("two");
  }

  @Test
  void put_anotherAnswer_theFormerIsForgotten() {
    recent.put(question(1), "one");
    recent.put(question(1), "another");

    assertThat(recent.find(question(1))).contains("another");
    assertThat(forgotten).containsExactly("one");
  }

  @Test
  void clear_everyAnswerIsForgotten() {
    recent.put(question(1), "one");
    recent.put(question(2), "two");

    recent.clear();

    assertThat(recent.find(question(1))).isEmpty();
    assertThat(forgotten).containsExactlyInAnyOrder("one", "two");
  }

  @Test
  void of_sameBytesInOtherParts_anotherQuestion() {
    assertThat(
            List.of(
                Question.of(new byte[] {1, 2}, new byte[] {3}),
                Question.of(new byte[] {1}, new byte[] {2, 3}),
                Question.of(new byte[] {1, 2, 3}),
                Question.of(new byte[] {1, 2, 3}, new byte[0]),
                Question.of()))
        .doesNotHaveDuplicates();
    assertThat(Question.of(new byte[] {1}, new byte[] {2}))
        .isEqualTo(Question.of(new byte[] {1}, new byte[] {2}));
  }

  private static Question question(int number) {
    return Question.of(new byte[] {(byte) number});
  }
}
