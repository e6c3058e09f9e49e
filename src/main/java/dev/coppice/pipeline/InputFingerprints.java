// SPDX-License-Identifier: Apache-2.0
package dev.coppice.pipeline;

import dev.coppice.io.ContentHash;
import dev.coppice.io.HfCheckpoint;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Fingerprints of the files that a run is given, under names like {@code data/train.txt}: small
 * files by SHA-256, weights by the hash of their header, size and time.
 */
final class InputFingerprints {
  private final Map<String, String> all = new LinkedHashMap<>();

  /**
   * Takes the fingerprints.
   *
   * @param data data folder, already checked
   * @param llm checkpoint, already checked
   */
  InputFingerprints(
      Path data, Optional<Path> llm, Optional<Path> adapter, Optional<HfCheckpoint> checkpoint) {
    for (String name :
        List.of(
            "train.txt", "valid.txt", "test.txt", "items.tsv", "prompt.json", "negatives.txt")) {
      small("data/", data.resolve(name));
    }
    llm.ifPresent(
        folder -> {
          small("llm/", folder.resolve("config.json"));
          small("llm/", folder.resolve("tokenizer.json"));
          small("llm/", folder.resolve("tokenizer_config.json"));
        });
    adapter.ifPresent(folder -> small("adapter/", folder.resolve("adapter_config.json")));
    checkpoint.ifPresent(
        model ->
            model
                .weightFiles()
                .forEach(
                    file -> {
                      boolean ofAdapter = adapter.isPresent() && file.startsWith(adapter.get());
                      all.put(
                          (ofAdapter ? "adapter/" : "llm/") + file.getFileName(),
                          ContentHash.weightsFingerprint(file));
                    }));
  }

  private void small(String prefix, Path file) {
    if (Files.exists(file)) {
      all.put(prefix + file.getFileName(), ContentHash.sha256(file));
    }
  }

  /** All of them. */
  Map<String, String> all() {
    return all;
  }

  /** Those of some files, as far as the run has them. */
  Map<String, String> of(String... names) {
    Map<String, String> some = new LinkedHashMap<>();
    for (String name : names) {
      if (all.containsKey(name)) {
        some.put(name, all.get(name));
      }
    }
    return some;
  }

  /** Those whose names start with one of the prefixes. */
  Map<String, String> under(String... prefixes) {
    Map<String, String> some = new LinkedHashMap<>();
    all.forEach(
        (name, print) -> {
          for (String prefix : prefixes) {
            if (name.startsWith(prefix)) {
              some.put(name, print);
            }
          }
        });
    return some;
  }
}
