// SPDX-License-Identifier: Apache-2.0
/**
 * The demonstration: a made-up data set with structure to learn and a tiny language model, from a
 * seed, in the same files that users bring.
 *
 * <p>Imports {@code io} and the run of {@code pipeline}. Start reading at {@link
 * dev.coppice.pipeline.demo.Demo}.
 */
package dev.coppice.pipeline.demo;
