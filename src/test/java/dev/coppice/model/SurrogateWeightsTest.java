// SPDX-License-Identifier: Apache-2.0
package dev.coppice.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.coppice.data.ConfigException;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class SurrogateWeightsTest {
  private static final SasRecConfig CONFIG = new SasRecConfig(300, 16, 1, 2, 20, 0.5f);

  @Test
  void startsFromTheStatedDistribution() {
    SurrogateWeights weights = SurrogateWeights.initial(CONFIG, 7);
    assertArrayEquals(new int[] {301, 16}, weights.shape("item_embeddings.weight"));
    float[] items = weights.tensors().get("item_embeddings.weight");
    assertArrayEquals(new float[16], Arrays.copyOf(items, 16), "padding row");
    double sum = 0;
    double squares = 0;
    for (int i = 16; i < items.length; i++) {
      sum += items[i];
      squares += items[i] * items[i];
    }
    int count = items.length - 16;
    assertEquals(0, sum / count, 4 * 0.02 / Math.sqrt(count));
    assertEquals(0.02, Math.sqrt(squares / count), 0.02 * 4 / Math.sqrt(2 * count));
    float[] gamma = weights.tensors().get("LayerNorm.weight");
    assertEquals(1f, gamma[3]);
    assertEquals(0f, weights.tensors().get("item_encoder.layer.0.attention.key.bias")[5]);
  }

  /** The numbers that docs/randomness.md gives: another program must be able to make them. */
  @Test
  void initialWeightsAreThoseOfTheDocumentation() {
    SurrogateWeights weights = SurrogateWeights.initial(CONFIG, 42);
    float[] items = weights.tensors().get("item_embeddings.weight");
    float[] positions = weights.tensors().get("position_embeddings.weight");
    assertEquals(-0.0075398344f, items[16]);
    assertEquals(-0.0054083564f, positions[0]); // flat index 301 * 16 = 4816
  }

  @Test
  void otherSeedsGiveOtherWeights() {
    float[] one = SurrogateWeights.initial(CONFIG, 1).tensors().get("item_embeddings.weight");
    float[] two = SurrogateWeights.initial(CONFIG, 2).tensors().get("item_embeddings.weight");
    assertFalse(Arrays.equals(one, two));
  }

  @Test
  void namesTheTensorThatIsWrong() {
    SurrogateWeights good = SurrogateWeights.initial(CONFIG, 1);
    String name = "item_encoder.layer.0.intermediate.conv1d_2.weight";
    Map<String, float[]> missing = new HashMap<>(good.tensors());
    missing.remove(name);
    Map<String, float[]> shorter = new HashMap<>(good.tensors());
    shorter.put(name, new float[255]);
    Map<String, float[]> notFinite = new HashMap<>(good.tensors());
    float[] values = good.tensors().get(name).clone();
    values[9] = Float.NaN;
    notFinite.put(name, values);
    Map<String, float[]> unknown = new HashMap<>(good.tensors());
    unknown.put(name + "x", new float[1]);
    for (Map<String, float[]> wrong : List.of(missing, shorter, notFinite, unknown)) {
      IllegalArgumentException failure =
          assertThrows(IllegalArgumentException.class, () -> new SurrogateWeights(CONFIG, wrong));
      assertTrue(failure.getMessage().contains(name), failure.getMessage());
    }
  }

  @Test
  void refusesImpossibleShapes() {
    assertThrows(ConfigException.class, () -> new SasRecConfig(0, 16, 1, 2, 20, 0.5f));
    assertThrows(ConfigException.class, () -> new SasRecConfig(9, 16, 0, 2, 20, 0.5f));
    assertThrows(ConfigException.class, () -> new SasRecConfig(9, 16, 1, 3, 20, 0.5f));
    assertThrows(ConfigException.class, () -> new SasRecConfig(9, 16, 1, 2, 0, 0.5f));
    assertThrows(ConfigException.class, () -> new SasRecConfig(9, 16, 1, 2, 20, 1f));
    assertThrows(ConfigException.class, () -> new SasRecConfig(9, 16, 1, 2, 20, Float.NaN));
    assertThrows(ConfigException.class, () -> new SasRecConfig(9, 1024, 1, 2, 20, 0f));
    assertThrows(ConfigException.class, () -> new TrainingConfig(1, 0, 1e-3f, 1));
    assertThrows(ConfigException.class, () -> new TrainingConfig(1, 1, 0f, 1));
  }
}
