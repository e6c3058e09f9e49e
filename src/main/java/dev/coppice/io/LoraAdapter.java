// SPDX-License-Identifier: Apache-2.0
package dev.coppice.io;

import dev.coppice.data.LlmConfig;
import dev.coppice.data.LoraConfig;
import dev.coppice.data.LoraConfig.Target;
import dev.coppice.data.Projection;
import dev.coppice.io.HfCheckpoint.Location;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * A PEFT adapter's folder. Which layers are adapted is read from the tensors' names, not from the
 * patterns of {@code target_modules}.
 *
 * @param config ranks, scales and adapted layers
 * @param weights where each tensor of {@link LoraConfig#weightShapes} lies
 */
record LoraAdapter(LoraConfig config, Map<String, Location> weights) {

  static LoraAdapter read(Path folder, LlmConfig model) {
    LoraConfigFile file = LoraConfigFile.read(folder.resolve("adapter_config.json"));
    CheckpointTensors tensors =
        CheckpointTensors.ofFile(folder.resolve("adapter_model.safetensors"));
    LoraConfig config = file.config(targets(tensors, model));
    Map<String, Location> weights = new LinkedHashMap<>();
    config
        .weightShapes(model)
        .forEach((name, shape) -> weights.put(name, tensors.require(peft(name), shape)));
    return new LoraAdapter(config, weights);
  }

  private static List<Target> targets(CheckpointTensors tensors, LlmConfig model) {
    List<Target> targets = new ArrayList<>();
    for (int layer = 0; layer < model.layers(); layer++) {
      for (Projection projection : Projection.values()) {
        Target target = model.target(layer, projection);
        if (tensors.locations().containsKey(peft(target.loraA()))
            || tensors.locations().containsKey(peft(target.loraB()))) {
          targets.add(target);
        }
      }
    }
    Set<String> known =
        targets.stream()
            .flatMap(target -> List.of(peft(target.loraA()), peft(target.loraB())).stream())
            .collect(Collectors.toSet());
    tensors
        .locations()
        .forEach(
            (name, location) -> {
              if (!known.contains(name)) {
                throw CheckpointTensors.wrong(
                    location,
                    "has no place in the model",
                    "use a LoRA adapter of the model's " + modules(model));
              }
            });
    return targets;
  }

  private static String modules(LlmConfig model) {
    return model.design().fused()
        ? "qkv_proj, o_proj, gate_up_proj or down_proj"
        : "q, k, v, o, gate, up or down projections";
  }

  private static String peft(String name) {
    return "base_model.model." + name + ".weight";
  }
}
