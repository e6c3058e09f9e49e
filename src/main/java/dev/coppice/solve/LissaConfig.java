// SPDX-License-Identifier: Apache-2.0
package dev.coppice.solve;

import java.util.OptionalDouble;

/**
 * Numbers of LiSSA.
 *
 * @param damping the ridge added to H; the recursion's own {@code lissaDamp} is damping / scale
 * @param scale {@code lissaScale}; chosen by {@link Lissa} if absent
 * @param steps length of the recursion
 * @param batch samples of a mini-batch
 * @param seed of the mini-batches
 */
public record LissaConfig(double damping, OptionalDouble scale, int steps, int batch, long seed) {}
