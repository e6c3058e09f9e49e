// SPDX-License-Identifier: Apache-2.0
package dev.coppice.data;

/** A fine-tuning sample as it stands in a file: text that is still to be tokenised, or tokens. */
public sealed interface LlmSample permits AlpacaRecord, TokenSample {}
