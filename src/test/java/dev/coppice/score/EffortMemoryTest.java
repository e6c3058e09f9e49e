// SPDX-License-Identifier: Apache-2.0
package dev.coppice.score;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.coppice.backend.Backend;
import dev.coppice.backend.Tensor;
import dev.coppice.data.LlmConfig;
import dev.coppice.data.LoraConfig;
import dev.coppice.data.TokenSample;
import dev.coppice.io.HfCheckpoint;
import dev.coppice.model.WeightSource;
import dev.coppice.pipeline.CheckpointWeights;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a pass holds in memory: weights layer by layer, and no logits of all tokens. */
class EffortMemoryTest {
  @TempDir Path folder;

  private static TokenSample sample(int id, int length, int vocabulary) {
    boolean[] scored = new boolean[length];
    Arrays.fill(scored, true);
    int[] ids = new Random(id).ints(length, 0, vocabulary).toArray();
    return new TokenSample(id, ids, scored);
  }

  private static long kilobytes(Path file, String label) {
    try {
      return Files.readAllLines(file).stream()
          .filter(line -> line.startsWith(label))
          .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")))
          .sum();
    } catch (IOException unreadable) {
      throw new UncheckedIOException(unreadable);
    }
  }

  /** Watches how much of a mapped file is in memory whenever a layer is asked for. */
  private static final class Watched implements WeightSource {
    private final WeightSource source;
    private final String file;
    private long most;

    Watched(WeightSource source, Path file) {
      this.source = source;
      this.file = file.toString();
    }

    @Override
    public Tensor tensor(String name) {
      return source.tensor(name);
    }

    @Override
    public void prefetch(String name) {
      look(name);
      source.prefetch(name);
    }

    @Override
    public void release(String name) {
      look(name);
      source.release(name);
    }

    /** Once a layer, for it takes long. */
    private void look(String name) {
      if (name.endsWith("q_proj.weight") || name.equals("lm_head.weight")) {
        most = Math.max(most, resident());
      }
    }

    private long resident() {
      try {
        List<String> lines = Files.readAllLines(Path.of("/proc/self/smaps"));
        long bytes = 0;
        boolean inside = false;
        for (String line : lines) {
          if (line.matches("[0-9a-f]+-[0-9a-f]+ .*")) {
            inside = line.endsWith(file);
          } else if (inside && line.startsWith("Rss:")) {
            bytes += 1024 * Long.parseLong(line.replaceAll("\\D", ""));
          }
        }
        return bytes;
      } catch (IOException unreadable) {
        throw new UncheckedIOException(unreadable);
      }
    }
  }

  @Test
  void modelLargerThanTheMemoryIsReadLayerByLayerWithTheSameBits() throws IOException {
    LlmConfig config = LargeModel.config(256, 256, 768, 16);
    LargeModel.write(folder, config);
    Path file = folder.resolve("model.safetensors").toRealPath();
    List<TokenSample> samples = List.of(sample(0, 40, 256), sample(1, 25, 256));
    HfCheckpoint checkpoint = HfCheckpoint.open(folder, Optional.empty());
    for (EffortParams params : EffortBackends.PARAMS) {
      EffortBatch roomy = null;
      for (long memory : new long[] {8L << 30, Files.size(file) / 3}) {
        boolean streams = memory < Files.size(file);
        try (Backend backend = EffortBackends.Kind.CPU.open();
            CheckpointWeights weights = new CheckpointWeights(backend, checkpoint)) {
          Watched watched = new Watched(weights.model(), file);
          EffortConfig limits = new EffortConfig(params, 64, memory, 0);
          try (EffortScorer scorer =
              new EffortScorer(
                  backend, config, checkpoint.lora(), watched, weights.adapter(), limits)) {
            assertEquals(streams, scorer.streams());
            EffortBatch batch = scorer.score(samples);
            roomy = roomy == null ? batch : roomy;
            assertArrayEquals(roomy.effort(), batch.effort());
            assertArrayEquals(roomy.loss(), batch.loss());
          }
          long third = Files.size(file) / 3;
          assertTrue(watched.most > 0, "nothing was read");
          if (streams) {
            assertTrue(watched.most < third, watched.most + " bytes resident of 3 * " + third);
          } else {
            assertFalse(watched.most < 2 * third, watched.most + " bytes resident");
          }
        }
      }
    }
  }

  @Test
  void headOfALargeVocabularyTakesLittleMemory() {
    LlmConfig config = LargeModel.config(152_064, 64, 128, 1);
    LlmConfig narrow = LargeModel.config(512, 64, 128, 1);
    List<TokenSample> samples = List.of(sample(0, 512, 152_064), sample(1, 511, 152_064));
    try (Backend backend = EffortBackends.Kind.CPU.open();
        var tensors =
            backend.workspace(
                dev.coppice.backend.Workspace.plan(
                    backend, a -> config.weightShapes().values().forEach(a::f32)))) {
      var weights = new java.util.HashMap<String, Tensor>();
      config.weightShapes().forEach((name, shape) -> weights.put(name, tensors.f32(shape)));
      weights.values().forEach(tensor -> backend.fill(tensor, 0.01f));
      EffortConfig limits = new EffortConfig(EffortParams.LAST_V_LORA_B, 512, 1L << 30, 0);
      long extra = bytes(backend, config, limits) - bytes(backend, narrow, limits);
      assertTrue(extra < 256L << 20, "workspace: " + extra);
      Path status = Path.of("/proc/self/status");
      long before = kilobytes(status, "RssAnon:");
      try (EffortScorer scorer =
          new EffortScorer(
              backend, config, LoraConfig.fresh(config), weights::get, Optional.empty(), limits)) {
        EffortBatch batch = scorer.score(samples);
        assertEquals(Math.log(152_064), batch.loss()[0], 1e-4);
      }
      long touched = kilobytes(status, "RssAnon:") - before;
      assertTrue(touched < 256L << 10, "touched: " + touched + " KiB");
    }
  }

  private static long bytes(Backend backend, LlmConfig config, EffortConfig limits) {
    EffortPlan plan = new EffortPlan(backend, config, LoraConfig.fresh(config), limits);
    return plan.bytes(4096);
  }
}
