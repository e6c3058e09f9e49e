// SPDX-License-Identifier: Apache-2.0
package dev.coppice.pipeline;

import dev.coppice.backend.Backend;
import dev.coppice.backend.DType;
import dev.coppice.backend.MappedFile;
import dev.coppice.backend.Tensor;
import dev.coppice.io.HfCheckpoint;
import dev.coppice.io.SafeTensors;
import dev.coppice.model.WeightSource;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/** A checkpoint's weights, mapped into memory and used where they lie. It owns the mappings. */
public final class CheckpointWeights implements AutoCloseable {
  private final HfCheckpoint checkpoint;
  private final Map<Path, MappedFile> files = new HashMap<>();

  /** Maps every weight file of a checkpoint. */
  public CheckpointWeights(Backend backend, HfCheckpoint checkpoint) {
    this.checkpoint = checkpoint;
    boolean complete = false;
    try {
      checkpoint.weightFiles().forEach(file -> files.put(file, backend.map(file)));
      complete = true;
    } finally {
      if (!complete) {
        close();
      }
    }
  }

  /** The model's weights. */
  public WeightSource model() {
    return new WeightSource() {
      @Override
      public Tensor tensor(String name) {
        return CheckpointWeights.this.tensor(checkpoint.weights(), name);
      }

      @Override
      public void prefetch(String name) {
        SafeTensors.Entry entry = checkpoint.weights().get(name).entry();
        file(name).prefetch(entry.offset(), entry.bytes());
      }

      @Override
      public void release(String name) {
        SafeTensors.Entry entry = checkpoint.weights().get(name).entry();
        file(name).release(entry.offset(), entry.bytes());
      }

      private MappedFile file(String name) {
        return files.get(checkpoint.weights().get(name).file());
      }
    };
  }

  /** The adapter's weights; empty if the checkpoint has no adapter. */
  public Optional<WeightSource> adapter() {
    return checkpoint.hasAdapter()
        ? Optional.of(name -> tensor(checkpoint.adapterWeights(), name))
        : Optional.empty();
  }

  private Tensor tensor(Map<String, HfCheckpoint.Location> locations, String name) {
    HfCheckpoint.Location location = locations.get(name);
    if (location == null) {
      throw new IllegalArgumentException("the checkpoint has no tensor " + name);
    }
    int[] shape = Arrays.stream(location.entry().shape()).mapToInt(Math::toIntExact).toArray();
    return files
        .get(location.file())
        .tensor(DType.valueOf(location.entry().dtype()), location.entry().offset(), shape);
  }

  /** Unmaps the files. Idempotent; every tensor becomes unusable. */
  @Override
  public void close() {
    files.values().forEach(MappedFile::close);
  }
}
