// SPDX-License-Identifier: Apache-2.0
/**
 * Counter-based randomness: every draw is a pure function of a seed and a counter. It imports
 * nothing, and every package may import it. Start reading at {@link dev.coppice.random.Philox};
 * docs/randomness.md lists who draws what.
 */
package dev.coppice.random;
