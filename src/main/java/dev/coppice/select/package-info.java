// SPDX-License-Identifier: Apache-2.0
/**
 * Which samples to keep: pure functions from scores, a budget and a seed to a selection.
 *
 * <p>Imports {@code data} (scores, errors) and {@code random} only; touches no files. Start reading
 * at {@link dev.coppice.select.OverallScore} and then {@link dev.coppice.select.Selector}; the
 * formulas with an example worked by hand are in {@code docs/selection.md}.
 */
package dev.coppice.select;
