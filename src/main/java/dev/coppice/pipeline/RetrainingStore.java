// SPDX-License-Identifier: Apache-2.0
package dev.coppice.pipeline;

import com.fasterxml.jackson.databind.JsonNode;
import dev.coppice.data.InputException;
import dev.coppice.io.JsonFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What was measured after each retraining, a file each, named by a hash of everything that it
 * depends on. A retraining that is asked for again, by this validation or one with other scores or
 * more subsets, is found; whatever was kept for other inputs is just not found.
 */
final class RetrainingStore {
  private final Path folder;
  private final Map<String, String> inputs;
  private final List<String> quantities;

  /**
   * Names a place.
   *
   * @param inputs options and fingerprints that every retraining depends on
   * @param quantities names of what is measured
   */
  RetrainingStore(Path folder, Map<String, String> inputs, List<String> quantities) {
    this.folder = folder;
    this.inputs = Map.copyOf(inputs);
    this.quantities = List.copyOf(quantities);
  }

  /**
   * What was measured, in the order of the quantities; empty if the retraining is still to do.
   *
   * @param seed of the training
   * @param removed sample ids, ascending
   * @throws InputException if the file is damaged
   */
  Optional<double[]> find(long seed, int[] removed) {
    Path file = place(seed, removed);
    if (!Files.exists(file)) {
      return Optional.empty();
    }
    JsonNode saved = JsonFile.read(file);
    double[] measured = new double[quantities.size()];
    for (int i = 0; i < measured.length; i++) {
      JsonNode value = saved.path(quantities.get(i));
      if (!value.isNumber()) {
        throw InputException.of(
            file.toString(), "has no number \"" + quantities.get(i) + "\"", "delete the file");
      }
      measured[i] = value.asDouble();
    }
    return Optional.of(measured);
  }

  /** Keeps what was measured. */
  void save(long seed, int[] removed, double[] measured, double seconds) throws IOException {
    Map<String, Object> facts = new LinkedHashMap<>();
    facts.put("seed", seed);
    facts.put("removed", removed.length);
    for (int i = 0; i < measured.length; i++) {
      facts.put(quantities.get(i), measured[i]);
    }
    facts.put("seconds", Math.round(seconds * 1000) / 1000.0);
    JsonFile.write(place(seed, removed), facts);
  }

  /** The place of a retraining's result, its own for each seed and set. */
  Path place(long seed, int[] removed) {
    return file(seed, removed, ".json");
  }

  /** The place of a retraining's weights, where they are kept. */
  Path weights(long seed, int[] removed) {
    return file(seed, removed, ".safetensors");
  }

  private Path file(long seed, int[] removed, String suffix) {
    Map<String, String> all = new LinkedHashMap<>(inputs);
    all.put("retraining seed", Long.toString(seed));
    all.put("removed", Arrays.toString(removed));
    String name = HexFormat.of().formatHex(StageRun.key(all), 0, 16);
    return folder.resolve("retraining-" + name + suffix);
  }
}
