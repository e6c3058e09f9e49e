// SPDX-License-Identifier: Apache-2.0
package dev.coppice.data;

/** The linear layers of a decoder layer, in the order of its forward pass. */
public enum Projection {
  Q("self_attn.q_proj"),
  K("self_attn.k_proj"),
  V("self_attn.v_proj"),
  O("self_attn.o_proj"),
  GATE("mlp.gate_proj"),
  UP("mlp.up_proj"),
  DOWN("mlp.down_proj");

  private final String path;

  Projection(String path) {
    this.path = path;
  }

  /** Module name in a Hugging Face checkpoint: {@code model.layers.3.self_attn.q_proj}. */
  public String module(int layer) {
    return "model.layers." + layer + "." + path;
  }

  /** Width of the input, I. */
  public int in(LlmConfig config) {
    return switch (this) {
      case Q, K, V, GATE, UP -> config.hidden();
      case O -> config.heads() * config.headDim();
      case DOWN -> config.intermediate();
    };
  }

  /** Width of the output, O. */
  public int out(LlmConfig config) {
    return switch (this) {
      case Q -> config.heads() * config.headDim();
      case K, V -> config.kvHeads() * config.headDim();
      case O, DOWN -> config.hidden();
      case GATE, UP -> config.intermediate();
    };
  }
}
