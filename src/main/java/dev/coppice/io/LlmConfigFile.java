// SPDX-License-Identifier: Apache-2.0
package dev.coppice.io;

import com.fasterxml.jackson.databind.JsonNode;
import dev.coppice.data.LlmConfig;
import dev.coppice.data.Projection;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.Set;

/**
 * The {@code config.json} of a Hugging Face checkpoint. What would change the computation and is
 * not supported is refused by the name of its field; absent fields have the defaults of the
 * transformers library.
 */
final class LlmConfigFile {
  private static final int WIDEST_HEAD = 256;
  private static final String FAMILIES = "use a LLaMA or Qwen2 checkpoint";

  private final JsonFields fields;

  private LlmConfigFile(JsonFields fields) {
    this.fields = fields;
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
    String architecture = architecture();
    boolean qwen2 = architecture.equals("Qwen2ForCausalLM");
    refuseUnsupported(qwen2);
    int hidden = fields.positive("hidden_size");
    int heads = fields.positive("num_attention_heads");
    int kvHeads =
        qwen2
            ? fields.positive("num_key_value_heads")
            : fields.positive("num_key_value_heads", heads);
    return new LlmConfig(
        architecture,
        fields.positive("vocab_size"),
        hidden,
        fields.positive("intermediate_size"),
        fields.positive("num_hidden_layers"),
        heads,
        kvHeads,
        headDim(hidden, heads, kvHeads),
        fields.positiveReal("rms_norm_eps", 1e-6),
        ropeTheta(),
        fields.positive("max_position_embeddings"),
        fields.flag("tie_word_embeddings"),
        biased(qwen2));
  }

  private String architecture() {
    String byType =
        switch (fields.text("model_type", "")) {
          case "llama" -> "LlamaForCausalLM";
          case "qwen2" -> "Qwen2ForCausalLM";
          default -> throw fields.unsupported("model_type", FAMILIES);
        };
    JsonNode named = fields.get("architectures");
    boolean same =
        !fields.has("architectures")
            || (named.size() == 1 && named.path(0).asText().equals(byType));
    if (!same) {
      throw fields.unsupported("architectures", FAMILIES);
    }
    return byType;
  }

  private void refuseUnsupported(boolean qwen2) {
    fields.refuse("quantization_config", "use a checkpoint of F32, F16 or BF16 weights");
    String activation = fields.text("hidden_act", "silu");
    if (!activation.equals("silu") && !activation.equals("swish")) {
      throw fields.unsupported("hidden_act", "use a checkpoint with silu");
    }
    refuseRope("rope_scaling");
    refuseRope("rope_parameters");
    if (fields.positiveReal("partial_rotary_factor", 1) != 1) {
      throw fields.unsupported("partial_rotary_factor", FAMILIES);
    }
    String full = "use a checkpoint that attends to every position";
    if (qwen2) {
      fields.refuse("use_sliding_window", full);
    } else {
      fields.refuse("sliding_window", full);
    }
    for (JsonNode type : fields.get("layer_types")) {
      if (!type.asText().equals("full_attention")) {
        throw fields.unsupported("layer_types", full);
      }
    }
  }

  /** Angles other than those of the base alone. */
  private void refuseRope(String name) {
    JsonNode rope = fields.get(name);
    String type = rope.path("rope_type").asText(rope.path("type").asText("default"));
    boolean plain = !fields.has(name) || (rope.isObject() && type.equals("default"));
    if (!plain) {
      throw fields.unsupported(name, "use a checkpoint without scaled rotary positions");
    }
  }

  private double ropeTheta() {
    double outer = fields.positiveReal("rope_theta", 10000);
    JsonNode inner = fields.get("rope_parameters").path("rope_theta");
    if (inner.isMissingNode() || inner.isNull()) {
      return outer;
    }
    if (!(inner.isNumber() && inner.doubleValue() > 0)) {
      throw fields.unsupported("rope_parameters", "give a positive rope_theta");
    }
    return inner.doubleValue();
  }

  private int headDim(int hidden, int heads, int kvHeads) {
    if (heads % kvHeads != 0) {
      throw fields.wrong(
          "num_attention_heads " + heads + " is no multiple of num_key_value_heads " + kvHeads,
          "use the file that belongs to the weights");
    }
    if (!fields.has("head_dim") && hidden % heads != 0) {
      throw fields.wrong(
          "hidden_size " + hidden + " is no multiple of num_attention_heads " + heads,
          "give head_dim, or use the file that belongs to the weights");
    }
    int headDim = fields.positive("head_dim", hidden / heads);
    if (headDim % 2 != 0 || headDim > WIDEST_HEAD) {
      throw fields.wrong(
          "heads are " + headDim + " wide",
          "use a checkpoint with an even head_dim of at most " + WIDEST_HEAD);
    }
    return headDim;
  }

  private Set<Projection> biased(boolean qwen2) {
    Set<Projection> biased = EnumSet.noneOf(Projection.class);
    if (qwen2) {
      biased.addAll(EnumSet.of(Projection.Q, Projection.K, Projection.V));
    } else {
      if (fields.flag("attention_bias")) {
        biased.addAll(EnumSet.range(Projection.Q, Projection.O));
      }
      if (fields.flag("mlp_bias")) {
        biased.addAll(EnumSet.range(Projection.GATE, Projection.DOWN));
      }
    }
    return biased;
  }
}
