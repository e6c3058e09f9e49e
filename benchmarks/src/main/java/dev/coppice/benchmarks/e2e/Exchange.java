// SPDX-License-Identifier: Apache-2.0
package dev.coppice.benchmarks.e2e;

import dev.coppice.data.Dataset;
import dev.coppice.data.PackedBatch;
import dev.coppice.data.SurrogateSamples;
import dev.coppice.data.Weighting;
import dev.coppice.io.SafeTensors;
import dev.coppice.model.SurrogateWeights;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** Files that are handed to the peers and back: plain little-endian arrays, weights, negatives. */
final class Exchange {
  private final Path folder;

  Exchange(Path folder) throws IOException {
    this.folder = Files.createDirectories(folder);
  }

  Path path(String name) {
    return folder.resolve(name);
  }

  Path doubles(String name, double[] values) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(8 * values.length).order(ByteOrder.LITTLE_ENDIAN);
    bytes.asDoubleBuffer().put(values);
    return Files.write(path(name), bytes.array());
  }

  double[] doubles(String name) throws IOException {
    ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(path(name)));
    double[] values = new double[bytes.remaining() / 8];
    bytes.order(ByteOrder.LITTLE_ENDIAN).asDoubleBuffer().get(values);
    return values;
  }

  Path ids(String name, int[] values) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
    bytes.asIntBuffer().put(values);
    return Files.write(path(name), bytes.array());
  }

  Path weights(String name, SurrogateWeights weights) throws IOException {
    List<SafeTensors.Out> tensors = new ArrayList<>();
    weights
        .tensors()
        .forEach(
            (tensor, values) -> {
              long[] shape = Arrays.stream(weights.shape(tensor)).asLongStream().toArray();
              tensors.add(new SafeTensors.Out(tensor, shape, values));
            });
    Map<String, String> metadata =
        Map.of("num_attention_heads", Integer.toString(weights.config().heads()));
    SafeTensors.write(path(name), metadata, tensors);
    return path(name);
  }

  /** The negatives of epoch 0, those of scoring, as a file; those of transitions not used are 1. */
  Path negatives(String name, Dataset dataset, SurrogateSamples samples) throws IOException {
    StringBuilder text = new StringBuilder();
    for (int sample = 0; sample < dataset.samples(); sample++) {
      text.append(dataset.users().get(sample));
      int used = samples.transitions(sample);
      for (int k = used; k < dataset.train().length(sample) - 1; k++) {
        text.append(" 1");
      }
      if (used > 0) {
        PackedBatch batch = samples.batch(new int[] {sample}, 0, Weighting.SAMPLE_MEAN);
        for (int negative : batch.negatives()) {
          text.append(' ').append(negative);
        }
      }
      text.append('\n');
    }
    return Files.writeString(path(name), text);
  }
}
