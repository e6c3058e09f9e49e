// SPDX-License-Identifier: Apache-2.0
package dev.coppice.io;

import dev.coppice.data.RotaryAngles;
import java.util.ArrayList;
import java.util.List;

/**
 * The rotary angles of a configuration: {@code rope_theta} and {@code rope_scaling}, or {@code
 * rope_parameters}, which newer files have for both; Gemma 3 has one set for its windows and
 * another for its full layers.
 *
 * <p>Scalings change the frequencies {@code f = theta^(-2c/R)} as the transformers library has it:
 * <i>linear</i> divides them by {@code factor}. <i>llama3</i> divides those that turn less than
 * {@code low_freq_factor} times within the original context, leaves those that turn more than
 * {@code high_freq_factor} times, and blends between. <i>dynamic</i> leaves them within {@code
 * max_position_embeddings}. <i>longrope</i> divides them by {@code short_factor} in texts of up to
 * the original context, by {@code long_factor} in longer ones, and multiplies cosines and sines by
 * its attention factor.
 */
final class RotaryFields {
  private static final String ORIGINAL = "original_max_position_embeddings";

  private final JsonFields fields;
  private final ModelFamily family;
  private final int headDim;
  private final boolean named; // rope_parameters

  RotaryFields(JsonFields fields, ModelFamily family, int headDim) {
    this.fields = fields;
    this.family = family;
    this.headDim = headDim;
    this.named = fields.has("rope_parameters");
    boolean twice = named && fields.has("rope_scaling");
    if (twice && !fields.get("rope_scaling").equals(fields.get("rope_parameters"))) {
      throw fields.unsupported("rope_scaling", "give it or rope_parameters, not both");
    }
  }

  /** The longest text that the angles are right for, in tokens. */
  int positions() {
    return fields.positive("max_position_embeddings");
  }

  /**
   * The angles of a layer.
   *
   * @param sliding whether the layer attends to a window
   * @throws dev.coppice.data.InputException naming the field that is wrong or not supported
   */
  RotaryAngles angles(boolean sliding) {
    JsonFields scaling = scaling(sliding);
    boolean local = sliding && family == ModelFamily.GEMMA3;
    String outer = local ? "rope_local_base_freq" : "rope_theta";
    double absent = family == ModelFamily.GEMMA3 && !local ? 1e6 : 1e4;
    double theta = scaling.positiveReal("rope_theta", fields.positiveReal(outer, absent));
    RotaryAngles plain = RotaryAngles.plain(theta, turned(scaling));
    return switch (type(scaling)) {
      case "default", "dynamic" -> plain;
      case "linear" -> divided(plain, scaling.positiveReal("factor"));
      case "llama3" -> llama3(plain, scaling);
      case "longrope" -> longrope(plain, scaling);
      default ->
          throw scaling.unsupported(
              scaling.has("rope_type") ? "rope_type" : "type",
              "use a checkpoint with default, linear, dynamic, llama3 or longrope angles");
    };
  }

  /** What scales the angles of windows or of full layers; without fields where nothing does. */
  private JsonFields scaling(boolean sliding) {
    JsonFields all = fields.inside(named ? "rope_parameters" : "rope_scaling");
    if (family != ModelFamily.GEMMA3) {
      return all;
    }
    if (named && (all.has("full_attention") || all.has("sliding_attention"))) {
      return all.inside(sliding ? "sliding_attention" : "full_attention");
    }
    return sliding ? fields.none() : all;
  }

  private String type(JsonFields scaling) {
    String type = scaling.text("rope_type", scaling.text("type", "default"));
    boolean olderName = type.equals("su") || type.equals("yarn");
    return family == ModelFamily.PHI3 && olderName ? "longrope" : type;
  }

  /** Columns of a head that turn, R. */
  private int turned(JsonFields scaling) {
    double share =
        scaling.positiveReal(
            "partial_rotary_factor", fields.positiveReal("partial_rotary_factor", 1));
    int turned = (int) (headDim * share);
    boolean partial = turned != headDim && family != ModelFamily.PHI3;
    if (turned < 2 || turned > headDim || turned % 2 != 0 || partial) {
      throw fields.wrong(
          "partial_rotary_factor turns " + turned + " of " + headDim + " columns of a head",
          "use a checkpoint that turns all, or of Phi-3 an even number");
    }
    return turned;
  }

  private static RotaryAngles divided(RotaryAngles plain, double factor) {
    return new RotaryAngles(plain.frequencies().stream().map(f -> f / factor).toList(), 1);
  }

  private static RotaryAngles llama3(RotaryAngles plain, JsonFields scaling) {
    double factor = scaling.positiveReal("factor");
    double low = scaling.positiveReal("low_freq_factor");
    double high = scaling.positiveReal("high_freq_factor");
    int original = scaling.positive(ORIGINAL);
    if (!(high > low)) {
      throw scaling.unsupported("high_freq_factor", "it must exceed low_freq_factor");
    }
    List<Double> frequencies = new ArrayList<>();
    for (double f : plain.frequencies()) {
      double turns = original * f / (2 * Math.PI);
      double kept = Math.max(0, Math.min(1, (turns - low) / (high - low)));
      frequencies.add((1 - kept) * f / factor + kept * f);
    }
    return new RotaryAngles(frequencies, 1);
  }

  /** Ding et al. 2024, arXiv:2402.13753. */
  private RotaryAngles longrope(RotaryAngles plain, JsonFields scaling) {
    int original = original(scaling);
    double stretch = (double) fields.positive("max_position_embeddings") / original;
    if (!fields.has(ORIGINAL) && !scaling.has(ORIGINAL) && family != ModelFamily.PHI3) {
      stretch = scaling.positiveReal("factor", 1);
    }
    double grown = stretch <= 1 ? 1 : Math.sqrt(1 + Math.log(stretch) / Math.log(original));
    double attention = scaling.positiveReal("attention_factor", grown);
    return new RotaryAngles(
        divided(plain, scaling, "short_factor"),
        attention,
        original,
        divided(plain, scaling, "long_factor"));
  }

  private static List<Double> divided(RotaryAngles plain, JsonFields scaling, String field) {
    List<Double> factors = scaling.positiveReals(field, plain.frequencies().size());
    List<Double> frequencies = new ArrayList<>();
    for (int c = 0; c < factors.size(); c++) {
      frequencies.add(plain.frequencies().get(c) / factors.get(c));
    }
    return frequencies;
  }

  /** The context that the model was made for before it was stretched. */
  private int original(JsonFields scaling) {
    int absent = family == ModelFamily.PHI3 ? 4096 : fields.positive("max_position_embeddings");
    return scaling.positive(ORIGINAL, fields.positive(ORIGINAL, absent));
  }
}
