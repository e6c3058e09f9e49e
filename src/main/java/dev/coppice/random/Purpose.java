// SPDX-License-Identifier: Apache-2.0
package dev.coppice.random;

/**
 * What a draw is for: counter word 0 of {@link Philox}. Two purposes never share a counter value,
 * so no use of randomness can disturb another. A number, once published, keeps its meaning.
 */
public final class Purpose {
  /** Sampled negative items: a = user line, b = epoch, c = transition index * 64 + attempt. */
  public static final int NEGATIVES = 1;

  /** Dropout masks: a = step, b = site, c = element index in packed order. */
  public static final int DROPOUT = 2;

  /** Order of the samples in an epoch: a = epoch, b = index, c = 0. */
  public static final int SHUFFLE = 3;

  /** Choice inside a stratum, and of the random strategy: a = sample id. */
  public static final int SELECTION = 4;

  /** Initial weights of the surrogate. */
  public static final int INIT = 5;

  /** Mini-batches of the LiSSA recursion, and of its scale bound. */
  public static final int LISSA = 6;

  /**
   * Initial A of a fresh LoRA adapter: a = layer, b = projection (q k v o gate up down = 0..6), c =
   * element index.
   */
  public static final int LORA_INIT = 7;

  /** The synthetic data set and model of the demonstration. */
  public static final int DEMO = 8;

  /** Start vectors of spectrum estimates: a = number of the vector, b = element, c = 0. */
  public static final int SPECTRUM = 9;

  /**
   * What {@code coppice validate} draws: a = number of the draw, b = element, c = what is drawn
   * (docs/randomness.md).
   */
  public static final int VALIDATION = 10;

  /** Signs of EK-FAC's pseudo-gradients: a = sample id, b = position of the sample. */
  public static final int EKFAC = 11;

  private Purpose() {}
}
