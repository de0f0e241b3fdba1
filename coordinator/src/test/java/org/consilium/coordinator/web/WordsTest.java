package org.consilium.coordinator.web;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Locale;
import java.util.ResourceBundle;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class WordsTest {
  @Test
  void languages_keySets_areEqual() {
    assertThat(ResourceBundle.getBundle("messages.messages", Locale.CHINESE).keySet())
        .isEqualTo(ResourceBundle.getBundle("messages.messages", Locale.ENGLISH).keySet());
  }

  @ParameterizedTest
  @CsvSource({
    "'zh-CN,en;q=0.5', 研究",
    "'en-GB,zh;q=0.5', Studies",
    "'fr', Studies",
    "';;;', Studies"
  })
  void of_header_choosesTheLanguage(String header, String expected) {
    assertThat(Words.of(header).get("studies")).isEqualTo(expected);
  }
}
