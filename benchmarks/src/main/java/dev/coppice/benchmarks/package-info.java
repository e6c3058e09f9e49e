// SPDX-License-Identifier: Apache-2.0
/**
 * What the benchmarks share. They are compiled by the Maven profile {@code benchmarks} only; the
 * engine knows nothing of them.
 */
package dev.coppice.benchmarks;
