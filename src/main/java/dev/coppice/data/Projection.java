// SPDX-License-Identifier: Apache-2.0
package dev.coppice.data;

import java.util.List;

/** The linear layers of a decoder layer, in the order of its forward pass. */
public enum Projection {
  Q("self_attn.q_proj", "self_attn.qkv_proj"),
  K("self_attn.k_proj", "self_attn.qkv_proj"),
  V("self_attn.v_proj", "self_attn.qkv_proj"),
  O("self_attn.o_proj", "self_attn.o_proj"),
  GATE("mlp.gate_proj", "mlp.gate_up_proj"),
  UP("mlp.up_proj", "mlp.gate_up_proj"),
  DOWN("mlp.down_proj", "mlp.down_proj");

  private final String separate;
  private final String fused;

  Projection(String separate, String fused) {
    this.separate = separate;
    this.fused = fused;
  }

  /** Name of its module within a layer of a Hugging Face checkpoint. */
  String path(boolean inFused) {
    return inFused ? fused : separate;
  }

  /** Those of the same fused module, itself among them, in the order of its rows. */
  List<Projection> fusedWith() {
    return switch (this) {
      case Q, K, V -> List.of(Q, K, V);
      case GATE, UP -> List.of(GATE, UP);
      case O, DOWN -> List.of(this);
    };
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
