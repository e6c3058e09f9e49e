// SPDX-License-Identifier: Apache-2.0
package dev.coppice.io;

import dev.coppice.data.InputException;
import dev.coppice.io.HfCheckpoint.Location;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The tensors of one safetensors file or of the shards that an index names.
 *
 * @param file the safetensors file, or the index; named where a tensor is missing
 * @param locations by tensor name
 */
record CheckpointTensors(Path file, Map<String, Location> locations) {
  private static final String SINGLE = "model.safetensors";
  private static final String INDEX = "model.safetensors.index.json";
  private static final List<String> DTYPES = List.of("F32", "F16", "BF16");

  /** Those of a folder: of {@code model.safetensors}, or else of the index. */
  static CheckpointTensors ofFolder(Path folder) {
    Path single = folder.resolve(SINGLE);
    Path index = folder.resolve(INDEX);
    if (!Files.exists(single) && Files.exists(index)) {
      return ofIndex(index);
    }
    boolean pickled =
        Files.exists(folder.resolve("pytorch_model.bin"))
            || Files.exists(folder.resolve("pytorch_model.bin.index.json"));
    if (!Files.exists(single) && pickled) {
      throw InputException.of(
          single.toString(), "there is no such file", "convert pytorch_model.bin to safetensors");
    }
    return ofFile(single);
  }

  static CheckpointTensors ofFile(Path file) {
    Map<String, Location> locations = new LinkedHashMap<>();
    SafeTensors.open(file)
        .entries()
        .forEach((name, entry) -> locations.put(name, new Location(file, entry)));
    return new CheckpointTensors(file, locations);
  }

  private static CheckpointTensors ofIndex(Path index) {
    JsonFields fields = JsonFields.read(index);
    if (!fields.get("weight_map").isObject()) {
      throw fields.wrong("has no object weight_map", "copy the checkpoint again");
    }
    Map<String, SafeTensors> shards = new HashMap<>();
    Map<String, Location> locations = new LinkedHashMap<>();
    for (var field : fields.get("weight_map").properties()) {
      String name = field.getValue().asText();
      if (!field.getValue().isTextual() || !name.matches("[^/\\\\]+\\.safetensors")) {
        throw fields.wrong(
            "weight_map names the file " + Shown.quoted(name),
            "it must be a .safetensors file of the same folder");
      }
      SafeTensors shard =
          shards.computeIfAbsent(name, any -> SafeTensors.open(index.resolveSibling(name)));
      locations.put(field.getKey(), new Location(shard.file(), shard.entry(field.getKey())));
    }
    return new CheckpointTensors(index, locations);
  }

  /**
   * Where a tensor lies that the model needs.
   *
   * @throws InputException if it is missing, of another shape, or not to be used in place
   */
  Location require(String name, int[] shape) {
    Location location = locations.get(name);
    if (location == null) {
      throw InputException.of(
          file.toString(), "has no tensor " + name, "copy all of the checkpoint again");
    }
    SafeTensors.Entry entry = location.entry();
    long[] expected = Arrays.stream(shape).asLongStream().toArray();
    if (!Arrays.equals(entry.shape(), expected)) {
      throw wrong(
          location,
          "has shape " + Arrays.toString(entry.shape()) + ", expected " + Arrays.toString(expected),
          "check that the configuration belongs to these weights");
    }
    if (!DTYPES.contains(entry.dtype())) {
      throw wrong(
          location,
          "is " + entry.dtype(),
          "convert the weights to one of " + String.join(", ", DTYPES));
    }
    if (entry.offset() % SafeTensorsHeader.width(entry.dtype()) != 0) {
      throw wrong(
          location,
          "starts at byte " + entry.offset() + ", which is not aligned",
          "save the file again with a current safetensors library");
    }
    return location;
  }

  /** An error in one tensor. */
  static InputException wrong(Location location, String what, String remedy) {
    return InputException.of(
        location.file().toString(),
        "tensor " + Shown.sentence(location.entry().name()) + " " + what,
        remedy);
  }
}
