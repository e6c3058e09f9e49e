// SPDX-License-Identifier: Apache-2.0
package dev.coppice.backend;

import java.util.stream.IntStream;

/**
 * The least time that operations can take on this machine: that of their floating-point operations
 * at the rate of its best large matrix product, or that of moving their bytes at the rate of a
 * copy, whichever is longer. One thread has its share of either rate.
 *
 * @see <a href="https://doi.org/10.1145/1498765.1498785">Williams, Waterman and Patterson 2009</a>
 */
final class Rooflines {
  /** Smallest and largest sizes at which copies are timed, as binary logarithms of bytes. */
  static final int FIRST = 14;

  static final int LAST = 26;

  private final Rates rates;
  private final double[] copies; // bytes a second at each size
  private final int threads;

  /**
   * Takes rates.
   *
   * @param copies bytes a second of copies by all threads at once, each within {@code 2^(FIRST+i)}
   *     bytes
   */
  Rooflines(Rates rates, double[] copies, int threads) {
    this.rates = rates;
    this.copies = copies.clone();
    this.threads = threads;
  }

  /** Measures the machine, which takes some seconds. */
  static Rooflines measured(int threads) {
    double[] copies =
        IntStream.rangeClosed(FIRST, LAST)
            .mapToDouble(size -> Rates.copyWithin(threads, 1L << size))
            .toArray();
    return new Rooflines(Rates.measured(NativeBackend.Device.CPU, threads), copies, threads);
  }

  /** With the better of each rate. */
  Rooflines better(Rooflines other) {
    double[] best =
        IntStream.range(0, copies.length)
            .mapToDouble(i -> Math.max(copies[i], other.copies[i]))
            .toArray();
    Rates rates =
        new Rates(
            Math.max(this.rates.openblasFlops(), other.rates.openblasFlops()),
            Math.max(this.rates.ownFlops(), other.rates.ownFlops()),
            Math.max(this.rates.copyBytes(), other.rates.copyBytes()));
    return new Rooflines(rates, best, threads);
  }

  /** Rates of products, and of a copy beyond the caches. */
  Rates rates() {
    return rates;
  }

  /** Thread-seconds if what operations read and write lies beyond the caches. */
  double beyondCaches(TimedOperations.Sum sum) {
    return threads * Math.max(sum.flops() / rates.flops(), sum.bytes() / rates.copyBytes());
  }

  /** Thread-seconds if it lies in the smallest cache that it fits. */
  double inCaches(TimedOperations.Part part, TimedOperations.Sum sum) {
    return threads * Math.max(sum.flops() / rates.flops(), sum.bytes() / copyBytes(part.octave()));
  }

  /** Bytes a second of a copy within so many bytes a thread, {@code 2^octave}. */
  double copyBytes(int octave) {
    return octave > LAST ? rates.copyBytes() : copies[Math.max(FIRST, octave) - FIRST];
  }
}
