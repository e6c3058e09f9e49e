// SPDX-License-Identifier: Apache-2.0
/**
 * The data set, its samples as batches and prompts, and the scores of its samples: plain arrays. It
 * knows neither files nor backends, and imports nothing of ours but {@code dev.coppice.random}.
 * Start reading at {@link dev.coppice.data.Dataset}.
 */
package dev.coppice.data;
