// SPDX-License-Identifier: Apache-2.0
package dev.coppice.data;

/**
 * A fine-tuning sample as text.
 *
 * @param instruction what the model is asked to do
 * @param input further context; empty for none
 * @param output the response to learn
 */
public record AlpacaRecord(String instruction, String input, String output) implements LlmSample {}
