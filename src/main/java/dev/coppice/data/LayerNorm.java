// SPDX-License-Identifier: Apache-2.0
package dev.coppice.data;

import java.util.EnumSet;
import java.util.Set;

/** The norms of a decoder layer, in the order of its forward pass. */
public enum LayerNorm {
  /** Of the residual stream, before attention, (D). */
  INPUT,
  /** Of each query head, (C). */
  QUERY,
  /** Of each key head, (C). */
  KEY,
  /** Of what attention gives, (D). */
  ATTENTION_BRANCH,
  /** Of the residual stream, before the feed-forward layer, (D). */
  MIDDLE,
  /** Of what the feed-forward layer gives, (D). */
  FEED_FORWARD_BRANCH;

  /** Those that a design has. */
  public static Set<LayerNorm> of(LlmDesign design) {
    Set<LayerNorm> norms = EnumSet.of(INPUT, MIDDLE);
    if (design.headNorms()) {
      norms.add(QUERY);
      norms.add(KEY);
    }
    if (design.branchNorms()) {
      norms.add(ATTENTION_BRANCH);
      norms.add(FEED_FORWARD_BRANCH);
    }
    return norms;
  }

  /** Its name within a layer of a Hugging Face checkpoint. */
  String path(LlmDesign design) {
    return switch (this) {
      case INPUT -> "input_layernorm";
      case QUERY -> "self_attn.q_norm";
      case KEY -> "self_attn.k_norm";
      case ATTENTION_BRANCH -> "post_attention_layernorm";
      case MIDDLE ->
          design.branchNorms() ? "pre_feedforward_layernorm" : "post_attention_layernorm";
      case FEED_FORWARD_BRANCH -> "post_feedforward_layernorm";
    };
  }

  /** Elements of its weight. */
  public int width(LlmConfig config) {
    return this == QUERY || this == KEY ? config.headDim() : config.hidden();
  }
}
