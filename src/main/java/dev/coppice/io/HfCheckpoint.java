// SPDX-License-Identifier: Apache-2.0
package dev.coppice.io;

import dev.coppice.data.InputException;
import dev.coppice.data.LlmConfig;
import dev.coppice.data.LoraConfig;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * A language model as Hugging Face lays it out: {@code config.json}, {@code model.safetensors} or
 * its shards with {@code model.safetensors.index.json}; and a PEFT adapter, {@code
 * adapter_config.json} with {@code adapter_model.safetensors}. Opening checks that every tensor the
 * configuration asks for is there, in a shape and a type that can be used in place; no weight is
 * read.
 */
public final class HfCheckpoint {

  /**
   * Where a tensor lies.
   *
   * @param file its safetensors file
   * @param entry dtype (F32, F16 or BF16), shape and bytes
   */
  public record Location(Path file, SafeTensors.Entry entry) {}

  private final LlmConfig config;
  private final Map<String, Location> weights;
  private final Optional<LoraAdapter> adapter;

  private HfCheckpoint(Path folder, Optional<Path> adapterFolder) {
    if (!Files.isDirectory(folder)) {
      throw InputException.of(
          folder.toString(), "is no folder", "name the folder that holds config.json");
    }
    this.config = LlmConfigFile.read(folder.resolve("config.json"));
    this.weights = weights(CheckpointTensors.ofFolder(folder), config);
    this.adapter = adapterFolder.map(path -> LoraAdapter.read(path, config));
  }

  /**
   * Opens a checkpoint and checks all of it but the values.
   *
   * @param adapter folder of a PEFT adapter
   * @throws InputException naming the file and what is wrong in it
   */
  public static HfCheckpoint open(Path folder, Optional<Path> adapter) {
    return new HfCheckpoint(folder, adapter);
  }

  /** The architecture. */
  public LlmConfig config() {
    return config;
  }

  /** The adapter's configuration, or that of a fresh one. */
  public LoraConfig lora() {
    return adapter.map(LoraAdapter::config).orElseGet(() -> LoraConfig.fresh(config));
  }

  /** Whether there is an adapter; else its weights are to be drawn. */
  public boolean hasAdapter() {
    return adapter.isPresent();
  }

  /** Where each tensor of {@link LlmConfig#weightShapes} lies. */
  public Map<String, Location> weights() {
    return Collections.unmodifiableMap(weights);
  }

  /** Where each tensor of {@link LoraConfig#weightShapes} lies; empty without an adapter. */
  public Map<String, Location> adapterWeights() {
    return adapter.map(LoraAdapter::weights).orElseGet(Map::of);
  }

  /** Every safetensors file that holds a weight, the model's first. */
  public Set<Path> weightFiles() {
    Set<Path> files = new LinkedHashSet<>();
    weights.values().forEach(location -> files.add(location.file()));
    adapterWeights().values().forEach(location -> files.add(location.file()));
    return files;
  }

  /** Weights that need a configuration to be understood, should it be missing from config.json. */
  private static void refuseQuantized(CheckpointTensors tensors) {
    tensors
        .locations()
        .forEach(
            (name, location) -> {
              boolean packed = name.endsWith(".qweight") || name.endsWith(".weight_packed");
              boolean byBlocks = name.endsWith(".absmax") || name.endsWith(".SCB");
              if (packed || byBlocks) {
                throw CheckpointTensors.wrong(
                    location,
                    "belongs to quantised weights (" + (packed ? "GPTQ or AWQ)" : "bitsandbytes)"),
                    "use the checkpoint before quantisation, of F32, F16 or BF16 weights");
              }
            });
  }

  private static Map<String, Location> weights(CheckpointTensors tensors, LlmConfig config) {
    refuseQuantized(tensors);
    Map<String, Location> weights = new LinkedHashMap<>();
    config.weightShapes().forEach((name, shape) -> weights.put(name, tensors.require(name, shape)));
    // A tensor that the architecture leaves out would mean wrong scores that look right.
    tensors
        .locations()
        .forEach(
            (name, location) -> {
              boolean harmless =
                  name.endsWith("rotary_emb.inv_freq")
                      || (config.tiedEmbeddings() && name.equals("lm_head.weight"));
              if (!weights.containsKey(name) && !harmless) {
                throw CheckpointTensors.wrong(
                    location,
                    "has no place in a " + config.architecture(),
                    "check that config.json belongs to these weights");
              }
            });
    return weights;
  }
}
