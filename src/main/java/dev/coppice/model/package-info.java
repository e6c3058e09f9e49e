// SPDX-License-Identifier: Apache-2.0
/**
 * The models: parameters on a backend, forward and backward passes, training and evaluation, with
 * no file access. It may import data, backend and random. Start reading at {@link
 * dev.coppice.model.SasRec} and {@link dev.coppice.model.LanguageModel}.
 */
package dev.coppice.model;
