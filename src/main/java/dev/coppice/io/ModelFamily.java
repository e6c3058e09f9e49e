// SPDX-License-Identifier: Apache-2.0
package dev.coppice.io;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Arrays;
import java.util.stream.Collectors;

/** The families of checkpoints that can be read, by {@code model_type} and architecture. */
enum ModelFamily {
  LLAMA("llama", "LlamaForCausalLM"),
  MISTRAL("mistral", "MistralForCausalLM"),
  QWEN2("qwen2", "Qwen2ForCausalLM"),
  QWEN3("qwen3", "Qwen3ForCausalLM"),
  GEMMA2("gemma2", "Gemma2ForCausalLM"),
  GEMMA3("gemma3_text", "Gemma3ForCausalLM"),
  PHI3("phi3", "Phi3ForCausalLM");

  private final String type;
  private final String architecture;

  ModelFamily(String type, String architecture) {
    this.type = type;
    this.architecture = architecture;
  }

  String architecture() {
    return architecture;
  }

  /** Whether it is one of Google's, which share most of their design. */
  boolean gemma() {
    return this == GEMMA2 || this == GEMMA3;
  }

  /** Whether it is one of Alibaba's, which share the rules of their windows. */
  boolean qwen() {
    return this == QWEN2 || this == QWEN3;
  }

  /**
   * The family of a configuration.
   *
   * @throws dev.coppice.data.InputException naming the field that says another one
   */
  static ModelFamily of(JsonFields fields) {
    String type = fields.text("model_type", "");
    ModelFamily family =
        Arrays.stream(values())
            .filter(one -> one.type.equals(type))
            .findFirst()
            .orElseThrow(() -> fields.unsupported("model_type", remedy(type)));
    JsonNode named = fields.get("architectures");
    boolean same =
        !fields.has("architectures")
            || (named.size() == 1 && named.path(0).asText().equals(family.architecture));
    if (!same) {
      throw fields.unsupported(
          "architectures", "use a checkpoint of the language model alone, " + family.architecture);
    }
    return family;
  }

  private static String remedy(String type) {
    String known = Arrays.stream(values()).map(one -> one.type).collect(Collectors.joining(", "));
    return (type.equals("gemma3") ? "export its text part as gemma3_text, or " : "")
        + "use a checkpoint of one of "
        + known;
  }
}
