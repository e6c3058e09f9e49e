// SPDX-License-Identifier: Apache-2.0
package dev.coppice.score;

import dev.coppice.model.LanguageModel;
import dev.coppice.model.LanguagePass;

/** What an effort pass keeps in its workspace, and the sizes it was made for. */
record EffortLayout(
    EffortSizes sizes,
    LanguageModel model,
    LanguagePass pass,
    LoraNorms norms,
    EffortTensors tensors) {}
