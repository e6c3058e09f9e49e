// SPDX-License-Identifier: Apache-2.0
package dev.coppice.pipeline;

import dev.coppice.data.ConfigException;
import dev.coppice.data.InputException;
import dev.coppice.io.SafeTensors;
import dev.coppice.model.SasRecConfig;
import dev.coppice.model.SurrogateWeights;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Surrogate weights as a safetensors file with heads and length in its metadata. */
final class SurrogateFile {
  private static final String HEADS = "num_attention_heads";
  private static final String LENGTH = "max_seq_length";
  private static final String ACTIVATION = "hidden_act";
  private static final String ITEMS_TABLE = "item_embeddings.weight";
  private static final String POSITION_TABLE = "position_embeddings.weight";
  private static final String REMEDY = "give a surrogate that was trained on this data";

  private SurrogateFile() {}

  /** Replaces a file by weights. */
  static void write(Path file, SurrogateWeights weights) throws IOException {
    Map<String, String> metadata = new LinkedHashMap<>();
    metadata.put(HEADS, Integer.toString(weights.config().heads()));
    metadata.put(LENGTH, Integer.toString(weights.config().maxLen()));
    metadata.put(ACTIVATION, "relu");
    metadata.put("format", "pt");
    SafeTensors.write(file, metadata, tensors("", weights.config(), weights.tensors()));
  }

  /** Arrays by the names of a configuration, each name with a prefix, as tensors to be written. */
  static List<SafeTensors.Out> tensors(
      String prefix, SasRecConfig config, Map<String, float[]> values) {
    List<SafeTensors.Out> tensors = new ArrayList<>();
    config
        .shapes()
        .forEach(
            (name, shape) -> {
              long[] extents = Arrays.stream(shape).asLongStream().toArray();
              tensors.add(new SafeTensors.Out(prefix + name, extents, values.get(name)));
            });
    return tensors;
  }

  /** Arrays of a file by the names of a configuration, each name with a prefix. */
  static Map<String, float[]> arrays(SafeTensors file, String prefix, SasRecConfig config) {
    Map<String, float[]> values = new LinkedHashMap<>();
    config.shapes().keySet().forEach(name -> values.put(name, file.floats(prefix + name)));
    return values;
  }

  /**
   * Reads and checks weights.
   *
   * @param view what the file may leave open
   * @param items of the data set that they must be for
   * @throws InputException naming the file and what does not fit
   * @throws ConfigException if an option contradicts the file
   */
  static SurrogateWeights read(Path path, SurrogateView view, int items) {
    SafeTensors file = SafeTensors.open(path);
    long[] table = shape(file, ITEMS_TABLE, 2);
    long[] positions = shape(file, POSITION_TABLE, 2);
    if (table[0] != items + 1L) {
      throw InputException.of(
          path.toString(),
          ITEMS_TABLE + " has " + table[0] + " rows where items.tsv asks for " + (items + 1L),
          REMEDY);
    }
    String activation = file.metadata().getOrDefault(ACTIVATION, "relu");
    if (!activation.equals("relu")) {
      throw InputException.of(
          path.toString(), ACTIVATION + " is " + activation, "train with relu, the only one known");
    }
    int heads = setting(file, HEADS, "--heads", view.heads()).orElse(TrainOptions.DEFAULT.heads());
    int length = setting(file, LENGTH, "--max-len", view.maxLen()).orElse((int) positions[0]);
    if (length != positions[0]) {
      throw InputException.of(
          path.toString(),
          "max_seq_length is " + length + " where the position table has " + positions[0] + " rows",
          "make them agree");
    }
    SasRecConfig config = config(path, items, table[1], layers(file), heads, length);
    requireShapes(file, config);
    try {
      return new SurrogateWeights(config, arrays(file, "", config));
    } catch (IllegalArgumentException wrong) {
      throw InputException.of(path.toString(), wrong.getMessage(), REMEDY);
    }
  }

  private static SasRecConfig config(
      Path path, int items, long hidden, int layers, int heads, int length) {
    if (layers == 0 || hidden % heads != 0) {
      String what =
          layers == 0
              ? "has no tensor item_encoder.layer.0"
              : "hidden width " + hidden + " is no multiple of " + heads + " heads";
      throw InputException.of(path.toString(), what, "give " + HEADS + " or the right file");
    }
    try {
      return new SasRecConfig(items, Math.toIntExact(hidden), layers, heads, length, 0f);
    } catch (ConfigException wrong) {
      throw InputException.of(path.toString(), wrong.getMessage(), "give a smaller surrogate");
    }
  }

  /** Blocks 0, 1, ... that the file has tensors of. */
  private static int layers(SafeTensors file) {
    int layers = 0;
    while (hasLayer(file, layers)) {
      layers++;
    }
    return layers;
  }

  private static boolean hasLayer(SafeTensors file, int layer) {
    String prefix = "item_encoder.layer." + layer + ".";
    return file.entries().keySet().stream().anyMatch(name -> name.startsWith(prefix));
  }

  private static void requireShapes(SafeTensors file, SasRecConfig config) {
    Map<String, int[]> shapes = config.shapes();
    shapes.forEach(
        (name, shape) -> {
          long[] wanted = Arrays.stream(shape).asLongStream().toArray();
          if (!Arrays.equals(file.entry(name).shape(), wanted)) {
            throw InputException.of(
                file.file().toString(),
                name
                    + " has shape "
                    + Arrays.toString(file.entry(name).shape())
                    + " instead of "
                    + Arrays.toString(shape),
                "give a complete surrogate");
          }
        });
    for (String name : file.entries().keySet()) {
      if (!shapes.containsKey(name)) {
        throw InputException.of(
            file.file().toString(),
            "tensor " + name + " does not belong to a surrogate",
            "give a surrogate of SASRec");
      }
    }
  }

  private static long[] shape(SafeTensors file, String name, int rank) {
    long[] shape = file.entry(name).shape();
    if (shape.length != rank
        || Arrays.stream(shape).anyMatch(extent -> extent < 1 || extent > Integer.MAX_VALUE)) {
      throw InputException.of(
          file.file().toString(),
          name + " has shape " + Arrays.toString(shape),
          "give a surrogate of SASRec");
    }
    return shape;
  }

  /** A number of the metadata, or of the option where the file does not say. */
  private static Optional<Integer> setting(
      SafeTensors file, String name, String option, Optional<Integer> given) {
    String text = file.metadata().get(name);
    if (text == null) {
      return given;
    }
    int value;
    try {
      value = Integer.parseInt(text);
    } catch (NumberFormatException wrong) {
      value = 0;
    }
    if (value < 1) {
      throw InputException.of(
          file.file().toString(), name + " is \"" + text + "\"", "write a number of 1 or more");
    }
    if (given.isPresent() && given.get() != value) {
      throw new ConfigException(
          option
              + " is "
              + given.get()
              + " where "
              + file.file()
              + " says "
              + value
              + "; leave it out");
    }
    return Optional.of(value);
  }
}
