// SPDX-License-Identifier: Apache-2.0
package dev.coppice.io;

import dev.coppice.data.LayerAttention;
import dev.coppice.data.LlmConfig;
import dev.coppice.data.LlmDesign;
import dev.coppice.data.Projection;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/**
 * The {@code config.json} of a Hugging Face checkpoint. What would change the computation and is
 * not supported is refused by the name of its field; absent fields have the defaults of the
 * transformers library.
 */
final class LlmConfigFile {
  private static final int WIDEST_HEAD = 256;

  private final JsonFields fields;
  private final ModelFamily family;

  private LlmConfigFile(JsonFields fields) {
    this.fields = fields;
    this.family = ModelFamily.of(fields);
  }

  /**
   * Reads and checks a configuration.
   *
   * @throws dev.coppice.data.InputException naming the file and the field
   */
  static LlmConfig read(Path file) {
    return new LlmConfigFile(JsonFields.read(file)).config();
  }

  private LlmConfig config() {
    refuseUnsupported();
    int hidden = fields.positive("hidden_size");
    int heads = fields.positive("num_attention_heads");
    boolean grouped = family != ModelFamily.LLAMA && family != ModelFamily.PHI3;
    int kvHeads =
        grouped
            ? fields.positive("num_key_value_heads")
            : fields.positive("num_key_value_heads", heads);
    int headDim = headDim(hidden, heads, kvHeads);
    int layers = fields.positive("num_hidden_layers");
    RotaryFields rotary = new RotaryFields(fields, family, headDim);
    List<LayerAttention> attention = new WindowFields(fields, family, layers).layers(rotary);
    return new LlmConfig(
        family.architecture(),
        fields.positive("vocab_size"),
        hidden,
        fields.positive("intermediate_size"),
        layers,
        heads,
        kvHeads,
        headDim,
        fields.positiveReal("rms_norm_eps", family == ModelFamily.PHI3 ? 1e-5 : 1e-6),
        rotary.positions(),
        fields.flag("tie_word_embeddings", family.gemma()),
        biased(),
        design(hidden, headDim),
        attention);
  }

  private void refuseUnsupported() {
    if (fields.has("quantization_config")) {
      String method = fields.get("quantization_config").path("quant_method").asText("unnamed");
      throw fields.wrong(
          "quantization_config of method " + Shown.quoted(method) + " is not supported",
          "use the checkpoint before quantisation, of F32, F16 or BF16 weights");
    }
    refuseActivation();
    if (family != ModelFamily.PHI3 && fields.positiveReal("partial_rotary_factor", 1) != 1) {
      throw fields.unsupported("partial_rotary_factor", "use a checkpoint whose whole heads turn");
    }
    fields.refuse("use_bidirectional_attention", "use a checkpoint of causal attention");
  }

  private void refuseActivation() {
    if (family.gemma()) {
      if (!fields.text("hidden_activation", "gelu_pytorch_tanh").equals("gelu_pytorch_tanh")) {
        throw fields.unsupported("hidden_activation", "use a checkpoint with gelu_pytorch_tanh");
      }
    } else if (!Set.of("silu", "swish").contains(fields.text("hidden_act", "silu"))) {
      throw fields.unsupported("hidden_act", "use a checkpoint with silu");
    }
  }

  private int headDim(int hidden, int heads, int kvHeads) {
    if (heads % kvHeads != 0) {
      throw fields.wrong(
          "num_attention_heads " + heads + " is no multiple of num_key_value_heads " + kvHeads,
          "use the file that belongs to the weights");
    }
    boolean derived = family != ModelFamily.QWEN3 && !family.gemma();
    if (derived && !fields.has("head_dim") && hidden % heads != 0) {
      throw fields.wrong(
          "hidden_size " + hidden + " is no multiple of num_attention_heads " + heads,
          "give head_dim, or use the file that belongs to the weights");
    }
    int absent = derived ? hidden / heads : family == ModelFamily.QWEN3 ? 128 : 256;
    int headDim = fields.positive("head_dim", absent);
    if (headDim % 2 != 0 || headDim > WIDEST_HEAD) {
      throw fields.wrong(
          "heads are " + headDim + " wide",
          "use a checkpoint with an even head_dim of at most " + WIDEST_HEAD);
    }
    return headDim;
  }

  private Set<Projection> biased() {
    Set<Projection> biased = EnumSet.noneOf(Projection.class);
    switch (family) {
      case QWEN2 -> biased.addAll(EnumSet.range(Projection.Q, Projection.V));
      case LLAMA, QWEN3, GEMMA2, GEMMA3 -> {
        if (fields.flag("attention_bias", false)) {
          biased.addAll(EnumSet.range(Projection.Q, Projection.O));
        }
      }
      case MISTRAL, PHI3 -> {} // biases that a file has all the same are refused as unknown tensors
    }
    if (family == ModelFamily.LLAMA && fields.flag("mlp_bias", false)) {
      biased.addAll(EnumSet.range(Projection.GATE, Projection.DOWN));
    }
    return biased;
  }

  private LlmDesign design(int hidden, int headDim) {
    if (!family.gemma()) {
      return new LlmDesign(
          family == ModelFamily.PHI3,
          family == ModelFamily.QWEN3,
          false,
          0,
          false,
          1,
          1 / Math.sqrt(headDim),
          0,
          0);
    }
    boolean second = family == ModelFamily.GEMMA2;
    return new LlmDesign(
        false,
        family == ModelFamily.GEMMA3,
        true,
        1,
        true,
        Math.sqrt(hidden),
        1 / Math.sqrt(fields.positiveReal("query_pre_attn_scalar", 256)),
        cap("attn_logit_softcapping", second ? 50 : 0),
        cap("final_logit_softcapping", second ? 30 : 0));
  }

  /** A cap; null is none, and so is one that is absent where the family's default is none. */
  private double cap(String name, double absent) {
    boolean none = fields.get(name).isNull() || (absent == 0 && !fields.has(name));
    return none ? 0 : fields.positiveReal(name, absent);
  }
}
