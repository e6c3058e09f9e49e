// SPDX-License-Identifier: Apache-2.0
package dev.coppice.pipeline;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.coppice.data.InputException;
import dev.coppice.io.SafeTensors;
import dev.coppice.model.RankingMetrics;
import dev.coppice.model.SasRecConfig;
import dev.coppice.model.SurrogateWeights;
import dev.coppice.model.TrainerState;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * A training's state on disk, replaced after each epoch: {@code trainer.safetensors} with
 * parameters, Adam's moments and, in its metadata, epoch and history; {@code best-E.safetensors}
 * with the best weights so far, those after epoch E. The best weights are written before the state
 * that names them, and older ones deleted after it, so a crash never leaves a state without its
 * best weights.
 */
final class TrainingStore {
  private static final String STATE = "trainer.safetensors";
  private static final String BEST = "best-\\d+\\.safetensors";
  private static final ObjectMapper MAPPER = JsonMapper.builder().build();

  private final Path folder;
  private final String key;
  private final SasRecConfig config;

  /**
   * Names a place.
   *
   * @param key of what the training depends on: a state of another key is passed over
   */
  TrainingStore(Path folder, byte[] key, SasRecConfig config) {
    this.folder = folder;
    this.key = HexFormat.of().formatHex(key);
    this.config = config;
  }

  /** Deletes every state in a folder. */
  static void discard(Path folder) throws IOException {
    Files.deleteIfExists(folder.resolve(STATE));
    deleteBest(folder, -1);
  }

  private static void deleteBest(Path folder, int kept) throws IOException {
    List<Path> old;
    try (Stream<Path> files = Files.list(folder)) {
      old =
          files
              .filter(file -> file.getFileName().toString().matches(BEST))
              .filter(file -> !file.equals(best(folder, kept)))
              .toList();
    }
    for (Path file : old) {
      Files.delete(file);
    }
  }

  private static Path best(Path folder, int epoch) {
    return folder.resolve("best-" + epoch + ".safetensors");
  }

  /**
   * The saved state; empty if there is none of this key.
   *
   * @throws InputException if a file is damaged
   */
  Optional<TrainingState> load() {
    Path file = folder.resolve(STATE);
    if (!Files.exists(file)) {
      return Optional.empty();
    }
    SafeTensors tensors = SafeTensors.open(file);
    Map<String, String> metadata = tensors.metadata();
    if (!key.equals(metadata.get("key"))) {
      return Optional.empty();
    }
    TrainerState trainer =
        new TrainerState(
            SurrogateFile.arrays(tensors, "parameter/", config),
            SurrogateFile.arrays(tensors, "first_moment/", config),
            SurrogateFile.arrays(tensors, "second_moment/", config),
            Long.parseLong(metadata.get("step")));
    int bestEpoch = Integer.parseInt(metadata.get("best_epoch"));
    Optional<SurrogateWeights> best =
        bestEpoch == 0 ? Optional.empty() : Optional.of(readBest(bestEpoch));
    return Optional.of(
        new TrainingState(
            Integer.parseInt(metadata.get("epochs")),
            trainer,
            history(file, metadata.get("history")),
            bestEpoch,
            best));
  }

  private SurrogateWeights readBest(int epoch) {
    SafeTensors file = SafeTensors.open(best(folder, epoch));
    return new SurrogateWeights(config, SurrogateFile.arrays(file, "", config));
  }

  private static List<TrainingState.Evaluated> history(Path file, String json) {
    List<TrainingState.Evaluated> history = new ArrayList<>();
    try {
      for (JsonNode node : MAPPER.readTree(json)) {
        RankingMetrics none = new RankingMetrics(new double[4], new double[4], 0);
        history.add(
            new TrainingState.Evaluated(
                node.path("epoch").asInt(),
                node.path("loss").asDouble(),
                Ranking.read(node.path("valid")).orElse(none)));
      }
    } catch (IOException damaged) {
      throw InputException.of(file.toString(), "its history is damaged", "delete the folder");
    }
    return history;
  }

  /** Replaces the saved state. */
  void save(TrainingState state) throws IOException {
    if (state.best().isPresent() && !Files.exists(best(folder, state.bestEpoch()))) {
      SurrogateFile.write(best(folder, state.bestEpoch()), state.best().get());
    }
    Map<String, String> metadata = new LinkedHashMap<>();
    metadata.put("key", key);
    metadata.put("epochs", Integer.toString(state.epochs()));
    metadata.put("step", Long.toString(state.trainer().step()));
    metadata.put("best_epoch", Integer.toString(state.bestEpoch()));
    metadata.put("history", MAPPER.writeValueAsString(facts(state.history())));
    List<SafeTensors.Out> tensors = new ArrayList<>();
    TrainerState trainer = state.trainer();
    tensors.addAll(SurrogateFile.tensors("parameter/", config, trainer.parameters()));
    tensors.addAll(SurrogateFile.tensors("first_moment/", config, trainer.firstMoment()));
    tensors.addAll(SurrogateFile.tensors("second_moment/", config, trainer.secondMoment()));
    SafeTensors.write(folder.resolve(STATE), metadata, tensors);
    deleteBest(folder, state.bestEpoch());
  }

  /** Evaluated epochs as JSON. */
  static List<Object> facts(List<TrainingState.Evaluated> history) {
    List<Object> facts = new ArrayList<>();
    for (TrainingState.Evaluated evaluated : history) {
      Map<String, Object> node = new LinkedHashMap<>();
      node.put("epoch", evaluated.epoch());
      node.put("loss", evaluated.loss());
      node.put("valid", Ranking.facts(evaluated.valid()));
      facts.add(node);
    }
    return facts;
  }
}
