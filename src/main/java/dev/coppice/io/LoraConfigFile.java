// SPDX-License-Identifier: Apache-2.0
package dev.coppice.io;

import com.fasterxml.jackson.databind.JsonNode;
import dev.coppice.data.LoraConfig;
import java.nio.file.Path;
import java.util.List;

/**
 * The {@code adapter_config.json} of a PEFT adapter. It gives rank and scale; which layers are
 * adapted is what the adapter's tensors say. Options that change the computation and are not
 * supported are refused by name.
 */
final class LoraConfigFile {
  private static final List<String> UNSUPPORTED =
      List.of(
          "use_dora",
          "modules_to_save",
          "fan_in_fan_out",
          "rank_pattern",
          "alpha_pattern",
          "layer_replication",
          "lora_bias",
          "trainable_token_indices",
          "target_parameters",
          "alora_invocation_tokens",
          "arrow_config",
          "use_qalora",
          "megatron_config");
  private static final String REMEDY = "use a plain LoRA adapter";

  private LoraConfigFile() {}

  /**
   * Reads and checks a configuration.
   *
   * @param targets the adapted layers
   * @throws dev.coppice.data.InputException naming the file and the field
   */
  static LoraConfig read(Path file, List<LoraConfig.Target> targets) {
    JsonFields fields = JsonFields.read(file);
    if (!fields.text("peft_type", "").equals("LORA")) {
      throw fields.unsupported("peft_type", REMEDY);
    }
    UNSUPPORTED.forEach(name -> fields.refuse(name, REMEDY));
    if (!fields.text("bias", "none").equals("none")) {
      throw fields.unsupported("bias", "use an adapter trained with bias \"none\"");
    }
    refuseChangedBase(fields);
    return new LoraConfig(
        fields.positive("r"),
        fields.positiveReal("lora_alpha", 8), // PEFT's default
        fields.flag("use_rslora"),
        targets);
  }

  /** PiSSA and its like subtract the initial B A from the base weights when they are loaded. */
  private static void refuseChangedBase(JsonFields fields) {
    JsonNode init = fields.get("init_lora_weights");
    boolean keepsBase =
        !init.isTextual() || List.of("gaussian", "eva", "orthogonal").contains(init.textValue());
    if (!keepsBase) {
      throw fields.unsupported(
          "init_lora_weights", "convert the adapter to a plain LoRA adapter (PEFT can)");
    }
  }
}
