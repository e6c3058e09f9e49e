// SPDX-License-Identifier: Apache-2.0
package dev.coppice.data;

/**
 * In what a decoder differs from LLaMA.
 *
 * @param fused whether q, k and v are the rows of one linear layer {@code qkv_proj}, gate and up
 *     those of {@code gate_up_proj}
 * @param headNorms whether each head of queries and keys is normalised before it is rotated
 * @param branchNorms whether what attention and feed-forward give is normalised before it joins the
 *     residual stream
 * @param normOffset added to the stored weight of every norm
 * @param gelu whether the gate is a gelu in its tanh form, instead of silu
 * @param embeddingScale of the token embeddings
 * @param attentionScale of the products of queries and keys
 * @param scoreCap bound of attention scores, {@code cap tanh(score/cap)}; 0: none
 * @param logitCap bound of the logits; 0: none
 */
public record LlmDesign(
    boolean fused,
    boolean headNorms,
    boolean branchNorms,
    double normOffset,
    boolean gelu,
    double embeddingScale,
    double attentionScale,
    double scoreCap,
    double logitCap) {

  /**
   * LLaMA itself.
   *
   * @param headDim width of a head
   */
  public static LlmDesign llama(int headDim) {
    return new LlmDesign(false, false, false, 0, false, 1, 1 / Math.sqrt(headDim), 0, 0);
  }
}
