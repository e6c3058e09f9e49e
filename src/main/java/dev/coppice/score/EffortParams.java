// SPDX-License-Identifier: Apache-2.0
package dev.coppice.score;

import dev.coppice.data.ConfigException;
import dev.coppice.data.LlmConfig;
import dev.coppice.data.LoraConfig;
import dev.coppice.data.Projection;
import java.util.List;

/** Which LoRA tensors the effort score takes the gradient of. */
public enum EffortParams {
  /** B of the last layer's v_proj, or its rows of the last qkv_proj's B. */
  LAST_V_LORA_B {
    @Override
    List<LoraConfig.Target> targets(LlmConfig config, LoraConfig lora) {
      LoraConfig.Target last = config.target(config.layers() - 1, Projection.V);
      if (!lora.sizes().containsKey(last)) {
        throw new ConfigException(
            "the adapter has no LoRA on "
                + last.module()
                + ", which effort-params last-v-lora-b asks for; use an adapter of v_proj, or"
                + " effort-params all-lora");
      }
      return List.of(last);
    }

    @Override
    List<String> tensors(LoraConfig.Target target) {
      return List.of(target.loraB());
    }
  },

  /** Every A and B of the adapter. */
  ALL_LORA {
    @Override
    List<LoraConfig.Target> targets(LlmConfig config, LoraConfig lora) {
      if (lora.sizes().isEmpty()) {
        throw new ConfigException(
            "the adapter has no LoRA tensor, which effort-params all-lora asks for; use another"
                + " adapter, or none for a fresh one");
      }
      return lora.targets();
    }

    @Override
    List<String> tensors(LoraConfig.Target target) {
      return List.of(target.loraA(), target.loraB());
    }
  };

  /**
   * The linear layers whose LoRA tensors are meant.
   *
   * @throws ConfigException if the adapter does not have them
   */
  abstract List<LoraConfig.Target> targets(LlmConfig config, LoraConfig lora);

  /** The tensors meant of one linear layer. */
  abstract List<String> tensors(LoraConfig.Target target);
}
