// SPDX-License-Identifier: Apache-2.0
package dev.coppice.score;

import dev.coppice.model.LanguageModel;
import dev.coppice.model.LanguagePass;

/**
 * What an effort pass keeps in its workspace, and the sizes it was made for.
 *
 * @param positions most positions of a macro-batch
 * @param samples most samples of a macro-batch
 * @param chunkRows most positions of a chunk
 */
record EffortLayout(
    int positions,
    int samples,
    int chunkRows,
    LanguageModel model,
    LanguagePass pass,
    LoraNorms norms,
    EffortTensors tensors) {}
