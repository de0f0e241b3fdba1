package org.consilium.security.identity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class SpiffeIdTest {
  @Test
  void parse_everyKind_roundTrips() {
    for (SpiffeId id :
        new SpiffeId[] {
          SpiffeId.site("consilium.test", "st-mary"),
          SpiffeId.siteSigning("consilium.test", "st-mary"),
          SpiffeId.coordinator("consilium.test", "main"),
          SpiffeId.coordinatorSigning("consilium.test", "main"),
          SpiffeId.aggregator("consilium.test", "chest-1")
        }) {
      assertThat(SpiffeId.parse(id.toString())).isEqualTo(id);
    }
    assertThat(SpiffeId.site("consilium.test", "st-mary"))
        .hasToString("spiffe://consilium.test/site/st-mary/node/1")
        .returns(SpiffeId.Kind.SITE_NODE, SpiffeId::kind);
    assertThat(SpiffeId.siteSigning("consilium.test", "st-mary").siteName()).contains("st-mary");
    assertThat(SpiffeId.coordinator("consilium.test", "main").siteName()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "spiffe://consilium.test/site/../node/1",
        "spiffe://consilium.test/site/a..b/node/1",
        "spiffe://consilium.test/site/a%2fb/node/1",
        "spiffe://consilium.test/site/St-Mary/node/1",
        "spiffe://consilium.test/site/st-m\u0430ry/node/1", // Cyrillic a
        "spiffe://consilium.test/site/st\u0000mary/node/1",
        "spiffe://consilium.test/site//node/1",
        "spiffe://consilium.test/site/a/node/1/",
        "spiffe://consilium.test/site/a/node/0",
        "spiffe://consilium.test/site/a/node/1?x",
        "spiffe://consilium.test/site/a/node/1\n",
        "spiffe://consilium.test/other/a",
        "spiffe://Consilium.test/site/a/node/1",
        "spiffe://consilium.test:80/site/a/node/1",
        "spiffe:///site/a/node/1",
        "SPIFFE://consilium.test/site/a/node/1",
        "https://consilium.test/site/a/node/1",
        ""
      })
  void badInput_07_parse_illegalName_refused(String text) {
    assertThatThrownBy(() -> SpiffeId.parse(text)).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void words_all2048_distinct() {
    Set<String> words = new HashSet<>();
    for (int value = 0; value < 2048; value++) {
      words.add(Fingerprint.word(value));
    }
    assertThat(words).hasSize(2048);
  }

  @Test
  void words_first66Bits_byHand() {
    byte[] bytes = new byte[32];
    bytes[1] = 0x20; // bits 0-10 = 00000000001: word 1
    bytes[8] = 0x40; // bit 65, the last of the sixth word: word 1
    bytes[9] = (byte) 0xff; // beyond the words

    assertThat(new Fingerprint(bytes).words())
        .containsExactly("ban", "bal", "bal", "bal", "bal", "ban");
    assertThat(Fingerprint.parse(new Fingerprint(bytes).hex())).isEqualTo(new Fingerprint(bytes));
  }
}
