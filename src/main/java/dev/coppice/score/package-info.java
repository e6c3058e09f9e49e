// SPDX-License-Identifier: Apache-2.0
/**
 * Scores of samples: influence through the surrogate, effort of the language model. It may import
 * solve, model, data, backend and random. Start reading at {@link
 * dev.coppice.score.InfluenceScorer} and {@link dev.coppice.score.EffortScorer}.
 */
package dev.coppice.score;
