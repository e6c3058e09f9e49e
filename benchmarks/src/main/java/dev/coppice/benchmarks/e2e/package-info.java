// SPDX-License-Identifier: Apache-2.0
/**
 * Whole tasks against PyTorch programs that do the same work. Start reading at {@link
 * dev.coppice.benchmarks.e2e.EndToEnd}.
 */
package dev.coppice.benchmarks.e2e;
