// SPDX-License-Identifier: Apache-2.0
package dev.coppice.io;

import com.fasterxml.jackson.databind.JsonNode;
import dev.coppice.data.LoraConfig;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/**
 * The {@code adapter_config.json} of a PEFT adapter. It gives ranks and scales; which layers are
 * adapted is what the adapter's tensors say. Options that change the computation and are not
 * supported are refused by name.
 */
final class LoraConfigFile {
  private static final String PLAIN = "use a plain LoRA adapter";
  private static final Map<String, String> UNSUPPORTED = new LinkedHashMap<>();

  static {
    UNSUPPORTED.put("use_dora", "train without DoRA, or " + PLAIN);
    UNSUPPORTED.put(
        "modules_to_save", "train LoRA tensors only: whole modules would change the base weights");
    UNSUPPORTED.put("lora_bias", "train with lora_bias false");
    for (String name :
        List.of(
            "fan_in_fan_out",
            "layer_replication",
            "trainable_token_indices",
            "target_parameters",
            "alora_invocation_tokens",
            "arrow_config",
            "use_qalora",
            "megatron_config")) {
      UNSUPPORTED.put(name, PLAIN);
    }
  }

  private final JsonFields fields;
  private final boolean rankStabilized;

  private LoraConfigFile(JsonFields fields) {
    this.fields = fields;
    this.rankStabilized = fields.flag("use_rslora", false);
  }

  /**
   * Reads and checks a configuration.
   *
   * @throws dev.coppice.data.InputException naming the file and the field
   */
  static LoraConfigFile read(Path file) {
    JsonFields fields = JsonFields.read(file);
    if (!fields.text("peft_type", "").equals("LORA")) {
      throw fields.unsupported("peft_type", PLAIN);
    }
    UNSUPPORTED.forEach(fields::refuse);
    if (!fields.text("bias", "none").equals("none")) {
      throw fields.unsupported("bias", "use an adapter trained with bias \"none\"");
    }
    refuseChangedBase(fields);
    return new LoraConfigFile(fields);
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

  /** The adapter of some layers. */
  LoraConfig config(List<LoraConfig.Target> targets) {
    Map<LoraConfig.Target, LoraConfig.Size> sizes = new LinkedHashMap<>();
    int rank = fields.positive("r");
    double alpha = fields.positiveReal("lora_alpha", 8); // PEFT's default
    JsonFields ranks = fields.inside("rank_pattern");
    JsonFields alphas = fields.inside("alpha_pattern");
    for (LoraConfig.Target target : targets) {
      Optional<String> ownRank = match(ranks, target.module());
      Optional<String> ownAlpha = match(alphas, target.module());
      sizes.put(
          target,
          LoraConfig.Size.of(
              ownRank.map(ranks::positive).orElse(rank),
              ownAlpha.map(alphas::positiveReal).orElse(alpha),
              rankStabilized));
    }
    return new LoraConfig(sizes);
  }

  /**
   * The first pattern that matches a module's name, from its beginning or from a dot on, to its
   * end, as PEFT does it.
   */
  private static Optional<String> match(JsonFields patterns, String module) {
    for (String pattern : patterns.names()) {
      try {
        // PEFT's names begin at the model that it wraps, so a pattern may say model.layers too.
        if (Pattern.matches("(.*\\.)?(" + pattern + ")", module)) {
          return Optional.of(pattern);
        }
      } catch (PatternSyntaxException wrong) {
        throw patterns.unsupported(pattern, "its name must be a module or a regular expression");
      }
    }
    return Optional.empty();
  }
}
