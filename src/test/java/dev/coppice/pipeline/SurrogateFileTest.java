// SPDX-License-Identifier: Apache-2.0
package dev.coppice.pipeline;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.coppice.data.ConfigException;
import dev.coppice.data.InputException;
import dev.coppice.io.SafeTensors;
import dev.coppice.model.SasRecConfig;
import dev.coppice.model.SurrogateWeights;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SurrogateFileTest {
  private static final SasRecConfig CONFIG = new SasRecConfig(6, 4, 2, 2, 5, 0f);
  private static final SurrogateWeights WEIGHTS = SurrogateWeights.initial(CONFIG, 3);

  @TempDir Path folder;

  private Path file() {
    return folder.resolve("s.safetensors");
  }

  private static SurrogateView view(Integer heads, Integer maxLen) {
    return new SurrogateView(Optional.ofNullable(heads), Optional.ofNullable(maxLen), 0);
  }

  @Test
  void readsWhatItWrote() throws IOException {
    SurrogateFile.write(file(), WEIGHTS);
    SurrogateWeights read = SurrogateFile.read(file(), SurrogateView.OF_THE_FILE, 6);
    assertEquals(CONFIG, read.config());
    assertEquals(WEIGHTS.tensors().keySet(), read.tensors().keySet());
    WEIGHTS
        .tensors()
        .forEach((name, values) -> assertArrayEquals(values, read.tensors().get(name), name));
    Map<String, String> metadata = SafeTensors.open(file()).metadata();
    assertEquals("2", metadata.get("num_attention_heads"));
    assertEquals("5", metadata.get("max_seq_length"));
    assertEquals("relu", metadata.get("hidden_act"));
  }

  @Test
  void takesFromOptionsWhatTheFileDoesNotSay() throws IOException {
    write(Map.of(), Map.of());
    assertEquals(2, SurrogateFile.read(file(), SurrogateView.OF_THE_FILE, 6).config().heads());
    SasRecConfig config = SurrogateFile.read(file(), view(4, 5), 6).config();
    assertEquals(4, config.heads());
    assertEquals(5, config.maxLen());
    assertThrows(InputException.class, () -> SurrogateFile.read(file(), view(3, null), 6));
    assertThrows(InputException.class, () -> SurrogateFile.read(file(), view(2, 7), 6));
    SurrogateFile.write(file(), WEIGHTS);
    String message =
        assertThrows(ConfigException.class, () -> SurrogateFile.read(file(), view(1, null), 6))
            .getMessage();
    assertTrue(message.startsWith("--heads is 1 where "), message);
  }

  @Test
  void namesWhatDoesNotFit() throws IOException {
    write(Map.of(), Map.of());
    refused(7, "item_embeddings.weight has 7 rows where items.tsv asks for 8");
    write(Map.of("hidden_act", "gelu"), Map.of());
    refused(6, "hidden_act is gelu");
    write(Map.of("num_attention_heads", "two"), Map.of());
    refused(6, "num_attention_heads is \"two\"");
    write(Map.of("max_seq_length", "50"), Map.of());
    refused(6, "max_seq_length is 50 where the position table has 5 rows");
    String bias = "item_encoder.layer.1.attention.dense.bias";
    write(Map.of(), Map.of(bias, new long[] {2}));
    refused(6, bias + " has shape [2] instead of [4]");
    write(Map.of(), Map.of(bias, new long[0]));
    refused(6, "has no tensor " + bias);
    write(Map.of(), Map.of("lm_head.weight", new long[] {3}));
    refused(6, "tensor lm_head.weight does not belong");
    SurrogateWeights bent = SurrogateWeights.initial(CONFIG, 3);
    bent.tensors().get("LayerNorm.bias")[1] = Float.NaN;
    SurrogateFile.write(file(), bent);
    refused(6, "LayerNorm.bias holds NaN");
  }

  private void refused(int items, String part) {
    String message =
        assertThrows(
                InputException.class,
                () -> SurrogateFile.read(file(), SurrogateView.OF_THE_FILE, items))
            .getMessage();
    assertTrue(message.startsWith(file() + ": "), message);
    assertTrue(message.contains(part), message);
    assertTrue(message.contains("; "), message);
  }

  /** Writes the weights with other metadata and other shapes; shape [] leaves a tensor out. */
  private void write(Map<String, String> metadata, Map<String, long[]> shapes) throws IOException {
    Map<String, SafeTensors.Out> tensors = new LinkedHashMap<>();
    SurrogateFile.tensors("", CONFIG, WEIGHTS.tensors())
        .forEach(tensor -> tensors.put(tensor.name(), tensor));
    shapes.forEach(
        (name, shape) -> {
          tensors.remove(name);
          if (shape.length > 0) {
            tensors.put(name, new SafeTensors.Out(name, shape, new float[(int) shape[0]]));
          }
        });
    SafeTensors.write(file(), metadata, new ArrayList<>(List.copyOf(tensors.values())));
  }
}
