// SPDX-License-Identifier: Apache-2.0
/**
 * Solvers of {@code (H + damping I) q = g} for a matrix known by its products, each reporting its
 * residual. It may import backend and random. Start reading at {@link
 * dev.coppice.solve.HessianProduct}.
 */
package dev.coppice.solve;
