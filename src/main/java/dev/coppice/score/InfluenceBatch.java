// SPDX-License-Identifier: Apache-2.0
package dev.coppice.score;

/**
 * Scores of some samples, in the order asked for.
 *
 * @param influence {@code g(s).q}; positive: without the sample the risk rises, (B)
 * @param loss mean loss over the sample's positions, (B)
 * @param gradNorm norm of the sample's gradient, (B)
 */
public record InfluenceBatch(double[] influence, double[] loss, double[] gradNorm) {}
