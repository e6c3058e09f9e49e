// SPDX-License-Identifier: Apache-2.0
package dev.coppice.io;

import com.fasterxml.jackson.databind.JsonNode;
import dev.coppice.data.LayerAttention;
import java.util.ArrayList;
import java.util.List;

/**
 * Which layers attend to a sliding window, and how wide it is: a token attends to itself and the
 * {@code sliding_window - 1} before it.
 */
final class WindowFields {
  private static final String FULL = "full_attention";
  private static final String SLIDING = "sliding_attention";

  private final JsonFields fields;
  private final ModelFamily family;
  private final int layers;

  WindowFields(JsonFields fields, ModelFamily family, int layers) {
    this.fields = fields;
    this.family = family;
    this.layers = layers;
  }

  /**
   * What each layer attends to, and with which angles.
   *
   * @throws dev.coppice.data.InputException naming the field that is wrong or not supported
   */
  List<LayerAttention> layers(RotaryFields rotary) {
    boolean[] sliding = fields.has("layer_types") ? listed() : byFamily();
    int window = window();
    List<LayerAttention> attention = new ArrayList<>();
    for (boolean slides : sliding) {
      attention.add(
          new LayerAttention(slides ? window : LayerAttention.ALL, rotary.angles(slides)));
    }
    return attention;
  }

  /** The width; layers slide only where there is one, and it is in use. */
  private int window() {
    boolean none =
        fields.get("sliding_window").isNull()
            || (family == ModelFamily.PHI3 && !fields.has("sliding_window"))
            || (family.qwen() && !fields.flag("use_sliding_window", false));
    return none ? LayerAttention.ALL : fields.positive("sliding_window", 4096);
  }

  private boolean[] listed() {
    JsonNode types = fields.get("layer_types");
    if (!types.isArray() || types.size() != layers) {
      throw fields.wrong(
          "layer_types is no list of num_hidden_layers " + layers + " texts",
          "use the file that belongs to the weights");
    }
    boolean[] sliding = new boolean[layers];
    boolean any = false;
    for (int layer = 0; layer < layers; layer++) {
      String type = types.get(layer).asText();
      sliding[layer] = type.equals(SLIDING);
      any |= sliding[layer];
      if (!sliding[layer] && !type.equals(FULL)) {
        throw fields.unsupported("layer_types", "use " + FULL + " and " + SLIDING + " only");
      }
    }
    boolean without = family == ModelFamily.LLAMA || !fields.has("sliding_window");
    if (any && without) {
      throw fields.unsupported("layer_types", "give sliding_window, and a model_type that has it");
    }
    return sliding;
  }

  private boolean[] byFamily() {
    boolean[] sliding = new boolean[layers];
    for (int layer = 0; layer < layers; layer++) {
      sliding[layer] =
          switch (family) {
            case LLAMA -> noWindow();
            case MISTRAL, PHI3 -> true;
            case QWEN2, QWEN3 -> layer >= fields.count("max_window_layers", 28);
            case GEMMA2 -> layer % 2 == 0;
            case GEMMA3 -> (layer + 1) % pattern() != 0;
          };
    }
    return sliding;
  }

  private boolean noWindow() {
    fields.refuse("sliding_window", "use a checkpoint that attends to every position");
    return false;
  }

  /** Every so many layers of Gemma 3 one attends to everything. */
  private int pattern() {
    String name = fields.has("_sliding_window_pattern") ? "_sliding_window_pattern" : "";
    return fields.positive(name.isEmpty() ? "sliding_window_pattern" : name, 6);
  }
}
