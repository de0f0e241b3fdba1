package org.consilium.security.mask;

/**
 * The field GF(2^8) modulo x^8 + x^4 + x^3 + x + 1 (0x11B); addition is exclusive or. Elements are
 * 0 to 255. No table and no branch depends on an element, so the time says nothing about secrets.
 */
final class Gf256 {
  private static final int POLYNOMIAL = 0x11b;

  private Gf256() {}

  /** a·b, by shift and reduce from the highest bit of b; {@code -bit} is all ones or zero. */
  static int multiply(int a, int b) {
    int product = 0;
    for (int i = 7; i >= 0; i--) {
      product <<= 1;
      product ^= -(product >> 8) & POLYNOMIAL;
      product ^= -(b >> i & 1) & a;
    }
    return product;
  }

  /** 1/a as a^254, because a^255 = 1; 0 for 0. */
  static int inverse(int a) {
    int power = a; // a^(2^i − 1) after step i
    for (int i = 2; i <= 7; i++) {
      power = multiply(multiply(power, power), a);
    }
    return multiply(power, power);
  }
}
