// SPDX-License-Identifier: Apache-2.0
package dev.coppice.random;

/**
 * Philox4x32-10: four 32-bit words as a function of a 64-bit key and a 128-bit counter.
 *
 * <p>The key is {@code (seed low, seed high)} and the counter {@code (purpose, a, b, c)}, so a draw
 * depends on what it is for and never on how many draws came before it.
 *
 * @see <a href="https://doi.org/10.1145/2063384.2063405">Salmon et al., SC 2011</a>, section 3.3
 */
public final class Philox {
  private static final long MULTIPLIER_0 = 0xD2511F53L;
  private static final long MULTIPLIER_1 = 0xCD9E8D57L;
  private static final int WEYL_0 = 0x9E3779B9;
  private static final int WEYL_1 = 0xBB67AE85;
  private static final int ROUNDS = 10;
  private static final long LOW = 0xffffffffL;

  private Philox() {}

  /**
   * Writes the four output words of one counter value.
   *
   * @param k0 low word of the key
   * @param k1 high word of the key
   * @param c0 counter word 0, and so on to {@code c3}
   * @param out4 receives words 0 to 3, (4)
   */
  public static void block(int k0, int k1, int c0, int c1, int c2, int c3, int[] out4) {
    for (int round = 0; round < ROUNDS; round++) {
      long product0 = MULTIPLIER_0 * (c0 & LOW);
      long product1 = MULTIPLIER_1 * (c2 & LOW);
      c0 = (int) (product1 >>> 32) ^ c1 ^ k0;
      c2 = (int) (product0 >>> 32) ^ c3 ^ k1;
      c1 = (int) product1;
      c3 = (int) product0;
      k0 += WEYL_0;
      k1 += WEYL_1;
    }
    out4[0] = c0;
    out4[1] = c1;
    out4[2] = c2;
    out4[3] = c3;
  }

  /** Word 0 at counter {@code (purpose, a, b, c)}; read it as unsigned. */
  public static int firstWord(long seed, int purpose, int a, int b, int c) {
    int[] words = new int[4];
    block((int) seed, (int) (seed >>> 32), purpose, a, b, c, words);
    return words[0];
  }

  /** {@code word0 / 2^32}, exactly: uniform in [0, 1). */
  public static double uniform(long seed, int purpose, int a, int b, int c) {
    return (firstWord(seed, purpose, a, b, c) & LOW) / 4294967296.0;
  }

  /**
   * {@code floor(word0 / 2^32 * bound)} in exact integer arithmetic: uniform in 0..bound-1.
   *
   * @param bound 1 or more
   */
  public static int below(int bound, long seed, int purpose, int a, int b, int c) {
    if (bound < 1) {
      throw new IllegalArgumentException("bound must be 1 or more, got " + bound);
    }
    return (int) (((firstWord(seed, purpose, a, b, c) & LOW) * bound) >>> 32);
  }

  /** {@code word1 * 2^32 + word0}: a 64-bit sort key; compare it as unsigned. */
  public static long key(long seed, int purpose, int a, int b, int c) {
    int[] words = new int[4];
    block((int) seed, (int) (seed >>> 32), purpose, a, b, c, words);
    return ((long) words[1] << 32) | (words[0] & LOW);
  }
}
