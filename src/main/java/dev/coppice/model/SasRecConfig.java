// SPDX-License-Identifier: Apache-2.0
package dev.coppice.model;

import dev.coppice.data.ConfigException;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Shape of a SASRec model: post-layer-norm blocks of causal attention and two pointwise layers over
 * the last {@code maxLen} items of a sequence.
 *
 * @param items largest item id; the item table has one row more, row 0 is padding
 * @param hidden width D
 * @param layers number of blocks L
 * @param heads attention heads H; they divide the width
 * @param maxLen rows of the position table
 * @param dropout share of elements set to zero while training, in [0, 1)
 * @see <a href="https://arxiv.org/abs/1808.09781">Kang and McAuley 2018</a>
 */
public record SasRecConfig(
    int items, int hidden, int layers, int heads, int maxLen, float dropout) {
  static final float EPS = 1e-12f;
  private static final int LARGEST_HEAD = 256;

  /**
   * Checks the shape.
   *
   * @throws ConfigException naming the option that is out of range
   */
  public SasRecConfig {
    require(items >= 1, "items must be 1 or more, got " + items);
    require(hidden >= 1, "hidden must be 1 or more, got " + hidden);
    require(layers >= 1, "layers must be 1 or more, got " + layers);
    require(heads >= 1, "heads must be 1 or more, got " + heads);
    require(maxLen >= 1, "max-len must be 1 or more, got " + maxLen);
    require(dropout >= 0 && dropout < 1, "dropout must lie in [0, 1), got " + dropout);
    require(hidden % heads == 0, "hidden " + hidden + " must be a multiple of heads " + heads);
    require(
        hidden / heads <= LARGEST_HEAD,
        "hidden / heads must be at most " + LARGEST_HEAD + ", got " + hidden / heads);
  }

  private static void require(boolean holds, String message) {
    if (!holds) {
      throw new ConfigException(message);
    }
  }

  /** Width of a head, C. */
  public int headWidth() {
    return hidden / heads;
  }

  /** Name of the last block's attention output weight, (D,D): the parameters of the influence. */
  public String lastDense() {
    return layer(layers - 1) + ATTENTION + "dense.weight";
  }

  static final String ITEMS = "item_embeddings.weight";
  static final String POSITIONS = "position_embeddings.weight";
  static final String ATTENTION = "attention.";
  static final String FEED_FORWARD = "intermediate.";

  static String layer(int layer) {
    return "item_encoder.layer." + layer + ".";
  }

  /**
   * Name and shape of every tensor, in the order in which they are stored and initialised: item
   * table, position table, their layer norm, then each block as it is computed.
   */
  public Map<String, int[]> shapes() {
    Map<String, int[]> shapes = new LinkedHashMap<>();
    shapes.put(ITEMS, new int[] {items + 1, hidden});
    shapes.put(POSITIONS, new int[] {maxLen, hidden});
    putNorm(shapes, "LayerNorm");
    for (int l = 0; l < layers; l++) {
      String attention = layer(l) + ATTENTION;
      for (String part : new String[] {"query", "key", "value", "dense"}) {
        shapes.put(attention + part + ".weight", new int[] {hidden, hidden});
        shapes.put(attention + part + ".bias", new int[] {hidden});
      }
      putNorm(shapes, attention + "LayerNorm");
      String feedForward = layer(l) + FEED_FORWARD;
      for (String part : new String[] {"conv1d_1", "conv1d_2"}) {
        shapes.put(feedForward + part + ".weight", new int[] {hidden, hidden, 1});
        shapes.put(feedForward + part + ".bias", new int[] {hidden});
      }
      putNorm(shapes, feedForward + "LayerNorm");
    }
    return shapes;
  }

  private void putNorm(Map<String, int[]> shapes, String name) {
    shapes.put(name + ".weight", new int[] {hidden});
    shapes.put(name + ".bias", new int[] {hidden});
  }
}
