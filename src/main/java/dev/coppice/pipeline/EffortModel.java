// SPDX-License-Identifier: Apache-2.0
package dev.coppice.pipeline;

import dev.coppice.backend.Backend;
import dev.coppice.backend.DType;
import dev.coppice.backend.MappedFile;
import dev.coppice.data.ConfigException;
import dev.coppice.io.HfCheckpoint;
import dev.coppice.io.SafeTensors;
import dev.coppice.model.WeightSource;
import dev.coppice.score.EffortConfig;
import dev.coppice.score.EffortParams;
import dev.coppice.score.EffortScorer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** A language model whose files are mapped, ready to score effort. */
final class EffortModel implements AutoCloseable {
  private final Map<Path, MappedFile> mapped = new LinkedHashMap<>();
  private final EffortScorer scorer;

  /**
   * Maps the weights and reserves memory.
   *
   * @throws ConfigException if cutoff, memory or adapter do not fit the model
   */
  EffortModel(Backend backend, HfCheckpoint checkpoint, EffortOptions options, long seed) {
    boolean open = false;
    try {
      checkpoint.weightFiles().forEach(file -> mapped.put(file, backend.map(file)));
      Optional<WeightSource> adapter =
          checkpoint.hasAdapter()
              ? Optional.of(source(checkpoint.adapterWeights()))
              : Optional.empty();
      scorer =
          new EffortScorer(
              backend,
              checkpoint.config(),
              checkpoint.lora(),
              source(checkpoint.weights()),
              adapter,
              config(options, seed));
      open = true;
    } finally {
      if (!open) {
        mapped.values().forEach(MappedFile::close);
      }
    }
  }

  private static EffortConfig config(EffortOptions options, long seed) {
    String params = options.params().toUpperCase(Locale.ROOT).replace('-', '_');
    return new EffortConfig(
        EffortParams.valueOf(params), options.cutoff(), options.memoryBytes(), seed);
  }

  private WeightSource source(Map<String, HfCheckpoint.Location> locations) {
    return name -> {
      HfCheckpoint.Location location = locations.get(name);
      if (location == null) {
        throw new IllegalArgumentException("no tensor " + name);
      }
      SafeTensors.Entry entry = location.entry();
      int[] shape = Arrays.stream(entry.shape()).mapToInt(Math::toIntExact).toArray();
      DType type = DType.valueOf(entry.dtype());
      return mapped.get(location.file()).tensor(type, entry.offset(), shape);
    };
  }

  EffortScorer scorer() {
    return scorer;
  }

  @Override
  public void close() {
    scorer.close();
    mapped.values().forEach(MappedFile::close);
  }
}
