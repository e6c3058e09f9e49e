// SPDX-License-Identifier: Apache-2.0
package dev.coppice.model;

import dev.coppice.random.Philox;
import dev.coppice.random.Purpose;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A surrogate's weights on the host: named float32 arrays, row-major, with the names and shapes of
 * {@link SasRecConfig#shapes}. The arrays are shared, not copied.
 */
public record SurrogateWeights(SasRecConfig config, Map<String, float[]> tensors) {
  private static final double DEVIATION = 0.02;

  /**
   * Checks names, sizes and values.
   *
   * @throws IllegalArgumentException naming the tensor that is missing, of wrong size, unknown or
   *     not finite
   */
  public SurrogateWeights {
    Map<String, float[]> ordered = new LinkedHashMap<>();
    for (Map.Entry<String, int[]> entry : config.shapes().entrySet()) {
      ordered.put(entry.getKey(), checked(entry.getKey(), entry.getValue(), tensors));
    }
    for (String name : tensors.keySet()) {
      if (!ordered.containsKey(name)) {
        throw new IllegalArgumentException("tensor " + name + " does not belong to a surrogate");
      }
    }
    tensors = Collections.unmodifiableMap(ordered);
  }

  private static float[] checked(String name, int[] shape, Map<String, float[]> tensors) {
    float[] values = tensors.get(name);
    if (values == null) {
      throw new IllegalArgumentException("tensor " + name + " is missing");
    }
    if (values.length != size(shape)) {
      throw new IllegalArgumentException(
          "tensor "
              + name
              + " has "
              + values.length
              + " values instead of "
              + Arrays.toString(shape));
    }
    for (int i = 0; i < values.length; i++) {
      if (!Float.isFinite(values[i])) {
        throw new IllegalArgumentException(
            "tensor " + name + " holds " + values[i] + " at element " + i);
      }
    }
    return values;
  }

  static int size(int[] shape) {
    int size = 1;
    for (int extent : shape) {
      size = Math.multiplyExact(size, extent);
    }
    return size;
  }

  /** Shape of a tensor, outermost first. */
  public int[] shape(String name) {
    return config.shapes().get(name);
  }

  /**
   * Weights before training: N(0, 0.02) for tables and layers, biases 0, layer norms 1 and 0, the
   * padding row 0.
   *
   * <p>Element i of the flat parameter vector (all tensors of {@link SasRecConfig#shapes} end to
   * end) is {@code float(0.02 sqrt(-2 ln((w0+1)/2^32)) cos(2 pi w1/2^32))} with words w0, w1 of
   * Philox at (purpose INIT, a = low, b = high word of i, c = 0): Box and Muller 1958, in float64.
   */
  public static SurrogateWeights initial(SasRecConfig config, long seed) {
    Map<String, float[]> tensors = new LinkedHashMap<>();
    long first = 0;
    for (Map.Entry<String, int[]> entry : config.shapes().entrySet()) {
      String name = entry.getKey();
      float[] values = new float[size(entry.getValue())];
      if (name.endsWith("LayerNorm.weight")) {
        Arrays.fill(values, 1f);
      } else if (name.endsWith(".weight")) {
        int from = name.equals(SasRecConfig.ITEMS) ? config.hidden() : 0; // the padding row stays 0
        fillNormal(values, from, first, seed);
      }
      tensors.put(name, values);
      first += values.length;
    }
    return new SurrogateWeights(config, tensors);
  }

  private static void fillNormal(float[] values, int from, long first, long seed) {
    int[] words = new int[4];
    for (int i = from; i < values.length; i++) {
      long index = first + i;
      Philox.block(
          (int) seed,
          (int) (seed >>> 32),
          Purpose.INIT,
          (int) index,
          (int) (index >>> 32),
          0,
          words);
      double u = ((words[0] & 0xffffffffL) + 1) / 4294967296.0; // never 0, whose logarithm is not
      double angle = 2 * Math.PI * ((words[1] & 0xffffffffL) / 4294967296.0);
      double normal = StrictMath.sqrt(-2 * StrictMath.log(u)) * StrictMath.cos(angle);
      values[i] = (float) (DEVIATION * normal);
    }
  }
}
