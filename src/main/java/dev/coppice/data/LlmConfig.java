// SPDX-License-Identifier: Apache-2.0
package dev.coppice.data;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Architecture of a decoder like LLaMA: pre-norm layers of grouped causal attention with rotary
 * positions and of a gated feed-forward layer, RMSNorm throughout.
 *
 * @param architecture class name of the checkpoint, as {@code LlamaForCausalLM}
 * @param vocabulary rows of the embedding, V
 * @param hidden width of the residual stream, D
 * @param intermediate width inside the feed-forward layer
 * @param layers number of decoder layers
 * @param heads query heads, H
 * @param kvHeads key and value heads, G; a divisor of H
 * @param headDim width of a head, C
 * @param rmsNormEps added to the mean square
 * @param maxPositions longest text that this configuration is right for, in tokens
 * @param tiedEmbeddings whether the head is the embedding table
 * @param biased linear layers with a bias
 * @param design in what it differs from LLaMA
 * @param attention of each layer
 */
public record LlmConfig(
    String architecture,
    int vocabulary,
    int hidden,
    int intermediate,
    int layers,
    int heads,
    int kvHeads,
    int headDim,
    double rmsNormEps,
    int maxPositions,
    boolean tiedEmbeddings,
    Set<Projection> biased,
    LlmDesign design,
    List<LayerAttention> attention) {
  /** Name of the token embedding table, (V,D). */
  public static final String EMBEDDING = "model.embed_tokens.weight";

  /** Name of the last norm's weight, (D). */
  public static final String FINAL_NORM = "model.norm.weight";

  /** Copies the collections. */
  public LlmConfig {
    biased = Set.copyOf(biased);
    attention = List.copyOf(attention);
  }

  /** LLaMA itself: every layer attends to all positions, with the angles of one base. */
  public LlmConfig(
      String architecture,
      int vocabulary,
      int hidden,
      int intermediate,
      int layers,
      int heads,
      int kvHeads,
      int headDim,
      double rmsNormEps,
      double ropeTheta,
      int maxPositions,
      boolean tiedEmbeddings,
      Set<Projection> biased) {
    this(
        architecture,
        vocabulary,
        hidden,
        intermediate,
        layers,
        heads,
        kvHeads,
        headDim,
        rmsNormEps,
        maxPositions,
        tiedEmbeddings,
        biased,
        LlmDesign.llama(headDim),
        Collections.nCopies(
            layers,
            new LayerAttention(LayerAttention.ALL, RotaryAngles.plain(ropeTheta, headDim))));
  }

  /** Longest text, in tokens, for which no layer takes the rotary angles of long ones. */
  public int shortTexts() {
    return attention.stream().mapToInt(layer -> layer.angles().shortTexts()).min().orElseThrow();
  }

  /** Name of the weight from hidden states to logits, (V,D). */
  public String head() {
    return tiedEmbeddings ? EMBEDDING : "lm_head.weight";
  }

  /** Name of the weight of a layer's norm. */
  public String norm(int layer, LayerNorm norm) {
    return "model.layers." + layer + "." + norm.path(design) + ".weight";
  }

  /** One of a layer's linear layers, where a checkpoint and an adapter have it. */
  public LoraConfig.Target target(int layer, Projection projection) {
    return new LoraConfig.Target(
        layer, projection, "model.layers." + layer + "." + projection.path(design.fused()));
  }

  /** Rows of the module that a projection is in: its own, or also those it is fused with. */
  public int moduleRows(Projection projection) {
    return parts(projection).stream().mapToInt(part -> part.out(this)).sum();
  }

  /** The row of its module at which a projection begins. */
  public int firstRow(Projection projection) {
    int row = 0;
    for (Projection part : parts(projection).subList(0, parts(projection).indexOf(projection))) {
      row += part.out(this);
    }
    return row;
  }

  /** The projection with the first rows of the module that a projection is in. */
  public Projection moduleFirst(Projection projection) {
    return parts(projection).get(0);
  }

  private List<Projection> parts(Projection projection) {
    return design.fused() ? projection.fusedWith() : List.of(projection);
  }

  /** Shape of every tensor that a checkpoint must hold, by its Hugging Face name. */
  public Map<String, int[]> weightShapes() {
    Map<String, int[]> shapes = new LinkedHashMap<>();
    shapes.put(EMBEDDING, new int[] {vocabulary, hidden});
    for (int layer = 0; layer < layers; layer++) {
      for (LayerNorm norm : LayerNorm.of(design)) {
        shapes.put(norm(layer, norm), new int[] {norm.width(this)});
      }
      for (Projection projection : Projection.values()) {
        String module = target(layer, projection).module();
        int rows = moduleRows(projection);
        shapes.put(module + ".weight", new int[] {rows, projection.in(this)});
        if (biased.contains(projection)) {
          shapes.put(module + ".bias", new int[] {rows});
        }
      }
    }
    shapes.put(FINAL_NORM, new int[] {hidden});
    shapes.put(head(), new int[] {vocabulary, hidden});
    return shapes;
  }
}
