package org.consilium.coordinator.web;

import java.text.MessageFormat;
import java.util.Locale;
import java.util.ResourceBundle;

/** The words of the pages in one language: English, or Chinese for whoever prefers it. */
public final class Words {
  private final Locale locale;
  private final ResourceBundle bundle;

  private Words(Locale locale) {
    this.locale = locale;
    this.bundle = ResourceBundle.getBundle("messages.messages", locale);
  }

  /** The words for an {@code Accept-Language} header. */
  static Words of(String acceptLanguage) {
    try {
      String tag =
          Locale.lookupTag(
              Locale.LanguageRange.parse(acceptLanguage.isBlank() ? "en" : acceptLanguage),
              java.util.List.of("en", "zh"));
      return new Words("zh".equals(tag) ? Locale.CHINESE : Locale.ENGLISH);
    } catch (IllegalArgumentException malformed) {
      return new Words(Locale.ENGLISH);
    }
  }

  /** The text of a key. */
  public String get(String key) {
    return bundle.getString(key);
  }

  /** The text of a key with values put in. */
  public String get(String key, Object... values) {
    return new MessageFormat(bundle.getString(key), locale).format(values);
  }

  /** The text of an enum's value, by its kind. */
  public String of(String kind, Enum<?> value) {
    return bundle.getString(kind + "." + value.name());
  }

  /** A whole number as the language writes it. */
  public String count(long number) {
    return String.format(locale, "%,d", number);
  }

  /** Bytes in a readable unit. */
  public String bytes(long bytes) {
    if (bytes < 1000) {
      return bytes + " B";
    }
    return bytes < 1_000_000
        ? String.format(locale, "%.1f kB", bytes / 1e3)
        : String.format(locale, "%.1f MB", bytes / 1e6);
  }

  /** A number with three decimals. */
  public String decimal(double number) {
    return String.format(locale, "%.3f", number);
  }
}
